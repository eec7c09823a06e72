"""A simulated ruler and simulated images: right where they are perfect, off by what was asked."""

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.synthetic.readings import Imaging, Ruler, draw_widths, show_slices

DEPTHS = np.array([0.0, 10.0, 25.0])


@pytest.fixture
def slices():
    """Slices of random pixels, each another one."""
    return np.random.default_rng(3).random((3, 12, 16)) > 0.5


def test_a_ruler_widens_with_depth():
    """At 90 degrees a width grows by twice the depth: 2 tan 45 degrees is 2."""
    widths = draw_widths(Ruler(90, 2, 1e-9), DEPTHS, np.random.default_rng(0))
    # The start is 20 sd of a width, below 1e-7; errors are a few 1e-9.
    assert np.allclose(widths, 2 * DEPTHS, rtol=0, atol=1e-7)


def test_more_lines_read_better():
    """By hand: 2 lines have sqrt(2) times the error of one line, 3 lines sqrt(1 + 1/2) times."""
    assert Ruler(lines=2, reading_sd_nm=1).width_sd_nm == pytest.approx(2**0.5)
    assert Ruler(lines=3, reading_sd_nm=1).width_sd_nm == pytest.approx(1.5**0.5)


@pytest.mark.parametrize("lines", [2, 3, 8])
def test_widths_scatter_as_a_ruler_says(lines):
    """The scatter of many widths is the ruler's own; 20,000 draws know it to 0.5 %."""
    ruler = Ruler(60, lines, 2.0)
    widths = draw_widths(ruler, np.zeros(20000), np.random.default_rng(1))
    # Four standard errors of a standard deviation, 1 / sqrt(2 n) each.
    assert widths.std() == pytest.approx(ruler.width_sd_nm, rel=4 / np.sqrt(40000))
    assert widths.min() > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"angle_deg": 0}, "angle_deg must be greater than 0"),
        ({"angle_deg": 180}, "angle_deg must be greater than 0 and less than 180"),
        ({"lines": 1}, "lines must be at least 2, but is 1"),
        ({"reading_sd_nm": 0}, "reading_sd_nm must be greater than 0"),
    ],
)
def test_an_impossible_ruler_is_refused(change, said):
    """Lines that are parallel or flat tell no depth, and one line has no width."""
    with pytest.raises(InputError, match=said):
        Ruler(**change)


def test_perfect_images_are_the_slices(slices):
    """Nothing is done where nothing is asked for."""
    assert np.array_equal(show_slices(slices, Imaging(), np.random.default_rng(0)), slices)


def test_a_cut_is_central(slices):
    """A cut of 4 pixels out of 12 x 16 begins at row 4 and column 6."""
    shown = show_slices(slices, Imaging(side=4), np.random.default_rng(0))
    assert np.array_equal(shown, slices[:, 4:8, 6:10])


def test_jitter_shifts_every_slice_by_whole_pixels(slices):
    """Shifted slices show parts of the slices, and all of them the same number of pixels."""
    shown = show_slices(slices, Imaging(jitter_pixels=1), np.random.default_rng(2))
    n_y, n_x = shown.shape[1:]
    assert 12 - n_y == 16 - n_x > 0
    places = []
    for image, whole in zip(shown, slices, strict=True):
        found = [
            (y, x)
            for y in range(12 - n_y + 1)
            for x in range(16 - n_x + 1)
            if np.array_equal(image, whole[y : y + n_y, x : x + n_x])
        ]
        assert len(found) == 1
        places += found
    assert len({*places}) > 1


def test_noise_and_blur_are_as_strong_as_asked(slices):
    """Noise adds its variance; a blur keeps the mean of a slice that has no border to lose."""
    flat = np.ones((2, 80, 80), dtype=bool)
    noisy = show_slices(flat, Imaging(noise=0.3), np.random.default_rng(0))
    # Four standard errors of a standard deviation over 12,800 pixels.
    assert noisy.std() == pytest.approx(0.3, rel=4 / np.sqrt(2 * 12800))
    one = np.zeros((1, 41, 41), dtype=bool)
    one[0, 20, 20] = True
    blurred = show_slices(one, Imaging(blur_pixels=2), np.random.default_rng(0))
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    offset = np.arange(41) - 20
    # The kernel ends at 4 sd: that takes off less than 0.1 % of its variance of 4.
    assert (blurred[0].sum(axis=0) * offset**2).sum() == pytest.approx(4, rel=5e-3)


def test_slices_smaller_than_a_cut_are_refused(slices):
    """The message names both sizes."""
    with pytest.raises(InputError, match=r"12 x 16 pixels .* smaller than a cut of 13 pixels"):
        show_slices(slices, Imaging(side=13), np.random.default_rng(0))
