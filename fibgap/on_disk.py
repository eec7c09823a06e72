"""Stacks that lie on disk and are read as arrays are, some slices or rows at a time."""

import itertools
import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

_NUMBERS = itertools.count()


class OnDisk:
    """A stack (N, Y, X) in a plain file: what is asked for comes into memory, and nothing else.

    It stands where an array would be too large. Slices are taken and set as those of an array are;
    what would need all of it at once is a TypeError.

    Parameters
    ----------
    path : Path
        The file: values in C order without a header. It is made, as large as it will be, if it is
        not there.
    shape : (int, int, int)
        (N, Y, X).
    dtype : dtype
        Type of the values.
    keep : bool
        Whether the file stays when nobody holds the stack any more.

    Examples
    --------
    >>> import tempfile
    >>> stack = OnDisk(Path(tempfile.mkdtemp()) / "stack", (3, 2, 2), bool)
    >>> stack[1] = np.eye(2, dtype=bool)
    >>> stack[:, 0, 0].tolist(), stack.mean(), stack.take([1, 0])[0].astype(int).tolist()
    ([False, True, False], 0.16666666666666666, [[1, 0], [0, 1]])
    """

    ndim = 3

    def __init__(
        self, path: Path, shape: tuple[int, int, int], dtype: Any, *, keep: bool = False
    ) -> None:
        self.path, self.dtype = path, np.dtype(dtype)
        self._home = shape
        self._order: NDArray[np.int64] | None = None
        size = int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize
        with path.open("r+b" if path.exists() else "w+b") as file:
            if os.fstat(file.fileno()).st_size != size:
                file.truncate(size)
        #: Views share it, so that the file goes with the last of them.
        self._file = _Holder()
        if not keep:
            weakref.finalize(self._file, _remove, path)

    def release(self) -> None:
        """Let the file of a stack that was kept go when nobody holds the stack any more."""
        path = _new_name(self.path.parent)
        self.path.rename(path)
        self.path = path
        weakref.finalize(self._file, _remove, path)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Lengths of the axes (N, Y, X)."""
        count = self._home[0] if self._order is None else len(self._order)
        return (count, *self._home[1:])

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[index] for index in range(len(self)))

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        raise TypeError(f"a stack on disk of shape {self.shape} is read in parts, never as a whole")

    def _one(self, index: int) -> int:
        """Return where in the file a slice lies."""
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"slice {index} is out of the range of {count}")
        return index % count if self._order is None else int(self._order[index])

    def __getitem__(self, key: Any, /) -> Any:
        """Return a part of the stack in memory; of the stack turned round (``[::-1]``), a view."""
        if isinstance(key, int | np.integer):
            pixels = self._home[1] * self._home[2]
            offset = self._one(int(key)) * pixels * self.dtype.itemsize
            values = np.fromfile(self.path, self.dtype, pixels, offset=offset)
            return values.reshape(self._home[1:])
        if isinstance(key, slice) and key.step == -1 and len(range(len(self))[key]) == len(self):
            return self.take(range(len(self))[key])
        first, *rest = key if isinstance(key, tuple) else (key,)
        if self._order is not None:
            assert all(isinstance(each, int | slice) for each in rest)
            first = self._order[first]
        # Mapped for this one reading: what stays mapped counts as memory of the process.
        mapped = np.memmap(self.path, self.dtype, "r", shape=self._home)
        return np.array(mapped[(first, *rest)])

    def __setitem__(self, key: Any, values: Any) -> None:
        """Set slices (an index or a range), or rows of some slices (two of them)."""
        first, rows = key if isinstance(key, tuple) else (key, slice(None))
        chosen = np.arange(len(self))[first]
        start, stop, step = rows.indices(self._home[1])
        assert step == 1
        pixel, width = self.dtype.itemsize, self._home[2]
        part = np.ascontiguousarray(
            np.broadcast_to(values, (*chosen.shape, stop - start, width)), dtype=self.dtype
        ).reshape(-1, stop - start, width)
        with self.path.open("r+b") as file:
            for index, image in zip(chosen.ravel(), part, strict=True):
                file.seek((self._one(int(index)) * self._home[1] + start) * width * pixel)
                file.write(image.data)

    def take(self, indices: Any, axis: int = 0) -> "OnDisk":
        """Return some slices in some order, without reading any."""
        assert axis == 0
        chosen = np.asarray(indices, dtype=np.int64)
        return self._view(chosen if self._order is None else self._order[chosen])

    def beside(self, other: "OnDisk") -> "OnDisk":
        """Return the slices of two views of one file, one after the other."""
        assert self.path == other.path
        orders = [
            np.arange(len(each)) if each._order is None else each._order for each in (self, other)
        ]
        return self._view(np.concatenate(orders))

    def _view(self, order: NDArray[np.int64]) -> "OnDisk":
        """Return slices of the file in this order."""
        result = OnDisk.__new__(OnDisk)
        result.__dict__.update(self.__dict__)
        result._order = order
        return result

    def any(self) -> bool:
        """Return whether a value is true."""
        return any(bool(image.any()) for image in self)

    def all(self) -> bool:
        """Return whether all values are true."""
        return all(bool(image.all()) for image in self)

    def mean(self) -> float:
        """Return the mean of all values."""
        return sum(float(image.sum(dtype=np.float64)) for image in self) / self.size


class _Holder:
    """What all views of one file hold."""


def _remove(path: Path) -> None:
    """Remove a file, and its folder if that was the last one."""
    with suppress(OSError):
        path.unlink()
        path.parent.rmdir()


def _new_name(folder: Path) -> Path:
    """Return a name that tells which process the file belongs to."""
    return folder / f"stack-{os.getpid()}-{next(_NUMBERS)}"


def on_disk(values: Any) -> bool:
    """Return whether a stack lies on disk."""
    return isinstance(values, OnDisk)


def new_on_disk(folder: Path, shape: tuple[int, int, int], dtype: Any) -> NDArray[Any]:
    """Return a stack on disk for what an array is used for; its file goes with it."""
    folder.mkdir(parents=True, exist_ok=True)
    return cast("NDArray[Any]", OnDisk(_new_name(folder), shape, dtype))


def map_slices(
    images: NDArray[Any],
    function: Callable[[int, NDArray[Any]], NDArray[Any]],
    dtype: Any,
    size: tuple[int, int] | None = None,
) -> NDArray[Any]:
    """Return what a function makes of every slice, on disk if the slices lie there.

    Parameters
    ----------
    images : (N, Y, X) array
        The slices.
    function : callable
        Of the index of a slice and its image.
    dtype : dtype
        Type of the result.
    size : (int, int), optional
        Size of the resulting images; that of `images` if it is not given.

    Examples
    --------
    >>> map_slices(np.eye(2)[None], lambda z, image: image > 0, bool).astype(int).tolist()
    [[[1, 0], [0, 1]]]
    """
    n, y, x = images.shape
    shape = (n, *(size or (y, x)))
    if isinstance(images, OnDisk):
        result = new_on_disk(images.path.parent, shape, dtype)
    else:
        result = np.empty(shape, dtype=dtype)
    for z in range(n):
        result[z] = function(z, images[z])
    return result


def joined(first: NDArray[Any], second: NDArray[Any], order: NDArray[np.int64]) -> NDArray[Any]:
    """Return two stacks as one in another order; stacks on disk are two views of one stack."""
    if isinstance(first, OnDisk) and isinstance(second, OnDisk):
        return cast("NDArray[Any]", first.beside(second).take(order))
    return np.concatenate([first, second])[order]
