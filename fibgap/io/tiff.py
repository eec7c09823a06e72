"""TIFF stacks that ImageJ and Fiji open with the right voxel size."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.io.images import read_images
from fibgap.io.volumes import write_volume


def read_tiff(path: Path | str) -> NDArray[Any]:
    """Read the images of a TIFF stack; `fibgap.io.images.read_images` returns its sizes as well.

    Returns
    -------
    (Z, Y, X) ndarray
        As a person sees them: white is high.

    Raises
    ------
    InputError
        If the file is missing, damaged, cut short, or no stack of grey images.
    """
    return read_images(path).images


def write_tiff(path: Path | str, volume: NDArray[np.bool_], voxel_nm: float) -> None:
    """Write a binary volume as 8-bit TIFF stack, solid 255, with its voxel size.

    Parameters
    ----------
    path : path
        A ``.tif`` file; it appears when it is complete.
    volume : (Z, Y, X) bool
        Solid = True.
    voxel_nm : float
        Voxel size in nm, the same in all directions.
    """
    write_volume(path, volume, voxel_nm)
