"""Inference: both families of planes of a volume through the network, block by block."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers.interpolation import apply_weights, spline_weights
from fibgap.network import distances
from fibgap.network.architecture import Architecture
from fibgap.network.blocks import planes_at_once, tile_width
from fibgap.network.choices import FAMILY_CHOICES
from fibgap.network.engines import Engine, make_engine
from fibgap.network.weights import LoadedNetwork
from fibgap.stack import GappedVolume

if TYPE_CHECKING:
    from fibgap.network.module import Network


#: Known layers (bool), or the distances in slices (float32).
Rows = NDArray[Any]


class Grid(Protocol):
    """Where known layers lie; a `GappedVolume` is one."""

    @property
    def layers(self) -> NDArray[np.int64]:
        """Indices of the known layers."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (Z, Y, X)."""


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


class PlaneFiller:
    """A network with what it needs to inpaint the planes of one gapped volume.

    Parameters
    ----------
    network : Engine, LoadedNetwork or Network
        See `fibgap.network.engines.make_engine`.
    gapped : GappedVolume or Grid
        Places of the known layers.
    batch_pixels : int
        Pixels of planes that go through the network at once, at most; a larger plane is cut into
        tiles. A CPU takes less where planes are small, see `fibgap.network.blocks`.
    positions : (K,) float64, optional
        For a network that sees distances, where the slices lie in voxels from layer 0; the known
        layers where it is left out.

    Warns
    -----
    FibgapWarning
        If a gap is wider than such a network ever saw: there the distance decides.
    """

    def __init__(
        self,
        network: "Engine | LoadedNetwork | Network",
        gapped: Grid,
        *,
        batch_pixels: int = 2**19,
        positions: NDArray[np.float64] | None = None,
    ) -> None:
        engine = make_engine(network)
        require_planes(gapped, engine.architecture)
        self.engine, self.rows, self.batch_pixels = engine, gapped.shape[0], batch_pixels
        self.architecture = engine.architecture
        self.reach = engine.architecture.receptive_reach
        self.layers = gapped.layers
        self.on_distances = engine.architecture.sees == "distances"
        places = gapped.layers if positions is None else positions
        weights = spline_weights(places, np.arange(self.rows))
        self.weights = weights if self.on_distances else summable(weights)
        if self.on_distances:
            known = np.zeros(self.rows, dtype=np.bool_)
            known[gapped.layers] = True
            self.beside = distances.rows_beside(places, self.rows)
            self.reaches = distances.reach(known, distances.widest_gap(engine.weights.training))

    def planes(self, columns: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return what the engine is given for a block of planes.

        Parameters
        ----------
        columns : (N, B + 2 neighbours, W) bool
            The known rows of B planes (or of tiles of them), and of the planes on both sides that
            the network sees.

        Returns
        -------
        (B, C, Z, W) float32
            The planes from one neighbour to the other with missing rows 0, the mask where the
            network has one, and the interpolated plane.
        """
        neighbours = self.architecture.neighbours
        rows, count, width = self.rows, columns.shape[1] - 2 * neighbours, columns.shape[2]
        planes = np.zeros((count, self.architecture.engine_channels, rows, width), np.float32)
        for plane in range(2 * neighbours + 1):
            planes[:, plane, self.layers] = columns[:, plane : plane + count].transpose(1, 0, 2)
        if self.architecture.mask_channel:
            planes[:, -2, self.layers] = 1.0
        centre = columns[:, neighbours : neighbours + count]
        planes[:, -1] = apply_weights(self.weights, centre).transpose(1, 0, 2)
        return planes

    def block(self, columns: Rows) -> NDArray[np.float32]:
        """Inpaint a block of planes, see `planes`; shape (B, Z, W) float32."""
        if self.on_distances:
            planes, own = self.planes_of_distances(columns)
            neighbours = self.architecture.neighbours
            centre = columns[:, neighbours : neighbours + len(own)].transpose(1, 0, 2)
            below, above = (centre[:, rows] for rows in self.beside)
            logits = self.engine(planes)[:, 0]
            return distances.probability(logits, own, below, above, self.reaches)
        return self.engine(self.planes(columns))[:, 0]

    def planes_of_distances(self, columns: Rows) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what the engine is given for a block of planes where it sees distances.

        Parameters
        ----------
        columns : (K, B + 2 neighbours, W) float32
            The distances in the slices, see `fibgap.network.distances.slice_distances`.

        Returns
        -------
        (B, C, Z, W) float32, (B, Z, W) float32
            The interpolated distances as the network sees them, from one neighbour to the other,
            the mask where it has one, and what its output is added to; and the interpolated
            distances of the planes themselves.
        """
        neighbours = self.architecture.neighbours
        rows, count, width = self.rows, columns.shape[1] - 2 * neighbours, columns.shape[2]
        between = apply_weights(self.weights, columns).transpose(1, 0, 2)
        visible = distances.seen(between)
        planes = np.empty((count, self.architecture.engine_channels, rows, width), np.float32)
        for plane in range(2 * neighbours + 1):
            planes[:, plane] = visible[plane : plane + count]
        if self.architecture.mask_channel:
            planes[:, -2] = 0.0
            planes[:, -2, self.layers] = 1.0
        own = np.ascontiguousarray(between[neighbours : neighbours + count])
        planes[:, -1] = distances.base(own)
        return planes, own

    def tile_width(self) -> int:
        """Return how many columns of a plane go through the network at once."""
        return tile_width(self.rows, self.batch_pixels)

    def planes_at_once(self, width: int) -> int:
        """Return how many planes, or tiles of them, go through the network at once."""
        on_cpu = self.engine.device == "cpu"
        return planes_at_once(self.rows, width, self.batch_pixels, on_cpu=on_cpu)

    def family(self, slices: Rows, out: NDArray[np.float32]) -> None:
        """Add the inpainted planes of one family to a volume.

        Parameters
        ----------
        slices : (N, P + 2 neighbours, W) bool
            Known layers (or the distances in slices, float32), with the position of a plane as
            axis 1; see `with_mirrored_ends`.
        out : (P, Z, W) float32
            The result is added to it.

        Notes
        -----
        A plane wider than a batch is cut into tiles that overlap by the reach of the receptive
        field, so tiling changes no voxel.
        """
        planes, _, width = out.shape
        halo = 2 * self.architecture.neighbours
        tile, at_once = self.tile_width(), self.planes_at_once(width)
        for first in range(0, planes, at_once):
            part = slice(first, min(first + at_once, planes))
            seen = slice(first, part.stop + halo)
            if width <= tile:
                out[part] += self.block(slices[:, seen])
                continue
            for left in range(0, width, tile):
                right = min(left + tile, width)
                begin, end = max(0, left - self.reach), min(width, right + self.reach)
                inpainted = self.block(np.ascontiguousarray(slices[:, seen, begin:end]))
                out[part, :, left:right] += inpainted[:, :, left - begin : right - begin]


def predict(
    network: "Engine | LoadedNetwork | Network",
    gapped: GappedVolume,
    *,
    batch_pixels: int = 2**19,
    families: str = "both",
) -> NDArray[np.float32]:
    """Predict a volume from its planes.

    Parameters
    ----------
    network : Engine, LoadedNetwork or Network
        See `fibgap.network.engines.make_engine`.
    gapped : GappedVolume
        Known layers and their places.
    batch_pixels : int
        Pixels of planes that go through the network at once.
    families : str
        "both" families of planes are averaged, or the "zx"-planes alone say what is solid.

    Returns
    -------
    (Z, Y, X) float32
        About 1 in the solid; the probability of solid, for a network that sees distances.

    Raises
    ------
    InputError
        If the volume is smaller than the receptive field, or the families are unknown.

    Notes
    -----
    ASSUME: the volume is inpainted twice, over its zx- and its zy-planes, and the two are
    averaged; the supplement does not say how planes become a volume again.
    """
    if families not in FAMILY_CHOICES:
        raise InputError(f"families '{families}' is unknown; choose one of {FAMILY_CHOICES}.")
    engine = make_engine(network)
    slices: Rows = gapped.slices
    positions = None
    if engine.architecture.sees == "distances":
        positions, slices = distances.slice_distances(gapped)
    filler = PlaneFiller(engine, gapped, batch_pixels=batch_pixels, positions=positions)
    n_z, n_y, n_x = gapped.shape
    neighbours = filler.architecture.neighbours
    total = np.zeros((n_y, n_z, n_x), np.float32)
    filler.family(with_mirrored_ends(slices, neighbours), total)
    if families == "zx":
        return np.ascontiguousarray(total.transpose(1, 0, 2))
    other = np.zeros((n_x, n_z, n_y), np.float32)
    turned = np.ascontiguousarray(slices.transpose(0, 2, 1))
    filler.family(with_mirrored_ends(turned, neighbours), other)
    mean = total.transpose(1, 0, 2) + other.transpose(1, 2, 0)
    mean /= 2
    return np.ascontiguousarray(mean)
