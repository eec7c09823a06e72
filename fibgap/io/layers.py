"""A volume on its way into a file: read a few layers at a time, binary data as 0 and 255."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError


class Sliceable(Protocol):
    """What a volume must be: an array in memory, or of an open HDF5 or Zarr file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""

    @property
    def dtype(self) -> Any:
        """Type of the values."""

    def __getitem__(self, key: Any, /) -> Any:
        """Return some of the values."""


class Layers:
    """A volume as it is written.

    Attributes
    ----------
    shape : tuple of int
        (Z, Y, X).
    dtype : numpy.dtype
        uint8 or float32.
    voxel_nm : (float, float, float)
        Voxel size (z, y, x) in nm.
    """

    def __init__(
        self, volume: Sliceable, voxel_nm: tuple[float, float, float], *, binary: bool
    ) -> None:
        shape = tuple(int(n) for n in volume.shape)
        if len(shape) != 3 or 0 in shape:
            raise InputError(f"a volume has three axes, but shape {shape} was given.")
        self.shape: tuple[int, int, int] = (shape[0], shape[1], shape[2])
        self.voxel_nm = voxel_nm
        self._volume = volume
        kind = np.dtype(volume.dtype)
        self._truth = binary or kind == np.bool_
        if self._truth and kind != np.bool_:
            self._require_two_values()
        if not self._truth and kind != np.uint8 and kind.kind != "f":
            raise InputError(
                f"what is written beside a volume is bool, uint8 or float, but was {kind}."
            )
        self.dtype: np.dtype[Any] = np.dtype(
            np.uint8 if self._truth or kind == np.uint8 else np.float32
        )

    def _require_two_values(self) -> None:
        """Refuse a volume that is neither 0/1 nor 0/255."""
        for z in range(self.shape[0]):
            values = np.asarray(self._volume[z])
            wrong = values[(values != 0) & (values != 1) & (values != 255)]
            if wrong.size:
                raise InputError(
                    f"a volume is written as solid and pore, but layer {z} holds the value "
                    f"{wrong.flat[0]}: segment it first."
                )

    def block(self, start: int, stop: int, rows: slice = slice(None)) -> NDArray[Any]:
        """Return some rows of some layers as they are written, (stop - start, rows, X)."""
        layers = slice(start, stop)
        whole = rows.indices(self.shape[1]) == (0, self.shape[1], 1)
        values = np.asarray(self._volume[layers] if whole else self._volume[layers, rows])
        if self._truth:
            return (values != 0).astype(np.uint8) * np.uint8(255)
        return values.astype(self.dtype, copy=False)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Return the layers one by one, each (Y, X)."""
        for z in range(self.shape[0]):
            yield self.block(z, z + 1)[0]
