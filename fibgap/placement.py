"""Placement: which layer of the voxel grid each slice becomes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.stack import GappedVolume, SliceStack, nearest_layer
from fibgap.suspicion import check_depths, check_placement, warn

#: Where slices lie between known layers: at their layers' centres, or where they were milled.
POSITIONS = ("rounded", "true")


@dataclass(frozen=True)
class Grid:
    """What a placement is told besides the stack.

    Attributes
    ----------
    nominal_nm : float or None
        Nominal slice thickness in nm, for placements that have a use for it.
    positions : str
        One of `POSITIONS`.
    start_nm : float or None
        A depth at which the grid has a layer; that of the first slice if it is None.
    """

    nominal_nm: float | None = None
    positions: str = "rounded"
    start_nm: float | None = None

    def nominal(self, voxel_nm: float) -> float:
        """Return the nominal thickness, or say that it is below a voxel."""
        assert self.nominal_nm is not None
        if not self.nominal_nm >= voxel_nm:
            raise InputError(
                f"nominal_nm {self.nominal_nm} is below the voxel size of {voxel_nm} nm."
            )
        return self.nominal_nm


Placement = Callable[[SliceStack, Grid], GappedVolume]


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


def _true_geometry(stack: SliceStack, grid: Grid, chosen: NDArray[np.int64]) -> GappedVolume:
    """Put chosen slices at their true depths."""
    voxel = stack.voxel_nm
    start = float(stack.depths_nm[0]) if grid.start_nm is None else grid.start_nm
    depths = stack.depths_nm[chosen] - start
    kept, layers = _one_slice_a_layer(depths, voxel)
    steps = int(layers[-1] - layers[0])
    span = float(depths[kept[-1]] - depths[kept[0]])
    gapped = GappedVolume(
        slices=stack.slices.take(chosen[kept], axis=0),
        layers=layers - layers[0],
        voxel_nm=voxel,
        origin_layer=int(layers[0] + nearest_layer(np.array(start), voxel)),
        effective_voxel_nm=span / steps if steps else voxel,
        n_given=len(stack.slices),
    )
    if grid.positions == "rounded":
        return gapped
    places = depths / voxel - layers[0]
    spare = np.setdiff1d(np.arange(len(chosen)), kept)
    return replace(
        gapped,
        positions=places[kept],
        spare_slices=stack.slices.take(chosen[spare], axis=0),
        spare_positions=places[spare],
        effective_voxel_nm=voxel,
    )


def place_repositioned(stack: SliceStack, grid: Grid) -> GappedVolume:
    """Put every slice at its true depth (R).

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    grid : Grid
        The nominal thickness is not used: the depths say all.

    Returns
    -------
    GappedVolume
        Where slices round to one layer, the one nearest to the layer's centre is kept (the
        shallower of two equally near). With rounded positions the others are dropped, and
        `n_given` minus the number kept says how many; with true ones they are kept as spare.
    """
    return _true_geometry(stack, grid, np.arange(len(stack.slices)))


def place_nominal(stack: SliceStack, grid: Grid) -> GappedVolume:
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
    depths = np.arange(len(stack.slices), dtype=np.float64) * grid.nominal(stack.voxel_nm)
    layers = nearest_layer(depths, stack.voxel_nm)
    span = float(stack.depths_nm[-1] - stack.depths_nm[0])
    true = grid.positions == "true"
    places = depths / stack.voxel_nm if true else layers.astype(np.float64)
    return GappedVolume(
        slices=stack.slices,
        layers=layers,
        voxel_nm=stack.voxel_nm,
        origin_layer=None,
        effective_voxel_nm=span / float(places[-1]),
        n_given=len(stack.slices),
        positions=places,
    )


def place_resampled(stack: SliceStack, grid: Grid) -> GappedVolume:
    """Keep the slice nearest to every plane of a regular grid, at its true depth (SR).

    Notes
    -----
    ASSUME: the supplement does not explain "SR". The grid starts at the first slice and has the
    nominal thickness as its spacing; of two slices equally near to a plane the shallower one is
    kept; slices that are nearest to no plane are dropped.
    """
    nominal_nm, depths = grid.nominal(stack.voxel_nm), stack.depths_nm
    planes = np.arange(depths[0], depths[-1] + 1e-9 * nominal_nm, nominal_nm)
    after = np.clip(np.searchsorted(depths, planes), 1, len(depths) - 1)
    before = after - 1
    # A part in 10^9 of the spacing makes a tie in decimals a tie.
    take_before = planes - depths[before] <= depths[after] - planes + 1e-9 * nominal_nm
    return _true_geometry(stack, grid, np.unique(np.where(take_before, before, after)))


PLACEMENTS: dict[str, Placement] = {
    "repositioned": place_repositioned,
    "nominal": place_nominal,
    "resampled": place_resampled,
}


#: Placements that ask for the nominal thickness.
NEED_NOMINAL = ("nominal", "resampled")


def place_slices(
    stack: SliceStack,
    placement: str = "repositioned",
    *,
    nominal_nm: float | None = None,
    positions: str = "rounded",
    grid_start_nm: float | None = None,
    check: bool = True,
    constant: bool = False,
) -> GappedVolume:
    """Place slices on the voxel grid by the named placement.

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    placement : str
        A key of `PLACEMENTS`: "repositioned", "nominal" or "resampled".
    nominal_nm : float, optional
        Nominal slice thickness in nm; "repositioned" has no use for it.
    positions : str
        What fillers see of depths below the voxel. "rounded": every slice lies at its layer's
        centre, and of slices on one layer one is kept (the paper's reading). "true": slices lie
        where they were milled, and none is dropped; a layer is known if a slice rounds to it, and
        shows the slice nearest to its centre.
    grid_start_nm : float, optional
        A depth at which the grid has a layer, where a grid is given, such as that of a true volume
        (0). Without it the grid begins at the first slice, so that adding a length to all depths
        changes nothing.
    check : bool
        Whether depths and placement are looked at, see `fibgap.suspicion`. Stacks of a simulation
        need no check.
    constant : bool
        Whether the spacing of the depths is meant to be constant, as nominal depths are.

    Returns
    -------
    GappedVolume
        The grid from the first to the last known layer.

    Warns
    -----
    FibgapWarning
        For everything that is suspicious, such as depths in another unit than the voxel.

    Raises
    ------
    InputError
        If the placement or the kind of positions is unknown, a nominal thickness is missing or
        below the voxel, fewer than two layers are left, or nothing sensible can follow.

    Notes
    -----
    ASSUME: the paper says nothing of depths below the voxel; the arms of its tables round them.

    Examples
    --------
    >>> slices = np.array([[[1, 0]], [[1, 1]], [[0, 1]]], dtype=bool)
    >>> stack = SliceStack(slices, np.array([0.0, 6.0, 20.0]), 2.5)
    >>> place_slices(stack, "repositioned", nominal_nm=10).layers.tolist()
    [0, 2, 8]
    >>> place_slices(stack, "repositioned", positions="true").positions.tolist()
    [0.0, 2.4, 8.0]
    >>> place_slices(stack, "nominal", nominal_nm=10).layers.tolist()
    [0, 4, 8]
    >>> place_slices(stack, "resampled", nominal_nm=10).layers.tolist()
    [0, 2, 8]
    """
    if placement not in PLACEMENTS:
        raise InputError(
            f"placement '{placement}' is unknown; choose one of {', '.join(PLACEMENTS)}."
        )
    if positions not in POSITIONS:
        raise InputError(
            f"positions '{positions}' are unknown; choose one of {', '.join(POSITIONS)}."
        )
    if nominal_nm is None and placement in NEED_NOMINAL:
        raise InputError(f"placement '{placement}' needs nominal_nm, a thickness in nm.")
    found = []
    if check and placement != "nominal":  # which has no use for the depths
        found = check_depths(stack.depths_nm, stack.voxel_nm, constant=constant)
    gapped = PLACEMENTS[placement](stack, Grid(nominal_nm, positions, grid_start_nm))
    if check and placement != "resampled":  # which drops slices on purpose
        found += check_placement(gapped)
    warn(found)
    return gapped


def place_own(
    stack: SliceStack,
    placement: str = "repositioned",
    *,
    nominal_nm: float | None = None,
    positions: str = "true",
    constant: bool = False,
) -> GappedVolume:
    """Place a stack of your own: `place_slices` at true depths, with every check.

    Parameters
    ----------
    stack, placement, nominal_nm, positions, constant
        See `place_slices`.

    Returns
    -------
    GappedVolume
        The grid from the first to the last known layer.

    Examples
    --------
    >>> slices = np.array([[[1, 0]], [[1, 1]], [[0, 1]]], dtype=bool)
    >>> place_own(SliceStack(slices, np.array([100.0, 106.0, 120.0]), 2.5)).positions.tolist()
    [0.0, 2.4, 8.0]
    """
    return place_slices(
        stack, placement, nominal_nm=nominal_nm, positions=positions, constant=constant
    )


def placement_record(gapped: GappedVolume) -> dict[str, float | int]:
    """Return what became of a stack of one's own: `placement_facts`, and the slices besides.

    Returns
    -------
    dict
        "n_given" slices are "n_slices" that are shown in a layer, "n_sharing" that share one of
        these layers and are used between layers, and "n_dropped" that are not used.
    """
    return {
        "n_given": gapped.n_given,
        "n_sharing": len(gapped.spare_slices),
        **placement_facts(gapped),
    }


def placement_facts(gapped: GappedVolume) -> dict[str, float | int]:
    """Return what is recorded of a placement, by column name of the dataset table."""
    return {
        "n_slices": len(gapped.layers),
        "n_dropped": gapped.n_given - len(gapped.layers) - len(gapped.spare_slices),
        "n_layers": gapped.n_layers,
        "effective_voxel_nm": gapped.effective_voxel_nm,
        "largest_gap_layers": gapped.largest_gap,
    }
