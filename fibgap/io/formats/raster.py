"""PNG, JPEG and BMP: one image a file."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fibgap.errors import InputError
from fibgap.io.colours import split_alpha, to_grey
from fibgap.io.pages import Block, Pages, add_pixel_size

_PNG = b"\x89PNG\r\n\x1a\n"


@contextmanager
def open_pages(path: Path, *, dataset: str | None = None, alone: bool = False) -> Iterator[Pages]:
    """Open a PNG, JPEG or BMP file as a stack of one slice.

    Raises
    ------
    InputError
        If it is damaged, cut short or in colours.
    """
    lossy = path.suffix.lower() in (".jpg", ".jpeg")
    is_png = path.suffix.lower() == ".png"
    size, dtype, per_metre = _png_header(path) if is_png else _pillow_header(path)

    def read(start: int, stop: int) -> Block:
        try:
            values = imagecodecs.png_decode(path.read_bytes()) if is_png else _decode(path, lossy)
        except InputError:
            raise
        except Exception as error:  # damage is reported by many types
            raise _damaged(path, error) from None
        valid = None
        if values.ndim == 3 and values.shape[-1] in (2, 4):
            values, valid = split_alpha(values)
        if values.ndim == 3 and values.shape[-1] == 3:
            values = to_grey(values, str(path), lossy=lossy)
        elif values.ndim == 3:
            values = values[..., 0]
        return values[None], None if valid is None else valid[None]

    pages = Pages((1, *size), dtype, read)
    if per_metre is not None:
        # Both formats count pixels per metre, and so do the programs that write dots per inch.
        add_pixel_size(pages, (100 / per_metre[1], 100 / per_metre[0]), "cm")
    yield pages


def _damaged(path: Path, error: Exception) -> InputError:
    """Return what is to be said of a file that cannot be decoded."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return InputError(f"{path} is damaged or no image of its kind ({reason}).")


def _png_header(
    path: Path,
) -> tuple[tuple[int, int], np.dtype[Any], tuple[float, float] | None]:
    """Return size (Y, X), type and pixels per metre (x, y) of a PNG file."""
    per_metre = None
    try:
        with path.open("rb") as file:
            if file.read(8) != _PNG:
                raise ValueError("it does not begin as one")
            length, kind = struct.unpack(">I4s", file.read(8))
            width, height, bits = struct.unpack(">IIB", file.read(9))
            file.seek(length - 9 + 4, 1)
            while kind != b"IDAT":
                length, kind = struct.unpack(">I4s", file.read(8))
                if kind == b"pHYs":
                    x, y, is_metre = struct.unpack(">IIB", file.read(9))
                    per_metre = (float(x), float(y)) if is_metre == 1 and x and y else None
                    length -= 9
                file.seek(length + 4, 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except (struct.error, ValueError) as error:
        raise _damaged(path, error) from None
    return (height, width), np.dtype(np.uint16 if bits == 16 else np.uint8), per_metre


def _pillow_header(
    path: Path,
) -> tuple[tuple[int, int], np.dtype[Any], tuple[float, float] | None]:
    """Return size (Y, X), type and pixels per metre (x, y) of a JPEG or BMP file."""
    try:
        with Image.open(path) as image:
            dots = image.info.get("dpi")
            size = (image.height, image.width)
    except OSError as error:
        raise _damaged(path, error) from None
    per_metre = None
    if dots and min(dots) > 0:
        per_metre = float(dots[0]) / 0.0254, float(dots[1]) / 0.0254
    return size, np.dtype(np.uint8), per_metre


def _decode(path: Path, is_jpeg: bool) -> NDArray[Any]:
    """Return the pixels of a JPEG or BMP file, grey (Y, X) or in colours (Y, X, S)."""
    # Decoders fill what is missing of a JPEG with grey; a whole one ends with its mark.
    if is_jpeg and b"\xff\xd9" not in path.read_bytes()[-4096:]:
        raise InputError(f"{path} is cut short: the end of its image is missing.")
    with Image.open(path) as image:
        if image.mode in ("1", "L"):
            return np.asarray(image.convert("L"))
        if image.mode in ("P", "RGB", "RGBA", "RGBX"):
            return np.asarray(image.convert("RGBA" if image.mode == "RGBA" else "RGB"))
        raise InputError(f"{path} is no grey image, but of the kind {image.mode}.")
