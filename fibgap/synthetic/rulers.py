"""A simulated ruler: a strip with lines that were milled at an angle, as a microscope shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from fibgap.errors import InputError

#: Grey values of the strip and of a line.
_STRIP, _LINE = 110.0, 190.0
#: Full angles between the outer lines in degrees, of which the largest that fits is taken.
_ANGLES = (60, 45, 30, 20, 15, 10, 5, 2, 1)


@dataclass(frozen=True)
class DrawnLine:
    """A line or a wedge of a simulated ruler.

    Attributes
    ----------
    x : float
        Position of its middle in the first slice in pixels.
    angle_deg : float
        Its angle to the milling direction: positive where it moves to larger x with depth.
    wide : float
        Its thickness in the first slice in pixels.
    narrows_deg : float
        Full angle between its two sides in degrees: a wedge, if it is not 0.
    """

    x: float
    angle_deg: float
    wide: float = 4.0
    narrows_deg: float = 0.0


def fitting_lines(width: int, travel: float) -> tuple[DrawnLine, ...]:
    """Return two lines that come together and a third one between them that stays.

    Parameters
    ----------
    width : int
        Of the images in pixels.
    travel : float
        Depth of the last slice in pixels.

    Raises
    ------
    InputError
        If images are too narrow for any angle.

    Examples
    --------
    >>> [(line.x, line.angle_deg) for line in fitting_lines(128, 90)]
    [(19.2, 10.0), (64.0, 0.0), (108.8, -10.0)]
    """
    room = 0.35 * width - 24
    for angle in _ANGLES:
        if travel * np.tan(np.deg2rad(angle / 2)) <= room:
            half = angle / 2
            return (
                DrawnLine(0.15 * width, half),
                DrawnLine(0.5 * width, 0.0),
                DrawnLine(0.85 * width, -half),
            )
    raise InputError(
        f"images of {width} pixels are too narrow for a ruler over a depth of {travel:.4g} pixels."
    )


def draw_strip(
    lines: Sequence[DrawnLine],
    depths: ArrayLike,
    shape: tuple[int, int],
    *,
    drift: ArrayLike = 0.0,
    blur: float = 0.7,
    noise: float = 18.0,
    rng: np.random.Generator | None = None,
) -> NDArray[np.float64]:
    """Draw a strip with lines in every slice.

    Parameters
    ----------
    lines : sequence of DrawnLine
        The ruler.
    depths : (N,) float
        Depths of the slices in pixels.
    shape : (int, int)
        Height and width of the strip in pixels.
    drift : (N,) or (N, 2) float
        How far every slice is shifted in pixels: along x, or along y and x.
    blur : float
        Standard deviation of a Gaussian blur in pixels.
    noise : float
        Standard deviation of white noise in grey values; lines differ from the strip by 80.
    rng : numpy.random.Generator, optional
        Source of the noise; none is added without it.

    Returns
    -------
    (N, height, width) float64
        Grey values. Lines end 3 pixels from the strip's upper and lower
        edge, so a shift along y shows, too.
    """
    deep = np.asarray(depths, dtype=np.float64)
    height, width = shape
    shift = np.broadcast_to(np.atleast_1d(np.asarray(drift, dtype=np.float64)).T, (2, len(deep)))
    if np.ndim(drift) < 2:
        shift = np.stack([np.zeros(len(deep)), shift[1]])
    rows, columns = np.arange(height), np.arange(width)
    images = np.full((len(deep), height, width), _STRIP)
    for index, depth in enumerate(deep):
        low, high = 3 + shift[0, index], height - 4 + shift[0, index]
        # The share of a pixel that a line covers: its position is known below the pixel.
        tall = np.clip(rows - low + 0.5, 0, 1) * np.clip(high - rows + 0.5, 0, 1)
        for line in lines:
            x = line.x + np.tan(np.deg2rad(line.angle_deg)) * depth + shift[1, index]
            half = line.wide / 2 - np.tan(np.deg2rad(line.narrows_deg) / 2) * depth
            wide = np.clip(columns - x + half + 0.5, 0, 1)
            wide *= np.clip(x + half - columns + 0.5, 0, 1)
            images[index] += (_LINE - _STRIP) * tall[:, None] * wide
    images = gaussian_filter(images, (0, blur, blur))
    return images if rng is None else images + rng.normal(0, noise, images.shape)
