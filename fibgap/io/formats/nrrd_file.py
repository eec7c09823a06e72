"""NRRD, which 3D Slicer and ParaView read and write."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nrrd
import numpy as np

from fibgap.errors import InputError
from fibgap.io.axes import arrange
from fibgap.io.layers import Layers
from fibgap.io.pages import Pages, add_pixel_size


@contextmanager
def open_pages(path: Path, *, dataset: str | None = None, alone: bool = False) -> Iterator[Pages]:
    """Open a NRRD file, or the header of one whose data lie beside it.

    Raises
    ------
    InputError
        If it is damaged, cut short, or no stack of numbers.
    """
    try:
        values, header = nrrd.read(str(path), index_order="C")
    except (InputError, MemoryError):
        raise
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except Exception as error:  # damage is reported by many types
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} is damaged, cut short or no NRRD file ({reason}).") from None
    if header.get("encoding", "").lower() in ("ascii", "txt", "text") and "data file" not in header:
        with path.open("rb") as file:
            file.seek(-1, 2)
            if not file.read(1).isspace():
                raise InputError(f"{path} is cut short: its last number may not be complete.")
    pages = arrange(values, _letters(header, values.ndim), str(path), block=len(values))
    sizes = _sizes(header)
    if sizes:
        x, y, *rest = sizes
        unit = _unit(header)
        add_pixel_size(pages, (y, x), unit, spacing=rest[0] if rest else None)
    yield pages


def _letters(header: Any, ndim: int) -> str | None:
    """Return a letter per axis, slowest first, where the file says what the axes are."""
    kinds = list(header.get("kinds", []))[::-1]
    if len(kinds) != ndim:
        return None
    # "vector", "RGB-color", "list": values of one voxel.
    spatial = [kind in ("domain", "space", "???", "none") for kind in kinds]
    names = iter("321zyx"[-sum(spatial) :])
    return "".join(
        next(names) if space else "t" if kind == "time" else "c"
        for kind, space in zip(kinds, spatial, strict=True)
    )


def _sizes(header: Any) -> list[float] | None:
    """Return the spacing of the spatial axes, fastest first, or None."""
    directions = header.get("space directions")
    if directions is not None:
        lengths = np.linalg.norm(np.atleast_2d(np.asarray(directions, dtype=np.float64)), axis=1)
        return [float(length) for length in lengths if np.isfinite(length)] or None
    spacings = header.get("spacings")
    if spacings is None:
        return None
    return [float(spacing) for spacing in spacings if np.isfinite(spacing)] or None


def _unit(header: Any) -> str | None:
    """Return the unit of the spacings, or None if the file names none."""
    units = header.get("space units") or header.get("units") or [None]
    first = units[0] if isinstance(units, list) else units
    return str(first).strip('"') if first else None


def write(path: Path, layers: Layers) -> None:
    """Write a volume, compressed with gzip; its lengths are in nm."""
    z, y, x = layers.shape
    dz, dy, dx = (f"{size:.9g}" for size in layers.voxel_nm)
    kind = {"|u1": "uint8", "<f4": "float"}[layers.dtype.newbyteorder("<").str]
    header = (
        "NRRD0004\n"
        "# written by fibgap; binary data: 0 is pore, 255 is solid\n"
        f"type: {kind}\n"
        "dimension: 3\n"
        f"sizes: {x} {y} {z}\n"
        f"spacings: {dx} {dy} {dz}\n"
        'units: "nm" "nm" "nm"\n'
        "kinds: domain domain domain\n"
        "endian: little\n"
        "encoding: gzip\n\n"
    )
    with path.open("wb") as file:
        file.write(header.encode("ascii"))
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0, filename="") as data:
            for layer in layers:
                data.write(layer.astype(layers.dtype.newbyteorder("<")).tobytes())
