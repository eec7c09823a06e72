"""Small holes in filled layers, made solid (the supplement's section 4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from fibgap.errors import InputError
from fibgap.on_disk import map_slices


@dataclass(frozen=True)
class HoleFilling:
    """What hole filling did to one volume: how many holes and pixels became solid."""

    holes: int
    pixels: int


def fill_holes(
    volume: NDArray[np.bool_], layers: NDArray[np.int64], *, max_pixels: int = 19
) -> tuple[NDArray[np.bool_], HoleFilling]:
    """Fill small holes in the given xy-layers of a volume.

    A hole is a 4-connected set of background pixels that the solid encloses wholly: it does not
    touch the border of its layer.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        A filled volume.
    layers : (M,) int
        The layers to work on: those that a filler made. Known layers are measurements.
    max_pixels : int
        Area of the largest hole that is filled, in pixels.

    Returns
    -------
    (Z, Y, X) bool
        A new volume.
    HoleFilling
        How many holes and pixels were filled.

    Raises
    ------
    InputError
        If `max_pixels` is negative.

    Notes
    -----
    PAPER: section 4, "an area smaller than 20 pixels": at most 19.

    ASSUME: pixels are connected through their edges (4 neighbours), background at the border of a
    layer is no hole, and only layers that a filler made are repaired.

    Examples
    --------
    >>> ring = np.ones((1, 3, 3), dtype=bool)
    >>> ring[0, 1, 1] = False
    >>> filled, count = fill_holes(ring, np.array([0]))
    >>> bool(filled.all()), count
    (True, HoleFilling(holes=1, pixels=1))
    """
    if max_pixels < 0:
        raise InputError(f"max_pixels must not be negative, but is {max_pixels}.")
    chosen = np.zeros(len(volume), dtype=np.bool_)
    chosen[layers] = True
    holes = pixels = 0

    def close(z: int, image: NDArray[np.bool_]) -> NDArray[np.bool_]:
        nonlocal holes, pixels
        if not chosen[z]:
            return image
        background, count = label(~image, connectivity=1, return_num=True)
        areas = np.bincount(background.ravel(), minlength=count + 1)
        closed = areas <= max_pixels
        closed[0] = False  # label 0 is solid
        for edge in (background[0], background[-1], background[:, 0], background[:, -1]):
            closed[edge] = False
        holes += int(closed.sum())
        pixels += int(areas[closed].sum())
        return np.asarray(image | closed[background])

    result = map_slices(volume, close, np.bool_)
    return result, HoleFilling(holes, pixels)
