"""MRC, the format of electron tomography."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mrcfile
import numpy as np

from fibgap.errors import InputError
from fibgap.io.pages import Block, Pages, add_pixel_size

_IMOD = 1146047817  # IMOD's stamp in the header


@contextmanager
def open_pages(path: Path, *, dataset: str | None = None, alone: bool = False) -> Iterator[Pages]:
    """Open an MRC file; rows and columns are as stored.

    Raises
    ------
    InputError
        If it is damaged, cut short, or of complex numbers.
    """
    try:
        file = mrcfile.mmap(path, mode="r", permissive=False)
    except Exception as error:  # damage is reported by several types
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} is damaged, cut short or no MRC file ({reason.rstrip('.')})."
        ) from None
    with file:
        header = file.header
        data = file.data
        if data is None or data.ndim not in (2, 3):
            raise InputError(f"{path} is no single stack of images, but of {_axes(data)}.")
        order = tuple(int(header[name]) for name in ("mapc", "mapr", "maps"))
        if order not in ((1, 2, 3), (0, 0, 0)):
            raise InputError(
                f"{path} stores its axes in another order than x, y, z "
                f"(MAPC, MAPR, MAPS = {', '.join(map(str, order))}), which is not read."
            )
        stack = data.reshape(-1, *data.shape[-2:])
        unsigned = data.dtype == np.int8 and _stored_unsigned(header)
        dtype = np.dtype(np.uint8) if unsigned else data.dtype.newbyteorder("=")

        def read(start: int, stop: int) -> Block:
            part = stack[start:stop]
            return (part.view(np.uint8) if unsigned else part.astype(dtype)), None

        pages = Pages(stack.shape, dtype, read)
        if unsigned:
            pages.notes.say("bytes read as 0 to 255, as the header's range says")
        size = file.voxel_size
        x, y, z = float(size.x), float(size.y), float(size.z)
        if x > 0 and y > 0 and (x, y, z) != (1.0, 1.0, 1.0):
            add_pixel_size(pages, (y, x), "angstrom", spacing=z if len(stack) > 1 else None)
        yield pages


def _axes(data: Any) -> str:
    """Return how many axes there are, for a message."""
    return "no image" if data is None else f"{data.ndim} axes"


def _stored_unsigned(header: Any) -> bool:
    """Return whether bytes are 0 to 255 in spite of the format's mode 0.

    IMOD says so in a flag; of other programs the header's range tells.
    """
    raw = header.tobytes()
    stamp, flags = np.frombuffer(raw[152:160], dtype=header["mode"].dtype)
    if stamp == _IMOD:
        return not flags & 1
    return bool(header["dmax"] > 127)
