"""Inference: every gap of a volume through the network, tile by tile."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers.distance import clipped_distance
from fibgap.fillers.interpolation import well_apart
from fibgap.network.blocks import CPU_PIXELS
from fibgap.network.distances import base, largest_distance, probability, reach, widest_gap
from fibgap.network.engines import Engine
from fibgap.network.gaps import sight
from fibgap.network.gaps.architecture import PLACES, GapArchitecture
from fibgap.network.planes import Grid, known_rows
from fibgap.stack import GappedVolume

#: Returns one slice, (Y, X) bool, by its number.
ReadSlice = Callable[[int], NDArray[np.bool_]]
#: A gap is looked at from so many sides, and the corrections are averaged: whether it is seen from
#: behind, and whether y and x are flipped. Two more would misclassify 1.6 % fewer voxels, in twice
#: the time: benchmarks/gap_views.py.
VIEWS = ((False, False, False), (True, True, False))
#: Bytes of memory for one pixel of a tile, and for one in every layer of its gap: of the tile that
#: is made or finished, and of every one that waits.
_AT_WORK, _WAITING = (520, 40), (130, 8)


@dataclass(frozen=True)
class Gap:
    """A gap between two slices.

    Attributes
    ----------
    lower : int
        The slice below it, by its number.
    layers : (T,) int
        Its missing layers.
    rows : slice
        Which of all missing layers these are.
    """

    lower: int
    layers: NDArray[np.int64]
    rows: slice


@dataclass(frozen=True)
class Tile:
    """A part of every layer: what is wanted, and what the network has to see for that."""

    rows: slice
    columns: slice
    seen_rows: slice
    seen_columns: slice

    @property
    def pixels(self) -> int:
        """How many pixels are seen."""
        rows, columns = self.seen_rows, self.seen_columns
        return (rows.stop - rows.start) * (columns.stop - columns.start)

    @property
    def inner(self) -> tuple[slice, slice]:
        """What is wanted, in what is seen."""
        return (
            slice(self.rows.start - self.seen_rows.start, self.rows.stop - self.seen_rows.start),
            slice(
                self.columns.start - self.seen_columns.start,
                self.columns.stop - self.seen_columns.start,
            ),
        )


def _cuts(length: int, widest: int, beside: int, multiple: int) -> list[tuple[slice, slice]]:
    """Return how a side is cut: what each part gives, and what it sees, from whole multiples on."""
    count = -(-length // widest)
    step = -(-length // (count * multiple)) * multiple
    return [
        (
            slice(start, min(start + step, length)),
            slice(max(0, start - beside), min(start + step + beside, length)),
        )
        for start in range(0, length, step)
    ]


def tiles_of(
    shape: tuple[int, int], architecture: GapArchitecture, batch_pixels: int
) -> list[Tile]:
    """Return the tiles of a layer, each with no more pixels than these, if it can be helped.

    Examples
    --------
    >>> [each.rows for each in tiles_of((500, 400), GapArchitecture(), 2**17)]
    [slice(0, 256, None), slice(0, 256, None), slice(256, 500, None), slice(256, 500, None)]
    >>> len(tiles_of((500, 400), GapArchitecture(), 2**19))
    1
    """
    multiple = architecture.multiple
    beside = -(-architecture.receptive_reach // multiple) * multiple
    side = max(2 * beside, int(batch_pixels**0.5) // multiple * multiple)
    if shape[0] * shape[1] <= batch_pixels:
        side = max(shape)
    return [
        Tile(rows, columns, seen_rows, seen_columns)
        for rows, seen_rows in _cuts(shape[0], side, beside, multiple)
        for columns, seen_columns in _cuts(shape[1], side, beside, multiple)
    ]


def looked_at(image: NDArray[np.float32], behind: bool, y: bool, x: bool) -> NDArray[np.float32]:
    """Return what is seen of a gap (C, Y, X) from another side, see `VIEWS`."""
    if behind:
        image = image[sight.FROM_BEHIND]
    return image[:, :: -1 if y else 1, :: -1 if x else 1]


def looked_back(
    corrections: NDArray[np.float32], behind: bool, y: bool, x: bool
) -> NDArray[np.float32]:
    """Return corrections (ANCHORS, Y, X) that were made from another side as from the first one."""
    return corrections[:: -1 if behind else 1, :: -1 if y else 1, :: -1 if x else 1]


class GapFiller:
    """A network with what it needs to fill the gaps of one stack.

    Parameters
    ----------
    engine : Engine
        Of a network of gaps.
    grid : GappedVolume or Grid
        Places of the known layers.
    positions : (K,) float64
        Where the slices lie, in voxels from layer 0.
    read : callable
        Returns a slice by its number among these.
    batch_pixels : int
        Pixels of a layer that go through the network at once, at most; a larger one is cut into
        tiles.
    """

    def __init__(
        self,
        engine: Engine,
        grid: Grid,
        positions: NDArray[np.float64],
        read: ReadSlice,
        *,
        batch_pixels: int = 2**19,
    ) -> None:
        architecture = engine.architecture
        assert isinstance(architecture, GapArchitecture)
        self.engine, self.positions, self.read = engine, positions, read
        self.multiple = architecture.multiple
        self.shape = grid.shape[1:]
        self.tiles = tiles_of(self.shape, architecture, batch_pixels // engine.requests)
        known = known_rows(grid)
        self.limit = float(largest_distance(known))
        self.reaches = reach(known, widest_gap(engine.weights.training))
        self.missing = np.flatnonzero(~known)
        self.tile_pixels = max(tile.pixels for tile in self.tiles)
        pixels = min(batch_pixels, CPU_PIXELS) if engine.device == "cpu" else batch_pixels
        self.at_once = max(1, pixels // engine.requests // self.tile_pixels)
        self._kept: OrderedDict[int, NDArray[np.float32]] = OrderedDict()

    @property
    def gaps(self) -> list[Gap]:
        """All gaps, from the first to the last."""
        lowers = np.searchsorted(self.positions, self.missing) - 1
        starts = np.flatnonzero(np.diff(lowers, prepend=-1))
        return [
            Gap(int(lowers[start]), self.missing[start:stop], slice(int(start), int(stop)))
            for start, stop in zip(starts, [*starts[1:], len(lowers)], strict=True)
        ]

    def least_memory(self) -> int:
        """Return the bytes that are held at a time, at most, without what is filled."""
        layers = int(np.diff(self.positions).max()) + 1
        slices = (2 * sight.WINDOW + 1) * self.shape[0] * self.shape[1] * 4
        work = self.tile_pixels * (_AT_WORK[0] + layers * _AT_WORK[1])
        waiting = self.engine.bytes_a_pixel() + _WAITING[0] + layers * _WAITING[1]
        blocks = (self.engine.requests + 2) * self.at_once
        return int(slices + work + blocks * self.tile_pixels * waiting)

    def distance(self, number: int) -> NDArray[np.float32]:
        """Return the distances in a slice; those of the last ones are kept."""
        if number not in self._kept:
            while len(self._kept) > 2 * sight.WINDOW:
                self._kept.popitem(last=False)
            limit = max(self.limit, sight.FARTHEST)
            self._kept[number] = clipped_distance(self.read(number), limit)
        return self._kept[number]

    def _given(self, gap: Gap, tile: Tile) -> tuple[NDArray[np.float32], "_Seen"]:
        """Return what the network is given of a tile of a gap, and what is needed afterwards."""
        count = len(self.positions)
        around = sight.window(gap.lower, count)
        own = np.stack(
            [
                self.distance(number)[tile.seen_rows, tile.seen_columns]
                for number in range(around.start, around.stop)
            ]
        )
        lower = gap.lower - around.start
        weights = sight.interpolation(self.positions[around], lower, gap.layers.astype(np.float64))
        between = np.tensordot(weights, np.clip(own, -self.limit, self.limit), 1)
        chosen = sight.beside(gap.lower, count)
        image = sight.seen(
            own[chosen - around.start], between[: len(PLACES)], self.positions[chosen]
        )
        more = [(0, -side % self.multiple) for side in image.shape[1:]]
        if any(after for _, after in more):
            image = np.pad(image, [(0, 0), *more], mode="edge")
        return image, _Seen(gap, tile, between[len(PLACES) :], own[lower], own[lower + 1])

    def _finish(self, corrections: NDArray[np.float32], seen: "_Seen") -> NDArray[np.float32]:
        """Return the probability of solid in a tile of the layers of a gap."""
        below, above = self.positions[seen.gap.lower : seen.gap.lower + 2]
        places = (seen.gap.layers - below) / (above - below)
        rows, columns = seen.inside.shape[1:]
        logits = np.tensordot(sight.hats(places), corrections[:, :rows, :columns], 1)
        logits += base(seen.inside)
        reaches = np.full(rows, self.reaches[seen.gap.layers[0]])
        values = probability(
            logits,
            seen.inside,
            np.broadcast_to(seen.lower, logits.shape),
            np.broadcast_to(seen.upper, logits.shape),
            reaches,
        )
        return values[:, *seen.tile.inner]

    def results(self, gaps: list[Gap]) -> Iterator[tuple[Gap, Tile, NDArray[np.float32]]]:
        """Yield the probability of solid in every tile of some gaps, (T, rows, columns) float32."""
        asked: deque[list[_Seen]] = deque()

        def blocks() -> Iterator[NDArray[np.float32]]:
            waiting: list[tuple[NDArray[np.float32], _Seen]] = []

            def block() -> NDArray[np.float32]:
                asked.append([seen for _, seen in waiting])
                together = np.stack([image for image, _ in waiting])
                waiting.clear()
                return together

            for gap in gaps:
                for tile in self.tiles:
                    image, seen = self._given(gap, tile)
                    for view in VIEWS:
                        if waiting and waiting[0][0].shape != image.shape:
                            yield block()
                        waiting.append((looked_at(image, *view), seen))
                        if len(waiting) == self.at_once:
                            yield block()
            if waiting:
                yield block()

        told: list[NDArray[np.float32]] = []
        for values in self.engine.results(blocks()):
            for corrections, seen in zip(values, asked.popleft(), strict=True):
                # The views of a tile come one after the other.
                told.append(looked_back(corrections, *VIEWS[len(told)]))
                if len(told) == len(VIEWS):
                    yield seen.gap, seen.tile, self._finish(np.mean(told, axis=0), seen)
                    told.clear()


@dataclass(frozen=True)
class _Seen:
    """What is needed of a tile of a gap, once the network has answered."""

    gap: Gap
    tile: Tile
    inside: NDArray[np.float32]
    lower: NDArray[np.float32]
    upper: NDArray[np.float32]


def predict_gaps(
    engine: Engine, gapped: GappedVolume, *, batch_pixels: int = 2**19
) -> NDArray[np.float32]:
    """Predict the missing layers of a volume, gap by gap.

    Parameters
    ----------
    engine : Engine
        Of a network of gaps.
    gapped : GappedVolume
        Known layers and their places.
    batch_pixels : int
        See `GapFiller`.

    Returns
    -------
    (M, Y, X) float32
        The probability of solid.
    """
    positions, slices = gapped.samples()
    kept = well_apart(positions)
    filler = GapFiller(
        engine,
        gapped,
        positions[kept],
        lambda number: np.asarray(slices[kept[number]]),
        batch_pixels=batch_pixels,
    )
    values = np.empty((len(filler.missing), *filler.shape), np.float32)
    for gap, tile, found in filler.results(filler.gaps):
        values[gap.rows, tile.rows, tile.columns] = found
    return values
