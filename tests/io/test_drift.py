"""Drift is measured to a part of a pixel, and taken out by whole pixels."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, shift

from fibgap.errors import InputError
from fibgap.io.drift import Drift, correct_drift, measure_drift
from fibgap.io.images import ImageStack


def field(n: int, step: int, seed: int = 0) -> NDArray[np.float64]:
    """Return cuts through a random field, its features 12 pixels wide, `step` pixels apart."""
    rng = np.random.default_rng(seed)
    return gaussian_filter(rng.normal(size=(n * step, 128, 128)), 4, mode="wrap")[::step]


def shifted(values: NDArray[np.float64], shifts: Any) -> NDArray[np.float64]:
    """Return the middle 96 x 96 pixels of slices whose content is shifted."""
    moved = [
        shift(image, by, order=3, mode="wrap") for image, by in zip(values, shifts, strict=True)
    ]
    return np.stack(moved)[:, 16:112, 16:112]


@pytest.mark.parametrize("binary", [True, False])
def test_known_shifts_are_found(binary: bool) -> None:
    """Each step is found within half a pixel, where neighbouring slices are alike."""
    rng = np.random.default_rng(1)
    true = np.cumsum(rng.normal(0, 1.5, (10, 2)), axis=0)
    true -= true[0]
    images = shifted(field(10, 1), true)
    drift = measure_drift(ImageStack(images > 0 if binary else images))
    assert drift.reliable
    # What the structure itself changes in a step of 1/12 of a feature is about 0.1 pixel.
    assert np.abs(np.diff(drift.shifts, axis=0) - np.diff(true, axis=0)).max() < 0.5
    assert drift.shifts[0].tolist() == [0, 0]


def test_the_same_slice_moved_by_whole_pixels() -> None:
    """Content at y + 3, x - 2 is a shift of (3, -2)."""
    image = field(1, 1)[0]
    moves = np.array([[0, 0], [3, -2], [1, 4], [-5, 0]])
    images = np.stack([np.roll(image, tuple(move), (0, 1)) for move in moves])
    drift = measure_drift(ImageStack(images))
    np.testing.assert_allclose(drift.shifts, moves, atol=0.05)
    assert drift.step_sd == pytest.approx(0.05)
    corrected = correct_drift(ImageStack(images, valid=images > images.min()), drift)
    assert corrected.images.shape == (4, 128 - 8, 128 - 6)
    for other in corrected.images[1:]:
        np.testing.assert_array_equal(other, corrected.images[0])
    np.testing.assert_array_equal(corrected.images[0], image[5:125, 2:124])
    assert corrected.valid is not None
    np.testing.assert_array_equal(corrected.valid, corrected.images > images.min())
    assert "corrected by whole pixels; 120 x 122 of 128 x 128" in corrected.notes[0]


def test_slices_that_have_nothing_in_common() -> None:
    """Shifts between unlike slices are accidents, and are not corrected."""
    stack = ImageStack(np.random.default_rng(0).normal(size=(6, 64, 64)))
    drift = measure_drift(stack)
    assert not drift.reliable
    with pytest.raises(InputError, match=r"too different from each other .*: it is not corrected"):
        correct_drift(stack, drift)


def test_progress_and_two_slices() -> None:
    """Two slices have one step and no word on its error."""
    calls: list[tuple[int, int]] = []
    images = np.stack([field(1, 1)[0]] * 2)
    drift = measure_drift(ImageStack(images), progress=lambda *args: calls.append(args))
    assert calls == [(1, 2), (2, 2)]
    assert drift.step_sd is None
    np.testing.assert_allclose(drift.shifts, 0, atol=0.05)


def test_an_empty_slice_and_nan_stop_nothing() -> None:
    """A slice of one value has no shift; pixels that are no number count as the mean."""
    images = np.stack([field(1, 1)[0]] * 5).astype(np.float32)
    images[2] = 0
    images[:, :3, :3] = np.nan
    drift = measure_drift(ImageStack(images))
    assert np.isfinite(drift.shifts).all()


@pytest.mark.parametrize(
    ("shifts", "message"),
    [
        (np.zeros((3, 2)), "the drift is of 3 slices, but the stack has 4"),
        (np.array([[0, 0], [0, 0], [0, 0], [9, 0]]), "no part of the images is in all slices"),
    ],
)
def test_a_drift_that_does_not_fit(shifts: Any, message: str) -> None:
    """A drift of another stack, and one larger than the images."""
    drift = Drift(np.asarray(shifts, dtype=np.float64), None, True, "drift")
    with pytest.raises(InputError, match=message):
        correct_drift(ImageStack(np.zeros((4, 10, 10))), drift)
