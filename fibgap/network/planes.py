"""What a network is given of the planes of a volume, and what becomes of what it gives."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers.interpolation import apply_weights, spline_weights
from fibgap.network import distances
from fibgap.network.architecture import Architecture
from fibgap.network.weights import LoadedNetwork

#: Known layers (bool), or the distances in slices (float32).
Rows = NDArray[Any]
#: What lies between slices, on all rows of neighbouring planes.
Between = tuple[NDArray[np.float32], ...]


class Grid(Protocol):
    """Where known layers lie; a `GappedVolume` is one."""

    @property
    def layers(self) -> NDArray[np.int64]:
        """Indices of the known layers."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (Z, Y, X)."""


def known_rows(grid: Grid) -> NDArray[np.bool_]:
    """Return which layers are known, (Z,)."""
    known = np.zeros(grid.shape[0], dtype=np.bool_)
    known[grid.layers] = True
    return known


def require_planes(gapped: Grid, architecture: Architecture) -> None:
    """Check that planes hold at least one whole receptive field.

    Raises
    ------
    InputError
        If a side of the volume is shorter than the receptive field of the network.
    """
    field = 2 * max(architecture.receptive_reach, architecture.neighbours) + 1
    if min(gapped.shape) < field:
        raise InputError(
            f"a volume of {' x '.join(map(str, gapped.shape))} voxels is too small for this "
            f"network: every side must hold its receptive field of {field} pixels."
        )


def mirrored(first: int, stop: int, count: int) -> NDArray[np.int64]:
    """Return which planes stand for the planes from one position to another, mirrored at the ends.

    Examples
    --------
    >>> mirrored(-2, 6, 4).tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    place = np.abs(np.arange(first, stop))
    return np.where(place >= count, 2 * (count - 1) - place, place)


def of_planes(weights: LoadedNetwork) -> Architecture:
    """Return the architecture of a network that goes by planes; another one is a mistake."""
    if not isinstance(weights.architecture, Architecture):
        raise TypeError("a network of gaps has no planes")
    return weights.architecture


def with_mirrored_ends(slices: Rows, neighbours: int) -> Rows:
    """Return known layers (N, P, W) with so many planes more on both ends of axis 1.

    Notes
    -----
    Beyond the faces of a volume its planes are mirrored: that keeps the isotropy of a structure.
    """
    if not neighbours:
        return slices
    count = slices.shape[1]
    return slices[:, mirrored(-neighbours, count + neighbours, count)]


def summable(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return weights rounded so that single precision adds any of them without an error.

    Notes
    -----
    All become multiples of one power of two, so small that no row's sum has more than 24 digits:
    their rounding is that of the largest sums anyway. Products with 0 and 1 are then the same to
    the bit in whatever order a library takes them, and so for every number of threads.

    Examples
    --------
    >>> summable(np.array([[1.5, 1e-7], [0.25, 2e-8]], dtype=np.float32)).tolist()
    [[1.5, 1.1920928955078125e-07], [0.25, 0.0]]
    """
    largest = float(np.abs(weights).sum(axis=1).max())
    unit = 2.0 ** (np.ceil(np.log2(largest)) - 24)
    return (np.rint(weights / unit) * unit).astype(np.float32)


class PlanesOfRows:
    """Planes of known rows, for a network that sees these.

    Parameters
    ----------
    weights : LoadedNetwork
        Of the network.
    grid : GappedVolume or Grid
        Places of the known layers.
    positions : (K,) float64, optional
        Where the slices lie in voxels from layer 0; the known layers where it is left out.
    """

    def __init__(
        self, weights: LoadedNetwork, grid: Grid, positions: NDArray[np.float64] | None = None
    ) -> None:
        self.architecture = of_planes(weights)
        self.rows, self.layers = grid.shape[0], grid.layers
        places = grid.layers if positions is None else positions
        self.weights = self.to_rows(spline_weights(places, np.arange(self.rows)))

    def to_rows(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return weights of slices as they are used."""
        return summable(weights)

    def between(self, columns: Rows) -> Between:
        """Interpolate P planes, given the rows (N, P + 2 neighbours, W) of them; (P, Z, W)."""
        own = slice(self.architecture.neighbours, columns.shape[1] - self.architecture.neighbours)
        return (apply_weights(self.weights, columns[:, own]).transpose(1, 0, 2),)

    def bytes_between(self, known: int) -> float:
        """Return the memory that `between` takes, in bytes for a pixel, with so many slices."""
        return 4 + 5 * known / self.rows

    def block(self, columns: Rows, between: Between, part: slice) -> NDArray[np.float32]:
        """Return what the engine is given of some of the planes.

        Parameters
        ----------
        columns : (N, P + 2 neighbours, W) bool
            The known rows of P planes (or of tiles of them), and of the planes on both sides that
            the network sees.
        between : tuple of arrays
            From `between`.
        part : slice
            Which B of the P planes.

        Returns
        -------
        (B, C, Z, W) float32
            The planes from one neighbour to the other with missing rows 0, the mask where the
            network has one, and the interpolated plane.
        """
        count, width = part.stop - part.start, columns.shape[2]
        planes = np.zeros((count, self.architecture.engine_channels, self.rows, width), np.float32)
        for plane in range(2 * self.architecture.neighbours + 1):
            seen = columns[:, part.start + plane : part.stop + plane]
            planes[:, plane, self.layers] = seen.transpose(1, 0, 2)
        if self.architecture.mask_channel:
            planes[:, -2, self.layers] = 1.0
        planes[:, -1] = between[0][part]
        return planes

    def finish(
        self,
        values: NDArray[np.float32],
        columns: Rows,
        between: Between,
        part: slice,
    ) -> NDArray[np.float32]:
        """Return the inpainted planes (B, Z, W) from what an engine gives, (B, 1, Z, W)."""
        return values[:, 0]


class PlanesOfDistances(PlanesOfRows):
    """Planes of interpolated distances, for a network that corrects them.

    Warns
    -----
    FibgapWarning
        If a gap is wider than such a network ever saw: there the distance decides.
    """

    def __init__(
        self, weights: LoadedNetwork, grid: Grid, positions: NDArray[np.float64] | None = None
    ) -> None:
        super().__init__(weights, grid, positions)
        places = grid.layers if positions is None else positions
        self.beside = distances.rows_beside(places, self.rows)
        self.reaches = distances.reach(known_rows(grid), distances.widest_gap(weights.training))

    def to_rows(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return weights of slices as they are."""
        return weights

    def between(self, columns: Rows) -> Between:
        """Interpolate the distances (K, P + 2 neighbours, W) in slices.

        Returns
        -------
        (P + 2 neighbours, Z, W) float32, the same
            Distances in voxels, and as the network sees them.
        """
        rows = apply_weights(self.weights, columns).transpose(1, 0, 2)
        return rows, distances.seen(rows)

    def bytes_between(self, known: int) -> float:
        """Return the memory that `between` takes, in bytes for a pixel, with so many slices."""
        return 8 + 8 * known / self.rows

    def own(self, between: Between, part: slice) -> NDArray[np.float32]:
        """Return the interpolated distances of some planes themselves, (B, Z, W)."""
        neighbours = self.architecture.neighbours
        return between[0][part.start + neighbours : part.stop + neighbours]

    def block(self, columns: Rows, between: Between, part: slice) -> NDArray[np.float32]:
        """Return what the engine is given of some of the planes.

        Parameters
        ----------
        columns : (K, P + 2 neighbours, W) float32
            The distances in the slices, see `fibgap.network.distances.slice_distances`.
        between : tuple of arrays
            From `between`.
        part : slice
            Which B of the P planes.

        Returns
        -------
        (B, C, Z, W) float32
            The interpolated distances as the network sees them, from one neighbour to the other,
            the mask where it has one, and what its output is added to.
        """
        count, width = part.stop - part.start, columns.shape[2]
        planes = np.empty((count, self.architecture.engine_channels, self.rows, width), np.float32)
        for plane in range(2 * self.architecture.neighbours + 1):
            planes[:, plane] = between[1][part.start + plane : part.stop + plane]
        if self.architecture.mask_channel:
            planes[:, -2] = 0.0
            planes[:, -2, self.layers] = 1.0
        planes[:, -1] = distances.base(self.own(between, part))
        return planes

    def finish(
        self,
        values: NDArray[np.float32],
        columns: Rows,
        between: Between,
        part: slice,
    ) -> NDArray[np.float32]:
        """Return the probability of solid (B, Z, W) from logits (B, 1, Z, W)."""
        neighbours = self.architecture.neighbours
        seen = columns[:, part.start + neighbours : part.stop + neighbours].transpose(1, 0, 2)
        below, above = (seen[:, rows] for rows in self.beside)
        own = self.own(between, part)
        return distances.probability(values[:, 0], own, below, above, self.reaches)
