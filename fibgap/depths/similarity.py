"""How images of one material differ with distance: the curve from which thickness is told."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from fibgap.errors import InputError

#: Fewer slices give no spread of thicknesses to learn from.
LEAST_SLICES = 8
#: Smaller images hold too few pixels to compare.
LEAST_SIDE = 8
#: Step of the distances that are tried, in pixels.
STEP = 0.1
#: Largest shift in the plane, and up to where a slice's own amplitude is taken, in pixels.
_REACH, _AMPLITUDE_REACH = 20, 16
#: Least noise of a dissimilarity, as a share of it: images that are all the same have none.
_LEAST_NOISE = 1e-3


@dataclass(frozen=True)
class Dissimilarity:
    """How images differ: mean squared differences of pixels.

    Attributes
    ----------
    planes : (2, N, R + 1) float64
        Within every image, at shifts of 0 to R pixels along y and x.
    neighbours : (N - 1,) float64
        Between every image and the next one.
    sides : (int, int)
        Height and width of the images.
    """

    planes: NDArray[np.float64]
    neighbours: NDArray[np.float64]
    sides: tuple[int, int]


@dataclass(frozen=True)
class Curve:
    """How dissimilarity grows with distance in the plane.

    `along` are the mean curves along y and x, shape (2, R + 1); `rise` and `noise` are functions of
    the distance in pixels, up to R, for a slice of amplitude 1. `reach` is where `rise` first
    stops rising.
    """

    nugget: float
    along: NDArray[np.float64]
    rise: PchipInterpolator
    noise: PchipInterpolator
    reach: float

    def amplitudes(self, seen: Dissimilarity) -> NDArray[np.float64]:
        """Return how much neighbours differ against the curve, shape (N - 1,): that of both."""
        top = min(_AMPLITUDE_REACH, seen.planes.shape[2] - 1)
        own = seen.planes[:, :, 1 : top + 1].mean(axis=0) - self.nugget
        each = own.sum(axis=1) / self.rise(np.arange(1, top + 1)).sum()
        pairs: NDArray[np.float64] = (each[:-1] + each[1:]) / 2
        return pairs


def checked_images(images: ArrayLike) -> NDArray[Any]:
    """Return images as an array, or say why nothing can be learnt from them.

    Raises
    ------
    InputError
        If there are fewer than 8 slices, or images are small, hold NaN or one value only.
    """
    stack = np.asarray(images)
    if stack.ndim != 3:
        raise InputError(f"a stack of images has three axes, but shape {stack.shape} was given.")
    if len(stack) < LEAST_SLICES:
        raise InputError(
            f"thickness from images needs at least {LEAST_SLICES} slices, but there are "
            f"{len(stack)}."
        )
    if min(stack.shape[1:]) < LEAST_SIDE:
        raise InputError(
            f"images of {stack.shape[1]} x {stack.shape[2]} pixels are too small to compare."
        )
    for index, image in enumerate(stack):
        low, high = image.min(), image.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise InputError(f"slice {index} holds values that are no numbers.")
        if low == high:
            raise InputError(
                f"slice {index} shows one value only, {float(low):g}: there is nothing to compare."
            )
    return stack


def _apart(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the mean squared difference of two images."""
    return float(np.mean((first - second) ** 2, dtype=np.float64))


def in_plane(images: NDArray[Any], reach: int) -> NDArray[np.float64]:
    """Return mean squared differences (2, N, reach + 1) at shifts along y and x."""
    curves = np.zeros((2, len(images), reach + 1))
    for index, image in enumerate(images):
        plain = image.astype(np.float32)
        for lag in range(1, reach + 1):
            curves[0, index, lag] = _apart(plain[:-lag], plain[lag:])
            curves[1, index, lag] = _apart(plain[:, :-lag], plain[:, lag:])
    return curves


def look(images: NDArray[Any], search: int) -> Dissimilarity:
    """Return how images differ, neighbours laid over each other as by `differences`."""
    reach = min(_REACH, min(images.shape[1:]) // 2)
    return Dissimilarity(
        in_plane(images, reach), differences(images, search), (images.shape[1], images.shape[2])
    )


def learn_curve(seen: Dissimilarity) -> Curve:
    """Learn from the planes how dissimilarity grows with distance.

    Raises
    ------
    InputError
        If images are so small that their structure is not seen to end.
    """
    along = seen.planes
    reach = along.shape[2] - 1
    mean = along.mean(axis=(0, 1))
    nugget = max(0.0, 2 * mean[1] - mean[2])
    rise = np.concatenate([[0.0], mean[1:] - nugget])
    # What x and y differ by in all images is a stretch, which is part of the common factor.
    noise = np.sqrt(0.75 * np.var(along[0] - along[1], axis=0, ddof=1))
    noise = np.maximum(noise, _LEAST_NOISE * rise)
    noise[0] = noise[1] / 2
    lags = np.arange(reach + 1)
    smooth = PchipInterpolator(lags, rise)
    fine = np.arange(0, reach + STEP / 2, STEP)
    values = smooth(fine)
    falling = np.flatnonzero(np.diff(values) < 0)
    # Beyond its first maximum the curve comes down again, and one dissimilarity has two distances.
    top = fine[falling[0]] if len(falling) else float(reach)
    if reach < _REACH and not len(falling):
        raise InputError(
            f"images of {seen.sides[0]} x {seen.sides[1]} pixels are smaller than their "
            "structure: pixels half an image apart are still more alike than farther ones."
        )
    return Curve(nugget, along.mean(axis=1), smooth, PchipInterpolator(lags, noise), float(top))


def differences(images: NDArray[Any], search: int) -> NDArray[np.float64]:
    """Return the mean squared difference of neighbours, the least over shifts of some pixels."""
    found = np.full(len(images) - 1, np.inf)
    _, n_y, n_x = images.shape
    shifts = list(product(range(-search, search + 1), repeat=2))
    for index in range(len(found)):
        first, second = (image.astype(np.float32) for image in images[index : index + 2])
        for dy, dx in shifts:
            here = first[max(dy, 0) : n_y + min(dy, 0), max(dx, 0) : n_x + min(dx, 0)]
            there = second[max(-dy, 0) : n_y + min(-dy, 0), max(-dx, 0) : n_x + min(-dx, 0)]
            found[index] = min(found[index], _apart(here, there))
    return found


def stretch_xy(along: NDArray[np.float64], reach: float, *, widest: float = 0.4) -> float:
    """Return by how much x is stretched against y, the logarithm of a factor up to `widest`."""
    lags = np.arange(along.shape[1])
    curve_y, curve_x = (PchipInterpolator(lags, curve) for curve in along)
    distances = np.arange(1, reach, 0.25)
    # Both curves are compared at distances that stay within the lags.
    logs = np.linspace(-widest, widest, int(400 * widest) + 1)
    apart = [
        np.mean(
            (
                curve_x(np.minimum(distances * np.exp(log / 2), lags[-1]))
                - curve_y(np.minimum(distances * np.exp(-log / 2), lags[-1]))
            )
            ** 2
        )
        for log in logs
    ]
    return float(logs[int(np.argmin(apart))])
