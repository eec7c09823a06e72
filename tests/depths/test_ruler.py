"""Rulers by hand, and their fusion with images against dense least squares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from fibgap.depths import Thickness, fuse_depths, read_ruler, ruler_depths
from fibgap.depths.fusion import _in_order
from fibgap.errors import InputError


def thickness(mean, sd, scale_sd):
    """Return what images say of distances."""
    mean = np.array(mean, float)
    flags = np.zeros(len(mean), bool)
    return Thickness(
        mean, np.broadcast_to(sd, mean.shape) * 1.0, scale_sd, 0.0, flags, flags, 8.0, 4.0, 1.0
    )


def test_a_ruler_by_hand():
    """At 60 degrees a width read to half a pixel of 2.5 nm tells a depth to 1.08 nm."""
    widths = 1000 - 2 * np.tan(np.pi / 6) * np.array([0, 10, 19, 31])
    depths, sd = read_ruler(widths, 60, sd_nm=0.5 * 2.5)
    np.testing.assert_allclose(depths, [0, 10, 19, 31], rtol=0, atol=1e-11)
    np.testing.assert_allclose(sd, 1.25 / (2 / np.sqrt(3)), rtol=1e-12)
    assert sd[0] == pytest.approx(1.08, abs=0.005)
    found = ruler_depths(widths[::-1], 60, sd_nm=1, narrowing=False)
    np.testing.assert_allclose(found.depths_nm, [0, 12, 21, 31], rtol=0, atol=1e-11)
    assert found.source == "ruler"
    assert found.notes == ()


def test_readings_keep_the_order_of_milling():
    """A reading above the one before it is exchanged with it, and that is said."""
    found = ruler_depths([100, 88, 90, 80, 72], 90, sd_nm=3)
    assert found.depths_nm.tolist() == pytest.approx([0, 5, 6, 10, 14], rel=1e-12)
    assert found.notes == ("2 readings contradict the order of milling and are exchanged.",)
    with pytest.raises(InputError, match=r"4 of 5 widths contradict .* do they part, or is the"):
        ruler_depths([60, 70, 85, 90, 101], 90, sd_nm=3)


@pytest.mark.parametrize(
    ("widths", "angle", "sd", "message"),
    [
        ([10, 9], 0, 1, "angle of a ruler lies between 0 and 180 degrees, but is 0"),
        ([10, 9], 180, 1, "angle of a ruler lies between 0 and 180 degrees, but is 180"),
        ([10, 9], -60, 1, "but is -60"),
        ([10, 5, 0], 60, 1, "lines of the ruler have met: their distance in slice 2 is 0 nm"),
        ([10, 5, -4], 60, 1, "have met: their distance in slice 2 is -4 nm"),
        ([10, np.nan, 5], 60, 1, "width of the ruler in slice 1 is nan"),
        ([10], 60, 1, r"needs a width per slice, but shape \(1,\)"),
        ([10, 9], 60, 0, "deviation of a reading must be positive, but is 0 nm"),
    ],
)
def test_what_is_no_ruler_fails_by_name(widths, angle, sd, message):
    """Lines that meet, angles that tell no depth and missing readings are refused."""
    with pytest.raises(InputError, match=message):
        read_ruler(widths, angle, sd_nm=sd)


def dense(readings, sd, found, voxel):
    """Solve the least squares of depths and the common factor as one dense problem."""
    count = len(readings)
    rows, right = [], []
    for k in range(count):
        row = np.zeros(count + 1)
        row[k] = 1 / sd[k]
        rows.append(row)
        right.append(readings[k] / sd[k])
    for k in range(count - 1):
        row = np.zeros(count + 1)
        row[[k, k + 1, count]] = np.array([-1, 1, -voxel * found.mean[k]]) / (voxel * found.sd[k])
        rows.append(row)
        right.append(0)
    row = np.zeros(count + 1)
    row[count] = 1 / found.scale_sd
    rows, right = np.array([*rows, row]), np.array([*right, 1 / found.scale_sd])
    covariance = np.linalg.inv(rows.T @ rows)
    solved = covariance @ rows.T @ right
    return solved[:-1] - solved[0], np.sqrt(np.diag(covariance)[:-1])


@given(st.integers(2, 12), st.integers(0, 10**6))
def test_fusion_is_least_squares(count, seed):
    """The banded solution is that of a dense one, with its deviations."""
    rng = np.random.default_rng(seed)
    steps = rng.uniform(8, 12, count - 1)
    found = thickness(steps / 2.5, rng.uniform(0.05, 0.2, count - 1), rng.uniform(0.01, 0.2))
    readings = np.concatenate([[0], np.cumsum(steps)]) + rng.normal(0, 0.3, count)
    sd = rng.uniform(0.3, 2, count)
    fused = fuse_depths(readings, sd, found, 2.5)
    depths, deviations = dense(readings, sd, found, 2.5)
    np.testing.assert_allclose(fused.depths_nm, depths, rtol=0, atol=1e-7)
    np.testing.assert_allclose(fused.sd_nm, deviations, rtol=1e-6)
    assert (fused.sd_nm <= sd).all()


def test_fusion_takes_the_scale_from_the_ruler():
    """Images of a material stretched by 10 % tell distances that are wrong alike: it is undone."""
    rng = np.random.default_rng(0)
    steps = rng.normal(10, 3, 60).clip(3)
    true = np.concatenate([[0], np.cumsum(steps)])
    readings = true + rng.normal(0, 2.5, 61)
    found = thickness(1.1 * (steps + rng.normal(0, 0.9, 60)) / 2.5, 0.9 / 2.5, 0.06)
    fused = fuse_depths(readings, 2.5, found, 2.5)

    def rms(depths):
        return (depths - true).std()

    # Readings alone err by 2.5 nm; increments of 0.9 nm let some (2.5 / 0.9)^(1/2) be averaged
    # on each side of a slice.
    assert rms(readings) > 2
    assert rms(fused.depths_nm) < 1.6
    assert fused.sd_nm.mean() == pytest.approx(rms(fused.depths_nm), rel=0.5)
    # The factor is 1 / 1.1; 60 increments that err by 0.9 of 10 nm leave it open by 1.2 %.
    factor = float(fused.notes[0].rstrip(".").split()[-1])
    assert factor == pytest.approx(1 / 1.1, abs=0.024)
    # Without a factor the images' scale is believed.
    stiff = fuse_depths(readings, 2.5, thickness(found.mean, found.sd, 0.0), 2.5)
    assert stiff.notes[0].endswith("multiplied by 1.")
    assert rms(stiff.depths_nm) > 1.2 * rms(fused.depths_nm)


def test_fused_depths_keep_the_order_of_milling():
    """Readings that run backwards, where images say little, become an isotonic regression."""
    readings = np.array([0, 10, 8, 20, 30, 29, 28, 40.0])
    # Images with deviations of 400 nm say nothing: 8 and 10 meet at 9, and 30, 29 and 28 at 29.
    found = thickness(np.full(7, 4.0), 1e3, 0.05)
    fused = fuse_depths(readings, 1.0, found, 0.4)
    least = 0.01 * 1.6
    expected = isotonic_regression(readings).x + least * np.array([0, -0.5, 0.5, 0, -1, 0, 1, 0])
    # They still pull by their weight: two distances of up to 12 nm, (1 / 400)² of that.
    np.testing.assert_allclose(fused.depths_nm, expected, rtol=0, atol=2 * 12 / 400**2)
    assert fused.notes[1] == (
        "3 of 7 slices would lie above the one before; the order of the slices is kept, with at "
        "least 0.016 nm between them."
    )
    # Readings in order are not touched by the condition.
    assert len(fuse_depths(np.sort(readings), 1.0, found, 0.4).notes) == 1


@given(st.integers(4, 9), st.integers(0, 10**6), st.booleans())
def test_ordered_fusion_is_the_best_in_order(count, seed, scaled):
    """No other depths in order, with any factor, have a smaller sum of squares."""
    rng = np.random.default_rng(seed)
    found = thickness(rng.uniform(2, 6, count - 1), rng.uniform(0.5, 2, count - 1), 0.1 * scaled)
    readings, sd = np.cumsum(rng.uniform(2, 6, count)), rng.uniform(0.3, 2, count)
    readings[[1, 2]] = readings[[2, 1]] + [3, -3]  # at most one pair stays the wrong way round
    least = 0.01 * found.mean.mean()

    def cost(depths, factor):
        images = (np.diff(depths) - factor * found.mean) / found.sd
        prior = ((factor - 1) / 0.1) ** 2 if scaled else 0.0
        return (((depths - readings) / sd) ** 2).sum() + (images**2).sum() + prior

    depths, factor = _in_order(
        readings, 1 / sd**2, found.mean, 1 / found.sd**2, found.scale_sd, least
    )
    assert np.diff(depths).min() >= least * (1 - 1e-9)
    best = cost(depths, factor)
    for size in (1e-3, 0.1, 1.0):
        for _ in range(20):
            steps = np.maximum(np.diff(depths) + rng.normal(0, size, count - 1), least)
            other = depths[0] + rng.normal(0, size) + np.concatenate([[0], np.cumsum(steps)])
            assert cost(other, factor + scaled * rng.normal(0, size)) >= best - 1e-9


def test_a_ruler_that_runs_the_other_way_is_refused():
    """Depths that fall with the slices are no reading errors."""
    found = thickness(np.full(5, 4.0), 0.5, 0.05)
    with pytest.raises(InputError, match=r"5 of 5 slices .* runs against the order"):
        fuse_depths(np.arange(0, -60.0, -10), 1.0, found, 2.5)


def test_blind_pairs_are_left_to_the_ruler():
    """A distance that images cannot tell comes from the readings alone."""
    found = thickness([4, 4, 1, 4, 4], [0.1, 0.1, 1e3, 0.1, 0.1], 0.01)
    readings = np.array([0, 10, 20, 60, 70, 80.0])
    fused = fuse_depths(readings, 1.0, found, 2.5)
    np.testing.assert_allclose(fused.depths_nm, readings, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("readings", "sd", "message"),
    [
        ([0, 1], 1.0, "3 images need as many readings, but 2 came"),
        ([0, np.nan, 2], 1.0, "the reading 1 is nan nm"),
        ([0, 1, 2], [1, 0, 1], "the deviation of reading 1 is 0.0 nm"),
        ([0, 1, 2], np.nan, "the deviation of reading 0 is nan nm"),
    ],
)
def test_what_cannot_be_fused_fails_by_name(readings, sd, message):
    """A reading per image and a deviation that is positive are needed."""
    with pytest.raises(InputError, match=message):
        fuse_depths(readings, sd, thickness([1, 1], 0.1, 0.05), 1.0)
