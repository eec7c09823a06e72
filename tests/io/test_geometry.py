"""Square pixels: a tilt and pixels that are not square are taken out of the images."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fibgap.errors import InputError
from fibgap.io.geometry import square_pixels
from fibgap.io.images import ImageStack


def test_square_pixels_stay() -> None:
    """Nothing is done where nothing is to be done."""
    for size in ((2.5, 2.5), (2.5, 2.501), None):
        stack = ImageStack(np.zeros((2, 4, 5)), pixel_nm=size)
        assert square_pixels(stack) is stack


def test_by_hand() -> None:
    """Pixels twice as tall as wide: centres at 1/4 and 3/4 of a pixel, edges as they are."""
    images = np.array([[[0, 10], [80, 50], [40, 90]]], dtype=np.float64)
    stack = square_pixels(ImageStack(images, pixel_nm=(5.0, 2.5)))
    assert stack.images[0, :, 0].tolist() == [0, 20, 60, 70, 50, 40]
    assert stack.images[0, :, 1].tolist() == [10, 20, 40, 60, 80, 90]
    assert stack.pixel_nm == (2.5, 2.5)
    assert stack.notes == (
        "pixels of 5 nm (y) x 2.5 nm (x) resampled along y from 3 to 6, square now: 2.5 nm",
    )
    wide = square_pixels(ImageStack(images.transpose(0, 2, 1), pixel_nm=(2.5, 5.0)))
    np.testing.assert_array_equal(wide.images, stack.images.transpose(0, 2, 1))


@pytest.mark.parametrize("tilt", [52.0, 36.0, 54.0])
def test_a_tilt_stretches_y(tilt: float) -> None:
    """A face seen under an angle is foreshortened by its sine: 1.27 for 52 degrees."""
    images = np.zeros((2, 100, 60), dtype=np.float32) + np.arange(100)[:, None]
    stack = square_pixels(ImageStack(images, pixel_nm=(2.5, 2.5)), tilt_deg=tilt)
    ratio = 1 / np.sin(np.deg2rad(tilt))
    assert stack.images.shape == (2, int(100 * ratio), 60)
    assert stack.pixel_nm == (2.5, 2.5)
    # A ramp of 1 a pixel becomes one of 1 / ratio, away from the ends.
    steps = np.diff(stack.images[0, 2:-2, 0])
    np.testing.assert_allclose(steps, 1 / ratio, rtol=1e-4)
    assert f"tilt of {tilt:g} degrees" in stack.notes[0]
    nameless = square_pixels(ImageStack(images), tilt_deg=tilt)
    assert nameless.pixel_nm is None
    np.testing.assert_array_equal(nameless.images, stack.images)


def test_no_tilt_at_ninety_degrees() -> None:
    """A face that is looked at straight has its shape."""
    stack = ImageStack(np.zeros((2, 4, 5)), pixel_nm=(2.5, 2.5))
    assert square_pixels(stack, tilt_deg=90) is stack


@pytest.mark.parametrize("tilt", [0, -52, 91, float("nan")])
def test_an_impossible_tilt(tilt: float) -> None:
    """An angle between the beam and a face lies between 0 and 90 degrees."""
    with pytest.raises(InputError, match="tilt_deg must lie between 0 and 90 degrees"):
        square_pixels(ImageStack(np.zeros((2, 4, 5))), tilt_deg=tilt)


def test_a_tilt_is_not_corrected_twice() -> None:
    """A file whose pixels are 3.17 x 2.5 nm knows of its tilt."""
    stack = ImageStack(np.zeros((2, 4, 5)), pixel_nm=(3.17, 2.5))
    with pytest.raises(InputError, match=r"3\.17 nm \(y\) x 2\.5 nm \(x\) already, so that a tilt"):
        square_pixels(stack, tilt_deg=52)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_grey_values_keep_type_and_range(dtype: Any) -> None:
    """Interpolated values lie between their neighbours and are rounded, not cut."""
    images = np.random.default_rng(0).integers(0, 255, (2, 9, 7)).astype(dtype)
    result = square_pixels(ImageStack(images, pixel_nm=(3.0, 2.0))).images
    assert result.dtype == dtype
    assert result.min() >= images.min()
    assert result.max() <= images.max()
    assert abs(float(result.mean()) - float(images.mean())) < 6


def field(ratio: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return one structure sampled at pixels that are `ratio` times as tall as wide, and at 1."""
    fine = 8
    rng = np.random.default_rng(0)
    values = gaussian_filter(rng.normal(size=(96 * fine, 96 * fine)), 4 * fine, mode="wrap") > 0
    columns = ((np.arange(96) + 0.5) * fine).astype(int)
    rows = ((np.arange(int(96 / ratio)) + 0.5) * ratio * fine).astype(int)
    n = int(len(rows) * ratio)
    return values[np.ix_(rows, columns)], values[np.ix_(columns[:n], columns)]


def test_binary_edges_lie_between_pixels() -> None:
    """With its neighbours' word a pixel is wrong less often than the nearest one by 10 %."""
    ratio = 1 / np.sin(np.deg2rad(52))
    sampled, truth = field(ratio)
    result = square_pixels(ImageStack(sampled[None], pixel_nm=(2.5 * ratio, 2.5))).images[0]
    centres = (np.arange(len(truth)) + 0.5) / ratio - 0.5
    nearest = sampled[np.clip(np.rint(centres).astype(int), 0, len(sampled) - 1)]
    assert result.dtype == np.bool_
    assert (result != truth).mean() < 0.9 * (nearest != truth).mean()


@pytest.mark.parametrize("value", [True, False])
def test_lines_one_pixel_wide_stay(value: bool) -> None:
    """A thread of solid and a crack are as thick after as before."""
    images = np.full((1, 10, 9), not value)
    images[:, :, 4] = value
    result = square_pixels(ImageStack(images, pixel_nm=(3.17, 2.5))).images
    assert (result[:, :, 4] == value).all()
    assert (result == value).sum() == result.shape[1]


def test_solid_and_pore_are_treated_alike() -> None:
    """The pore of a stack is resampled as the solid of its opposite, but for exact ties."""
    sampled, _ = field(1.27)
    one = square_pixels(ImageStack(sampled[None], pixel_nm=(3.175, 2.5))).images
    other = square_pixels(ImageStack(~sampled[None], pixel_nm=(3.175, 2.5))).images
    assert (one == other).mean() < 0.002


def test_invalid_pixels_lend_nothing() -> None:
    """A finer pixel that would take from an invalid one is invalid itself."""
    valid = np.ones((1, 4, 3), dtype=bool)
    valid[0, 1, 1] = False
    stack = ImageStack(np.zeros((1, 4, 3)), pixel_nm=(5.0, 2.5), valid=valid)
    result = square_pixels(stack).valid
    assert result is not None
    # Pixel 1 reaches from the centre of pixel 0 to that of pixel 2.
    assert result[0, :, 1].tolist() == [True, False, False, False, False, True, True, True]
    assert result[0, :, [0, 2]].all()
