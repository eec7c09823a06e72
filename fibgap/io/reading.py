"""From opened pages to images in memory, and what is to be said of them."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.pages import Notes, Pages, Progress
from fibgap.on_disk import OnDisk

#: Makes the array that images are read into: in memory, or on disk if that is too small for it.
Allocate = Callable[[tuple[int, int, int], Any], NDArray[Any]]

#: Bytes of images that are read at once where they go to disk, if the file does not want more.
_AT_ONCE = 2**28


def read_all(
    pages: Pages, progress: Progress | None, allocate: Allocate = np.empty
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return all images and their valid pixels, with no second copy of the stack in memory."""
    total = pages.shape[0]
    if allocate is np.empty and pages.block >= total:
        images, valid = pages.read(0, total)
        images = np.ascontiguousarray(images, dtype=pages.dtype)
        valid = _finite(images, valid, pages.notes, 0)
        if progress:
            progress(pages.looked_at + total, pages.looked_at + total)
        return images, valid
    images = allocate(pages.shape, pages.dtype)
    step = pages.block
    if isinstance(images, OnDisk):
        step = min(step, max(1, _AT_ONCE // (prod(pages.shape[1:]) * pages.dtype.itemsize)))
    valid = None
    for start in range(0, total, step):
        stop = min(start + step, total)
        part, good = pages.read(start, stop)
        if part.shape != (stop - start, *pages.shape[1:]) or part.dtype != images.dtype:
            raise InputError(
                f"slice {start} is of shape {part.shape[1:]} and type {part.dtype}, but its header "
                f"says {pages.shape[1:]} and {images.dtype}."
            )
        images[start:stop] = part
        good = _finite(part, good, pages.notes, start)
        if good is not None:
            if valid is None:
                valid = allocate(pages.shape, np.bool_)
                for z in range(start):
                    valid[z] = True
            valid[start:stop] = good
        elif valid is not None:
            valid[start:stop] = True
        if progress:
            progress(pages.looked_at + stop, pages.looked_at + total)
    return images, valid


def _finite(
    images: NDArray[Any], valid: NDArray[np.bool_] | None, notes: Notes, start: int
) -> NDArray[np.bool_] | None:
    """Return which pixels are valid when those that are no number are not."""
    if valid is not None:
        notes.say("pixels that are not opaque (alpha channel) count as invalid", len(images))
    if images.dtype.kind != "f":
        return valid
    finite = np.isfinite(images)
    if finite.all():
        return valid
    bad = int((~finite).any(axis=(1, 2)).sum())
    notes.say("pixels that are no number (NaN or infinite) count as invalid", bad)
    return finite if valid is None else valid & finite


def empty_slices(images: NDArray[Any]) -> list[str]:
    """Return a warning if slices, or the end of the last one, look as if never written."""
    flat = [i for i, image in enumerate(images) if (image == image.flat[0]).all()]
    if len(flat) == len(images):
        return []
    if flat:
        value = images[flat[0]].flat[0]
        return [
            f"{len(flat)} of {len(images)} slices hold one single value, the first is slice "
            f"{flat[0]} (all {value:g}): were they written to the end?"
        ]
    black = [int((image[::-1] != 0).any(axis=1).argmax()) for image in images]
    if black[-1] > max([2, *black[:-1]]):
        return [
            f"the last {black[-1]} rows of the last slice are all 0, unlike those of the others: "
            "was it written to the end?"
        ]
    return []
