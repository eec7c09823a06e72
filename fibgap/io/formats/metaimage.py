"""MetaImage (.mha, or .mhd with its data beside it), which ITK, 3D Slicer and ParaView read."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.layers import Layers
from fibgap.io.pages import Block, Pages, add_pixel_size, one_axis

_TYPES = {
    "MET_UCHAR": "u1",
    "MET_CHAR": "i1",
    "MET_USHORT": "u2",
    "MET_SHORT": "i2",
    "MET_UINT": "u4",
    "MET_INT": "i4",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_COMMENT = "lengths in nm"
_LONGEST_HEADER = 1 << 16


@contextmanager
def open_pages(path: Path, *, dataset: str | None = None, alone: bool = False) -> Iterator[Pages]:
    """Open a MetaImage.

    Raises
    ------
    InputError
        If it is damaged, cut short, or no stack of numbers.
    """
    try:
        head, begin = _read_header(path)
        stack = _read_data(path, head, begin)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except (KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is damaged or no MetaImage ({error}).") from None

    def read(start: int, stop: int) -> Block:
        return stack[start:stop], None

    pages = Pages(stack.shape, stack.dtype, read, block=len(stack))
    sizes = [float(size) for size in head.get("ElementSpacing", "").split()]
    if len(sizes) >= 2:
        unit = "nm" if head.get("Comment") == _COMMENT else head.get("DistanceUnits")
        add_pixel_size(
            pages, (sizes[1], sizes[0]), unit, spacing=sizes[2] if len(sizes) > 2 else None
        )
    yield pages


def _read_header(path: Path) -> tuple[dict[str, str], int]:
    """Return the header's entries and the byte at which it ends."""
    head: dict[str, str] = {}
    with path.open("rb") as file:
        while file.tell() < _LONGEST_HEADER:
            line = file.readline(_LONGEST_HEADER).decode("ascii")
            key, equals, value = line.partition("=")
            if not equals:
                break
            head[key.strip()] = value.strip()
            if key.strip() == "ElementDataFile":
                return head, file.tell()
    raise ValueError("its header names no ElementDataFile")


def _read_data(path: Path, head: dict[str, str], begin: int) -> NDArray[Any]:
    """Return the stack (N, Y, X)."""
    sizes = [int(n) for n in head["DimSize"].split()][::-1]
    if int(head.get("ElementNumberOfChannels", 1)) > 1:
        sizes = [int(head["ElementNumberOfChannels"]), *sizes]
        one_axis(dict(zip(("channel", "z"), sizes, strict=False)), str(path))
    if len(sizes) < 2:
        raise ValueError("it has one axis")
    names = [*["w", "v", "u", "t"][: max(0, len(sizes) - 3)], "z", "y", "x"][-len(sizes) :]
    total, _ = one_axis(dict(zip(names[:-2], sizes[:-2], strict=True)), str(path))
    if head["ElementType"] not in _TYPES:
        raise ValueError(f"it holds {head['ElementType']}")
    big = "true" in (
        head.get("BinaryDataByteOrderMSB", "").lower(),
        head.get("ElementByteOrderMSB", "").lower(),
    )
    dtype = np.dtype((">" if big else "<") + _TYPES[head["ElementType"]])
    home = path
    if head["ElementDataFile"] != "LOCAL":
        home = path.parent / Path(head["ElementDataFile"]).name
        if not home.is_file():
            raise InputError(
                f"{path} needs the file '{head['ElementDataFile']}' beside it, which is missing."
            )
        begin = 0
    data = home.read_bytes()[begin:]
    if head.get("CompressedData", "").lower() == "true":
        try:
            data = zlib.decompress(data)
        except zlib.error:
            raise InputError(f"{home} is cut short or damaged: its data break off.") from None
    expected = int(np.prod([total, *sizes[-2:]])) * dtype.itemsize
    if len(data) != expected:
        raise InputError(
            f"{home} is cut short or damaged: {expected} bytes of voxels are announced, "
            f"{len(data)} are there."
        )
    values = np.frombuffer(data, dtype=dtype).reshape(total, *sizes[-2:])
    return values.astype(dtype.newbyteorder("="), copy=False)


def write(path: Path, layers: Layers) -> None:
    """Write a volume as one uncompressed file; its lengths are in nm."""
    z, y, x = layers.shape
    dz, dy, dx = (f"{size:.9g}" for size in layers.voxel_nm)
    kind = {"u": "MET_UCHAR", "f": "MET_FLOAT"}[layers.dtype.kind]
    header = (
        "ObjectType = Image\n"
        "NDims = 3\n"
        f"Comment = {_COMMENT}\n"
        "BinaryData = True\n"
        "BinaryDataByteOrderMSB = False\n"
        "CompressedData = False\n"
        f"ElementSpacing = {dx} {dy} {dz}\n"
        f"DimSize = {x} {y} {z}\n"
        f"ElementType = {kind}\n"
        "ElementDataFile = LOCAL\n"
    )
    with path.open("wb") as file:
        file.write(header.encode("ascii"))
        for layer in layers:
            file.write(layer.astype(layers.dtype.newbyteorder("<"), copy=False).tobytes())
