"""A stack in a file is filled plane by plane: blocks of planes are in memory."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers.interpolation import threshold
from fibgap.io.hdf5 import create_hdf5, open_hdf5
from fibgap.network.engines import Engine
from fibgap.network.gaps.streaming import ReadLayer
from fibgap.network.inference import PlaneFiller
from fibgap.network.placed import CHUNK, Source, with_distances

#: For what HDF5 and the engine hold besides, in bytes.
_ROOM = 16 * 2**20


def _blocks(planes: int, at_once: int) -> Iterator[slice]:
    """Yield blocks of planes."""
    for first in range(0, planes, at_once):
        yield slice(first, min(first + at_once, planes))


class Budget:
    """How many planes a block may have, by axis, and the `least` memory in bytes that it takes.

    Notes
    -----
    A block of planes P of shape (Z, W), M rows of them missing and N known, holds at a time: the
    result and its missing rows (8 bytes a pixel), the other family and the mean (8 bytes a missing
    pixel), what is written (1), and the known rows as read and as turned (2), also of the planes
    beside the block that the network sees.
    """

    def __init__(
        self, shape: tuple[int, int, int], known: int, filler: PlaneFiller, memory_mb: float
    ) -> None:
        rows, n_y, n_x = shape
        # Beside the planes that are computed, one more is ready and one is made.
        given = 4 * (filler.architecture.engine_channels + 1)
        pixel = filler.engine.bytes_a_pixel() + 2 * given
        # Distances take 4 bytes where a known voxel takes 1, and some arrays of their own.
        size = 4 if filler.on_distances else 1
        pixel += 32 if filler.on_distances else 0
        widths = {1: n_x, 2: n_y}
        at_once = {
            axis: min(filler.planes_at_once(width), shape[axis]) for axis, width in widths.items()
        }
        seen = {
            axis: rows * min(width, filler.tile_width() + 2 * filler.reach)
            for axis, width in widths.items()
        }
        batch = filler.engine.requests * max(at_once[axis] * seen[axis] for axis in widths)
        # The spline's matrices, and layers as they are compressed one by one.
        matrices = 4 * known * (rows + 8 * known)
        fixed = _ROOM + batch * pixel + matrices + 3 * n_y * n_x
        self.planes = {}
        least = 0.0
        for axis, width in widths.items():
            interpolated = filler.planes.bytes_between(known) * seen[axis]
            plane = width * (8 * rows + 9 * (rows - known) + 2 * size * known)
            halo = width * 2 * size * known + interpolated
            free = memory_mb * 1e6 - fixed - 2 * filler.architecture.neighbours * halo
            # Whole batches make a block, so that they are those of a volume in memory.
            step = at_once[axis]
            least = max(least, memory_mb * 1e6 - free + step * (plane + interpolated))
            together = filler.planes_interpolated(width)
            fitting = max(
                min(together, free // (plane + interpolated)),
                (free - together * interpolated) // plane,
            )
            self.planes[axis] = min(int(fitting // step) * step, shape[axis])
        self.least = math.ceil(least)


class PlanePlan:
    """How a stack is filled plane by plane; `least` and `sizes` as for `GapPlan`."""

    def __init__(self, stack: Source, engine: Engine, batch_pixels: int, memory_mb: float) -> None:
        on_distances = engine.architecture.sees == "distances"
        self.stack = stack
        self.filler = PlaneFiller(
            engine,
            stack,
            batch_pixels=batch_pixels,
            positions=stack.positions if on_distances else None,
        )
        known = len(stack.images if on_distances else stack.layers)
        budget = Budget(stack.shape, known, self.filler, memory_mb)
        self.least, self.sizes = budget.least, budget.planes

    def run(self, home: Path, log: Callable[[str], None]) -> ReadLayer:
        """Predict both families of planes; return what reads filled layers."""
        stack, filler = self.stack, self.filler
        if filler.on_distances:
            stack = with_distances(stack, home)
        firsts = _predict_first(stack, filler, self.sizes[1], home, log)
        seconds = _predict_second(stack, filler, self.sizes[2], home, firsts, log)
        at = {int(layer): row for row, layer in enumerate(stack.missing)}

        def read(layer: int) -> NDArray[np.bool_]:
            image = np.empty(stack.shape[1:], dtype=np.uint8)
            for part, path in seconds:
                with open_hdf5(path, "fill_file") as piece:
                    image[:, part] = piece["values"][at[layer]]
            return image.view(np.bool_)

        return read


def _predict(filler: PlaneFiller, stack: Source, axis: int, part: slice) -> NDArray[np.float32]:
    """Return the inpainted planes of a block, (planes, Z, width) float32."""
    known = stack.read(axis, part, filler.architecture.neighbours)
    shape = (part.stop - part.start, stack.shape[0], known.shape[2])
    result = np.zeros(shape, np.float32)
    filler.family(known, result)
    return result


def _walk(
    stack: Source, axis: int, at_once: int, home: Path, log: Callable[[str], None]
) -> Iterator[tuple[slice, Path, bool]]:
    """Yield every block of a family with its file, and whether it has still to be computed."""
    family, total = {1: "zx", 2: "zy"}[axis], stack.shape[axis]
    begin, computed = time.monotonic(), 0
    for part in _blocks(total, at_once):
        path = home / f"{family}_{part.start:08d}.h5"
        there = path.exists()
        yield part, path, not there
        if there:
            log(f"{family}-planes {part.stop}/{total} were done before")
            continue
        computed += part.stop - part.start
        left = (time.monotonic() - begin) / computed * (total - part.stop)
        log(f"{family}-planes {part.stop}/{total}  about {left / 60:.1f} min left")


def _predict_first(
    stack: Source, filler: PlaneFiller, at_once: int, home: Path, log: Callable[[str], None]
) -> list[tuple[slice, Path]]:
    """Predict the zx-planes; each block becomes a file with its missing rows (M, planes, X)."""
    done = []
    missing = stack.missing
    for part, path, wanted in _walk(stack, 1, at_once, home, log):
        done.append((part, path))
        if not wanted:
            continue
        values = _predict(filler, stack, 1, part)[:, missing].transpose(1, 0, 2)
        with create_hdf5(path, "fill_file", {}) as file:
            _, planes, width = values.shape
            chunks = (1, planes, min(width, CHUNK))
            file.create_dataset("values", data=values, chunks=chunks, fletcher32=True)
    return done


def _predict_second(
    stack: Source,
    filler: PlaneFiller,
    at_once: int,
    home: Path,
    firsts: list[tuple[slice, Path]],
    log: Callable[[str], None],
) -> list[tuple[slice, Path]]:
    """Predict the zy-planes, average, threshold; each block becomes a file (M, Y, planes)."""
    done = []
    missing = stack.missing
    for part, path, wanted in _walk(stack, 2, at_once, home, log):
        done.append((part, path))
        if not wanted:
            continue
        mean = _predict(filler, stack, 2, part)[:, missing].transpose(1, 2, 0)
        for rows, first in firsts:
            with open_hdf5(first, "fill_file") as file:
                mean[:, rows] += file["values"][:, :, part]
        mean /= 2
        solid = threshold(mean)
        with create_hdf5(path, "fill_file", {}) as file:
            chunks = (1, *solid.shape[1:])
            file.create_dataset("values", data=solid.view(np.uint8), chunks=chunks, fletcher32=True)
    return done
