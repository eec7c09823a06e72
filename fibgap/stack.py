"""What a microscope delivers and what placement makes of it."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.on_disk import OnDisk, joined


def require_binary(array: ArrayLike, name: str) -> NDArray[np.bool_]:
    """Return an array as bool, or say why it is not binary.

    Raises
    ------
    InputError
        If the array holds NaN, or anything but 0 and 1.

    Examples
    --------
    >>> require_binary([0, 1, 1], "line").tolist()
    [False, True, True]
    """
    values = _one_array(array, name)
    if values.dtype == np.bool_:
        return values
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise InputError(f"{name} holds NaN in {int(np.isnan(values).sum())} places.")
    if values.dtype.kind not in "uif":
        raise InputError(f"{name} must be numbers or booleans, but is of type {values.dtype}.")
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        found = np.unique(values)
        advice = "segment it first (fibgap.io.segmentation)"
        if len(found) == 2:
            low, high = found.tolist()
            advice = f"its two values are {low} and {high}, pass `== {high}` if {high} is solid"
        elif len(found) < 12 and values.dtype.kind in "ui":
            shown = ", ".join(map(str, found.tolist()))
            advice = f"its values are {shown}, pass `==` the label that is solid"
        value = values[wrong].flat[0]
        raise InputError(f"{name} must be binary (0 or 1), but holds the value {value}: {advice}.")
    return values.astype(np.bool_)


def _one_array(array: ArrayLike, name: str) -> NDArray[Any]:
    """Return an array, or say which part of a list is not like the first."""
    if isinstance(array, OnDisk):
        return cast("NDArray[Any]", array)
    try:
        return np.asarray(array)
    except ValueError:
        shapes = [np.shape(part) for part in array]  # type: ignore[union-attr]
        odd = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
        raise InputError(
            f"{name} needs parts of one size, but part {odd} has shape {shapes[odd]} and part 0 "
            f"{shapes[0]}."
        ) from None


def nearest_layer(depths_nm: NDArray[np.float64], voxel_nm: float) -> NDArray[np.int64]:
    """Return the layer whose centre is nearest to each depth; half-way goes to the deeper one.

    Layer `i` is centred at depth ``i * voxel_nm``. Slices at least a voxel apart never meet.

    Examples
    --------
    >>> nearest_layer(np.array([0.0, 1.2, 1.25, 3.75]), 2.5).tolist()
    [0, 0, 1, 2]
    """
    # A part in 10^9 keeps depths such as 3 * 0.1 / 0.2 on the side where decimals put them.
    return np.floor(np.asarray(depths_nm) / voxel_nm + 0.5 + 1e-9).astype(np.int64)


@dataclass(frozen=True)
class SliceStack:
    """Slices and the depths at which they were milled.

    Attributes
    ----------
    slices : (N, Y, X) bool
        Solid = True.
    depths_nm : (N,) float64
        Depth of every slice in nm, strictly increasing.
    voxel_nm : float
        Pixel size of the slices in nm; the voxel grid is isotropic with this size.
    """

    slices: NDArray[np.bool_]
    depths_nm: NDArray[np.float64]
    voxel_nm: float

    def __post_init__(self) -> None:
        slices = require_binary(self.slices, "the slice stack")
        depths = np.asarray(self.depths_nm, dtype=np.float64)
        if slices.ndim != 3:
            raise InputError(f"a slice stack has three axes, but shape {slices.shape} was given.")
        if depths.shape != (len(slices),):
            raise InputError(f"{len(slices)} slices need as many depths, but {depths.size} came.")
        if len(slices) < 2:
            raise InputError(f"a slice stack needs at least 2 slices, but has {len(slices)}.")
        if np.ndim(self.voxel_nm):
            raise InputError(
                f"voxel_nm must be one length, since voxels are cubes, but is {self.voxel_nm}: "
                "make the pixels square first (fibgap.io.geometry.square_pixels)."
            )
        if not self.voxel_nm > 0:
            raise InputError(f"voxel_nm must be positive, but is {self.voxel_nm}.")
        if not np.isfinite(depths).all():
            bad = int(np.flatnonzero(~np.isfinite(depths))[0])
            raise InputError(f"the depth of slice {bad} is {depths[bad]}, not a number in nm.")
        steps = np.diff(depths)
        if (steps <= 0).any():
            bad = int(np.flatnonzero(steps <= 0)[0])
            raise InputError(
                f"depths must increase, but slice {bad + 1} lies at {depths[bad + 1]} nm after "
                f"slice {bad} at {depths[bad]} nm."
            )
        if not slices.any() or slices.all():
            state = "solid" if slices.all() else "pore"
            raise InputError(
                f"the slice stack is all {state}: there is no structure to rebuild (labels that "
                "start at 1 are all above 0: compare them with the one that is solid)."
            )
        object.__setattr__(self, "slices", slices)
        object.__setattr__(self, "depths_nm", depths)


def _no_positions() -> NDArray[np.float64]:
    return np.empty(0)


def _no_slices() -> NDArray[np.bool_]:
    return np.empty((0, 0, 0), dtype=np.bool_)


@dataclass(frozen=True)
class GappedVolume:
    """A voxel grid on which some layers are known and the others are missing.

    The grid begins at its first and ends at its last known layer.

    Attributes
    ----------
    slices : (N, Y, X) bool
        The known layers.
    layers : (N,) int64
        Their indices on the grid, increasing, the first is 0.
    voxel_nm : float
        In-plane pixel size in nm.
    origin_layer : int or None
        Index of layer 0 on the grid of depths, for placements that keep the true geometry.
    effective_voxel_nm : float
        True depth between the outermost slices over the number of steps between them: equal to
        `voxel_nm` to rounding where the geometry is kept.
    n_given : int
        Number of slices before placement.
    positions : (N,) float64
        Where the slices of the known layers lie, in voxels from the centre of layer 0, each
        within half a voxel of its layer's centre. The layers themselves if they are not given.
    spare_slices : (S, Y, X) bool
        Further slices, which share a layer with one that lies nearer to its centre.
    spare_positions : (S,) float64
        Where these lie, increasing.

    Notes
    -----
    ASSUME: a volume is cut at its first and last slice, so that nothing is extrapolated.
    A layer is known if a slice rounds to it, and then it shows that slice, although the slice may
    lie up to half a voxel away; between known layers fillers look at `samples`.
    """

    slices: NDArray[np.bool_]
    layers: NDArray[np.int64]
    voxel_nm: float
    origin_layer: int | None
    effective_voxel_nm: float
    n_given: int
    positions: NDArray[np.float64] = field(default_factory=_no_positions)
    spare_slices: NDArray[np.bool_] = field(default_factory=_no_slices)
    spare_positions: NDArray[np.float64] = field(default_factory=_no_positions)

    def __post_init__(self) -> None:
        if self.slices.ndim != 3 or self.slices.dtype != np.bool_:
            raise InputError("known layers must be a boolean array with three axes.")
        if self.layers.shape != (len(self.slices),):
            raise InputError(
                f"{len(self.slices)} known layers need as many indices, "
                f"but {self.layers.size} came."
            )
        if len(self.layers) < 2:
            raise InputError(
                f"placement left {len(self.layers)} known layer: at least 2 are needed to fill "
                "between them."
            )
        if self.layers[0] != 0 or (np.diff(self.layers) < 1).any():
            raise InputError("layer indices must start at 0 and increase.")
        positions = self.positions if len(self.positions) else self.layers
        object.__setattr__(self, "positions", np.asarray(positions, dtype=np.float64))
        self._check_positions()

    def _check_positions(self) -> None:
        """Say what is wrong with the positions of slices, if anything is."""
        # Half a voxel, with room for the rounding of a half (see `nearest_layer`).
        near = self.positions.shape == self.layers.shape and bool(
            (np.abs(self.positions - self.layers) <= 0.5 + 1e-6).all()
        )
        if not near or (np.diff(self.positions) <= 0).any():
            raise InputError(
                "positions of slices must increase and lie within half a voxel of their layers."
            )
        spare, count = self.spare_positions, len(self.spare_slices)
        if count and self.spare_slices.shape[1:] != self.slices.shape[1:]:
            raise InputError(
                f"further slices have the shape {self.spare_slices.shape[1:]}, but the others "
                f"{self.slices.shape[1:]}."
            )
        apart = np.diff(np.sort(np.concatenate([self.positions, spare]))) > 0
        if spare.shape != (count,) or not (np.isfinite(spare).all() and apart.all()):
            raise InputError(f"{count} further slices need as many positions of their own.")

    @property
    def n_layers(self) -> int:
        """Number of layers of the grid, known and missing."""
        return int(self.layers[-1]) + 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (Z, Y, X) of the grid."""
        return (self.n_layers, self.slices.shape[1], self.slices.shape[2])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which layers are known, shape (Z,)."""
        mask = np.zeros(self.n_layers, dtype=np.bool_)
        mask[self.layers] = True
        return mask

    @property
    def missing_layers(self) -> NDArray[np.int64]:
        """Indices of the missing layers, increasing."""
        return np.flatnonzero(~self.known)

    def samples(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return positions (K,) and images (K, Y, X) of all slices, in the order of depth.

        Further slices included: between layers, the nearest slice may be one of these.
        """
        if not len(self.spare_slices):
            return self.positions, self.slices
        positions = np.concatenate([self.positions, self.spare_positions])
        order = np.argsort(positions)
        return positions[order], joined(self.slices, self.spare_slices, order)

    def between(self, first: int, last: int) -> "GappedVolume":
        """Return the part from one known layer to another, by their places among the known ones."""
        start, spare = int(self.layers[first]), self.spare_positions
        inside = (spare > self.positions[first]) & (spare < self.positions[last])
        return replace(
            self,
            slices=self.slices[first : last + 1],
            layers=self.layers[first : last + 1] - start,
            origin_layer=None if self.origin_layer is None else self.origin_layer + start,
            positions=self.positions[first : last + 1] - start,
            spare_slices=self.spare_slices[inside],
            spare_positions=spare[inside] - start,
        )

    @property
    def largest_gap(self) -> int:
        """Largest number of missing layers between two known ones."""
        return int(np.diff(self.layers).max()) - 1

    def volume(self) -> NDArray[np.bool_]:
        """Return the grid with its missing layers False, shape (Z, Y, X)."""
        grid = np.zeros(self.shape, dtype=np.bool_)
        grid[self.layers] = self.slices
        return grid


def between_slices(
    volume: NDArray[np.bool_], placed: SliceStack | GappedVolume
) -> NDArray[np.bool_]:
    """Return the layers of a true volume from the first to the last slice taken from it.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        The true volume; layer `i` is centred at the depth ``i * voxel_nm``.
    placed : SliceStack or GappedVolume
        Slices at their true depths, or a placement that keeps them.

    Returns
    -------
    (Z', Y, X) bool
        A view.

    Raises
    ------
    InputError
        If the placement does not keep the true depths.
    """
    if isinstance(placed, SliceStack):
        first, last = nearest_layer(placed.depths_nm[[0, -1]], placed.voxel_nm)
        return volume[first : last + 1]
    if placed.origin_layer is None:
        raise InputError("a placement that changes the geometry has no counterpart in the truth.")
    return volume[placed.origin_layer : placed.origin_layer + placed.n_layers]
