"""A stack in a file is filled gap by gap: only the slices around a gap are in memory."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers.interpolation import threshold
from fibgap.io.hdf5 import create_hdf5, open_hdf5
from fibgap.io.shards import group_name
from fibgap.network.engines import Engine
from fibgap.network.gaps.filling import Gap, GapFiller
from fibgap.network.placed import Source

#: Returns one filled layer, (Y, X) bool, by its index.
ReadLayer = Callable[[int], NDArray[np.bool_]]


class GapPlan:
    """How a stack is filled gap by gap.

    Parameters
    ----------
    stack : Source
        The stack in its file.
    engine : Engine
        Of a network of gaps.
    batch_pixels : int
        See `fibgap.network.gaps.filling.GapFiller`.

    Attributes
    ----------
    least : int
        Bytes of memory that it takes.
    sizes : list of int
        What its parts depend on, besides stack and network.
    """

    def __init__(self, stack: Source, engine: Engine, batch_pixels: int) -> None:
        self.stack = stack
        self.filler = GapFiller(
            engine, stack, stack.positions, self._slice, batch_pixels=batch_pixels
        )
        self.least = self.filler.least_memory()
        self.sizes = [batch_pixels]

    def _slice(self, number: int) -> NDArray[np.bool_]:
        """Read a slice by its number among all positions."""
        name, row = self.stack.images[number]
        with open_hdf5(self.stack.path, "place_slices") as file:
            image = file[group_name(self.stack.dataset)][name][row]
        return np.asarray(image).view(np.bool_)

    def run(self, home: Path, log: Callable[[str], None]) -> ReadLayer:
        """Fill all gaps that are not filled yet, one file each; return what reads their layers."""
        gaps = self.filler.gaps
        paths = {gap.lower: home / f"gap_{gap.lower:08d}.h5" for gap in gaps}
        left = [gap for gap in gaps if not paths[gap.lower].exists()]
        done = len(gaps) - len(left)
        if done:
            log(f"gaps {done}/{len(gaps)} were filled before")
        begin, tiles = time.monotonic(), len(self.filler.tiles)
        solid = np.empty((0, *self.filler.shape), dtype=np.bool_)
        for number, (gap, tile, values) in enumerate(self.filler.results(left)):
            if number % tiles == 0:
                solid = np.empty((len(gap.layers), *self.filler.shape), dtype=np.bool_)
            solid[:, tile.rows, tile.columns] = threshold(values)
            if number % tiles == tiles - 1:
                self._write(paths[gap.lower], solid)
                filled = number // tiles + 1
                minutes = (time.monotonic() - begin) / filled * (len(left) - filled) / 60
                log(f"gaps {done + filled}/{len(gaps)}  about {minutes:.1f} min left")
        return self._reader(gaps, paths)

    def _write(self, path: Path, solid: NDArray[np.bool_]) -> None:
        """Write the layers of a gap, eight voxels to a byte."""
        with create_hdf5(path, "fill_file", {}) as file:
            file.create_dataset("values", data=np.packbits(solid, axis=2), fletcher32=True)

    def _reader(self, gaps: list[Gap], paths: dict[int, Path]) -> ReadLayer:
        """Return what reads filled layers from the files of their gaps."""
        places = {
            int(layer): (paths[gap.lower], row)
            for gap in gaps
            for row, layer in enumerate(gap.layers)
        }
        width = self.filler.shape[1]

        def read(layer: int) -> NDArray[np.bool_]:
            path, row = places[layer]
            with open_hdf5(path, "fill_file") as file:
                packed = np.asarray(file["values"][row])
            return np.unpackbits(packed, axis=1, count=width).view(np.bool_)

        return read
