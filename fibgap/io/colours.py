"""Images as a person sees them: white is high, and colours are refused unless they are greys."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError


def invert(values: NDArray[Any], bits: int, source: str) -> NDArray[Any]:
    """Return an image whose white is stored as 0 with white high.

    Parameters
    ----------
    values : ndarray
        Booleans or unsigned integers.
    bits : int
        How many of them count: the highest value is ``2**bits - 1``.
    source : str
        For messages.

    Raises
    ------
    InputError
        If the values have no highest one.

    Examples
    --------
    >>> invert(np.array([0, 255], dtype=np.uint8), 8, "a.tif").tolist()
    [255, 0]
    """
    if values.dtype == np.bool_:
        return ~values
    if values.dtype.kind != "u":
        raise InputError(
            f"{source} stores white as the lowest value (MinIsWhite) in numbers of type "
            f"{values.dtype}: where black lies is not defined, save it as MinIsBlack."
        )
    return values.dtype.type(2**bits - 1) - values


def to_grey(colours: NDArray[Any], source: str, *, lossy: bool = False) -> NDArray[Any]:
    """Return the grey image that an RGB image (..., 3) really is.

    Parameters
    ----------
    colours : (..., 3) ndarray
        Red, green and blue.
    source : str
        For messages.
    lossy : bool
        Whether compression may have changed the values a little.

    Raises
    ------
    InputError
        If the three differ.
    """
    green = colours[..., 1]
    worst = 0
    for other in (colours[..., 0], colours[..., 2]):
        worst = max(worst, (np.maximum(other, green) - np.minimum(other, green)).max(initial=0))
    # The rounding of a JPEG's colour transform moves a grey by at most two steps.
    if worst > (2 if lossy else 0):
        raise InputError(
            f"{source} is in colours (red, green and blue differ by up to {worst}): save it as "
            "grey, without annotations."
        )
    return green


def apply_palette(indices: NDArray[Any], palette: NDArray[Any], source: str) -> NDArray[np.uint8]:
    """Return what a person sees where indices point into a palette of greys.

    Parameters
    ----------
    indices : ndarray
        Of integers.
    palette : (3, K) ndarray
        Red, green and blue by index, of 8 bits or spread over 16.
    source : str
        For messages.

    Raises
    ------
    InputError
        If entries that are used are colours.
    """
    used = np.unique(indices)
    if palette.max(initial=0) > 255:
        palette = palette >> 8
    red, green, blue = (palette[i].astype(np.uint8) for i in range(3))
    if (red[used] != green[used]).any() or (blue[used] != green[used]).any():
        raise InputError(
            f"{source} has a palette of colours: save it as grey, or as labels without colours "
            "(in Fiji: Image > Lookup Tables > Grays)."
        )
    return np.asarray(green[indices])


def split_alpha(samples: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return samples (..., S) without their last one, and where that one is fully opaque.

    Returns
    -------
    (..., S - 1) ndarray
        The other samples.
    (...) bool or None
        Valid pixels; None if all are.
    """
    alpha = samples[..., -1]
    opaque = np.iinfo(alpha.dtype).max if alpha.dtype.kind in "ui" else 1
    valid = alpha == opaque
    return samples[..., :-1], None if valid.all() else valid
