"""Placement: which layer of the voxel grid each slice becomes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.stack import GappedVolume, SliceStack, nearest_layer

Placement = Callable[[SliceStack, float], GappedVolume]


def _one_slice_a_layer(
    depths_nm: NDArray[np.float64], voxel_nm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the slices that are kept and their layers, at most one slice per layer.

    Where several slices round to one layer, the one nearest to the layer's centre is kept, and of
    two equally near the shallower one.
    """
    layers = nearest_layer(depths_nm, voxel_nm)
    # Rounded to a part in 10^9 of a voxel, so that depths equally near in decimals stay so.
    distance = np.abs(depths_nm / voxel_nm - layers).round(9)
    order = np.lexsort((np.arange(len(layers)), distance, layers))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = layers[order][1:] != layers[order][:-1]
    kept = np.sort(order[first])
    return kept, layers[kept]


def _true_geometry(stack: SliceStack, chosen: NDArray[np.int64]) -> GappedVolume:
    """Put chosen slices at their true depths."""
    depths = stack.depths_nm[chosen]
    kept, layers = _one_slice_a_layer(depths, stack.voxel_nm)
    steps = int(layers[-1] - layers[0])
    span = float(depths[kept[-1]] - depths[kept[0]])
    return GappedVolume(
        slices=stack.slices[chosen[kept]],
        layers=layers - layers[0],
        voxel_nm=stack.voxel_nm,
        origin_layer=int(layers[0]),
        effective_voxel_nm=span / steps if steps else stack.voxel_nm,
        n_given=len(stack.slices),
    )


def place_repositioned(stack: SliceStack, nominal_nm: float) -> GappedVolume:
    """Put every slice at its true depth, rounded to the nearest layer (R).

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    nominal_nm : float
        Not used: the depths say all.

    Returns
    -------
    GappedVolume
        Where slices round to one layer, the one nearest to the layer's centre is kept (the
        shallower of two equally near); `n_given` minus the number kept says how many were dropped.
    """
    return _true_geometry(stack, np.arange(len(stack.slices)))


def place_nominal(stack: SliceStack, nominal_nm: float) -> GappedVolume:
    """Put slices at a constant nominal distance, whatever their depths (D).

    The geometry changes, so `origin_layer` is None and errors by voxel are undefined.

    Raises
    ------
    InputError
        If the nominal thickness is below the voxel size.

    Notes
    -----
    ASSUME: the supplement does not explain "D". Every slice counts as one nominal thickness, and
    that thickness is rounded to layers slice by slice, so rounding does not add up.
    """
    if nominal_nm < stack.voxel_nm:
        raise InputError(f"nominal_nm {nominal_nm} is below the voxel size of {stack.voxel_nm} nm.")
    layers = nearest_layer(
        np.arange(len(stack.slices), dtype=np.float64) * nominal_nm, stack.voxel_nm
    )
    span = float(stack.depths_nm[-1] - stack.depths_nm[0])
    return GappedVolume(
        slices=stack.slices,
        layers=layers,
        voxel_nm=stack.voxel_nm,
        origin_layer=None,
        effective_voxel_nm=span / int(layers[-1]),
        n_given=len(stack.slices),
    )


def place_resampled(stack: SliceStack, nominal_nm: float) -> GappedVolume:
    """Keep the slice nearest to every plane of a regular grid, at its true depth (SR).

    Notes
    -----
    ASSUME: the supplement does not explain "SR". The grid starts at the first slice and has the
    nominal thickness as its spacing; of two slices equally near to a plane the shallower one is
    kept; slices that are nearest to no plane are dropped.
    """
    if nominal_nm < stack.voxel_nm:
        raise InputError(f"nominal_nm {nominal_nm} is below the voxel size of {stack.voxel_nm} nm.")
    depths = stack.depths_nm
    planes = np.arange(depths[0], depths[-1] + 1e-9 * nominal_nm, nominal_nm)
    after = np.clip(np.searchsorted(depths, planes), 1, len(depths) - 1)
    before = after - 1
    # A part in 10^9 of the spacing makes a tie in decimals a tie.
    take_before = planes - depths[before] <= depths[after] - planes + 1e-9 * nominal_nm
    return _true_geometry(stack, np.unique(np.where(take_before, before, after)))


PLACEMENTS: dict[str, Placement] = {
    "repositioned": place_repositioned,
    "nominal": place_nominal,
    "resampled": place_resampled,
}


#: Placements that ask for the nominal thickness.
NEED_NOMINAL = ("nominal", "resampled")


def place_slices(stack: SliceStack, placement: str, *, nominal_nm: float) -> GappedVolume:
    """Place slices on the voxel grid by the named placement.

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    placement : str
        A key of `PLACEMENTS`: "repositioned", "nominal" or "resampled".
    nominal_nm : float
        Nominal slice thickness in nm.

    Returns
    -------
    GappedVolume
        The grid from the first to the last known layer.

    Raises
    ------
    InputError
        If the placement is unknown or leaves fewer than two layers.

    Examples
    --------
    >>> slices = np.array([[[1, 0]], [[1, 1]], [[0, 1]]], dtype=bool)
    >>> stack = SliceStack(slices, np.array([0.0, 6.0, 20.0]), 2.5)
    >>> place_slices(stack, "repositioned", nominal_nm=10).layers.tolist()
    [0, 2, 8]
    >>> place_slices(stack, "nominal", nominal_nm=10).layers.tolist()
    [0, 4, 8]
    >>> place_slices(stack, "resampled", nominal_nm=10).layers.tolist()
    [0, 2, 8]
    """
    if placement not in PLACEMENTS:
        raise InputError(
            f"placement '{placement}' is unknown; choose one of {', '.join(PLACEMENTS)}."
        )
    return PLACEMENTS[placement](stack, nominal_nm)
