"""A simulated ruler is read from its images: grey, blurred, noisy, drifting, and partly lost."""

import numpy as np
import pytest

from fibgap.depths import RulerLine, fuse_depths, track_lines
from fibgap.depths.line_follower import LEAST_HEIGHT
from fibgap.errors import InputError
from fibgap.synthetic.rulers import DrawnLine, draw_strip, fitting_lines

HEIGHT, WIDTH, COUNT = 24, 160, 24
NAMES = ("left", "middle", "right")


def depths_of(seed, count=COUNT):
    """Return depths of slices 4 ± 1.2 pixels thick."""
    steps = np.random.default_rng(seed).normal(4, 1.2, count - 1).clip(1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def windows(lines, names=NAMES):
    """Return windows around lines in the first slice."""
    return [
        RulerLine(round(line.x) - 12, 0, 24, HEIGHT, line.angle_deg, name)
        for line, name in zip(lines, names, strict=True)
    ]


def simulated(seed, **how):
    """Return depths, lines and images of a strip."""
    depths = depths_of(seed)
    lines = fitting_lines(WIDTH, depths[-1])
    rng = np.random.default_rng(seed + 100)
    return depths, lines, draw_strip(lines, depths, (HEIGHT, WIDTH), rng=rng, **how)


@pytest.mark.parametrize(
    ("how", "worst"),
    [
        # Noise of 18 on lines of 80 above the strip: positions to some 0.07 pixels, and at an
        # angle of 15 degrees depths to 0.07 / (sqrt(2) tan 15°) = 0.19; noise and blur cost more.
        ({}, 0.3),
        ({"noise": 40.0}, 0.7),
        ({"blur": 1.5}, 0.5),
        ({"noise": 1.0}, 0.08),
    ],
)
def test_depths_are_read_within_their_deviations(how, worst):
    """Depths come out to parts of a pixel, and err by about as much as they say."""
    ratios = []
    for seed in range(3):
        depths, lines, images = simulated(seed, **how)
        tracked = track_lines(images, windows(lines))
        assert tracked.notes == ()
        found, sd = tracked.readings(1.0)
        assert (found - depths).std() < worst
        ratios.append((found - depths).std() / sd[1:].mean())
    # 69 errors tell a ratio to 9 %, the deviations themselves come from 23 differences a line
    # (15 %). Half a hundredth of a pixel of rounding counts where there is hardly any noise.
    assert 0.6 < np.mean(ratios) < (2.2 if how.get("noise") == 1 else 1.5)


def test_drift_is_taken_out():
    """Slices that drift and jump give the same depths, within the error of a reading."""
    rng = np.random.default_rng(7)
    drift = np.cumsum(rng.normal(0, [0.3, 1.0], (COUNT, 2)), axis=0)
    drift[12:] += (1, 6)  # a jump of the stage
    depths, lines, images = simulated(0, drift=drift)
    tracked = track_lines(images, windows(lines))
    assert tracked.notes == ()
    np.testing.assert_allclose(tracked.positions[1], drift[:, 1] - drift[0, 1], rtol=0, atol=0.4)
    found, _ = tracked.readings(1.0)
    assert (found - depths).std() < 0.35
    # One moving line and the fiducial are enough, and are a little less certain.
    two, sd = track_lines(images, windows(lines)[:2]).readings(1.0)
    assert (two - depths).std() < 0.6
    assert sd[1:].mean() > tracked.readings(1.0)[1][1:].mean()


def test_a_wedge_is_two_edges():
    """Windows around both sides of a wedge tell depths by its width."""
    depths = depths_of(1)
    wedge = DrawnLine(80, 0.0, wide=100, narrows_deg=40)
    rng = np.random.default_rng(1)
    images = draw_strip([wedge], depths, (HEIGHT, WIDTH), rng=rng)
    edges = [DrawnLine(30, 20), DrawnLine(130, -20)]
    tracked = track_lines(images, windows(edges, ("left", "right")))
    # Both edges go 0.364 pixels a pixel of depth.
    np.testing.assert_allclose(tracked.positions[0], 0.364 * depths, rtol=0, atol=0.6)
    found = tracked.depths(2.5)
    assert (found.depths_nm / 2.5 - depths).std() < 0.35
    assert found.source == "ruler"
    assert found.notes[0].startswith("2 lines of the ruler were read to 0.")


def test_a_line_that_leaves_the_frame_is_taken_up_again():
    """While a line is out of the image it is not seen; when it is back it counts again."""
    drift = np.zeros(COUNT)
    # The left line goes down to x = 3, where its window of 24 pixels is cut off by the frame.
    drift[7:15] = [-8, -16, -24, -32, -32, -24, -16, -8]
    depths, lines, images = simulated(2, drift=drift)
    tracked = track_lines(images, windows(lines))
    lost = np.isnan(tracked.positions[0])
    assert lost[9:12].all()
    assert not lost[:8].any()
    assert not lost[14:].any()
    assert not np.isnan(tracked.positions[1:]).any()
    assert tracked.notes[0].startswith(f"line left was not seen in {lost.sum()} of 24 slices")
    assert "and was taken up again" in tracked.notes[0]
    found, sd = tracked.readings(1.0)
    assert (found - depths).std() < 0.4
    assert sd[10] > sd[7]  # one line less


def test_dirt_beside_a_line_is_not_taken_for_it():
    """Where a line is covered and dirt like it lies beside, the other lines say it is none."""
    depths, lines, images = simulated(4)
    at = round(lines[0].x + np.tan(np.deg2rad(lines[0].angle_deg)) * depths[5])
    images[5, :, at - 4 : at + 5] = 110
    images[5, 3:-3, at + 8 : at + 12] = 190
    tracked = track_lines(images, windows(lines))
    assert np.flatnonzero(np.isnan(tracked.positions[0])).tolist() == [5]
    assert (tracked.readings(1.0)[0] - depths).std() < 0.4


def test_slices_without_a_ruler_are_left_to_the_images():
    """Two blank slices are flagged; with thicknesses from images they have depths all the same."""
    depths, lines, images = simulated(3)
    images[10:12] = 110
    tracked = track_lines(images, windows(lines))
    assert np.isnan(tracked.positions[:, 10:12]).all()
    assert len(tracked.notes) == 3
    alone = tracked.depths(1.0)
    assert alone.notes[-1].startswith("2 slices have no reading of the ruler")
    assert alone.sd_nm[10] > 3 * alone.sd_nm[8]
    thickness = _thickness(np.diff(depths))
    fused = fuse_depths(*tracked.readings(1.0), thickness, 1.0)
    np.testing.assert_allclose(fused.depths_nm, depths, rtol=0, atol=0.7)
    assert fused.sd_nm[10] < alone.sd_nm[10]
    with pytest.raises(InputError, match="a ruler without any reading"):
        fuse_depths(np.full(COUNT, np.nan), np.inf, thickness, 1.0)


def _thickness(steps):
    """Return what exact images would say of distances, to 0.3 pixels each."""
    from fibgap.depths import Thickness

    flags = np.zeros(len(steps), bool)
    return Thickness(steps, np.full(len(steps), 0.3), 0.05, 0.0, flags, flags, 8.0, 4.0, 1.0)


def test_lines_that_meet_are_refused():
    """Once two lines lie over each other nobody can say which is which."""
    lines = [DrawnLine(40, 40), DrawnLine(100, -40)]
    images = draw_strip(lines, depths_of(0), (HEIGHT, WIDTH), rng=np.random.default_rng(0))
    with pytest.raises(InputError, match=r"lines left and right of the ruler have met in slice \d"):
        track_lines(images, windows(lines, ("left", "right")))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (RulerLine(-1, 0, 24, 24, 20, "a"), r"line a goes from x = -1 .* of 160 x 24 pixels"),
        (RulerLine(140, 0, 24, 24, 20, "a"), "from x = 140 to 164"),
        (RulerLine(0, 4, 24, 24, 20, "a"), "from y = 4 to 28, outside"),
        (RulerLine(0, 0, 7, 24, 20, "a"), "line a has 7 x 24 pixels, but needs at least 8 x 8"),
        (RulerLine(0, 0, 24, LEAST_HEIGHT - 1, 20, "a"), "24 x 7 pixels"),
        (RulerLine(0, 0, 24, 24, 90, "a"), "angle of line a .* but is 90"),
        (RulerLine(0, 0, 24, 24, 0, "a"), "two lines whose angles differ: 0, 0 degrees"),
    ],
)
def test_windows_that_cannot_be_are_refused(line, message):
    """A window outside of the images, a small one and an angle that tells nothing are named."""
    _, lines, images = simulated(0)
    with pytest.raises(InputError, match=message):
        track_lines(images, [line, windows(lines)[1]])


def test_a_window_without_a_line_is_refused():
    """Where all pixels are alike there is nothing to follow; a single image is no stack."""
    _, lines, images = simulated(0)
    with pytest.raises(InputError, match="window of line left shows one value only"):
        track_lines(np.zeros_like(images), windows(lines))
    with pytest.raises(InputError, match=r"slices \(N, Y, X\), but shape \(24, 160\) came"):
        track_lines(images[0], windows(lines))
    with pytest.raises(InputError, match="too narrow for a ruler over a depth of 900 pixels"):
        fitting_lines(70, 900)
