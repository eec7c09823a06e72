"""Depths from a ruler: lines milled at an angle, whose distance in a slice tells its depth."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.depths.result import Depths
from fibgap.errors import InputError


def read_ruler(
    widths_nm: ArrayLike, angle_deg: float, *, sd_nm: ArrayLike, narrowing: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the depths that a ruler's widths tell, as they were read, and their deviations.

    Parameters
    ----------
    widths_nm : (N,) float
        Distance of two lines, or width of a wedge, in every slice in nm.
    angle_deg : float
        Full angle between the lines in degrees.
    sd_nm : float or (N,) float
        Standard deviation of the reading of one width in nm.
    narrowing : bool
        Whether the lines come together with depth; otherwise they part.

    Returns
    -------
    depths_nm : (N,) float64
        ``(w_0 - w_k) / (2 tan(angle / 2))``, with the first reading as zero. Reading errors may
        put a slice above the one before; see `ruler_depths` and `fibgap.depths.fusion`.
    sd_nm : (N,) float64
        ``sd / (2 tan(angle / 2))`` for every slice: errors do not add up along the stack.

    Raises
    ------
    InputError
        If a width is no number or the lines have met, or the angle tells no depth.

    Examples
    --------
    >>> depths, sd = read_ruler([100.0, 90.0, 75.0], 90.0, sd_nm=1.0)
    >>> depths.round(9).tolist(), sd.round(9).tolist()
    ([0.0, 5.0, 12.5], [0.5, 0.5, 0.5])
    """
    widths = np.asarray(widths_nm, dtype=np.float64)
    if widths.ndim != 1 or len(widths) < 2:
        raise InputError(f"a ruler needs a width per slice, but shape {widths.shape} was given.")
    if not 0 < angle_deg < 180:
        raise InputError(
            f"the angle of a ruler lies between 0 and 180 degrees, but is {angle_deg:g}."
        )
    errors = np.broadcast_to(np.asarray(sd_nm, dtype=np.float64), widths.shape)
    wrong = np.flatnonzero(~(np.isfinite(errors) & (errors > 0)))
    if len(wrong):
        raise InputError(
            f"the deviation of a reading must be positive, but is {errors[wrong[0]]:g} nm."
        )
    bad = np.flatnonzero(~np.isfinite(widths))
    if len(bad):
        raise InputError(f"the width of the ruler in slice {bad[0]} is {widths[bad[0]]}.")
    bad = np.flatnonzero(widths <= 0)
    if len(bad):
        raise InputError(
            f"the lines of the ruler have met: their distance in slice {bad[0]} is "
            f"{widths[bad[0]]:g} nm."
        )
    slope = 2 * np.tan(np.deg2rad(angle_deg) / 2)
    depths = (widths[0] - widths) / slope
    return (depths if narrowing else -depths), errors / slope


def ruler_depths(
    widths_nm: ArrayLike, angle_deg: float, *, sd_nm: ArrayLike, narrowing: bool = True
) -> Depths:
    """Return the depths that a ruler's widths tell, in the order of milling.

    Parameters
    ----------
    widths_nm, angle_deg, sd_nm, narrowing
        See `read_ruler`.

    Returns
    -------
    Depths
        Source "ruler". The order in which slices were milled is known, so readings that contradict
        it are exchanged: the k-th slice takes the k-th smallest depth. A note says how many.

    Raises
    ------
    InputError
        See `read_ruler`; or if most readings contradict the order.
    """
    depths, sd = read_ruler(widths_nm, angle_deg, sd_nm=sd_nm, narrowing=narrowing)
    ordered = np.sort(depths)
    moved = int((ordered != depths).sum())
    if moved > len(depths) / 2:
        word, other = ("narrow", "part") if narrowing else ("part", "narrow")
        raise InputError(
            f"{moved} of {len(depths)} widths contradict the order of slices, if lines {word} with "
            f"depth: do they {other}, or is the reading error too large?"
        )
    note = f"{moved} readings contradict the order of milling and are exchanged."
    step = np.sqrt(sd[1:] ** 2 + sd[:-1] ** 2)
    return Depths(ordered, "ruler", sd, (note,) if moved else (), thickness_sd_nm=step)
