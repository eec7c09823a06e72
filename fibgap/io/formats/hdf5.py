"""HDF5: one dataset of a file, by name where there are several."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import ceil, prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fibgap.errors import InputError
from fibgap.io.axes import arrange
from fibgap.io.hdf5 import open_for_reading
from fibgap.io.layers import Layers
from fibgap.io.pages import Block, Pages, add_pixel_size


@contextmanager
def open_pages(path: Path, *, dataset: str | None = None, alone: bool = False) -> Iterator[Pages]:
    """Open an HDF5 file.

    Parameters
    ----------
    path : Path
        The file.
    dataset : str, optional
        Name of the array; not needed where only one has three axes.
    alone : bool
        Not used.

    Raises
    ------
    InputError
        If the file is damaged, if the array is missing or never was written to the end, or if
        there are several and none was named.
    """
    with ExitStack() as stack:
        with _damage_named(path):
            file = stack.enter_context(open_for_reading(path))
            values = _find(file, path, dataset)
            _require_written(values, path)
            pages = arrange(
                values, _axes(values), f"'{values.name}' of {path}", block=_block(values)
            )
            _add_sizes(pages, file, values)
        if dataset is None:
            pages.notes.say(f"the array '{values.name}' was read")
        inner = pages.read

        def read(start: int, stop: int) -> Block:
            with _damage_named(f"{path} in slices {start} to {stop - 1}"):
                return inner(start, stop)

        pages.read = read
        yield pages


@contextmanager
def _damage_named(source: Path | str) -> Iterator[None]:
    """Turn what HDF5 raises about a file into one sentence with its name."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except PermissionError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}.") from None
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{source} is damaged, cut short or no HDF5 file ({reason}).") from None


def _find(file: h5py.File, path: Path, name: str | None) -> h5py.Dataset:
    """Return the array of this name, or the only one with three axes or more."""
    found: dict[str, h5py.Dataset] = {}

    def visit(key: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "buifc":
            found[key] = item

    file.visititems(visit)  # follows no link to elsewhere
    if name is not None:
        key = name.strip("/")
        if key not in found:
            there = ", ".join(f"'{other}'" for other in found) or "none"
            raise InputError(f"{path} has no array of images '{name}'; it has {there}.")
        return found[key]
    stacks = {key: item for key, item in found.items() if item.ndim >= 3}
    if len(stacks) != 1:
        there = ", ".join(
            f"'{key}' ({' x '.join(map(str, item.shape))})" for key, item in stacks.items()
        )
        raise InputError(
            f"{path} holds {len(stacks)} arrays with three axes{': ' if there else ''}{there}; "
            "name the one to be read (dataset)."
            if stacks
            else f"{path} holds no array of numbers with three axes."
        )
    return next(iter(stacks.values()))


def _require_written(values: h5py.Dataset, path: Path) -> None:
    """Refuse an array parts of which were never written: HDF5 would make zeros of them."""
    name = f"'{values.name}' of {path}"
    if values.is_virtual or values.external:
        raise InputError(f"{name} lies in other files, which are not followed.")
    if values.chunks is None:
        if values.id.get_storage_size() < values.nbytes:
            raise InputError(f"{name} was never written to the end.")
        return
    needed = prod(ceil(n / c) for n, c in zip(values.shape, values.chunks, strict=True))
    there = values.id.get_num_chunks()
    if there < needed:
        raise InputError(
            f"{name} was never written to the end: {needed - there} of its {needed} blocks are "
            "missing."
        )


def _block(values: h5py.Dataset) -> int:
    """Return how many slices are best read at once: one row of chunks."""
    axis = max(0, values.ndim - 3)
    return int(values.chunks[axis]) if values.chunks else 1


def _axes(values: h5py.Dataset) -> str | None:
    """Return the axes that ilastik and its kind wrote, or None."""
    tags = values.attrs.get("axistags")
    if isinstance(tags, bytes):
        tags = tags.decode(errors="replace")
    if isinstance(tags, str):
        try:
            return "".join(str(axis["key"]) for axis in json.loads(tags)["axes"])
        except (KeyError, TypeError, ValueError):
            return None
    return None


def _add_sizes(pages: Pages, file: h5py.File, values: h5py.Dataset) -> None:
    """Take the voxel size: of ImageJ's and ilastik's attribute in µm, or of fibgap's own in nm."""
    for home in (values, values.parent, file):
        if "voxel_nm" in home.attrs:
            size = np.ravel(home.attrs["voxel_nm"]).astype(np.float64)
            unit = "nm"
        elif "element_size_um" in home.attrs:
            size = np.ravel(home.attrs["element_size_um"]).astype(np.float64)
            unit = "um"
        else:
            continue
        if size.size == 3:
            add_pixel_size(pages, (size[1], size[2]), unit, spacing=size[0])
        elif size.size == 1:
            add_pixel_size(pages, (size[0], size[0]), unit)
        return


def write(path: Path, layers: Layers, extra: dict[str, Layers]) -> None:
    """Write a volume as dataset "volume", and others beside it, compressed and with checksums."""
    # Nobody else knows of a file that is written aside.
    with h5py.File(path, "w", libver="v110", locking=False) as file:
        for name, each in {"volume": layers, **extra}.items():
            data = file.create_dataset(
                name,
                shape=each.shape,
                dtype=each.dtype,
                chunks=(1, *each.shape[1:]),
                compression="gzip",
                compression_opts=1,
                fletcher32=True,
            )
            data.attrs["voxel_nm"] = each.voxel_nm
            data.attrs["element_size_um"] = [size / 1000 for size in each.voxel_nm]
            data.attrs["axis_order"] = "z y x"
            for z, layer in enumerate(each):
                data[z] = layer
        file.flush()
    # HDF5 writes some chunks only when it closes, and h5py swallows the errors there: on a full
    # disk a file with holes would pass for a complete one.
    with h5py.File(path, "r", locking=False) as file:
        for name in file:
            _require_written(file[name], path)
            for z in range(len(file[name])):
                file[name][z]
