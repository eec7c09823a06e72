"""Which values a stack holds, and how often."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.images import ImageStack

_BINS = 256
#: More different values than this are not told apart.
MOST_VALUES = 1 << 16


def _valid(stack: ImageStack, z: int) -> NDArray[Any]:
    """Return the values of the valid pixels of one slice, in a row."""
    image = stack.images[z]
    return image.ravel() if stack.valid is None else image[stack.valid[z]]


def survey(
    stack: ImageStack,
) -> tuple[NDArray[np.generic], NDArray[np.int64], NDArray[np.float64]]:
    """Return the different values of the valid pixels, and their histogram.

    Returns
    -------
    (V,) ndarray
        Increasing; only the first 65,537 that are met.
    (B,) int64
        Counts of 256 bins, or of a bin per value for integers of a smaller range.
    (B + 1,) float64
        Edges of the bins.
    """
    dtype = stack.images.dtype
    if dtype.itemsize <= 2 and dtype.kind in "bui":
        values, counts = _count_integers(stack)
    else:
        values, counts = _distinct(stack), None
    if not len(values):
        raise InputError("no pixel of the stack is valid.")
    low, high = float(values[0]), float(values[-1])
    if counts is None:
        ends = [
            (float(part.min()), float(part.max()))
            for part in (_valid(stack, z) for z in range(len(stack.images)))
            if part.size
        ]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if dtype.kind in "bui" and high - low < _BINS:
        edges = np.arange(low - 0.5, high + 1)
    else:
        edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    span = (float(edges[0]), float(edges[-1]))
    if counts is not None:
        binned = np.histogram(values.astype(np.float64), len(edges) - 1, span, weights=counts)[0]
    else:
        binned = np.zeros(len(edges) - 1)
        for z in range(len(stack.images)):
            binned += np.histogram(_valid(stack, z), len(edges) - 1, span)[0]
    return values, np.asarray(binned, dtype=np.int64), edges


def _count_integers(stack: ImageStack) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    """Return the values of up to 16 bits that occur, and how often each does."""
    dtype = stack.images.dtype
    lowest = 0 if dtype.kind in "bu" else int(np.iinfo(dtype).min)
    counts = np.zeros(1 << (8 * dtype.itemsize), dtype=np.int64)
    for z in range(len(stack.images)):
        part = _valid(stack, z)
        offset = part if lowest == 0 else part.astype(np.int64) - lowest
        found = np.bincount(offset.view(np.uint8) if dtype == np.bool_ else offset)
        counts[: len(found)] += found
    occur = np.flatnonzero(counts)
    return (occur + lowest).astype(dtype), counts[occur]


def _distinct(stack: ImageStack) -> NDArray[np.generic]:
    """Return the different values, as soon as they are more than can be labels, some of them."""
    found: NDArray[np.generic] = np.empty(0, dtype=stack.images.dtype)
    for z in range(len(stack.images)):
        part = _valid(stack, z)
        if 0 < len(found) <= 16:  # labels: most slices bring no new one, and sorting is slow
            part = part[~np.isin(part, found)]
        found = np.union1d(found, part)
        if len(found) > MOST_VALUES:
            break
    return found
