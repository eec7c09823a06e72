"""A stack as a microscope delivers it: images, pixel size, depths, and what was found in the file.

`read_images` reads it into memory; `open_images` opens it and leaves the reading to the caller, for
stacks that are larger than memory.
"""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.listed import open_list
from fibgap.io.pages import Pages, Progress, describe_size, same_size, sentences
from fibgap.io.reading import Allocate, empty_slices, read_all
from fibgap.io.sources import Source, find_source
from fibgap.on_disk import map_slices


@dataclass(frozen=True)
class ImageStack:
    """Images of slices, and what their file says of them.

    Attributes
    ----------
    images : (N, Y, X) ndarray
        As a person sees them: white is high. Of the file's type, or bool once segmented.
    pixel_nm : (float, float) or None
        Pixel size (y, x) in nm.
    spacing_nm : float or None
        Distance between slices in nm, where the file has one.
    depths_nm : (N,) float64 or None
        Depth of every slice in nm, where the file has them.
    names : tuple of str
        A name per slice: file names, labels; empty if there are none.
    valid : (N, Y, X) bool or None
        Which pixels show material; None: all of them.
    notes : tuple of str
        What was taken from the file and how it was read, a sentence each.
    warnings : tuple of str
        What a user should look at, a sentence each. Every one was a `FibgapWarning`, too.
    """

    images: NDArray[Any]
    pixel_nm: tuple[float, float] | None = None
    spacing_nm: float | None = None
    depths_nm: NDArray[np.float64] | None = None
    names: tuple[str, ...] = ()
    valid: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def noting(self, *notes: str, **changes: Any) -> "ImageStack":
        """Return the stack with further notes and with changes of its attributes."""
        return replace(self, notes=(*self.notes, *notes), **changes)

    def warning(self, *texts: str) -> "ImageStack":
        """Return the stack with further warnings, each of which is given to Python as well."""
        for text in texts:
            warnings.warn(text, FibgapWarning, stacklevel=3)
        return replace(self, warnings=(*self.warnings, *texts))


def read_images(
    source: Source,
    *,
    dataset: str | None = None,
    pixel_nm: float | tuple[float, float] | None = None,
    trust_given: bool = False,
    mask: Source | None = None,
    least: int = 2,
    progress: Progress | None = None,
    allocate: Allocate = np.empty,
) -> ImageStack:
    """Read a stack of images.

    Parameters
    ----------
    source : path, str, or sequence of them
        A folder of single images (in natural order: slice2 before slice10), a list of files (in
        its own order), a pattern, or a file that holds a stack: TIFF of all kinds, OME-TIFF, MRC,
        NRRD, MetaImage, HDF5, OME-Zarr. Single images are TIFF, PNG, JPEG, BMP or MRC.
    dataset : str, optional
        The array to be read where a file holds several (HDF5, Zarr).
    pixel_nm : float or (float, float), optional
        Pixel size, or pixel sizes (y, x), in nm. Where the file has one as well, they must agree.
    trust_given : bool
        Take `pixel_nm` even where the file's differs.
    mask : path, str, or sequence of them, optional
        One image, or one per slice: 0 where the slices show nothing.
    least : int
        The least number of slices that makes a stack.
    progress : callable, optional
        Called with steps done and all steps, after every slice or block of slices.
    allocate : callable, optional
        Makes the arrays from shape and type; it may put them on disk, see `fibgap.on_disk`.

    Returns
    -------
    ImageStack
        Complete: nothing is left out and nothing made up.

    Raises
    ------
    InputError
        If a file is missing, damaged or cut short; if slices differ in size, type or pixel size;
        if there are colours, complex numbers, further axes, or fewer slices than `least`; if
        `pixel_nm` differs from the file's.

    Warns
    -----
    FibgapWarning
        For what is suspicious: numbers of images left out, empty slices, blocks not stored.

    Examples
    --------
    >>> import tempfile, imageio.v3
    >>> folder = Path(tempfile.mkdtemp())
    >>> for number in (10, 9):
    ...     image = np.full((2, 3), number, dtype=np.uint8)
    ...     imageio.v3.imwrite(folder / f"slice{number}.png", image)
    >>> stack = read_images(folder, pixel_nm=2.5)
    >>> stack.images[:, 0, 0].tolist(), stack.names, stack.pixel_nm
    ([9, 10], ('slice9.png', 'slice10.png'), (2.5, 2.5))
    """
    stack, suspicious = _read(source, dataset, least, progress, allocate)
    size, doubt = _agree(stack.pixel_nm, pixel_nm, source, trust_given)
    stack = stack.noting(pixel_nm=size)
    if mask is not None:
        stack = _with_mask(stack, mask, allocate)
    return stack.warning(*suspicious, *doubt, *empty_slices(stack.images))


def read_plain(
    source: Source, *, dataset: str | None = None, allocate: Allocate = np.empty
) -> ImageStack:
    """Read a stack of one slice or more in which empty slices are nothing unusual, such as a mask.

    Raises
    ------
    InputError
        As `read_images`.
    """
    stack, suspicious = _read(source, dataset, 1, None, allocate)
    return stack.warning(*suspicious)


def _read(
    source: Source,
    dataset: str | None,
    least: int,
    progress: Progress | None,
    allocate: Allocate,
) -> tuple[ImageStack, tuple[str, ...]]:
    """Return a stack as its file has it, and what is suspicious about the file."""
    with open_images(source, dataset=dataset, progress=progress) as pages:
        total = pages.shape[0]
        if total < least:
            raise InputError(
                f"{_describe(source)} holds {total} image, but a stack needs at least {least}."
            )
        images, valid = read_all(pages, progress, allocate)
        stack = ImageStack(
            images=images,
            pixel_nm=pages.pixel_nm,
            spacing_nm=pages.spacing_nm,
            depths_nm=pages.depths_nm,
            names=pages.names,
            valid=valid,
            notes=sentences(pages.notes.told, total),
        )
        return stack, sentences(pages.notes.warnings, total)


@contextmanager
def open_images(
    source: Source, *, dataset: str | None = None, progress: Progress | None = None
) -> Iterator[Pages]:
    """Open a stack and check all that its headers tell; its pixels are read by the caller.

    Yields
    ------
    Pages
        `pages.read(start, stop)` returns some slices and their valid pixels.

    Raises
    ------
    InputError
        As `read_images`.
    """
    found = find_source(source)
    with ExitStack() as stack:
        if len(found.paths) == 1:
            path = found.paths[0]
            pages = stack.enter_context(found.form.open_pages(path, dataset=dataset))
            pages.notes.join(found.notes)
        else:
            pages = open_list(found, progress)
        if pages.dtype.kind == "c":
            raise InputError(f"{_describe(source)} holds complex numbers, not grey values.")
        if pages.dtype.kind not in "buif":
            raise InputError(f"{_describe(source)} holds {pages.dtype}, not grey values.")
        if 0 in pages.shape:
            raise InputError(f"{_describe(source)} holds no pixels: its shape is {pages.shape}.")
        yield pages


def _describe(source: Source) -> str:
    """Return what a person pointed at, for messages."""
    if isinstance(source, str | Path):
        return f"'{source}'"
    return f"the list of {len(source)} images"


def _agree(
    of_file: tuple[float, float] | None,
    given: float | tuple[float, float] | None,
    source: Source,
    trust_given: bool,
) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    """Return the pixel size of file and person, with a doubt if they differ, or refuse them."""
    if given is None:
        return of_file, ()
    size = given if isinstance(given, tuple) else (given, given)
    if len(size) != 2 or not all(np.isfinite(s) and s > 0 for s in size):
        raise InputError(f"pixel_nm must be one or two positive lengths, but is {given}.")
    mine = float(size[0]), float(size[1])
    if of_file is None or same_size(of_file, mine):
        return mine, ()
    theirs = describe_size(of_file)
    if not trust_given:
        raise InputError(
            f"{_describe(source)} has pixels of {theirs} by its own words, but "
            f"{describe_size(mine)} is given: which is right? (trust_given takes the latter.)"
        )
    return mine, (
        f"the file's pixel size, {theirs}, was not used: {describe_size(mine)} was given",
    )


def _with_mask(stack: ImageStack, mask: Source, allocate: Allocate) -> ImageStack:
    """Return a stack with the valid pixels of a mask image, or of one per slice."""
    read = read_plain(mask, allocate=allocate)
    if read.images.shape[1:] != stack.images.shape[1:] or len(read.images) not in (
        1,
        len(stack.images),
    ):
        raise InputError(
            f"the mask {_describe(mask)} has shape {read.images.shape}, but the stack "
            f"{stack.images.shape}: one image of its size is wanted, or one per slice."
        )
    single, before = len(read.images) == 1, stack.valid
    good = [int((image != 0).sum()) for image in read.images]

    def within(z: int, _: NDArray[Any]) -> NDArray[np.bool_]:
        shown = read.images[0 if single else z] != 0
        return shown if before is None else shown & before[z]

    share = 1 - sum(good) / (len(good) * stack.images[0].size)
    return stack.noting(
        f"mask {_describe(mask)}: {share:.1%} of the pixels are invalid",
        valid=map_slices(stack.images, within, np.bool_),
    )
