"""Inference: both families of planes of a volume through the network, or all of its gaps."""

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.network import distances
from fibgap.network.blocks import planes_at_once, tile_width, tiles
from fibgap.network.choices import FAMILY_CHOICES
from fibgap.network.engines import Engine, make_engine
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.gaps.filling import predict_gaps
from fibgap.network.planes import (
    Grid,
    PlanesOfDistances,
    PlanesOfRows,
    Rows,
    of_planes,
    require_planes,
    with_mirrored_ends,
)
from fibgap.network.weights import LoadedNetwork
from fibgap.stack import GappedVolume

if TYPE_CHECKING:
    from fibgap.network.module import Network

#: Planes are interpolated together while they have no more pixels than this: a product of large
#: matrices is fast, and a plane is interpolated once, not once for each neighbour.
CHUNK_PIXELS = 2**21


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
        self.architecture = of_planes(engine.weights)
        require_planes(gapped, self.architecture)
        self.engine, self.rows, self.batch_pixels = engine, gapped.shape[0], batch_pixels
        self.reach = engine.architecture.receptive_reach
        self.on_distances = engine.architecture.sees == "distances"
        kind = PlanesOfDistances if self.on_distances else PlanesOfRows
        self.planes = kind(engine.weights, gapped, positions)

    def tile_width(self) -> int:
        """Return how many columns of a plane a request has, at most, without the overlap."""
        return tile_width(self.rows, self.batch_pixels, self.engine.requests)

    def planes_at_once(self, width: int) -> int:
        """Return how many planes, or tiles of them, a request has."""
        on_cpu, requests = self.engine.device == "cpu", self.engine.requests
        return planes_at_once(self.rows, width, self.batch_pixels, requests, on_cpu=on_cpu)

    def planes_interpolated(self, width: int) -> int:
        """Return how many planes, or tiles of them, are interpolated together: whole requests."""
        at_once = self.planes_at_once(width)
        seen = min(width, self.tile_width() + 2 * self.reach)
        return max(1, CHUNK_PIXELS // (self.rows * seen) // at_once) * at_once

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
        A plane wider than a request is cut into tiles that overlap by the reach of the receptive
        field, so tiling changes no voxel. While the engine computes, the next planes are made.
        """
        planes, _, width = out.shape
        halo = 2 * self.architecture.neighbours
        at_once, together = self.planes_at_once(width), self.planes_interpolated(width)
        asked: deque = deque()

        def blocks() -> Iterator[NDArray[np.float32]]:
            for first in range(0, planes, together):
                stop = min(first + together, planes)
                for left, right, begin, end in tiles(width, self.tile_width(), self.reach):
                    columns = np.ascontiguousarray(slices[:, first : stop + halo, begin:end])
                    between = self.planes.between(columns)
                    for start in range(0, stop - first, at_once):
                        part = slice(start, min(start + at_once, stop - first))
                        place = slice(first + part.start, first + part.stop), slice(left, right)
                        inner = slice(left - begin, right - begin)
                        asked.append((place, inner, (columns, between, part)))
                        yield self.planes.block(columns, between, part)

        for values in self.engine.results(blocks()):
            (part, columns), inner, seen = asked.popleft()
            out[part, :, columns] += self.planes.finish(values, *seen)[:, :, inner]


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
        If the volume is smaller than the receptive field, or the families are unknown, or asked
        of a network that has none.

    Notes
    -----
    ASSUME: the volume is inpainted twice, over its zx- and its zy-planes, and the two are
    averaged; the supplement does not say how planes become a volume again.
    """
    if families not in FAMILY_CHOICES:
        raise InputError(f"families '{families}' is unknown; choose one of {FAMILY_CHOICES}.")
    engine = make_engine(network)
    if isinstance(engine.architecture, GapArchitecture):
        if families != "both":
            raise InputError(
                f"families is {families}, but this network fills whole gaps: it has no families of "
                "planes."
            )
        volume = np.empty(gapped.shape, np.float32)
        volume[gapped.layers] = gapped.slices
        volume[gapped.missing_layers] = predict_gaps(engine, gapped, batch_pixels=batch_pixels)
        return volume
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
