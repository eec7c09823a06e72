"""Volumes out: for Fiji, napari, ParaView, 3D Slicer and h5py; and in again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.files import write_aside
from fibgap.io.folders import write_folder_aside
from fibgap.io.formats import Format, require_format
from fibgap.io.images import read_plain
from fibgap.io.layers import Layers, Sliceable
from fibgap.io.pages import full_path
from fibgap.io.reading import Allocate
from fibgap.io.segmentation import segment
from fibgap.on_disk import map_slices


@dataclass(frozen=True)
class Volume:
    """A binary volume that was read.

    Attributes
    ----------
    solid : (Z, Y, X) bool
        Solid = True.
    voxel_nm : (float, float, float) or None
        Voxel size (z, y, x) in nm, if the file has it.
    notes : tuple of str
        How it was read.
    """

    solid: NDArray[np.bool_]
    voxel_nm: tuple[float, float, float] | None
    notes: tuple[str, ...]


def write_volume(
    path: Path | str,
    volume: Sliceable,
    voxel_nm: float | tuple[float, float, float],
    *,
    extra: Mapping[str, Sliceable] | None = None,
) -> tuple[Path, ...]:
    """Write a binary volume in the format that the file's name asks for.

    Parameters
    ----------
    path : path
        Its ending decides: ``.tif`` (ImageJ), ``.ome.tif``, ``.ome.zarr``, ``.h5``, ``.nrrd``,
        ``.mha``. What is there already is replaced when all is written.
    volume : (Z, Y, X) array
        Of bool, 0/1 or 0/255; an open HDF5 or Zarr array is read some layers at a time. It is
        written as 0 (pore) and 255 (solid).
    voxel_nm : float or (float, float, float)
        Voxel size in nm, or (z, y, x).
    extra : dict of arrays, optional
        Further volumes of the same shape by name: masks (bool) are written as 0 and 255,
        confidences (uint8 or float) as they are. HDF5 and OME-Zarr hold them in the same file,
        the others get a file of its own each, such as ``volume_filled.tif``.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    InputError
        If the ending is unknown, if the volume is not binary, or if it cannot be written there.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "volume.mha"
    >>> cube = np.eye(2, dtype=bool)[None]
    >>> [written.name for written in write_volume(path, cube, 2.5, extra={"filled": ~cube})]
    ['volume.mha', 'volume_filled.mha']
    >>> read_volume(path).voxel_nm
    (2.5, 2.5, 2.5)
    """
    path = full_path(path)
    form = require_format(path, writes=True)
    sizes = _voxel(voxel_nm)
    layers = Layers(volume, sizes, binary=True)
    beside: dict[str, Layers] = {}
    for name, values in (extra or {}).items():
        if not name.isidentifier() or name == "volume":
            raise InputError(f"'{name}' cannot be the name of a volume: use letters and digits.")
        beside[name] = Layers(values, sizes, binary=False)
        if beside[name].shape != layers.shape:
            raise InputError(
                f"'{name}' has shape {beside[name].shape}, but the volume {layers.shape}."
            )
    try:
        if form.holds_several:
            _write_one(form, path, layers, beside)
            return (path,)
        ending = next(end for end in form.suffixes if path.name.lower().endswith(end))
        stem = path.name[: -len(ending)]
        files = {path: layers}
        for name, each in beside.items():
            files[path.with_name(f"{stem}_{name}{path.name[len(stem) :]}")] = each
        for file, each in files.items():
            _write_one(form, file, each)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    return tuple(files)


def _voxel(voxel_nm: float | tuple[float, float, float]) -> tuple[float, float, float]:
    """Return a voxel size (z, y, x), checked."""
    sizes = tuple(np.ravel(np.asarray(voxel_nm, dtype=np.float64)).tolist())
    sizes = sizes * 3 if len(sizes) == 1 else sizes
    if len(sizes) != 3 or not all(np.isfinite(size) and size > 0 for size in sizes):
        raise InputError(f"voxel_nm must be one or three positive lengths, but is {voxel_nm}.")
    return sizes[0], sizes[1], sizes[2]


def _write_one(form: Format, path: Path, *layers: Any) -> None:
    """Write one file or folder aside and move it into place."""
    with write_folder_aside(path) if form.folder else write_aside(path) as aside:
        form.write(aside, *layers)


def read_volume(
    path: Path | str, *, dataset: str | None = None, allocate: Allocate = np.empty
) -> Volume:
    """Read a binary volume of any format that `read_images` knows.

    Parameters
    ----------
    path : path
        A file, or a folder of single images.
    dataset : str, optional
        The array to be read where a file holds several; of those that `write_volume` makes it is
        "volume" by itself.
    allocate : callable, optional
        See `fibgap.io.images.read_images`.

    Raises
    ------
    InputError
        If it cannot be read, or if it holds more than two values.
    """
    path = full_path(path)
    if dataset is None and path.is_file() and require_format(path).holds_several:
        dataset = _own_name(path)
    stack = read_plain(path, dataset=dataset, allocate=allocate)
    voxel = None
    if stack.pixel_nm is not None and stack.spacing_nm is not None:
        voxel = (stack.spacing_nm, *stack.pixel_nm)
    if all(((layer == 0) | (layer == 255)).all() for layer in stack.images):
        # As written here; unlike a stack it may be of one phase, such as a mask.
        solid = map_slices(stack.images, lambda _, image: image > 0, np.bool_)
        return Volume(solid, voxel, stack.notes)
    result = segment(stack).stack
    return Volume(result.images, voxel, result.notes)


def _own_name(path: Path) -> str | None:
    """Return "volume" if an HDF5 file has an array of that name, as those written here have."""
    import h5py

    from fibgap.io.hdf5 import open_for_reading

    try:
        with open_for_reading(path) as file:
            return "volume" if isinstance(file.get("volume"), h5py.Dataset) else None
    except OSError:
        return None  # read_images says what is wrong
