"""Depths where nobody measured them: a constant spacing."""

import numpy as np

from fibgap.depths.result import Depths
from fibgap.errors import InputError


def nominal_depths(count: int, spacing_nm: float) -> Depths:
    """Return the depths of slices of constant thickness, the first at 0.

    Parameters
    ----------
    count : int
        Number of slices.
    spacing_nm : float
        Distance from slice to slice in nm.

    Returns
    -------
    Depths
        Source "nominal".

    Raises
    ------
    InputError
        If the spacing is not positive and finite.

    Examples
    --------
    >>> nominal_depths(3, 10).depths_nm.tolist()
    [0.0, 10.0, 20.0]
    """
    if not (np.isfinite(spacing_nm) and spacing_nm > 0):
        raise InputError(f"the spacing of slices must be positive, but is {spacing_nm} nm.")
    note = f"every slice counts as {spacing_nm:g} nm: nobody measured its thickness."
    return Depths(spacing_nm * np.arange(count, dtype=np.float64), "nominal", None, (note,))
