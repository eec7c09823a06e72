"""Fill a stack that is larger than memory: plane block by plane block, from file to file."""

import hashlib
import math
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers.guard import Guard
from fibgap.fillers.interpolation import threshold
from fibgap.io.digests import digest
from fibgap.io.hdf5 import create_hdf5, open_hdf5
from fibgap.io.shards import group_name
from fibgap.network.engines import Engine, make_engine
from fibgap.network.inference import PlaneFiller
from fibgap.network.placed import CHUNK, Source, open_source, with_distances

if TYPE_CHECKING:
    from fibgap.network.module import Network
    from fibgap.network.weights import LoadedNetwork

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


def _engine_digest(engine: Engine) -> str:
    """Return a digest of a network's weights and of what computes it."""
    found = hashlib.sha256(repr(engine.architecture).encode())
    found.update(f"{engine.name} {engine.device} {engine.precision}".encode())
    for name, values in sorted(engine.weights.tensors.items()):
        found.update(name.encode() + values.tobytes())
    return found.hexdigest()


def fill_file(
    network: "Engine | LoadedNetwork | Network",
    source: Path | str,
    target: Path | str,
    *,
    dataset: int = 0,
    batch_pixels: int = 2**19,
    memory_mb: float = 4000,
    log: Callable[[str], None] = print,
) -> None:
    """Fill the gaps of a stack in a file by a network, in bounded memory.

    Parameters
    ----------
    network : Engine, LoadedNetwork or Network
        See `fibgap.network.engines.make_engine`.
    source : path
        A file of placed slices, with one or more datasets.
    target : path
        The file of the filled volume, for the same dataset; it appears when it is complete.
    dataset : int
        Which dataset of the file is filled.
    batch_pixels
        See `fibgap.network.inference.predict`.
    memory_mb : float
        Memory in MB (10^6 bytes) that is used at most, besides what the program and its libraries
        take without any data.
    log : callable
        Receives one line a block.

    Raises
    ------
    InputError
        If the file cannot be used, holds no such dataset, is smaller than the receptive field, or
        needs more memory than is allowed.

    Notes
    -----
    The result is that of `fibgap.fillers.fill`, voxel for voxel, since the network sees the same
    batches. First all zx-planes are predicted, then all zy-planes; the first family waits on disk
    (4 bytes for a missing voxel) beside the target. Every finished block is kept there, so a run
    that was killed goes on with the blocks that are not there yet.
    """
    target, engine = Path(target), make_engine(network)
    stack = open_source(Path(source), dataset)
    attributes = {**stack.attributes, "device": engine.device.split(":")[0]}
    if not len(stack.missing):
        _assemble(stack, [], target, attributes)
        return
    on_distances = engine.architecture.sees == "distances"
    filler = PlaneFiller(
        engine,
        stack,
        batch_pixels=batch_pixels,
        positions=stack.positions if on_distances else None,
    )
    known = len(stack.images if on_distances else stack.layers)
    budget = Budget(stack.shape, known, filler, memory_mb)
    if budget.least > memory_mb * 1e6:
        raise InputError(
            f"memory_mb is {memory_mb:g}, but {stack.path} needs {math.ceil(budget.least / 1e6)} "
            f"MB with batches of {batch_pixels} pixels: give more memory or fewer pixels."
        )
    planes = budget.planes
    state = Path(source).stat()
    key = digest(
        [
            _engine_digest(engine),
            [batch_pixels, planes, dataset],
            [state.st_size, state.st_mtime_ns, str(stack.attributes.get("digest"))],
        ]
    )
    parts = target.parent / f".{target.name}.parts"
    if parts.exists():
        for stale in parts.iterdir():
            if stale.name != key:
                shutil.rmtree(stale)
    home = parts / key
    home.mkdir(parents=True, exist_ok=True)
    if on_distances:
        stack = with_distances(stack, home)
    firsts = _predict_first(stack, filler, planes[1], home, log)
    seconds = _predict_second(stack, filler, planes[2], home, firsts, log)
    _assemble(stack, seconds, target, attributes)
    shutil.rmtree(parts)


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


def _assemble(
    stack: Source, seconds: list[tuple[slice, Path]], target: Path, attributes: dict[str, Any]
) -> None:
    """Write the volume layer by layer, the known ones as they were, and look at it on the way."""
    at = {int(layer): row for row, layer in enumerate(stack.missing)}
    guard = Guard()
    with create_hdf5(target, "infer", {**attributes, "filler": "network"}) as file:
        volume = file.create_group(group_name(stack.dataset)).create_dataset(
            "volume",
            shape=stack.shape,
            dtype=np.uint8,
            chunks=(1, *stack.shape[1:]),
            compression="gzip",
            compression_opts=1,
            fletcher32=True,
        )
        volume.attrs["boolean"] = True
        image = np.empty(stack.shape[1:], dtype=np.uint8)

        def fill_layer(layer: int) -> NDArray[np.bool_]:
            for part, path in seconds:
                with open_hdf5(path, "fill_file") as piece:
                    image[:, part] = piece["values"][at[layer]]
            volume[layer] = image
            return image.view(np.bool_)

        with open_hdf5(stack.path, "place_slices") as source:
            slices: h5py.Dataset = source[group_name(stack.dataset)]["slices"]
            volume[0] = lower = slices[0]
            for row, (low, high) in enumerate(pairwise(stack.layers.tolist()), start=1):
                volume[high] = upper = slices[row]
                pair = lower.view(np.bool_), upper.view(np.bool_)
                guard.look(*pair, high - low - 1, map(fill_layer, range(low + 1, high)))
                lower = upper
        guard.report()
