"""OME-Zarr 0.4 and 0.5, and plain Zarr arrays of versions 2 and 3."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.axes import arrange
from fibgap.io.layers import Layers
from fibgap.io.pages import Block, Pages, add_pixel_size, unit_nm

#: Edges of a block in voxels; a level of the pyramid that fits into one is the last.
_CHUNK = 128
_COMPRESSOR: Any = {"id": "zlib", "level": 1}


@contextmanager
def open_pages(path: Path, *, dataset: str | None = None, alone: bool = False) -> Iterator[Pages]:
    """Open a Zarr folder, at the highest resolution of its first image.

    Parameters
    ----------
    path : Path
        The folder.
    dataset : str, optional
        Path of an array or an image inside, such as "0" or "labels/cells".
    alone : bool
        Not used.

    Raises
    ------
    InputError
        If it is damaged, if the array is missing, or if it is no stack of numbers.
    """
    try:
        node: Any = zarr.open(str(path), mode="r")
        if dataset is not None:
            if not isinstance(node, zarr.Group) or dataset not in node:
                raise InputError(f"{path} has no array or image '{dataset}'; {_inside(node)}.")
            node = node[dataset]
        array, scale, axes, units, chosen = _find_array(node, path)
    except InputError:
        raise
    except PermissionError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except Exception as error:  # damage is reported by many types
        raise _damaged(path, error) from None
    source = f"'{array.path or '/'}' of {path}"
    if array.dtype.kind not in "buif":
        raise InputError(f"{source} is of type {array.dtype}: only numbers are read.")
    letters = axes if axes and len(axes) == array.ndim else None
    depth_axis = (letters or "zyx"[-array.ndim :].rjust(array.ndim)).find("z")
    pages = arrange(array, letters, source, block=array.chunks[max(0, depth_axis)])
    if chosen:
        pages.notes.say(chosen)
    _warn_of_missing(pages, array, path)
    inner = pages.read

    def read(start: int, stop: int) -> Block:
        try:
            return inner(start, stop)
        except (InputError, MemoryError):
            raise
        except Exception as error:  # damage is reported by many types
            raise _damaged(f"{path} in slices {start} to {stop - 1}", error) from None

    pages.read = read
    if scale is not None and letters:
        by_axis = dict(zip(letters, zip(scale, units, strict=True), strict=True))
        y, x = by_axis["y"], by_axis["x"]
        factor = (unit_nm(y[1]) or 1.0) / (unit_nm(x[1]) or 1.0)
        z = by_axis.get("z", (None, None))
        add_pixel_size(pages, (y[0] * factor, x[0]), x[1], spacing=z[0], spacing_unit=z[1])
    yield pages


def _damaged(source: Path | str, error: Exception) -> InputError:
    """Return what is to be said of a folder that cannot be read."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(f"{source} is damaged or no Zarr folder ({reason}).")


def _inside(node: Any) -> str:
    """Return what a group holds, for messages."""
    names = sorted(f"'{name}'" for name in node) if isinstance(node, zarr.Group) else []
    return f"it holds {', '.join(names) or 'none'}"


def _multiscales(node: Any) -> Any:
    """Return the metadata of an OME-Zarr image, of version 0.5 or before, or None."""
    attributes = dict(node.attrs)
    return (attributes.get("ome") or attributes).get("multiscales")


def _find_array(
    node: Any, path: Path
) -> tuple[zarr.Array[Any], list[float] | None, str | None, list[str | None], str]:
    """Return the array with its scale, axes and units as far as they are known, and a note."""
    if isinstance(node, zarr.Array):
        return node, None, None, [], ""
    scales = _multiscales(node)
    if scales is None and "0" in node and isinstance(node["0"], zarr.Group):
        images = [name for name in node if name.isdigit()]
        if len(images) > 1:
            raise InputError(
                f"{path} holds {len(images)} images: name the one to be read (dataset), such as "
                "'0'."
            )
        node, scales = node["0"], _multiscales(node["0"])
    if not scales:
        arrays = [name for name in node if isinstance(node[name], zarr.Array)]
        if len(arrays) == 1:
            return node[arrays[0]], None, None, [], f"the array '{arrays[0]}' was read"
        raise InputError(
            f"{path} is no OME-Zarr image; {_inside(node)}: name the one to be read (dataset)."
        )
    image = scales[0]
    finest = image["datasets"][0]
    array = node[finest["path"]]
    named = [axis if isinstance(axis, dict) else {"name": axis} for axis in image.get("axes", [])]
    axes = "".join(str(axis["name"]).lower() for axis in named) or None
    scale = np.ones(array.ndim)
    known = False
    for source in (finest, image):
        for step in source.get("coordinateTransformations", []):
            if step.get("type") == "scale":
                scale *= np.asarray(step["scale"], dtype=np.float64)
                known = True
    levels = len(image["datasets"])
    note = f"the highest resolution of {levels} was read" if levels > 1 else ""
    units = [axis.get("unit") for axis in named]
    return array, [float(s) for s in scale] if known else None, axes, units, note


def _warn_of_missing(pages: Pages, array: zarr.Array[Any], path: Path) -> None:
    """Warn of blocks that are not there: by the format they are all fill value."""
    sizes = array.shards or array.chunks
    needed = prod(ceil(n / c) for n, c in zip(array.shape, sizes, strict=True))
    there = int(array.nchunks_initialized)
    if array.shards:
        there = ceil(there / prod(s // c for s, c in zip(sizes, array.chunks, strict=True)))
    if there == 0:
        raise InputError(f"'{array.path or '/'}' of {path} holds no data.")
    if there < needed:
        pages.notes.warn(
            f"{needed - there} of {needed} blocks of {path.name} are not there: the format reads "
            f"them as {array.fill_value}, and a copy that was interrupted looks the same"
        )


def write(path: Path, layers: Layers, extra: dict[str, Layers]) -> None:
    """Write a volume as OME-Zarr 0.4, and others beside it as images inside the folder."""
    root = zarr.open_group(str(path), mode="w", zarr_format=2)
    _write_image(root, layers)
    for name, each in extra.items():
        _write_image(root.create_group(name), each)


def _write_image(group: zarr.Group, layers: Layers) -> None:
    """Write a volume at full resolution and halved as often as it takes to fit into one block."""
    levels: list[tuple[str, tuple[float, ...]]] = []
    shape: tuple[int, ...] = layers.shape
    scale: tuple[float, ...] = layers.voxel_nm
    source: Any = None
    while True:
        array = group.create_array(
            str(len(levels)),
            shape=shape,
            dtype=layers.dtype,
            chunks=tuple(min(_CHUNK, n) for n in shape),
            compressors=_COMPRESSOR,
            chunk_key_encoding={"name": "v2", "separator": "/"},
            config={"write_empty_chunks": True},
            fill_value=0,
        )
        _fill(array, layers, source)
        levels.append((str(len(levels)), scale))
        if max(shape) <= _CHUNK:
            break
        source = array
        halved = tuple(n > 1 for n in shape)
        scale = tuple(s * (2 if h else 1) for s, h in zip(scale, halved, strict=True))
        shape = tuple((n + 1) // 2 for n in shape)
    axes = [{"name": axis, "type": "space", "unit": "nanometer"} for axis in "zyx"]
    datasets: Any = [
        {"path": key, "coordinateTransformations": [{"type": "scale", "scale": list(scale)}]}
        for key, scale in levels
    ]
    group.attrs["multiscales"] = [
        {"version": "0.4", "axes": axes, "datasets": datasets, "type": "mean"}
    ]


def _fill(array: zarr.Array[Any], layers: Layers, source: Any) -> None:
    """Write an array blocks by blocks, from the layers or from the next finer level."""
    n_z, n_y, n_x = array.shape
    wide = n_x if source is None else _CHUNK  # of layers, whole rows are read
    for z, y, x in product(range(0, n_z, _CHUNK), range(0, n_y, _CHUNK), range(0, n_x, wide)):
        block = np.s_[z : min(z + _CHUNK, n_z), y : min(y + _CHUNK, n_y), x : min(x + wide, n_x)]
        if source is None:
            array[block] = layers.block(block[0].start, block[0].stop, block[1])
        else:
            # Of an axis of one voxel, which is not halved, these are all as well.
            finer = tuple(slice(2 * each.start, 2 * each.stop) for each in block)
            array[block] = _halve(np.asarray(source[finer]))


def _halve(values: NDArray[Any]) -> NDArray[Any]:
    """Return a block with every axis halved: the mean of eight voxels, of binary data their most.

    At an odd end the last layer counts twice. Binary data stay 0 and 255; a tie is 255.
    """
    odd = [(0, n % 2 if n > 1 else 1) for n in values.shape]
    padded = np.pad(values, odd, mode="edge")
    if values.dtype == np.uint8 and ((values == 0) | (values == 255)).all():
        count = padded >> 7
        count = count[::2] + count[1::2]
        count = count[:, ::2] + count[:, 1::2]
        count = count[:, :, ::2] + count[:, :, 1::2]
        return np.where(count >= 4, 255, 0).astype(np.uint8)
    z, y, x = (n // 2 for n in padded.shape)
    mean = padded.reshape(z, 2, y, 2, x, 2).mean(axis=(1, 3, 5), dtype=np.float32)
    return mean.astype(values.dtype) if values.dtype.kind == "f" else np.rint(mean).astype("u1")
