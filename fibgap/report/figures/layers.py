"""The showcase layer by layer: pictures through which the report's slider walks."""

import base64
import math
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.report.figures.showcase import (
    COLORS,
    MISSING,
    PALETTE,
    Rebuilt,
    misclassified,
    painted,
)
from fibgap.stack import GappedVolume


def indexed_png(image: NDArray[np.uint8], palette: NDArray[np.float64]) -> bytes:
    """Return an image of few colours as a small PNG.

    Parameters
    ----------
    image : (H, W) uint8
        Indices of the palette, below 16.
    palette : (C, 3) float64
        Colours between 0 and 1.

    Returns
    -------
    bytes
        A PNG of colour type 3, 4 bits per pixel; the same for the same image.
    """

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width = image.shape
    even = np.zeros((height, width + width % 2), dtype=np.uint8)
    even[:, :width] = image
    rows = np.zeros((height, 1 + even.shape[1] // 2), dtype=np.uint8)  # each begins with: no filter
    rows[:, 1:] = even[:, ::2] << 4 | even[:, 1::2]
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)),
            chunk(b"PLTE", (palette * 255).round().astype(np.uint8).tobytes()),
            chunk(b"IDAT", zlib.compress(rows.tobytes(), 7)),
            chunk(b"IEND", b""),
        )
    )


def _sheet(layers: NDArray[np.uint8], columns: int) -> str:
    """Return layers side by side, row by row, as a data URI."""
    n, height, width = layers.shape
    rows = -(-n // columns)
    sheet = np.full((rows * columns, height, width), MISSING, dtype=np.uint8)
    sheet[:n] = layers
    image = sheet.reshape(rows, columns, height, width).swapaxes(1, 2)
    content = indexed_png(image.reshape(rows * height, columns * width), PALETTE)
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def showcase_layers(
    truth: NDArray[np.bool_],
    gapped: GappedVolume,
    arms: Mapping[str, Rebuilt],
    *,
    window: int = 128,
    most: int = 128,
) -> dict[str, Any]:
    """Return the xy-layers of one dataset as pictures, misclassified voxels coloured.

    Parameters
    ----------
    truth : (Z, Y, X) bool
        The true volume on the grid of `gapped`.
    gapped : GappedVolume
        The slices at their depths.
    arms : mapping of str to Rebuilt
        The volume of every arm.
    window, most : int
        Edge of a picture in voxels and number of layers; larger volumes are cropped about their
        middle.

    Returns
    -------
    dict
        For JSON: `first` (index of the first layer), `known` (of every layer, whether a slice lies
        there), `away` (layers to the nearest slice), `columns` and `rows` of the sheets, `aspect`
        (width and height of a picture in voxels), `palette` (the colours of the kinds),
        `pictures`: `name`, `sheet` (PNG, a data URI) and `misclassified` (percent of every layer,
        null where nothing can be judged).
    """
    limits = (most, window, window)
    begin = [max(0, (n - limit) // 2) for n, limit in zip(truth.shape, limits, strict=True)]
    z, y, x = (slice(b, b + limit) for b, limit in zip(begin, limits, strict=True))
    known = gapped.known
    found = painted(truth, gapped, arms)
    shares: dict[str, list[float | None]] = {}
    for name, arm in arms.items():
        if arm.first_layer is None:  # its layers are its own; as many as the truth has are shown
            other = np.full(truth.shape, MISSING, dtype=np.uint8)
            other[: len(found[name])] = found[name][: len(truth)]
            found[name] = other
            continue
        shares[name] = [
            None if (layer == MISSING).all() else round(100 * misclassified(layer), 1)
            for layer in found[name][z]
        ]
    count = len(truth[z])
    columns = math.ceil(math.sqrt(count))
    distance = np.abs(np.arange(len(known))[:, None] - gapped.layers).min(axis=1)
    return {
        "first": begin[0],
        "known": known[z].tolist(),
        "away": distance[z].tolist(),
        "columns": columns,
        "rows": -(-count // columns),
        "aspect": list(truth[z, y, x].shape[:0:-1]),
        "palette": list(COLORS.values()),
        "pictures": [
            {
                "name": name,
                "sheet": _sheet(values[z, y, x], columns),
                "misclassified": shares.get(name),
            }
            for name, values in found.items()
        ],
    }
