"""Curves of a volume larger than memory, counted block by block."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.measures.correlation import default_max_lag, lineal_path, two_point_correlation

#: Measures that count along lines, so that blocks of lines add up.
_CURVES: dict[str, Callable[..., NDArray[np.float64]]] = {
    "tpcf": two_point_correlation,
    "lpf": lineal_path,
}
#: Bytes that counting along the lines of a block takes per voxel.
_PER_VOXEL = 4


def measured_by_blocks() -> list[str]:
    """Return the names of the measures that go by blocks."""
    return [*_CURVES]


def measure_by_blocks(
    volume: Any,
    names: Sequence[str],
    *,
    memory: int,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Measure a volume that is read block by block.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True; an array, or a stack on disk (`fibgap.on_disk`).
    names : sequence of str
        Of `measured_by_blocks`.
    memory : int
        Bytes that may be taken, about.
    progress : callable, optional
        Called with the blocks done and all blocks.

    Returns
    -------
    dict of str to (3, L) float64
        What `fibgap.measures.measure` gives: the curves count pairs and segments along lines, so
        that the counts of blocks of whole lines add up.

    Examples
    --------
    >>> cube = np.arange(27).reshape(3, 3, 3) % 2 == 0
    >>> whole = two_point_correlation(cube)
    >>> parts = measure_by_blocks(cube, ["tpcf"], memory=1)["tpcf"]
    >>> bool((whole == parts).all())
    True
    """
    n_z, n_y, n_x = volume.shape
    lags = default_max_lag(volume.shape)
    counts = {name: np.zeros((3, lags + 1), dtype=np.int64) for name in names}
    blocks = [*_blocks(volume.shape, memory // _PER_VOXEL)]
    for done, (axes, layers, rows) in enumerate(blocks, start=1):
        block = np.asarray(volume[layers, rows])
        for axis in axes:
            starts = block.size // block.shape[axis] * _starts(block.shape[axis], lags)
            for name in names:
                curve = _CURVES[name](block, axis=axis, max_lag=lags)
                counts[name][axis] += np.rint(curve * starts).astype(np.int64)
        if progress:
            progress(done, len(blocks))
    total = n_z * n_y * n_x
    placements = [total // n * _starts(n, lags) for n in (n_z, n_y, n_x)]
    return {name: each / np.array(placements, np.float64) for name, each in counts.items()}


def _starts(side: int, lags: int) -> NDArray[np.int64]:
    """Return where on a line a pair of every lag can start."""
    return side - np.arange(lags + 1)


def _blocks(
    shape: tuple[int, int, int], voxels: int
) -> Iterator[tuple[tuple[int, ...], slice, slice]]:
    """Yield blocks of whole lines, and the axes along which these lie."""
    n_z, n_y, n_x = shape
    rows, layers = max(1, voxels // (n_z * n_x)), max(1, voxels // (n_y * n_x))
    for first in range(0, n_y, rows):
        yield (0,), slice(0, n_z), slice(first, first + rows)
    for first in range(0, n_z, layers):
        yield (1, 2), slice(first, first + layers), slice(0, n_y)
