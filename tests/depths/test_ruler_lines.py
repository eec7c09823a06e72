"""Lines of a ruler by hand, and against dense least squares."""

import numpy as np
import pytest

from fibgap.depths import line_depths, read_lines, read_ruler, ruler_depths
from fibgap.errors import InputError

DEPTHS = np.array([0.0, 10, 19, 31, 40])


def positions(angles, depths=DEPTHS, drift=0.0, starts=0.0):
    """Return where lines lie, exactly."""
    slopes = np.tan(np.deg2rad(angles))
    return slopes[:, None] * depths + drift + np.broadcast_to(starts, slopes.shape)[:, None]


def test_two_lines_are_their_width():
    """Two lines at half the angle to each side say what their distance says, drift or not."""
    drift = np.array([0, 3, -4, 1, 20.0])
    lines = positions([30, -30], drift=drift, starts=[0, 100])
    depths, sd = read_lines(lines, [30, -30], sd_nm=1.0)
    # A distance of two positions that err by 1 nm errs by the square root of 2.
    expected, width_sd = read_ruler(lines[1] - lines[0], 60, sd_nm=np.sqrt(2))
    np.testing.assert_allclose(depths, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(depths, DEPTHS, rtol=0, atol=1e-9)
    np.testing.assert_allclose(sd, width_sd, rtol=1e-9)


def dense(values, angles, sd):
    """Solve offsets, depths and drifts as one dense problem, the first depth as zero."""
    slopes = np.tan(np.deg2rad(angles))
    lines, count = values.shape
    rows, right = [], []
    for i, k in zip(*np.nonzero(np.isfinite(values)), strict=True):
        row = np.zeros(lines + 2 * count)
        row[i], row[lines + k], row[lines + count + k] = 1, slopes[i], 1
        rows.append(row / sd[i, k])
        right.append(values[i, k] / sd[i, k])
    solved = np.linalg.lstsq(np.array(rows), np.array(right), rcond=1e-10)[0]
    depths = solved[lines : lines + count]
    return depths - depths[0]


def test_several_lines_are_least_squares():
    """Four lines with errors of their own, some of them not seen, agree with a dense solution."""
    rng = np.random.default_rng(0)
    angles = [20.0, 5, 0, -30]
    sd = rng.uniform(0.5, 2, (4, 5))
    values = positions(angles, drift=rng.normal(0, 5, 5), starts=[0, 40, 80, 120])
    values += rng.normal(0, sd)
    for missing in ([], [(0, 2), (1, 2)], [(3, 0)]):
        seen = values.copy()
        for place in missing:
            seen[place] = np.nan
        depths, _ = read_lines(seen, angles, sd_nm=sd)
        np.testing.assert_allclose(depths, dense(seen, angles, sd), rtol=0, atol=1e-6)


def test_deviations_are_those_of_the_readings():
    """Depths err by as much as their deviations say, over many draws."""
    rng = np.random.default_rng(1)
    angles, sd = [20.0, 0, -10], np.array([[1.0], [0.5], [2.0]])
    exact = positions(angles, starts=[0, 50, 90])
    exact[2, 3] = np.nan
    found, told = [], None
    for _ in range(400):
        depths, told = read_lines(exact + rng.normal(0, sd, exact.shape), angles, sd_nm=sd)
        found.append(depths)
    # A deviation is that of the reading of its slice; that of the first one comes on top.
    expected = np.sqrt(told[1:] ** 2 + told[0] ** 2)
    # 400 draws tell a deviation to 1 / sqrt(800) = 3.5 %; the offsets' part is held in common.
    np.testing.assert_allclose(np.std(found, axis=0)[1:], expected, rtol=0.2)
    np.testing.assert_allclose(np.mean(found, axis=0), DEPTHS, rtol=0, atol=4 * told.max() / 20)


def test_a_slice_without_a_reading_lies_between_its_neighbours():
    """Where one line alone is seen its depth is a guess, said so, with a wide deviation."""
    values = positions([30, -30], starts=[0, 100])
    values[0, 2] = np.nan
    depths, sd = read_lines(values, [30, -30], sd_nm=0.1)
    assert np.isnan(depths[2])
    assert np.isinf(sd[2])
    found = line_depths(values, [30, -30], sd_nm=0.1)
    assert found.depths_nm[2] == pytest.approx((10 + 31) / 2)
    assert found.sd_nm[2] > 10 * found.sd_nm[1]
    assert "1 slices have no reading" in found.notes[-1]
    values[0, 3:] = np.nan
    with pytest.raises(InputError, match="does not tell the depth of the last 3 of 5 slices"):
        line_depths(values, [30, -30], sd_nm=0.1)


def test_steps_and_order():
    """A step errs by both of its readings; readings in the wrong order are exchanged."""
    found = line_depths(positions([30, -30]), [30, -30], sd_nm=1.0)
    np.testing.assert_allclose(found.thickness_sd_nm, np.sqrt(2) * found.sd_nm[1:])
    assert found.thickness_sd_nm.shape == (4,)
    both = ruler_depths([100, 88, 90, 80], 90, sd_nm=[1, 2, 1, 1])
    assert both.sd_nm.tolist() == pytest.approx([0.5, 1, 0.5, 0.5])
    assert both.thickness_sd_nm[0] == pytest.approx(np.hypot(0.5, 1))
    with pytest.raises(InputError, match=r"5 of 5 .* have all angles the right sign"):
        line_depths(
            positions([30, -30], depths=DEPTHS[::-1])[:, [1, 2, 3, 4, 0]], [-30, 30], sd_nm=1
        )


@pytest.mark.parametrize(
    ("angles", "message"),
    [
        ([90, 0], "angle of line 0 to the milling direction lies between -90 and 90 .* is 90"),
        ([0, -180], "line 1 .* is -180"),
        ([0, 0], "two lines whose angles differ: 0, 0 degrees tell no depth"),
        ([20, 20.01], "two lines whose angles differ"),
        ([20], "two lines whose angles differ: 20 degrees"),
        ([20, 0, 1], "2 lines need as many angles, but 3 came"),
    ],
)
def test_angles_that_tell_no_depth_are_refused(angles, message):
    """Lines along the surface, and lines that all move alike, are no ruler."""
    with pytest.raises(InputError, match=message):
        read_lines(np.zeros((min(2, len(angles)), 3)), angles, sd_nm=1)


def test_deviations_must_be_positive():
    """A reading without any error is none; neither is a ruler without readings."""
    with pytest.raises(InputError, match="must be positive, but is 0 nm"):
        read_lines(np.zeros((2, 3)), [20, 0], sd_nm=0)
    with pytest.raises(InputError, match="seen together in fewer than two slices"):
        read_lines([[0, np.nan, 3], [np.nan, 1, 2]], [20, 0], sd_nm=1)
