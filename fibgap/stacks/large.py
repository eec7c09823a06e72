"""Volumes larger than memory: filled block by block on disk, and gone on with after a kill."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers import fill_blocks
from fibgap.fillers.guard import check
from fibgap.io.digests import digest
from fibgap.io.files import exclusive, process_lives
from fibgap.io.hdf5 import create_hdf5, open_hdf5
from fibgap.io.shards import group_name
from fibgap.on_disk import OnDisk
from fibgap.stack import GappedVolume
from fibgap.stacks.findings import Progress
from fibgap.suspicion import warn

#: Bytes of memory per voxel of a block: float32 slices and sums of them, and what they become.
_PER_VOXEL = 64


@dataclass
class _Journal:
    """Which blocks of a volume are done.

    Attributes
    ----------
    path : Path
        A JSON file, replaced after every block.
    facts : dict
        What the volume is made from; a run that is made from anything else begins anew.
    done : list of int
        Numbers of blocks.
    """

    path: Path
    facts: dict[str, Any]
    done: list[int]

    @classmethod
    def open(cls, path: Path, facts: dict[str, Any]) -> "_Journal":
        """Return the journal of an earlier run that made the same, or an empty one."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return cls(path, facts, [])
        if found.get("facts") == facts:
            return cls(path, facts, found["done"])
        warn(
            [
                f"what an earlier run left in '{path.parent}' was made from other slices or by "
                "another filler: it is not used"
            ]
        )
        return cls(path, facts, [])

    def add(self, number: int) -> None:
        """Note that a block is done."""
        self.done.append(number)
        aside = self.path.with_suffix(".new")
        text = json.dumps({"facts": self.facts, "done": self.done}, indent=1)
        aside.write_text(text + "\n", encoding="utf-8")
        os.replace(aside, self.path)


def parts_folder(out: Path) -> Path:
    """Return the folder beside a volume in which it comes about, block by block."""
    return out.with_name(f".{out.name}.parts")


@contextmanager
def blocks_kept(out: Path) -> Iterator[None]:
    """Have the folder of blocks for oneself.

    Blocks stay there if the work breaks off, but not if the input is wrong.

    Raises
    ------
    InputError
        If the disk is full, or fails in another way.
    """
    folder = parts_folder(out)
    try:
        with exclusive(out.with_name(f".{out.name}.lock")):
            for stale in folder.glob("stack-*"):  # of processes that were killed
                if not process_lives(stale.name.split("-")[1]):
                    stale.unlink()
            yield
    except BaseException as error:
        wrong = isinstance(error, InputError) and error.__cause__ is None
        kept = not wrong and (folder / "journal.json").is_file()
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
        for each in folder.glob(f"stack-{os.getpid()}-*"):  # which the error may hold
            each.unlink()
        if isinstance(error, OSError):
            more = f" What was done is kept in '{folder}': the same command goes on." * kept
            reason = error.strerror or str(error)
            raise InputError(f"'{out}' cannot be written: {reason}.{more}") from error
        raise
    (folder / "journal.json").unlink(missing_ok=True)


def fill_on_disk(
    gapped: GappedVolume,
    filler: str,
    options: Mapping[str, Any],
    *,
    folder: Path,
    memory: int,
    progress: Progress,
) -> NDArray[np.bool_]:
    """Fill a gapped volume block by block, on disk.

    Parameters
    ----------
    gapped : GappedVolume
        Its slices may lie on disk.
    filler : str
        Its name.
    options : mapping
        Its options.
    folder : Path
        Where the volume, and the journal of its blocks, come about.
    memory : int
        Bytes that may be taken, about.
    progress : callable
        Called after every block.

    Returns
    -------
    (Z, Y, X) bool
        As an `OnDisk`: voxel for voxel what `fibgap.fillers.fill` gives.

    Notes
    -----
    Every finished block is noted in ``journal.json``. A run that was killed leaves it there, and
    the next one from the same slices with the same filler computes only what is not noted.
    """
    folder.mkdir(exist_ok=True)
    missing = gapped.missing_layers
    parts: tuple[tuple[slice, slice], ...] = ()
    if len(missing) and filler != "network":
        blocks = fill_blocks(gapped, filler, **options)
        voxels = memory // _PER_VOXEL
        if any(_area(part) * gapped.shape[2] > voxels for part in blocks.parts):
            blocks = fill_blocks(gapped, filler, **options, block_voxels=voxels)
        parts = blocks.parts
    facts = {
        "filler": filler,
        "options": {name: str(value) for name, value in options.items() if name != "network"},
        "shape": list(gapped.shape),
        "blocks": digest([str(part) for part in parts]),
        "slices": _checksum(gapped),
    }
    journal = _Journal.open(folder / "journal.json", facts)
    if not journal.done:
        for left in ("volume", "placed.h5", "filled.h5"):
            (folder / left).unlink(missing_ok=True)
    on_disk = OnDisk(folder / "volume", gapped.shape, np.bool_, keep=True)
    volume = cast("NDArray[np.bool_]", on_disk)
    if 0 not in journal.done:
        for layer, image in zip(gapped.layers.tolist(), gapped.slices, strict=True):
            volume[layer] = image
        journal.add(0)
    stage = f"filling by {filler}"
    for number, (layers, rows) in enumerate(parts, start=1):
        if number not in journal.done:
            volume[missing[layers], rows] = blocks.fill(layers, rows)
            journal.add(number)
        progress(stage, number, len(parts))
    if filler == "network" and len(missing):
        _by_network(gapped, options, volume, folder, memory, progress)
    elif len(missing):
        progress("looking at the filled layers", 0, 0)
        check(volume, gapped)
    on_disk.release()
    return volume


def _area(part: tuple[slice, slice]) -> int:
    """Return the layers times the rows of a block."""
    layers, rows = part
    return int((layers.stop - layers.start) * (rows.stop - rows.start))


def _checksum(gapped: GappedVolume) -> str:
    """Return a checksum of all slices and their places."""
    found = hashlib.sha256(gapped.layers.tobytes())
    positions, slices = gapped.samples()
    found.update(positions.tobytes())
    for image in slices:
        found.update(np.packbits(image).tobytes())
    return found.hexdigest()


def _by_network(
    gapped: GappedVolume,
    options: Mapping[str, Any],
    volume: NDArray[np.bool_],
    folder: Path,
    memory: int,
    progress: Progress,
) -> None:
    """Fill by a network, which goes by blocks of planes and keeps a journal of its own."""
    from fibgap.network.streaming import fill_file

    placed = folder / "placed.h5"
    if not placed.is_file():
        n, n_y, n_x = gapped.slices.shape
        with create_hdf5(placed, "place_slices", {"voxel_nm": gapped.voxel_nm}) as file:
            group = file.create_group(group_name(0))
            group["layers"] = gapped.layers
            group["positions"] = gapped.positions
            if len(gapped.spare_slices):
                group["spare_positions"] = gapped.spare_positions
                group["spare_slices"] = np.asarray(gapped.spare_slices).view(np.uint8)
            slices = group.create_dataset(
                "slices",
                shape=(n, n_y, n_x),
                dtype=np.uint8,
                chunks=(1, n_y, n_x),
                compression="gzip",
                compression_opts=1,
            )
            for index, image in enumerate(gapped.slices):
                slices[index] = image.view(np.uint8)

    def log(line: str) -> None:
        progress(f"filling by network: {line}", 0, 0)

    filled = folder / "filled.h5"
    fill_file(source=placed, target=filled, memory_mb=memory / 1e6, log=log, **options)
    with open_hdf5(filled) as file:
        values = file[group_name(0)]["volume"]
        for layer in gapped.missing_layers.tolist():
            volume[layer] = np.asarray(values[layer]).view(np.bool_)
    placed.unlink()
    filled.unlink()
