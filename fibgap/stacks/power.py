"""Misclassified shares as a power of the width of a gap."""

import math

import numpy as np
from numpy.typing import NDArray

#: Exponents are near this one, as firmly as these many hidden slices say it whose gaps
#: differ in width by a factor of e. Between 1 (nearest slice) and 2 (interpolated outlines).
_EXPONENT, _FIRMNESS = 1.5, 2.0


def fit_power(widths: NDArray[np.float64], shares: NDArray[np.float64]) -> tuple[float, float]:
    """Fit misclassified shares by ``scale * width ** exponent``.

    Parameters
    ----------
    widths : (H,) float64
        Widths of gaps in voxels.
    shares : (H,) float64
        Misclassified shares; they may be 0.

    Returns
    -------
    scale, exponent : float
        Of least squared relative deviations, the exponent drawn towards 1.5 where the widths
        hardly differ; 0 and 1.5 if no share is above 0.

    Notes
    -----
    Quasi-likelihood with a logarithmic link and a constant relative deviation, solved by
    iteratively reweighted least squares (McCullagh and Nelder, Generalized Linear Models, 1989).

    Examples
    --------
    >>> widths = np.array([4.0, 4.0, 8.0])
    >>> scale, exponent = fit_power(widths, 0.01 * widths**1.5)
    >>> round(scale, 6), round(exponent, 6)
    (0.01, 1.5)
    """
    if not shares.any():
        return 0.0, _EXPONENT
    logs = np.log(widths)
    centre = float(logs.mean())
    matrix = np.stack([np.ones_like(logs), logs - centre], axis=1)
    prior = np.array([[0, 0], [0, _FIRMNESS]])
    normal = matrix.T @ matrix + prior
    found = np.array([math.log(shares.mean()), _EXPONENT])
    for _ in range(100):
        values = matrix @ found
        working = values + shares * np.exp(-values) - 1
        target = matrix.T @ working + prior @ np.array([0, _EXPONENT])
        step = np.linalg.solve(normal, target) - found
        # Half steps settle where a full one would swing about the solution.
        found = found + step / 2
        if np.abs(step).max() < 1e-10:
            break
    return float(np.exp(found[0] - found[1] * centre)), float(found[1])
