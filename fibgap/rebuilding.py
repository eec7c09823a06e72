"""The one way from a slice stack to a volume: place, fill, close small holes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.arms import Arm
from fibgap.fillers import fill
from fibgap.holes import HoleFilling, fill_holes
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack


@dataclass(frozen=True)
class Rebuilt:
    """A rebuilt volume and how it came about.

    Attributes
    ----------
    volume : (Z, Y, X) bool
        Solid = True.
    gapped : GappedVolume
        Which layers were known, and where they lie.
    holes : HoleFilling or None
        What hole filling did, None where the arm does without.
    """

    volume: NDArray[np.bool_]
    gapped: GappedVolume
    holes: HoleFilling | None


def rebuild(
    stack: SliceStack,
    arm: Arm = Arm(),  # noqa: B008 - frozen
    *,
    nominal_nm: float | None = None,
    max_pixels: int = 19,
    options: Mapping[str, Any] | None = None,
    positions: str = "rounded",
    grid_start_nm: float | None = None,
    check: bool = True,
) -> Rebuilt:
    """Rebuild a volume from slices: place them, fill the gaps, close small holes.

    Parameters
    ----------
    stack : SliceStack
        Slices and their depths.
    arm : Arm
        Placement, filler, and whether holes are closed.
    nominal_nm : float or None
        Nominal slice thickness in nm, for the placements that need one.
    max_pixels : int
        Area of the largest hole that is closed, in pixels.
    options : mapping, optional
        Options of the filler; the filler "network" needs its ``network``.
    positions, grid_start_nm, check
        See `fibgap.placement.place_slices`.

    Returns
    -------
    Rebuilt
        The volume from the first to the last slice that was kept. Known layers are as given.

    Raises
    ------
    InputError
        If a name is unknown, or the placement needs a nominal thickness and none is given.

    Examples
    --------
    >>> slices = np.array([[[1, 0, 0]], [[1, 1, 1]]], dtype=bool)
    >>> stack = SliceStack(slices, np.array([0.0, 7.5]), 2.5)
    >>> rebuild(stack, Arm(filler="nearest")).volume[:, 0].astype(int).tolist()
    [[1, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1]]
    """
    gapped = place_slices(
        stack,
        arm.placement,
        nominal_nm=nominal_nm,
        positions=positions,
        grid_start_nm=grid_start_nm,
        check=check,
    )
    volume = fill(gapped, arm.filler, **(options or {}))
    holes = None
    if arm.fill_holes:
        volume, holes = fill_holes(volume, gapped.missing_layers, max_pixels=max_pixels)
    return Rebuilt(volume, gapped, holes)
