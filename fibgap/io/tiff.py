"""TIFF stacks that ImageJ and Fiji open with the right voxel size."""

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.files import write_aside


def read_tiff(path: Path | str) -> NDArray[Any]:
    """Read a TIFF stack.

    Returns
    -------
    (Z, Y, X) ndarray
        As stored.

    Raises
    ------
    InputError
        If the file is missing, damaged, or no stack of grey images.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"TIFF file {path} does not exist.")
    try:
        values = tifffile.imread(path)
    except Exception as error:  # tifffile reports damage by many exception types
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"file {path} is damaged or no TIFF file ({reason}).") from None
    if values.ndim != 3:
        raise InputError(f"file {path} has shape {values.shape}, but a stack has three axes.")
    return np.asarray(values)


def write_tiff(path: Path | str, volume: NDArray[np.bool_], voxel_nm: float) -> None:
    """Write a binary volume as 8-bit TIFF stack, gold 255, with its voxel size.

    Parameters
    ----------
    path : path
        A ``.tif`` file; it appears when it is complete.
    volume : (Z, Y, X) bool
        Gold = True.
    voxel_nm : float
        Voxel size in nm, the same in all directions.
    """
    with write_aside(path) as aside:
        tifffile.imwrite(
            aside,
            volume.astype(np.uint8) * np.uint8(255),
            imagej=True,
            resolution=(1 / voxel_nm, 1 / voxel_nm),
            metadata={"axes": "ZYX", "spacing": voxel_nm, "unit": "nm"},
        )
