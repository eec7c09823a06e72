"""Whether a TIFF file is whole: libraries return what they find of a file that is cut short."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from tifffile import COMPRESSION, TiffFile, TiffPage

from fibgap.errors import InputError

#: Zeros at the end of a compressed segment that no encoder writes: what a copy leaves that made
#: room for the file and was interrupted.
_ZEROS = 32
_JPEG = (COMPRESSION.JPEG, COMPRESSION.OJPEG)


@contextmanager
def damage_named(source: Path | str) -> Iterator[None]:
    """Turn what tifffile and the codecs raise about a file into one sentence with its name."""
    logger = logging.getLogger("tifffile")  # it tells the terminal of damage, and goes on
    disabled, logger.disabled = logger.disabled, True
    try:
        yield
    except (InputError, MemoryError):
        raise
    except PermissionError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}.") from None
    except Exception as error:  # damage is reported by many types
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{source} is damaged or no TIFF file ({reason}).") from None
    finally:
        logger.disabled = disabled


def check_chain(file: TiffFile, pages: list[TiffPage], path: Path) -> None:
    """Refuse a file whose list of pages goes on where the file has ended.

    Every page says where the next one begins, the last one says 0.
    """
    if not pages:
        raise InputError(f"{path} holds no image.")
    handle, form = file.filehandle, file.tiff
    begin = pages[-1].offset
    handle.seek(begin)
    n_tags = int.from_bytes(handle.read(form.tagnosize), _order(file))
    handle.seek(begin + form.tagnosize + n_tags * form.tagsize)
    following = handle.read(form.offsetsize)
    if len(following) < form.offsetsize or int.from_bytes(following, _order(file)):
        raise InputError(
            f"{path} is cut short or damaged: after page {len(pages) - 1} another one should "
            "follow, which is not there."
        )


def _order(file: TiffFile) -> Literal["little", "big"]:
    """Return the byte order of a file in Python's words."""
    return "little" if file.byteorder == "<" else "big"


def check_data(page: TiffPage, source: str) -> None:
    """Refuse a page whose data are missing, partly or wholly."""
    offsets = np.asarray(page.dataoffsets, dtype=np.int64)
    counts = np.asarray(page.databytecounts, dtype=np.int64)
    size = page.parent.filehandle.size
    if len(offsets) != len(counts) or len(offsets) < np.prod(page.chunked):
        raise InputError(
            f"{source} is damaged: it needs {np.prod(page.chunked)} blocks of data, but lists "
            f"{len(offsets)}."
        )
    if (offsets <= 0).any() or (counts <= 0).any():
        raise InputError(f"{source} holds no data in a part of the image, which is not made up.")
    end = int((offsets + counts).max())
    if page.is_contiguous:
        end = max(end, int(offsets[0]) + page.nbytes)
    if end > size:
        raise InputError(
            f"{source} is cut short: its data end at byte {end}, but the file at byte {size}."
        )
    if page.compression == COMPRESSION.NONE:
        return
    handle = page.parent.filehandle
    for offset, count in zip(offsets.tolist(), counts.tolist(), strict=True):
        handle.seek(offset + max(0, count - _ZEROS))
        tail = handle.read(min(count, _ZEROS))
        # A JPEG ends with its mark; without it decoders fill the rest with grey.
        lost = b"\xff\xd9" not in tail if page.compression in _JPEG else not any(tail)
        if lost and count >= _ZEROS:
            raise InputError(f"{source} is damaged: its compressed data break off.")


def check_behind(page: TiffPage, total: int, path: Path) -> None:
    """Refuse a file whose only page announces more images than lie behind it."""
    end = page.dataoffsets[0] + total * page.nbytes
    size = page.parent.filehandle.size
    if not page.is_contiguous or end > size:
        raise InputError(
            f"{path} is cut short: it announces {total} images, which end at byte {end}, but the "
            f"file ends at byte {size}."
        )
