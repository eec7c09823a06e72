"""Two-point correlation and lineal path of one phase, counted exactly."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.measures.registry import register
from fibgap.stack import require_binary

BOUNDARIES = ("open", "periodic")

# Words of one block, 256 KiB: block, running AND and counts stay together in a core's L2 cache.
_BLOCK_WORDS = 2**15


@dataclass(frozen=True)
class PackedLines:
    """All lines of voxels along one axis, one bit a voxel, 64 lines to a word.

    A shift along the axis is then a shift by whole words, so a lag costs one AND and one count of
    bits for 64 lines at once.

    Attributes
    ----------
    words : (N, W) uint64
        Layer by layer along the axis; the bits of a layer beyond its last voxel are 0.
    lines : int
        Number of lines, that is of voxels in one layer.
    """

    words: NDArray[np.uint64]
    lines: int

    @classmethod
    def pack(cls, volume: NDArray[np.bool_], axis: int, *, phase: bool = True) -> "PackedLines":
        """Pack one phase of a volume along one axis.

        Parameters
        ----------
        volume : ndarray of bool
            Any number of dimensions.
        axis : int
            Axis of the lines.
        phase : bool
            Value of the voxels that count.

        Returns
        -------
        PackedLines
            ``N = volume.shape[axis]`` layers.
        """
        shape = volume.shape
        before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        # Three merged dimensions: this transposition is much faster than that of moveaxis.
        merged = volume.reshape(before, shape[axis], after).transpose(1, 0, 2)
        layers = np.ascontiguousarray(merged).reshape(shape[axis], before * after)
        packed = np.packbits(layers if phase else ~layers, axis=1)
        padding = -packed.shape[1] % 8
        if padding:
            packed = np.pad(packed, ((0, 0), (0, padding)))
        return cls(packed.view(np.uint64), before * after)

    def two_point_correlation(self, max_lag: int, boundary: str) -> NDArray[np.float64]:
        """Return S2 of the packed phase, shape (max_lag + 1,); see the function of that name."""
        counts = np.zeros(max_lag + 1, np.int64)
        for block, both, bits in self._blocks(max_lag, boundary):
            for lag in range(max_lag + 1):
                valid = self._placements(lag, boundary)
                np.bitwise_and(block[:valid], block[lag : lag + valid], out=both[:valid])
                counts[lag] += _count_bits(both[:valid], bits[:valid])
        return self._normalised(counts, boundary)

    def lineal_path(self, max_lag: int, boundary: str) -> NDArray[np.float64]:
        """Return L of the packed phase, shape (max_lag + 1,); see the function of that name."""
        counts = np.zeros(max_lag + 1, np.int64)
        for block, run, bits in self._blocks(max_lag, boundary):
            np.copyto(run, block[: len(run)])
            for lag in range(max_lag + 1):
                valid = self._placements(lag, boundary)
                # A segment of lag + 1 voxels is one of lag voxels and the voxel that follows it.
                run[:valid] &= block[lag : lag + valid]
                count = _count_bits(run[:valid], bits[:valid])
                if not count:
                    break
                counts[lag] += count
        return self._normalised(counts, boundary)

    def _placements(self, lag: int, boundary: str) -> int:
        """Return on how many layers a segment of this lag can start."""
        return len(self.words) - (lag if boundary == "open" else 0)

    def _normalised(self, counts: NDArray[np.int64], boundary: str) -> NDArray[np.float64]:
        starts = [self._placements(lag, boundary) for lag in range(len(counts))]
        return counts / (self.lines * np.array(starts, np.float64))

    def _blocks(
        self, max_lag: int, boundary: str
    ) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint8]]]:
        """Yield blocks of whole lines, each with two buffers; periodic ones repeat their start."""
        layers, width = self.words.shape
        columns = max(1, _BLOCK_WORDS // layers)
        for start in range(0, width, columns):
            block = np.ascontiguousarray(self.words[:, start : start + columns])
            buffers = np.empty(block.shape, np.uint64), np.empty(block.shape, np.uint8)
            if boundary == "periodic":
                block = np.concatenate([block, block[:max_lag]])
            yield block, *buffers


def _count_bits(words: NDArray[np.uint64], buffer: NDArray[np.uint8]) -> int:
    # A block's bits fit 32 bits (2**15 words of 64, or one column), which NumPy sums fastest.
    return int(np.bitwise_count(words, out=buffer).sum(dtype=np.uint32))


def check_boundary(boundary: str) -> None:
    """Raise InputError unless the boundary treatment is a known one."""
    if boundary not in BOUNDARIES:
        raise InputError(f"boundary must be one of {', '.join(BOUNDARIES)}, but is {boundary!r}.")


def check_max_lag(max_lag: int, side: int) -> None:
    """Raise InputError unless lags up to `max_lag` fit in a side of that many voxels."""
    if not isinstance(max_lag, int | np.integer) or not 0 <= max_lag < side:
        raise InputError(
            f"max_lag must be an integer from 0 to {side - 1} on a side of {side} voxels, "
            f"but is {max_lag}."
        )


def _curves(
    volume: ArrayLike,
    curve: Callable[[PackedLines, int, str], NDArray[np.float64]],
    axis: int | None,
    max_lag: int | None,
    phase: bool,
    boundary: str,
) -> NDArray[np.float64]:
    """Return a curve along one axis, or along z, y and x one below the other."""
    array = require_binary(volume, "volume")
    if axis is None and array.ndim != 3:
        raise InputError(f"volume must be three-dimensional, but its shape is {array.shape}.")
    if axis is not None and (not isinstance(axis, int | np.integer) or not 0 <= axis < array.ndim):
        raise InputError(f"axis must be an integer from 0 to {array.ndim - 1}, but is {axis}.")
    if not array.size:
        raise InputError(f"volume has no voxels: its shape is {array.shape}.")
    check_boundary(boundary)
    axes = range(3) if axis is None else [int(axis)]
    if max_lag is None:
        max_lag = default_max_lag(array.shape)
    for each in axes:
        check_max_lag(max_lag, array.shape[each])
    curves = [curve(PackedLines.pack(array, each, phase=phase), max_lag, boundary) for each in axes]
    return np.array(curves) if axis is None else curves[0]


@register("tpcf")
def two_point_correlation(
    volume: ArrayLike,
    *,
    axis: int | None = None,
    max_lag: int | None = None,
    phase: bool = True,
    boundary: str = "open",
    centred: bool = False,
) -> NDArray[np.float64]:
    """Return the two-point correlation function of one phase along every axis or one.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True; with an `axis`, arrays of one or two dimensions serve as well.
    axis : int, optional
        Direction of the lag: 0 is z, 1 is y, 2 is x; all three if not given.
    max_lag : int, optional
        Largest lag in voxels, less than the side along the axis; half the shortest side, rounded
        down, if not given.
    phase : bool
        True for the solid, False for the pores.
    boundary : {"open", "periodic"}
        Whether pairs stay inside the volume or wrap around it.
    centred : bool
        Whether the square of the volume fraction of the phase is taken off.

    Returns
    -------
    (3, max_lag + 1) float64, or (max_lag + 1,) along one axis
        The function at lags 0, 1, ... voxels along z, y, x; without centring, lag 0 is the volume
        fraction of the phase.

    Raises
    ------
    InputError
        If the volume is not binary, or an argument out of its range.

    Notes
    -----
    ``S2(n) = (pairs of voxels n apart that are both in the phase) / (pairs n apart)``, not
    centred unless asked for: S2 tends to the square of the volume fraction (Torquato, Random
    Heterogeneous Materials, 2002, section 2.2). The pairs are counted in integers, so the result
    is exact but for one division.

    ASSUME: of the solid, not centred, with open boundaries: pairs that would leave the volume are
    counted neither above nor below the fraction line.

    Examples
    --------
    Of the six pairs at lag 0, five at lag 1 and four at lag 2, these are solid:

    >>> s2 = two_point_correlation([1, 1, 1, 0, 1, 1], axis=0, max_lag=2)
    >>> bool(np.all(s2 == [5 / 6, 3 / 5, 2 / 4]))
    True
    """
    curves = _curves(volume, PackedLines.two_point_correlation, axis, max_lag, phase, boundary)
    if not centred:
        return curves
    fraction = np.asarray(volume).mean()
    return curves - (fraction if phase else 1 - fraction) ** 2


@register("lpf")
def lineal_path(
    volume: ArrayLike,
    *,
    axis: int | None = None,
    max_lag: int | None = None,
    phase: bool = True,
    boundary: str = "open",
) -> NDArray[np.float64]:
    """Return the lineal-path function of one phase along every axis or one.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True; with an `axis`, arrays of one or two dimensions serve as well.
    axis : int, optional
        Direction of the segments: 0 is z, 1 is y, 2 is x; all three if not given.
    max_lag : int, optional
        Largest lag in voxels, less than the side along the axis; half the shortest side, rounded
        down, if not given.
    phase : bool
        True for the solid, False for the pores.
    boundary : {"open", "periodic"}
        Whether segments stay inside the volume or wrap around it.

    Returns
    -------
    (3, max_lag + 1) float64, or (max_lag + 1,) along one axis
        The function at lags 0, 1, ... voxels along z, y, x; lag 0 is the volume fraction of the
        phase.

    Raises
    ------
    InputError
        If the volume is not binary, or an argument out of its range.

    Notes
    -----
    ``L(n) = (segments of n + 1 voxels wholly in the phase) / (segments of n + 1 voxels)``, the
    lag being the distance of the segment's end voxels (Lu and Torquato, Phys. Rev. A 45, 922,
    1992). The indicator of such segments follows from that of the shorter ones,
    ``E_n(i) = E_(n-1)(i) and I(i + n)``, so each lag costs one pass.

    ASSUME: of the solid, with open boundaries, normalised by the segments that fit; lag 0 is a
    segment of one voxel.

    Examples
    --------
    >>> path = lineal_path([1, 1, 1, 0, 1, 1], axis=0, max_lag=5)
    >>> bool(np.all(path == [5 / 6, 3 / 5, 1 / 4, 0, 0, 0]))
    True
    """
    return _curves(volume, PackedLines.lineal_path, axis, max_lag, phase, boundary)


def default_max_lag(shape: tuple[int, ...]) -> int:
    """Return half the shortest side, rounded down: the largest lag unless another is asked for.

    Notes
    -----
    ASSUME: the supplement names no largest lag; beyond half a side few independent pairs are left.

    Examples
    --------
    >>> default_max_lag((9, 64, 64))
    4
    """
    return min(shape) // 2
