"""The oracles are sharp: each of these mistakes turns one of them false."""

from dataclasses import replace

import numpy as np
import pytest

import fibgap.measures.diffusivity as diffusivity
from fibgap.measures.anisotropy import anisotropy_error
from fibgap.measures.correlation import PackedLines, lineal_path, two_point_correlation
from fibgap.measures.diffusivity import effective_diffusivity

plain_pack = PackedLines.pack
plain_placements = PackedLines._placements
plain_normalised = PackedLines._normalised
plain_problems = diffusivity.problems
plain_diffusivity = diffusivity.Problem.diffusivity
plain_connecting = diffusivity.connecting_clusters


def flip_axis(monkeypatch):
    """Count along x what belongs to z."""

    def pack(volume, axis, *, phase=True):
        return plain_pack(volume, volume.ndim - 1 - axis, phase=phase)

    monkeypatch.setattr(PackedLines, "pack", pack)


def swap_y_and_x(monkeypatch):
    """Count along x what belongs to y."""

    def pack(volume, axis, *, phase=True):
        return plain_pack(volume, (0, 2, 1)[axis], phase=phase)

    monkeypatch.setattr(PackedLines, "pack", pack)


def start_at_lag_one(monkeypatch):
    """Give the value of lag n + 1 for lag n."""

    def normalised(self, counts, boundary):
        curve = plain_normalised(self, counts, boundary)
        return np.append(curve[1:], 0)

    monkeypatch.setattr(PackedLines, "_normalised", normalised)


def give_one_lag_late(monkeypatch):
    """Count segments of n instead of n + 1 voxels."""

    def normalised(self, counts, boundary):
        curve = plain_normalised(self, counts, boundary)
        return np.append(curve[:1], curve[:-1])

    monkeypatch.setattr(PackedLines, "_normalised", normalised)


def divide_by_all_voxels(monkeypatch):
    """Forget that fewer pairs fit at longer lags."""

    def normalised(self, counts, boundary):
        return counts / (self.lines * len(self.words))

    monkeypatch.setattr(PackedLines, "_normalised", normalised)


def drop_the_last_placement(monkeypatch):
    """Stop one layer early."""

    def placements(self, lag, boundary):
        return max(1, plain_placements(self, lag, boundary) - 1)

    monkeypatch.setattr(PackedLines, "_placements", placements)


def drop_the_padding(monkeypatch):
    """Leave out the lines that do not fill a word."""

    def pack(volume, axis, *, phase=True):
        packed = plain_pack(volume, axis, phase=phase)
        return PackedLines(packed.words[:, : packed.lines // 64], packed.lines)

    monkeypatch.setattr(PackedLines, "pack", pack)


def count_the_padding(monkeypatch):
    """Invert the phase after packing, so that the bits beyond the last line count."""

    def pack(volume, axis, *, phase=True):
        packed = plain_pack(volume, axis)
        return packed if phase else PackedLines(~packed.words, packed.lines)

    monkeypatch.setattr(PackedLines, "pack", pack)


def exchange_the_phases(monkeypatch):
    """Measure the pores for the gold."""

    def pack(volume, axis, *, phase=True):
        return plain_pack(volume, axis, phase=not phase)

    monkeypatch.setattr(PackedLines, "pack", pack)


def exchange_the_curves(monkeypatch):
    """Take pairs for segments and segments for pairs."""
    path, pairs = PackedLines.lineal_path, PackedLines.two_point_correlation
    monkeypatch.setattr(PackedLines, "lineal_path", pairs)
    monkeypatch.setattr(PackedLines, "two_point_correlation", path)


def centre_the_curve(monkeypatch):
    """Subtract the square of the volume fraction."""

    def normalised(self, counts, boundary):
        curve = plain_normalised(self, counts, boundary)
        return curve - curve[0] ** 2

    monkeypatch.setattr(PackedLines, "_normalised", normalised)


def exchange_the_boundaries(monkeypatch):
    """Wrap around where the volume is open, and stop at its faces where it is periodic."""
    for name in ("two_point_correlation", "lineal_path"):
        plain = getattr(PackedLines, name)

        def other(self, max_lag, boundary, plain=plain):
            return plain(self, max_lag, "periodic" if boundary == "open" else "open")

        monkeypatch.setattr(PackedLines, name, other)


@pytest.mark.parametrize(
    "mutate",
    [
        flip_axis,
        swap_y_and_x,
        start_at_lag_one,
        give_one_lag_late,
        divide_by_all_voxels,
        drop_the_last_placement,
        drop_the_padding,
        count_the_padding,
        exchange_the_phases,
        exchange_the_curves,
        centre_the_curve,
        exchange_the_boundaries,
    ],
)
def test_mutated_curves_are_caught(mutate, monkeypatch, two_point_holds, lineal_path_holds):
    """Enumeration disagrees with a wrong axis, lag, normalisation, padding, phase or boundary."""
    mutate(monkeypatch)
    assert not two_point_holds(two_point_correlation)
    assert not lineal_path_holds(lineal_path)


def change_voxels(monkeypatch, change):
    """Solve for other voxels than those that connect the faces."""

    def problems(*arguments):
        for each in plain_problems(*arguments):
            yield replace(each, connected=np.ascontiguousarray(change(each.connected)))

    monkeypatch.setattr(diffusivity, "problems", problems)


def change_result(monkeypatch, factor):
    """Multiply D by a factor that depends on the voxels."""

    def diffusivity_of(problem, flux):
        return plain_diffusivity(problem, flux) * factor(problem.connected)

    monkeypatch.setattr(diffusivity.Problem, "diffusivity", diffusivity_of)


def flip_the_flux(monkeypatch):
    """Solve along x what belongs to z."""

    change_voxels(monkeypatch, lambda connected: connected.transpose(2, 1, 0))


def flip_the_faces(monkeypatch):
    """Look for connections between the wrong faces."""
    monkeypatch.setattr(
        diffusivity,
        "connecting_clusters",
        lambda clusters, axis: plain_connecting(clusters, 2 - axis),
    )


def put_the_faces_on_voxel_centres(monkeypatch):
    """Take the length for one voxel less."""

    change_result(monkeypatch, lambda connected: (len(connected) - 1) / len(connected))


def drop_the_outer_layer(monkeypatch):
    """Leave out the half links between the faces and the first and last layers of voxels."""

    change_voxels(monkeypatch, lambda connected: connected[1:-1])


def relate_to_the_pores(monkeypatch):
    """Divide by the pore space instead of the whole cross-section."""

    change_result(monkeypatch, lambda connected: 1 / connected.mean())


@pytest.mark.parametrize(
    "mutate",
    [
        flip_the_flux,
        flip_the_faces,
        put_the_faces_on_voxel_centres,
        drop_the_outer_layer,
        relate_to_the_pores,
    ],
)
def test_mutated_diffusivities_are_caught(mutate, monkeypatch, diffusivity_holds):
    """The direct solution disagrees with a wrong axis, length, face or reference."""
    mutate(monkeypatch)
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # TauFactor divides by the flux through blocked pores
        assert not diffusivity_holds(effective_diffusivity)


def test_conducting_gold_is_caught(diffusivity_holds):
    """The direct solution for the pores is not that for the gold."""
    assert not diffusivity_holds(lambda volume: effective_diffusivity(volume, phase=True))


@pytest.mark.parametrize(
    "mutant",
    [
        lambda z, y, x: anisotropy_error(x, y, z),
        lambda z, y, x: anisotropy_error(y, z, x),
        lambda z, y, x: anisotropy_error(z[1:], y[1:], x[1:]),
        lambda z, y, x: np.abs(2 * z - y - x).sum() / (y + x).sum(),
        lambda z, y, x: np.linalg.norm(2 * z - y - x) / np.linalg.norm(z),
    ],
    ids=["x for z", "y for z", "without lag 0", "1-norm", "relative to z"],
)
def test_mutated_anisotropy_is_caught(mutant):
    """The errors of tests by hand are those of the right formula only."""
    z, y, x = np.array([[3.0, 5, 1], [2.0, 6, 2], [4.0, 2, 2]])
    by_hand = np.sqrt(0 + 1 + 1) / np.sqrt(9 + 16 + 4)
    assert anisotropy_error(z, y, x) == pytest.approx(by_hand, rel=1e-15)
    assert mutant(z, y, x) != pytest.approx(by_hand, rel=1e-3)
