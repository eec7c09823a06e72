"""The look at a filled volume: honest fillers pass in silence, others are told of or refused."""

import numpy as np
import pytest
from scipy.ndimage import minimum_filter

from fibgap import fillers
from fibgap.errors import FibgapWarning, InputError
from fibgap.fillers import fill
from fibgap.fillers.guard import (
    AGAINST_WARNED,
    LEAST_VOXELS,
    SOLID_WARNED,
    Guard,
    check,
)
from fibgap.stack import GappedVolume
from tests import materials

FILLERS = ("nearest", "linear", "cubic_spline", "shape_based", "signed_distance_spline")

#: Slices of the paper's thickness and spread, and as uneven as a microscope's at its worst.
MILLINGS = {"even": {"sd": 1.2, "seed": 72}, "uneven": {"sd": 2.0, "seed": 70}}

MATERIALS = {
    "gold": materials.levelled(materials.PAPER_LEVELS, (64, 64, 64)),
    "gold, 4 times finer": materials.levelled(materials.PAPER_LEVELS, (64, 64, 64), finer=4),
    "one level": materials.levelled([(0.5, 20)], (64, 64, 64)),
    "one dense level": materials.levelled([(0.9, 30)], (64, 64, 64)),
    "spheres": materials.overlapping_spheres((64, 64, 64)),
    "ball": materials.ball(12),
    "pore": materials.ball(12, solid=False),
    "large ball": materials.ball(60),
}


@pytest.fixture
def register(monkeypatch):
    """Register a filler of a test, for that test."""
    monkeypatch.setattr(fillers, "_FILLERS", dict(fillers._FILLERS))
    return fillers.register


def looked_at(volume, gapped):
    """Return a guard that has seen a volume."""
    guard = Guard()
    for index, (low, high) in enumerate(materials.pairwise(gapped.layers.tolist())):
        lower, upper = gapped.slices[index : index + 2]
        guard.look(lower, upper, high - low - 1, volume[low + 1 : high])
    return guard


@pytest.mark.parametrize("milling", MILLINGS)
@pytest.mark.parametrize("material", MATERIALS)
@pytest.mark.parametrize("filler", FILLERS)
def test_honest_fillers_pass_in_silence(filler, material, milling):
    """No filler that looks at slices departs from them on a material that its slices resolve."""
    _, gapped = materials.milled(MATERIALS[material], **MILLINGS[milling])
    # A warning would be an error here. The guard is not blind either: margins are finite.
    guard = looked_at(fill(gapped, filler), gapped)
    assert guard.filled > LEAST_VOXELS
    assert guard.against <= AGAINST_WARNED * guard.filled
    rarer = min(guard.expected, guard.filled - guard.expected)
    assert 0 < abs(guard.solid - guard.expected) <= SOLID_WARNED * rarer


@pytest.mark.parametrize("material", MATERIALS)
def test_the_truth_passes(material):
    """The true volume itself is not suspected."""
    truth, gapped = materials.milled(MATERIALS[material])
    check(truth, gapped)


def test_voxels_against_both_neighbours_are_counted_as_by_brute_force():
    """Counted are voxels that differ from squares of one phase, wholly within both slices."""
    rng = np.random.default_rng(2)
    slices = np.ones((4, 40, 44), bool)
    for image in slices:  # a few single pores leave squares of solid between them
        image[rng.integers(0, 40, 12), rng.integers(0, 44, 12)] = False
    gapped = GappedVolume(slices, np.array([0, 3, 5, 12]), 2.5, 0, 2.5, 4)
    volume = gapped.volume()
    volume[gapped.missing_layers] = rng.random((9, 40, 44)) < 0.5
    expected = 0
    for low, high, lower, upper in ((0, 3, 0, 1), (3, 5, 1, 2), (5, 12, 2, 3)):
        gap = high - low
        # Beyond the borders lies nothing of one phase.
        around = {
            phase: minimum_filter(
                (slices[lower] == phase) & (slices[upper] == phase),
                size=2 * gap + 1,
                mode="constant",
                cval=0,
            )
            for phase in (False, True)
        }
        for image in volume[low + 1 : high]:
            expected += (~image & around[True]).sum() + (image & around[False]).sum()
    assert expected > 50
    assert looked_at(volume, gapped).against == expected


def test_solid_is_expected_to_change_linearly():
    """Between 8 and 2 solid pixels, three layers hold 15 if they follow a line."""
    lower, upper = np.zeros((2, 10, 10), bool)
    lower[0, :8] = upper[0, :2] = True
    guard = Guard()
    guard.look(lower, upper, 3, np.stack([lower] * 3))
    assert (guard.expected, guard.solid, guard.filled) == (15, 24, 300)


def hollowing(share):
    """Return a filler that copies slices and exchanges the phases of some columns."""

    def filler(gapped):
        filled = np.repeat(gapped.slices[:1], len(gapped.missing_layers), axis=0)
        rows = round(share * filled.shape[1])
        filled[:, :rows] = ~filled[:, :rows]
        return filled

    return filler


@pytest.fixture
def solid_block():
    """Slices of 60 x 60 pixels, solid but for a strip of pore."""
    slices = np.ones((5, 60, 60), bool)
    slices[:, :, 50:] = False
    return GappedVolume(slices, 4 * np.arange(5), 2.5, 0, 2.5, 5)


def test_a_filler_that_hollows_out_is_told_of(register, solid_block):
    """The warning has the numbers, and is one sentence."""
    # Exchanged are rows 0 to 5. Of these, rows 4 and 5 lie a gap of 4 layers from the border, with
    # columns 4 to 45 that far from the strip and columns 54 and 55 in it: 2 * 44 of 3600 pixels.
    register("hollow")(hollowing(0.1))
    with pytest.warns(FibgapWarning) as caught:
        volume = fill(solid_block, "hollow")
    (message,) = [str(each.message) for each in caught]
    assert message == (
        "the filler departs from the slices: 2.44% of the filled voxels are decided against both "
        "neighbouring slices, farther from any interface than these are apart."
    )
    # It is told of, not repaired.
    np.testing.assert_array_equal(volume[solid_block.missing_layers], hollowing(0.1)(solid_block))


def test_an_absurd_result_is_refused(register, solid_block):
    """Where most voxels are decided against both neighbouring slices nothing is delivered."""
    register("hollow")(hollowing(0.5))
    with pytest.raises(InputError, match=r"voxels are decided against both .*; take another"):
        fill(solid_block, "hollow")
    # An experiment measures it all the same.
    with pytest.warns(FibgapWarning, match="voxels are decided against both"):
        fill(solid_block, "hollow", refuse=False)


@pytest.mark.parametrize(("solid", "known"), [(True, "16.67%"), (False, "83.33%")])
def test_a_filler_that_loses_a_phase_is_told_of(register, solid_block, solid, known):
    """Where the rarer phase is gone from the filled layers, both solid fractions are said."""
    register("lost")(lambda gapped: np.full((12, 60, 60), not solid))
    slices = solid_block.slices if not solid else ~solid_block.slices
    gapped = GappedVolume(slices, solid_block.layers, 2.5, 0, 2.5, 5)
    filled = "0.00%" if solid else "100.00%"
    with pytest.warns(FibgapWarning, match=f"are {filled} solid, the known .* them {known}"):
        fill(gapped, "lost")


def test_a_filler_that_fills_with_one_phase_is_refused(register):
    """A half-space that is all solid between its slices is no result."""
    register("full")(lambda gapped: np.full((12, 60, 60), True))
    slices = np.zeros((5, 60, 60), bool)
    slices[:, :30] = np.arange(60) % 2
    slices[:, 30:] = np.arange(60) % 3 == 0
    gapped = GappedVolume(slices, 4 * np.arange(5), 2.5, 0, 2.5, 5)
    with pytest.raises(InputError, match=r"are 100.00% solid, the known layers .* 41.67%; take"):
        fill(gapped, "full")


def test_a_spline_that_rings_is_told_of():
    """Between slices of very uneven distance the cubic spline puts pore into wide solid."""
    volume = materials.levelled(materials.PAPER_LEVELS, (61, 64, 64), finer=3, seed=22)
    _, gapped = materials.milled(volume, mean=6, sd=1.8, seed=3)
    # The last two slices lie 12 voxels apart, the two before them 4.
    assert np.diff(gapped.layers)[-2:].tolist() == [4, 12]
    with pytest.warns(FibgapWarning, match=r"\d\.\d\d% of the filled voxels are decided against"):
        fill(gapped, "cubic_spline")
    fill(gapped, "signed_distance_spline")


def test_small_volumes_are_not_judged(register):
    """In a volume of a few hundred voxels nothing is worth a word."""
    register("full")(lambda gapped: np.full((3, 10, 10), True))
    gapped = GappedVolume(np.zeros((2, 10, 10), bool), np.array([0, 4]), 2.5, 0, 2.5, 2)
    assert fill(gapped, "full").sum() == 300
