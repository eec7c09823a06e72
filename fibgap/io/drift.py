"""Drift: how slices are shifted against each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.registration import phase_cross_correlation

from fibgap.errors import InputError
from fibgap.io.images import ImageStack
from fibgap.io.pages import Progress
from fibgap.on_disk import map_slices

#: Drift is measured in a window of at most so many pixels, in the middle of the images.
_WINDOW = 512


@dataclass(frozen=True)
class Drift:
    """How the content of a stack moves from slice to slice.

    Attributes
    ----------
    shifts : (N, 2) float64
        Position (y, x) of every slice's content against that of the first, in pixels.
    step_sd : float or None
        Standard deviation of one step, from whether two steps add up to the step between next
        neighbours but one; None for two slices. Errors of the steps add up along the stack.
    reliable : bool
        Whether neighbouring slices are alike enough for the steps to mean anything.
    text : str
        What was found, for people.
    """

    shifts: NDArray[np.float64]
    step_sd: float | None
    reliable: bool
    text: str


def measure_drift(stack: ImageStack, *, progress: Progress | None = None) -> Drift:
    """Measure how slices are shifted against each other, by phase correlation.

    Parameters
    ----------
    stack : ImageStack
        Grey or binary, without a border: that stands still, or moves for itself.
    progress : callable, optional
        Called after every slice.

    Returns
    -------
    Drift
        To a tenth of a pixel. Structure that leans looks like drift: what is measured is the sum.

    Notes
    -----
    Guizar-Sicairos, Thurman and Fienup, Opt. Lett. 33, 156 (2008), without normalisation of the
    spectrum, which makes more of noise than of the structure.
    """
    n = len(stack.images)
    steps = np.zeros((n, 2))
    double = np.zeros((n, 2))
    recent: list[NDArray[np.float32]] = []
    for z in range(n):
        recent = [*recent[-2:], _window(stack.images[z])]
        if z >= 1:
            steps[z] = _shift(recent[-2], recent[-1])
        if z >= 2:
            double[z] = _shift(recent[-3], recent[-1])
        if progress:
            progress(z + 1, n)
    step_sd = None
    reliable = True
    if n >= 3:
        closure = double[2:] - steps[2:] - steps[1:-1]
        # Median of absolute values, as a standard deviation; three measurements, each to 0.1 pixel.
        step_sd = float(max(1.4826 * np.median(np.abs(closure)) / 3**0.5, 0.05))
        reliable = step_sd <= 0.5
    shifts = np.cumsum(steps, axis=0)
    size = float(np.sqrt((steps[1:] ** 2).mean())) if n > 1 else 0.0
    span = np.ptp(shifts, axis=0)
    text = (
        f"drift from slice to slice {size:.2g} pixels (rms), over the stack {span[0]:.3g} pixels "
        f"in y and {span[1]:.3g} in x"
    )
    if not reliable:
        text = "slices are too different from each other for their drift to be measured"
    return Drift(shifts, step_sd, reliable, text)


def _window(image: NDArray[Any]) -> NDArray[np.float32]:
    """Return the middle of an image, its mean subtracted, invalid values 0."""
    y, x = ((max(0, size - _WINDOW) // 2) for size in image.shape)
    part = image[y : y + _WINDOW, x : x + _WINDOW].astype(np.float32)
    part = part - np.nanmean(part)
    return np.asarray(np.nan_to_num(part, copy=False, posinf=0, neginf=0))


def _shift(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how far the second image's content lies from the first's, in pixels."""
    if not first.any() or not second.any():
        return np.zeros(2)
    shift, _, _ = phase_cross_correlation(first, second, upsample_factor=10, normalization=None)
    return -np.asarray(shift, dtype=np.float64)


def correct_drift(stack: ImageStack, drift: Drift) -> ImageStack:
    """Shift slices back by whole pixels and crop to what all of them show.

    Parameters
    ----------
    stack : ImageStack
        The one that was measured.
    drift : Drift
        Of `measure_drift`.

    Raises
    ------
    InputError
        If the drift is not reliable, is of another stack, or leaves nothing.

    Notes
    -----
    Values are not interpolated, so that half a pixel of drift can stay between two slices.
    """
    if not drift.reliable:
        raise InputError(f"{drift.text}: it is not corrected.")
    n, height, width = stack.images.shape
    if drift.shifts.shape != (n, 2):
        raise InputError(f"the drift is of {len(drift.shifts)} slices, but the stack has {n}.")
    shifts = np.rint(drift.shifts).astype(np.int64)
    low = np.maximum(0, -shifts.min(axis=0))
    high = np.array([height, width]) - np.maximum(0, shifts.max(axis=0))
    size = high - low
    if (size < 2).any():
        raise InputError(f"{drift.text}: no part of the images is in all slices.")

    def moved(values: NDArray[Any]) -> NDArray[Any]:
        def back(z: int, image: NDArray[Any]) -> NDArray[Any]:
            y, x = low + shifts[z]
            return image[y : y + size[0], x : x + size[1]]

        return map_slices(values, back, values.dtype, (int(size[0]), int(size[1])))

    return stack.noting(
        f"{drift.text}: corrected by whole pixels; {size[0]} x {size[1]} of {height} x {width} "
        "pixels are in all slices",
        images=moved(stack.images),
        valid=None if stack.valid is None else moved(stack.valid),
    )
