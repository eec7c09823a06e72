"""How much memory a stack may take, and where on disk it goes if that is too little."""

import os
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.sources import Source, find_source
from fibgap.on_disk import new_on_disk, on_disk
from fibgap.stack import SliceStack
from fibgap.stacks.offered import NETWORK, Offered

#: Share of the machine's memory that a stack may take unless somebody says otherwise.
_SHARE = 0.5
#: What is taken where the system does not say how much memory there is.
_UNKNOWN = 4 * 10**9
#: Bytes per voxel of what filling and measuring a volume in memory takes at its peak: the volume,
#: the filled layers, a turned copy; for a network two float32 families and their mean.
_FILLING, _NETWORK = 4, 20
#: Arrays of the size of the images that reading and segmenting them takes at its peak.
_READING = 3
#: Bytes per pixel of one image without which no block can be filled: distances of some 40 slices.
_LEAST = 256

_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


def parse_size(text: str | int, name: str = "memory") -> int:
    """Return a number of bytes that a person wrote.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> parse_size("4GB"), parse_size("1.5 GiB"), parse_size("512M"), parse_size(1000)
    (4000000000, 1610612736, 512000000, 1000)
    """
    match = _SIZE.fullmatch(str(text))
    if match is None or float(match[1]) <= 0:
        raise InputError(f"{name} must be a size such as 4GB, but is '{text}'.")
    factor = (1024 if match[3] else 1000) ** " kmgt".index(match[2].lower() or " ")
    return int(float(match[1]) * factor)


def show_size(count: float) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> show_size(4.2e9), show_size(52_000), show_size(999_600)
    ('4.2 GB', '52 kB', '1 MB')
    """
    power = min(3, max(0, int(np.log10(max(1.0, float(f"{count:.2g}"))) // 3)))
    return f"{float(f'{count / 1000**power:.2g}'):g} {('B', 'kB', 'MB', 'GB')[power]}"


def machine_memory() -> int:
    """Return the memory of this machine, or of the group of processes that this one belongs to."""
    found = []
    try:
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows has none of the two
        found.append(_UNKNOWN)
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            found.append(int(Path("/sys/fs/cgroup", limit).read_text()))
        except (OSError, ValueError):  # there is none, or it is "max"
            continue
    return min(found)


@dataclass
class Room:
    """Memory for one stack, and a folder for what does not fit.

    Attributes
    ----------
    memory : int
        Bytes, besides what the program and its libraries take without any data.
    folder : Path
        It is made when something does not fit.
    """

    memory: int
    folder: Path

    @classmethod
    def of(cls, memory: str | int | None, folder: Path) -> "Room":
        """Return the room that a person gives, or half of what the machine has."""
        given = int(_SHARE * machine_memory()) if memory is None else parse_size(memory)
        return cls(given, folder)

    def allocate(self, shape: tuple[int, int, int], dtype: Any) -> NDArray[Any]:
        """Return an array for images, on disk if reading and segmenting them takes too much."""
        size = prod(shape) * np.dtype(dtype).itemsize
        if _READING * size <= self.memory:
            return np.empty(shape, dtype)
        return new_on_disk(self.folder, shape, dtype)

    def require_readable(self, source: Source) -> None:
        """Refuse a file that can only be read as a whole, and is larger than the memory.

        Raises
        ------
        InputError
            It says which formats are read block by block.
        """
        found = find_source(source)
        size = found.paths[0].stat().st_size
        if len(found.paths) == 1 and found.form.whole and size > self.memory:
            raise InputError(
                f"'{found.paths[0]}' of {show_size(size)} is larger than the memory of "
                f"{show_size(self.memory)}, and {found.form.name} is read as a whole: save it as "
                "TIFF, HDF5 or OME-Zarr, which are read block by block."
            )

    def too_little(self, stack: SliceStack, *, network: bool = False) -> str:
        """Return a sentence if filling a stack in memory would take too much, else ''.

        Raises
        ------
        InputError
            If not even single blocks have room.
        """
        n, y, x = stack.slices.shape
        layers = 1 + int((stack.depths_nm[-1] - stack.depths_nm[0]) / stack.voxel_nm)
        needed = n * y * x + (_NETWORK if network else _FILLING) * layers * y * x
        if needed <= self.memory and not on_disk(stack.slices):
            return ""
        if _LEAST * y * x > self.memory:
            raise InputError(
                f"a memory of {show_size(self.memory)} is too little for images of {y} x {x} "
                f"pixels, which take {show_size(_LEAST * y * x)} block by block: give more "
                "(memory)."
            )
        return (
            f"The volume of {layers} x {y} x {x} voxels takes about {show_size(needed)} in memory, "
            f"more than the {show_size(self.memory)} that were given: it was filled block by "
            "block, on disk."
        )

    def refusal(self, offered: Offered, stack: SliceStack) -> str:
        """Return why there is too little memory for a filler and a stack, '' if there is enough."""
        if offered.filler != NETWORK or not self.too_little(stack, network=True):
            return ""
        needed = offered.least_memory(stack)
        if needed <= self.memory:
            return ""
        return (
            f"it needs {show_size(needed)} of memory for this stack, more than the "
            f"{show_size(self.memory)} that were given"
        )
