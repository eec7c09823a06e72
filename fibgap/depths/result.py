"""What every source of depths returns: where slices lie, and how well that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.on_disk import on_disk
from fibgap.stack import SliceStack


@dataclass(frozen=True)
class Depths:
    """Where the slices of a stack lie.

    Attributes
    ----------
    depths_nm : (N,) float64
        Depth of every slice in nm, strictly increasing.
    source : str
        Where they come from, a key of `fibgap.depths.SOURCES`.
    sd_nm : (N,) float64 or None
        Standard deviation of every depth in nm, if it is known.
    notes : tuple of str
        What was decided on the way, a sentence each, for people: which column was taken, what was
        turned round.
    turned : bool
        Whether the slices were delivered from the deepest one upwards: the depth of index 0 is
        then that of the last slice as delivered.
    thickness_sd_nm : (N - 1,) float64 or None
        Standard deviation of every thickness in nm, if it is known. Errors of depths hang together,
        so it does not follow from ``sd_nm``.
    """

    depths_nm: NDArray[np.float64]
    source: str
    sd_nm: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()
    turned: bool = False
    thickness_sd_nm: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        depths = np.asarray(self.depths_nm, dtype=np.float64)
        if depths.ndim != 1 or len(depths) < 2:
            raise InputError(f"at least 2 depths are needed, but shape {depths.shape} was given.")
        if in_order(depths, [f"slice {index}" for index in range(len(depths))])[1]:
            raise InputError(f"depths must rise, but fall from {depths[0]} to {depths[-1]} nm.")
        object.__setattr__(self, "depths_nm", depths)
        for name, what, count in (
            ("sd_nm", "depth", len(depths)),
            ("thickness_sd_nm", "thickness", len(depths) - 1),
        ):
            if getattr(self, name) is None:
                continue
            sd = np.asarray(getattr(self, name), dtype=np.float64)
            if sd.shape != (count,):
                raise InputError(
                    f"{len(depths)} depths need {count} deviations of a {what}, but {sd.size} came."
                )
            if not (np.isfinite(sd) & (sd >= 0)).all():
                bad = int(np.flatnonzero(~(np.isfinite(sd) & (sd >= 0)))[0])
                raise InputError(f"the standard deviation of {what} {bad} is {sd[bad]}.")
            object.__setattr__(self, name, sd)

    @property
    def thickness_nm(self) -> NDArray[np.float64]:
        """Distance of every slice to the next deeper one in nm, shape (N - 1,)."""
        return np.diff(self.depths_nm)

    def order(self, slices: Any) -> Any:
        """Return slices as delivered in the order of the depths; names and arrays alike."""
        if len(slices) != len(self.depths_nm):
            raise InputError(
                f"{len(slices)} slices need as many depths, but {len(self.depths_nm)} came."
            )
        return slices[::-1] if self.turned else slices

    def stack(self, slices: ArrayLike, voxel_nm: float) -> SliceStack:
        """Return slices as delivered, shape (N, Y, X), as a stack at these depths."""
        if not on_disk(slices):
            slices = np.asarray(slices)
        return SliceStack(self.order(slices), self.depths_nm, voxel_nm)


def in_order(
    depths_nm: NDArray[np.float64], places: Sequence[str]
) -> tuple[NDArray[np.float64], bool]:
    """Return depths in increasing order, and whether they were given from the deepest upwards.

    Parameters
    ----------
    depths_nm : (N,) float64
        Depths in nm, in the order of the slices as delivered.
    places : sequence of str
        What each depth belongs to, for messages: a line of a file, a slice.

    Raises
    ------
    InputError
        If a depth is not finite, or depths neither rise nor fall throughout.

    Examples
    --------
    >>> in_order(np.array([30.0, 20.0, 9.0]), ["a", "b", "c"])
    (array([ 9., 20., 30.]), True)
    """
    if not np.isfinite(depths_nm).all():
        bad = int(np.flatnonzero(~np.isfinite(depths_nm))[0])
        raise InputError(f"the depth of {places[bad]} is {depths_nm[bad]}, not a number in nm.")
    steps = np.diff(depths_nm)
    turned = bool((steps < 0).sum() > len(steps) / 2)
    wrong = steps >= 0 if turned else steps <= 0
    if wrong.any():
        bad = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"depths must {'fall' if turned else 'rise'} from slice to slice, but {places[bad]} "
            f"lies at {depths_nm[bad]:.10g} nm and {places[bad + 1]}, the next, at "
            f"{depths_nm[bad + 1]:.10g} nm."
        )
    return (depths_nm[::-1].copy(), True) if turned else (depths_nm, False)
