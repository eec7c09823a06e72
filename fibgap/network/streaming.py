"""Fill a stack that is larger than memory, from file to file, in parts that a kill leaves."""

import hashlib
import math
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers.guard import Guard
from fibgap.io.digests import digest
from fibgap.io.hdf5 import create_hdf5, open_hdf5
from fibgap.io.shards import group_name
from fibgap.network.engines import Engine, make_engine
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.gaps.streaming import GapPlan, ReadLayer
from fibgap.network.placed import Source, open_source
from fibgap.network.plane_streaming import PlanePlan

if TYPE_CHECKING:
    from fibgap.network.module import Network
    from fibgap.network.weights import LoadedNetwork


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
    batches. A network of gaps goes from gap to gap, and every filled gap is kept beside the
    target. Other networks predict all zx-planes, then all zy-planes, block by block; the first
    family waits on disk (4 bytes for a missing voxel). A run that was killed goes on with what is
    not there yet.
    """
    target, engine = Path(target), make_engine(network)
    stack = open_source(Path(source), dataset)
    attributes = {**stack.attributes, "device": engine.device.split(":")[0]}
    if not len(stack.missing):
        _assemble(stack, None, target, attributes)
        return
    plan: PlanePlan | GapPlan
    if isinstance(engine.architecture, GapArchitecture):
        plan = GapPlan(stack, engine, batch_pixels)
    else:
        plan = PlanePlan(stack, engine, batch_pixels, memory_mb)
    if plan.least > memory_mb * 1e6:
        raise InputError(
            f"memory_mb is {memory_mb:g}, but {stack.path} needs {math.ceil(plan.least / 1e6)} "
            f"MB with batches of {batch_pixels} pixels: give more memory or fewer pixels."
        )
    state = Path(source).stat()
    key = digest(
        [
            _engine_digest(engine),
            [batch_pixels, plan.sizes, dataset],
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
    _assemble(stack, plan.run(home, log), target, attributes)
    shutil.rmtree(parts)


def _assemble(
    stack: Source, read: ReadLayer | None, target: Path, attributes: dict[str, Any]
) -> None:
    """Write the volume layer by layer, the known ones as they were, and look at it on the way."""
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

        def fill_layer(layer: int) -> NDArray[np.bool_]:
            assert read is not None
            image = read(layer)
            volume[layer] = image
            return image

        with open_hdf5(stack.path, "place_slices") as source:
            slices: h5py.Dataset = source[group_name(stack.dataset)]["slices"]
            volume[0] = lower = slices[0]
            for row, (low, high) in enumerate(pairwise(stack.layers.tolist()), start=1):
                volume[high] = upper = slices[row]
                pair = lower.view(np.bool_), upper.view(np.bool_)
                guard.look(*pair, high - low - 1, map(fill_layer, range(low + 1, high)))
                lower = upper
        guard.report()
