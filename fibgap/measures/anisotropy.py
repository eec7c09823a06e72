"""Errors of curves and numbers that were measured along z, y and x."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError


def anisotropy_error(f_z: ArrayLike, f_y: ArrayLike, f_x: ArrayLike) -> float:
    """Return how far a measure along z is from its mean along x and y, relative to that mean.

    Parameters
    ----------
    f_z, f_y, f_x : (L,) array_like or float
        The measure along each axis, at the same lags.

    Returns
    -------
    float
        0 if z does not differ; NaN if the mean along x and y is 0 at all lags, as for a
        diffusivity without a connected path, because the error is then undefined.

    Raises
    ------
    InputError
        If the three differ in shape, have no values or more than one dimension.

    Notes
    -----
    ``e(f) = ||f_z - (f_x + f_y) / 2|| / ||(f_x + f_y) / 2||``, the 2-norm being taken over lags.
    It needs no ground truth, and says nothing about how right an isotropic volume is.

    PAPER: the errors of Tables S3 and S4. ASSUME: the supplement gives no formula; this is the
    relative 2-norm that its symbols suggest, with the two directions in the plane averaged first.

    Examples
    --------
    >>> anisotropy_error(0.75, 0.4, 0.6)
    0.5
    >>> anisotropy_error([2.0, 0.0], [1.0, 3.0], [5.0, 5.0])
    0.824621...
    """
    along_z, along_y, along_x = (
        _curve(f, name) for f, name in ((f_z, "f_z"), (f_y, "f_y"), (f_x, "f_x"))
    )
    if not along_z.shape == along_y.shape == along_x.shape:
        raise InputError(
            f"f_z, f_y and f_x must have the same lags, but have {along_z.size}, {along_y.size} "
            f"and {along_x.size}."
        )
    return _relative_distance(along_z, (along_x + along_y) / 2)


def truth_error(f: ArrayLike, f_true: ArrayLike) -> float:
    """Return how far a measure is from its value in the true volume, relative to the latter.

    Parameters
    ----------
    f : (L,) array_like or float
        The measure along one axis, usually z, of a rebuilt volume.
    f_true : (M,) array_like or float
        The same measure of the true volume; the longer of the two is cut to the common lags.

    Returns
    -------
    float
        0 if they agree; NaN if the true one is 0 at all common lags.

    Raises
    ------
    InputError
        If one has no values or more than one dimension.

    Notes
    -----
    ``||f - f_true|| / ||f_true||``, the 2-norm being taken over lags. A volume that is isotropic
    but wrong has a low anisotropy error and a high one of these.

    PAPER: not in the supplement; this project adds it.

    Examples
    --------
    >>> truth_error([3.0, 4.5], [3.0, 4.0, 7.0])
    0.1
    """
    measured, true = _curve(f, "f"), _curve(f_true, "f_true")
    common = min(measured.size, true.size)
    return _relative_distance(measured[:common], true[:common])


def _curve(values: ArrayLike, name: str) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    if array.ndim > 1 or not array.size:
        raise InputError(
            f"{name} must be a number or a curve over lags, but its shape is {array.shape}."
        )
    return np.atleast_1d(array)


def _relative_distance(values: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    norm = float(np.linalg.norm(reference))
    return float(np.linalg.norm(values - reference)) / norm if norm else float("nan")
