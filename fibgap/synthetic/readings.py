"""What a microscope shows of milled slices: a ruler's lines, and images that are not perfect."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fibgap.errors import InputError
from fibgap.settings import check_settings, described, setting

#: The lines of a simulated ruler part with depth and start at this distance, in standard deviations
#: of their reading, so that no reading makes them meet.
_START = 20.0


@described
@dataclass(frozen=True)
class Ruler:
    """A ruler: lines that were milled at an angle, half of them leaning to each side."""

    angle_deg: float = setting(
        "Full angle between the lines of both sides.", 60, unit="degrees", gt=0, lt=180
    )
    lines: int = setting("Number of lines; each is read by itself.", 4, ge=2)
    reading_sd_nm: float = setting(
        "Standard deviation of the reading of one line.", 1.25, unit="nm", gt=0
    )

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def width_sd_nm(self) -> float:
        """Standard deviation of the mean distance between the lines of both sides.

        Examples
        --------
        Two lines a side halve the variance of each side's mean:

        >>> Ruler(lines=4, reading_sd_nm=1.5).width_sd_nm
        1.5
        """
        left = self.lines // 2
        return float(self.reading_sd_nm * np.sqrt(1 / left + 1 / (self.lines - left)))


def draw_widths(
    ruler: Ruler, depths_nm: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw what a ruler shows in every slice: the mean distance between its two sides.

    Parameters
    ----------
    ruler : Ruler
        Its lines part with depth.
    depths_nm : (N,) float64
        True depths of the slices in nm.
    rng : numpy.random.Generator
        Source of randomness; draws one number per slice and line.

    Returns
    -------
    (N,) float64
        Widths in nm: ``w + 2 z tan(angle / 2)`` and an error, w being wide enough for all errors.

    Notes
    -----
    ASSUME: every reading of a line has a normal error of its own.
    """
    slope = 2 * np.tan(np.deg2rad(ruler.angle_deg) / 2)
    errors = ruler.reading_sd_nm * rng.standard_normal((len(depths_nm), ruler.lines))
    left = ruler.lines // 2
    error = errors[:, left:].mean(axis=1) - errors[:, :left].mean(axis=1)
    widths: NDArray[np.float64] = _START * ruler.width_sd_nm + slope * depths_nm + error
    return widths


@described
@dataclass(frozen=True)
class Imaging:
    """How slices are shown to whoever estimates thickness from them; perfect by default."""

    side: int = setting(
        "Side of the central cut that is looked at; 0 takes whole slices.",
        0,
        unit="pixels",
        ge=0,
    )
    blur_pixels: float = setting(
        "Standard deviation of a blur in the plane.", 0, unit="pixels", ge=0
    )
    noise: float = setting(
        "Standard deviation of white noise; solid and pore differ by 1.", 0, ge=0
    )
    jitter_pixels: float = setting(
        "Standard deviation of a shift of every slice along y and x, to whole pixels.",
        0,
        unit="pixels",
        ge=0,
    )

    def __post_init__(self) -> None:
        check_settings(self)


def show_slices(
    slices: NDArray[np.bool_], imaging: Imaging, rng: np.random.Generator
) -> NDArray[Any]:
    """Show slices as images: shifted, cut, blurred, noisy.

    Parameters
    ----------
    slices : (N, Y, X) bool
        Solid = True.
    imaging : Imaging
        What is done to them; by default nothing.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (N, Y', X') bool or float32
        Shifted slices are cut to what all of them show.

    Raises
    ------
    InputError
        If the slices are smaller than the cut.

    Examples
    --------
    >>> slices = np.arange(16).reshape(1, 4, 4) % 2 == 0
    >>> show_slices(slices, Imaging(side=2), np.random.default_rng(0)).astype(int).tolist()
    [[[0, 1], [0, 1]]]
    """
    shifts = np.rint(imaging.jitter_pixels * rng.standard_normal((len(slices), 2))).astype(int)
    reach = int(np.abs(shifts).max())
    n_y, n_x = (side - 2 * reach for side in slices.shape[1:])
    side = imaging.side
    if min(n_y, n_x) < max(side, 1):
        raise InputError(
            f"slices of {slices.shape[1]} x {slices.shape[2]} pixels that are shifted by up to "
            f"{reach} are smaller than a cut of {side} pixels."
        )
    top, left = (reach + (n - side) // 2 if side else reach for n in (n_y, n_x))
    n_y, n_x = (side or n_y, side or n_x)
    shown: NDArray[Any] = np.stack(
        [
            image[top + dy : top + dy + n_y, left + dx : left + dx + n_x]
            for image, (dy, dx) in zip(slices, shifts, strict=True)
        ]
    )
    if imaging.blur_pixels:
        spread = (0, imaging.blur_pixels, imaging.blur_pixels)
        shown = gaussian_filter(shown.astype(np.float32), spread)
    if imaging.noise:
        errors = rng.standard_normal(shown.shape, dtype=np.float32)
        shown = shown.astype(np.float32) + np.float32(imaging.noise) * errors
    return shown
