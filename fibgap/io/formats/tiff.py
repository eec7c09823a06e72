"""TIFF in all its kinds: pages, ImageJ's hyperstacks, BigTIFF, OME-TIFF; compressed or not.

A file that is cut short, that lacks a page, or whose pages differ is refused: every page that it
announces is there, with all of its data, or there is an error.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffFile, TiffPage, imwrite

from fibgap.errors import InputError
from fibgap.io.colours import apply_palette, invert, split_alpha, to_grey
from fibgap.io.formats.ome import (
    add_depths,
    add_ome_sizes,
    find_pixels,
    find_planes,
    ome_depths,
    parse_ome,
)
from fibgap.io.formats.tiff_checks import check_behind, check_chain, check_data, damage_named
from fibgap.io.formats.tiff_header import add_sizes, announced_images, image_rows
from fibgap.io.layers import Layers
from fibgap.io.pages import Block, Pages

#: Bytes of data that leave room for the pages' headers in a TIFF of 32-bit offsets.
_LARGEST_CLASSIC = 2**32 - 2**25

_COLOURS: dict[int, int] = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.YCBCR: 3,
}


@dataclass
class _Plane:
    """Where one slice lies: a page, or (offset > 0) data behind a page that has none of its own."""

    page: TiffPage
    source: str
    offset: int = 0


@contextmanager
def open_pages(path: Path, *, dataset: str | None = None, alone: bool = False) -> Iterator[Pages]:
    """Open a TIFF file.

    Parameters
    ----------
    path : Path
        The file.
    dataset : str, optional
        Not used.
    alone : bool
        Whether it is one image of a list: then its OME-XML's other files are not asked for.

    Yields
    ------
    Pages
        Its slices.

    Raises
    ------
    InputError
        If it is damaged, cut short, or no stack of grey images.
    """
    with ExitStack() as stack:
        with damage_named(path):
            pages = _describe(path, stack, alone)
        yield pages


def _describe(path: Path, stack: ExitStack, alone: bool) -> Pages:
    """Return what a file holds, all of its pages checked."""
    file, images = _open(path, stack)
    pages = Pages((0, 0, 0), np.dtype(np.uint8), _nothing)
    xml = file.ome_metadata
    if xml and not alone:
        planes = _ome_planes(str(xml), images, path, stack, pages)
    elif xml:
        planes = [_Plane(page, f"page {i} of {path}") for i, page in enumerate(images)]
        description = find_pixels(parse_ome(str(xml), path), path)
        add_ome_sizes(pages, description)
        depths = ome_depths(description)
        if len(depths) == len(planes) == 1:
            pages.depths_nm = np.array([*depths.values()])
    else:
        planes = _plain_planes(file, images, path, pages)
        add_sizes(pages, file, images[0])
    return _with_planes(pages, planes, image_rows(images[0]))


def _nothing(start: int, stop: int) -> Block:
    """Stand for the reading of a file whose pages are not known yet."""
    raise AssertionError


def _open(path: Path, stack: ExitStack) -> tuple[TiffFile, list[TiffPage]]:
    """Open one file and return it with its pages, checked; reduced images and masks left out."""
    file = stack.enter_context(TiffFile(path, _multifile=False))
    pages = [page for page in file.pages if isinstance(page, TiffPage)]
    check_chain(file, pages, path)
    whole = [page for page in pages if not page.subfiletype & 0b101]
    return file, whole or pages


def _ome_planes(
    xml: str, images: list[TiffPage], path: Path, stack: ExitStack, pages: Pages
) -> list[_Plane]:
    """Return the slices of an OME-TIFF, from all of its files."""
    found = find_planes(xml, path, len(images))
    opened = {path: images}
    planes = []
    for home, index in found.planes:
        if home not in opened:
            with damage_named(home):
                opened[home] = _open(home, stack)[1]
        if index >= len(opened[home]):
            raise InputError(
                f"{home} is cut short: {path.name} looks for page {index} in it, but it holds "
                f"{len(opened[home])} pages."
            )
        planes.append(_Plane(opened[home][index], f"page {index} of {home}"))
    if found.note:
        pages.notes.say(found.note)
    if len(opened) > 1:
        pages.notes.say(f"OME-TIFF of {len(opened)} files")
    add_ome_sizes(pages, found.pixels)
    depths = ome_depths(found.pixels)
    add_depths(pages, [depths.get(index) for index in range(len(planes))])
    return planes


def _plain_planes(file: TiffFile, images: list[TiffPage], path: Path, pages: Pages) -> list[_Plane]:
    """Return the slices of any other TIFF file: its pages, or the data behind its only page."""
    n_skipped = len(file.pages) - len(images)
    if n_skipped:
        pages.notes.say(f"{n_skipped} reduced images or masks among the pages were left out")
    total, note = announced_images(file, images, path)
    if note:
        pages.notes.say(note)
    if total > len(images) == 1:
        check_behind(images[0], total, path)
        step = images[0].nbytes
        return [_Plane(images[0], f"image {i} of {path}", i * step) for i in range(total)]
    if total > len(images):
        raise InputError(
            f"{path} is cut short: it announces {total} images, but holds {len(images)}."
        )
    if 0 < total < len(images):
        pages.notes.warn(
            f"{path.name} announces {total} images, but holds {len(images)} pages: all were read"
        )
    return [_Plane(page, f"page {i} of {path}") for i, page in enumerate(images)]


def _with_planes(pages: Pages, planes: list[_Plane], rows: int | None) -> Pages:
    """Return the slices as one stack, or say which is the first that is not like the others."""
    first = planes[0].page
    size, dtype = (first.imagelength, first.imagewidth), _dtype(first, planes[0].source)
    for plane in planes:
        check_data(plane.page, plane.source)
        here = (plane.page.imagelength, plane.page.imagewidth)
        if here != size:
            raise InputError(
                f"{plane.source} has {here[0]} x {here[1]} pixels, but {planes[0].source} has "
                f"{size[0]} x {size[1]}: all slices need one size."
            )
        if (kind := _dtype(plane.page, plane.source)) != dtype:
            raise InputError(
                f"{plane.source} is of type {kind}, but {planes[0].source} of {dtype}: all slices "
                "need one type."
            )
        _note_how(plane.page, pages)
    depth = first.imagedepth
    if rows and rows < size[0]:
        pages.notes.say(f"data bar of {size[0] - rows} rows below the image cut off", len(planes))
        size = (rows, size[1])

    def read(start: int, stop: int) -> Block:
        if depth > 1:
            values, valid = _as_seen(first, first.asarray(), planes[0].source)
            return values[start:stop], None if valid is None else valid[start:stop]
        images, masks = zip(*(_read_plane(plane) for plane in planes[start:stop]), strict=True)
        blocks = np.stack(images)[:, : size[0]]
        if all(mask is None for mask in masks):
            return blocks, None
        opaque = np.ones(size, np.bool_)
        return blocks, np.stack([opaque if mask is None else mask[: size[0]] for mask in masks])

    pages.shape = (len(planes) * depth, *size)
    pages.dtype = dtype
    pages.read = read
    pages.block = depth
    return pages


def _read_plane(plane: _Plane) -> Block:
    """Return one slice (Y, X) as a person sees it."""
    with damage_named(plane.source):
        page = plane.page
        if plane.offset:
            handle = page.parent.filehandle
            handle.seek(page.dataoffsets[0] + plane.offset)
            stored = _dtype(page, plane.source).newbyteorder(page.parent.byteorder)
            values = handle.read_array(stored, math.prod(page.shape)).reshape(page.shape)
            values = values.astype(_dtype(page, plane.source), copy=False)
        else:
            values = page.asarray()
        return _as_seen(page, values, plane.source)


def _dtype(page: TiffPage, source: str) -> np.dtype[Any]:
    """Return the type of a page as it is read."""
    if page.dtype is None:
        raise InputError(
            f"{source} has pixels of {page.bitspersample} bits in a form that cannot be read."
        )
    return np.dtype(np.uint8) if page.photometric == PHOTOMETRIC.PALETTE else page.dtype


def _note_how(page: TiffPage, pages: Pages) -> None:
    """Note what is done to the values of a page."""
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        pages.notes.say("white is stored as 0 (MinIsWhite): values inverted, white is high", 1)
    elif page.photometric == PHOTOMETRIC.PALETTE:
        pages.notes.say("values looked up in the file's palette of greys", 1)
    elif page.photometric in (PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR):
        pages.notes.say("red, green and blue are equal: read as grey", 1)
    orientation = page.tags.valueof(274, default=1)
    if orientation != 1:
        pages.notes.say(f"rows and columns as stored: orientation tag {orientation} not applied", 1)


def _as_seen(page: TiffPage, values: NDArray[Any], source: str) -> Block:
    """Return the values of a page as a person sees them, and which pixels are valid."""
    colours = _COLOURS.get(page.photometric)
    if colours is None:
        kind = getattr(page.photometric, "name", page.photometric)
        raise InputError(f"{source} is no grey image, but of the kind {kind}.")
    valid = None
    samples = page.samplesperpixel
    if samples > 1 or colours > 1:
        if page.planarconfig == 2:
            values = np.moveaxis(values, 0, -1)
        if samples == colours + 1 and (
            colours == 3 or EXTRASAMPLE.UNSPECIFIED not in page.extrasamples
        ):
            values, valid = split_alpha(values)
        elif samples != colours:
            raise InputError(
                f"{source} has {samples} values per pixel, that is channels: save the one to be "
                "read as a file of its own."
            )
        if colours == 3:
            lossy = page.compression in (COMPRESSION.JPEG, COMPRESSION.OJPEG)
            values = to_grey(values, source, lossy=lossy)
        else:
            values = values[..., 0]
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        values = invert(values, page.bitspersample, source)
    elif page.photometric == PHOTOMETRIC.PALETTE:
        values = apply_palette(values, np.asarray(page.colormap), source)
    return values, valid


def write(path: Path, layers: Layers) -> None:
    """Write a volume as OME-TIFF if its name says so, else as a TIFF of ImageJ's kind."""
    z, y, x = layers.voxel_nm
    # Said aloud, since three or four layers would else pass for colours.
    common: dict[str, Any] = {
        "shape": layers.shape,
        "dtype": layers.dtype,
        "photometric": "minisblack",
    }
    if ".ome." in path.name.lower():
        metadata: dict[str, Any] = {"axes": "ZYX"}
        for axis, size in zip("XYZ", (x, y, z), strict=True):
            metadata |= {f"PhysicalSize{axis}": size, f"PhysicalSize{axis}Unit": "nm"}
        imwrite(path, iter(layers), ome=True, compression="zlib", metadata=metadata, **common)
        return
    imwrite(
        path,
        iter(layers),
        imagej=True,
        resolution=(1 / x, 1 / y),
        metadata={"axes": "ZYX", "spacing": z, "unit": "nm"},
        # ImageJ reads more than 4 GB as what lies behind one single page.
        truncate=math.prod(layers.shape) * layers.dtype.itemsize > _LARGEST_CLASSIC,
        **common,
    )
