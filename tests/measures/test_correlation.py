"""Two-point correlation and lineal path against enumeration, closed forms and identities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fibgap.errors import InputError
from fibgap.measures.correlation import (
    lineal_path,
    two_point_correlation,
)


def directional_curves(volume, max_lag=None, **options):
    """Return TPCF and LPF along z, y and x."""
    options["max_lag"] = max_lag
    return two_point_correlation(volume, **options), lineal_path(volume, **options)


# Small volumes with lines that fill no word, exactly one word and more than one.
volumes = hnp.arrays(bool, hnp.array_shapes(min_dims=3, max_dims=3, min_side=2, max_side=9))


def test_lineal_path_of_six_voxels():
    """Segments of n + 1 voxels: 5 of 6, 3 of 5 and 1 of 4 lie in gold, longer ones do not fit."""
    path = lineal_path(np.array([1, 1, 1, 0, 1, 1]), axis=0, max_lag=5)
    assert path.tolist() == [5 / 6, 3 / 5, 1 / 4, 0, 0, 0]


def test_two_point_correlation_of_six_voxels():
    """Pairs may straddle a pore: of the pairs (0, 4), (1, 5) both are gold although 3 is not."""
    s2 = two_point_correlation(np.array([1, 1, 1, 0, 1, 1]), axis=0, max_lag=5)
    assert s2.tolist() == [5 / 6, 3 / 5, 2 / 4, 2 / 3, 2 / 2, 1 / 1]


def test_periodic_ring_of_six_voxels():
    """On a ring the run 4, 5, 0, 1, 2 holds five voxels, and every lag has six placements."""
    ring = np.array([1, 1, 1, 0, 1, 1])
    path = lineal_path(ring, axis=0, max_lag=5, boundary="periodic")
    s2 = two_point_correlation(ring, axis=0, max_lag=5, boundary="periodic")
    assert path.tolist() == [5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0]
    assert s2.tolist() == [5 / 6, 4 / 6, 4 / 6, 4 / 6, 4 / 6, 4 / 6]


def test_two_point_correlation_equals_enumeration(two_point_holds):
    """S2 counts pairs: enumeration gives the same numbers to the last bit."""
    assert two_point_holds(two_point_correlation)


def test_lineal_path_equals_enumeration(lineal_path_holds):
    """L counts segments: enumeration gives the same numbers to the last bit."""
    assert lineal_path_holds(lineal_path)


@pytest.mark.parametrize("seed", range(3))
def test_enumeration_of_a_cube_of_eight(enumerate_curve, seed):
    """All lags of a random 8 x 8 x 8 volume, one layer filling exactly one word."""
    volume = np.random.default_rng(seed).random((8, 8, 8)) < 0.6
    for axis in range(3):
        for function, connected in ((two_point_correlation, False), (lineal_path, True)):
            hand = enumerate_curve(volume, axis=axis, max_lag=7, connected=connected)
            assert np.array_equal(function(volume, axis=axis, max_lag=7), hand)


@pytest.mark.parametrize("shape", [(300, 70, 3), (2, 130, 300), (40000, 2, 2)])
def test_blocks_do_not_change_the_counts(shape):
    """Blocks are a matter of speed: sums over slices of plain arrays give the same curves."""
    volume = np.random.default_rng(5).random(shape) < 0.7
    for axis in range(3):
        lines = np.moveaxis(volume, axis, 0)
        side, run = len(lines), np.moveaxis(volume, axis, 0).copy()
        for lag in range(min(side, 6)):
            run = run[: side - lag] & lines[lag:]
            pair = lines[: side - lag] & lines[lag:]
            s2 = two_point_correlation(volume, axis=axis, max_lag=lag)[lag]
            path = lineal_path(volume, axis=axis, max_lag=lag)[lag]
            assert s2 == np.count_nonzero(pair) / pair.size
            assert path == np.count_nonzero(run) / run.size


def test_bernoulli_medium():
    """Independent voxels of chance p: S2 = p² at every lag but 0, and L = p^(n + 1)."""
    p, lags = 0.6, np.arange(8)
    volume = np.random.default_rng(11).random((96, 90, 83)) < p
    tpcf, lpf = directional_curves(volume, 7)
    for axis, side in enumerate(volume.shape):
        placements = volume.size * (side - lags) / side
        # A pair shares one voxel with each of two other pairs, whence 2 (p³ - p⁴) beside its own
        # variance; a segment overlaps those shifted by k with covariance below p^(n + 1 + k).
        s2_error = np.sqrt((p**2 - p**4 + 2 * (p**3 - p**4)) / placements)
        path_error = np.sqrt(p ** (lags + 1) * (1 + p) / (1 - p) / placements)
        assert np.all(np.abs(tpcf[axis, 1:] - p**2) < 4 * s2_error[1:])
        assert np.all(np.abs(lpf[axis] - p ** (lags + 1)) < 4 * path_error)


@pytest.mark.parametrize("normal", range(3))
def test_laminate(normal):
    """Gold layers of 3 and pores of 2: S2 is periodic across them, and constant along them."""
    gold = np.arange(40) % 5 < 3
    shape = [1, 1, 1]
    shape[normal] = 40
    volume = np.broadcast_to(gold.reshape(shape), (40, 40, 40))
    for axis in range(3):
        s2 = two_point_correlation(volume, axis=axis, max_lag=10, boundary="periodic")
        path = lineal_path(volume, axis=axis, max_lag=10, boundary="periodic")
        if axis == normal:
            assert s2.tolist() == [0.6, 0.4, 0.2, 0.2, 0.4, 0.6, 0.4, 0.2, 0.2, 0.4, 0.6]
            assert path.tolist() == [0.6, 0.4, 0.2] + 8 * [0]
        else:
            assert s2.tolist() == path.tolist() == 11 * [0.6]


def spheres(side, radius, density, rng):
    """Mark the voxels whose centre lies in a Poisson number of spheres in a periodic cube."""
    covered = np.zeros((side,) * 3, bool)
    grid = np.arange(side)
    for centre in rng.random((rng.poisson(density * side**3), 3)) * side:
        squares = [((grid - c + side / 2) % side - side / 2) ** 2 for c in centre]
        near = [np.flatnonzero(square < radius**2) for square in squares]
        z, y, x = (square[index] for square, index in zip(squares, near, strict=True))
        inside = z[:, None, None] + y[None, :, None] + x[None, None, :] < radius**2
        covered[np.ix_(*near)] |= inside
    return covered


def test_overlapping_spheres():
    """The space between Poisson spheres: S2 and L are exp(-density * volume of their union).

    The union of two spheres r apart has v (1 + 3r/4R - r³/16R³), that of n + 1 spheres in a row,
    one voxel apart, v (1 + n (3/4R - 1/16R³)): exact for voxels that are sampled at their centres.
    """
    side, radius, density, seeds = 48, 5.0, 0.0015, 24
    samples = []
    for seed in range(seeds):
        volume = spheres(side, radius, density, np.random.default_rng(seed))
        samples.append(directional_curves(volume, 12, phase=False, boundary="periodic"))
    mean = np.mean(samples, axis=0)
    error = np.std(samples, axis=0, ddof=1) / math.sqrt(seeds)
    lag = np.arange(13)
    apart = np.minimum(lag / radius, 2)
    sphere = 4 / 3 * np.pi * radius**3
    s2 = np.exp(-density * sphere * (1 + 3 / 4 * apart - apart**3 / 16))
    step = 3 / 4 / radius - 1 / 16 / radius**3
    path = np.exp(-density * sphere * (1 + lag * step))
    # Five standard errors of the mean over the seeds: Student's t with 23 degrees of freedom
    # exceeds them with a chance of 5e-5, 78 correlated values together of less than 0.4 %.
    assert np.all(np.abs(mean[0] - s2) < 5 * error[0])
    assert np.all(np.abs(mean[1] - path) < 5 * error[1])
    assert error.max() < 0.01  # sharp enough to tell lag n from lag n + 1


@given(volumes, st.sampled_from(["open", "periodic"]), st.booleans())
def test_identities(volume, boundary, phase):
    """S2(0) = L(0) = volume fraction, S2(1) = L(1), L <= S2 <= 1, all at least 0."""
    max_lag = min(volume.shape) - 1
    tpcf, lpf = directional_curves(volume, max_lag, phase=phase, boundary=boundary)
    assert tpcf.shape == lpf.shape == (3, max_lag + 1)
    assert np.all(tpcf[:, 0] == np.mean(volume == phase))
    assert np.array_equal(tpcf[:, :2], lpf[:, :2])
    assert np.all((lpf >= 0) & (lpf <= tpcf) & (tpcf <= 1))


@given(volumes)
def test_lineal_path_never_rises_on_a_ring(volume):
    """With periodic boundaries every longer segment contains a shorter one: L never rises."""
    _, lpf = directional_curves(volume, min(volume.shape) - 1, boundary="periodic")
    assert np.all(np.diff(lpf) <= 0)


@given(volumes)
def test_number_of_segments_never_rises(volume):
    """With open boundaries the number of segments in gold, not their share, never rises."""
    for axis, side in enumerate(volume.shape):
        path = lineal_path(volume, axis=axis, max_lag=side - 1)
        segments = path * (side - np.arange(side)) * volume.size / side
        # The products undo divisions: each is off by a few roundings of at most 729.
        assert np.all(np.diff(segments) < 1e-9)


@given(volumes, st.permutations(range(3)))
def test_permuted_axes_permute_the_curves(volume, order):
    """A curve belongs to its axis, wherever that axis stands."""
    max_lag = min(volume.shape) - 1
    for before, after in zip(
        directional_curves(volume, max_lag),
        directional_curves(volume.transpose(order), max_lag),
        strict=True,
    ):
        assert np.array_equal(after, before[list(order)])


@given(volumes, st.integers(0, 2))
def test_mirror_images_agree(volume, axis):
    """Pairs and segments have no direction."""
    for ours, mirrored in zip(
        directional_curves(volume), directional_curves(np.flip(volume, axis)), strict=True
    ):
        assert np.array_equal(ours, mirrored)


@given(volumes, st.tuples(*3 * [st.integers(-9, 9)]))
def test_translation_on_a_torus(volume, shift):
    """A periodic volume has no origin."""
    moved = np.roll(volume, shift, axis=(0, 1, 2))
    for ours, theirs in zip(
        directional_curves(volume, boundary="periodic"),
        directional_curves(moved, boundary="periodic"),
        strict=True,
    ):
        assert np.array_equal(ours, theirs)


@given(volumes)
def test_correlation_of_the_other_phase(volume):
    """On a torus S2 of the pores is S2 of gold + 1 - 2 * solid fraction."""
    gold, _ = directional_curves(volume, boundary="periodic")
    pores, _ = directional_curves(volume, phase=False, boundary="periodic")
    # Four roundings of numbers up to 2.
    assert np.allclose(pores, gold + 1 - 2 * volume.mean(), rtol=0, atol=1e-14)


@pytest.mark.parametrize(("shape", "lags"), [((9, 20, 30), 5), ((30, 8, 20), 5), ((1, 5, 5), 1)])
def test_default_lags_reach_half_the_shortest_side(shape, lags):
    """Lags run from 0 to half the shortest side, rounded down."""
    tpcf, lpf = directional_curves(np.ones(shape, bool))
    assert tpcf.shape == lpf.shape == (3, lags)
    assert np.all(tpcf == 1)
    assert np.all(lpf == 1)


def test_views_and_numbers_are_measured_like_bool():
    """A strided view and an array of 0 and 1 are the same volume as a bool copy."""
    volume = np.random.default_rng(2).random((20, 20, 20)) < 0.5
    view = volume[::2, ::-1, 3:]
    expected = directional_curves(view.copy())
    for same in (view, view.astype(np.uint8), view.astype(float)):
        assert np.array_equal(directional_curves(same), expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"boundary": "reflect"}, "boundary .* 'reflect'"),
        ({"axis": 3}, "axis .* 3"),
        ({"axis": -1}, "axis .* -1"),
        ({"max_lag": 4}, "max_lag .* 0 to 3 .* 4"),
        ({"max_lag": -1}, "max_lag .* -1"),
        ({"max_lag": 1.5}, r"max_lag .* 1\.5"),
        ({"volume": np.full((4, 4, 4), 2)}, "holds the value 2"),
        ({"volume": np.full((4, 4, 4), np.nan)}, "NaN in 64 places"),
        ({"volume": np.full((4, 4, 4), "a")}, "of type <U1"),
        ({"volume": np.zeros((4, 0, 4), bool)}, "no voxels"),
    ],
)
@pytest.mark.parametrize("function", [two_point_correlation, lineal_path])
def test_bad_input_is_named(function, change, words):
    """An argument out of range is refused with a sentence that holds its value."""
    arguments = {"volume": np.ones((4, 4, 4), bool), "axis": 0, "max_lag": 2} | change
    with pytest.raises(InputError, match=words):
        function(arguments.pop("volume"), **arguments)


def test_directional_curves_want_a_volume():
    """One slice has no curve along z."""
    with pytest.raises(InputError, match=r"three-dimensional, but its shape is \(4, 4\)"):
        directional_curves(np.ones((4, 4), bool))
