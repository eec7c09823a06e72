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
#: Bytes of one value, by the type of a tag.
_TAG_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TAG_BYTES |= {16: 8, 17: 8, 18: 8}
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
    """Refuse a file whose list of pages, or what one of them says of itself, breaks off.

    Every page says where the next one begins, the last one says 0.
    """
    if not pages:
        raise InputError(f"{path} holds no image.")
    handle, form = file.filehandle, file.tiff
    following = b""
    for number, page in enumerate(pages):
        handle.seek(page.offset)
        n_tags = int.from_bytes(handle.read(form.tagnosize), _order(file))
        entries = handle.read(n_tags * form.tagsize)
        following = handle.read(form.offsetsize)
        for entry in range(0, len(entries), form.tagsize):
            _check_tag(file, entries[entry : entry + form.tagsize], number, path)
    if len(following) < form.offsetsize or any(following):
        raise InputError(
            f"{path} is cut short or damaged: after page {len(pages) - 1} another one should "
            "follow, which is not there."
        )
    _check_end(file, pages, handle.tell(), path)


def _check_tag(file: TiffFile, entry: bytes, page: int, path: Path) -> None:
    """Refuse a tag whose value lies behind the end of the file: libraries leave it out."""
    order, half = _order(file), file.tiff.offsetsize
    kind = int.from_bytes(entry[2:4], order)
    count = int.from_bytes(entry[4 : 4 + half], order)
    size = _TAG_BYTES.get(kind, 0) * count
    end = int.from_bytes(entry[4 + half :], order) + size
    if size > half and end > file.filehandle.size:
        raise InputError(
            f"{path} is cut short or damaged: what page {page} says of itself ends at byte {end}, "
            f"but the file at byte {file.filehandle.size}."
        )


def _check_end(file: TiffFile, pages: list[TiffPage], end: int, path: Path) -> None:
    """Refuse a file that ends in zeros that belong to no page: its last pages were not copied.

    A copy that made room for the whole file and was interrupted leaves them, and a list of pages
    that breaks off in zeros looks complete.
    """
    if len(pages) == 1:
        return  # data may lie behind it that no list mentions
    for page in pages:
        pairs = zip(page.dataoffsets, page.databytecounts, strict=False)
        end = max([end, *(int(offset) + int(count) for offset, count in pairs)])
    handle = file.filehandle
    handle.seek(end)
    rest = handle.read(_ZEROS * 128)
    if len(rest) >= 2 * _ZEROS and not any(rest):
        raise InputError(
            f"{path} is damaged: after page {len(pages) - 1} it holds nothing but zeros, so its "
            "copy was interrupted."
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
