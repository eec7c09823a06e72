"""A zx-plane of an own stack as a small picture, one pixel per voxel: its slices, or its volume."""

from pathlib import Path

import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from fibgap.io.files import write_aside
from fibgap.report.figures.showcase import MISSING, PALETTE, kinds
from fibgap.stack import GappedVolume

#: Beside the plane, this many pixels say which layers are slices; between them lies one of white.
_STRIP = 3
_SLICE, _WHITE = (213, 94, 0), (255, 255, 255)


def zx_cut(
    gapped: GappedVolume, volume: NDArray[np.bool_] | None = None, *, window: int = 240
) -> NDArray[np.uint8]:
    """Return the zx-plane in the middle of a stack in colours.

    Parameters
    ----------
    gapped : GappedVolume
        The slices at their layers.
    volume : (Z, Y, X) bool, optional
        The filled volume; without it missing layers are grey.
    window : int
        Largest edge in voxels; a larger plane is cropped about its middle, along z about the
        widest gap.

    Returns
    -------
    (H, W, 3) uint8
        z runs downwards. On the left a strip marks the layers of slices.

    Examples
    --------
    >>> slices = np.ones((2, 1, 5), dtype=bool)
    >>> gapped = GappedVolume(slices, np.array([0, 2]), 2.5, 0, 2.5, 2)
    >>> picture = zx_cut(gapped)
    >>> picture.shape, (picture[:, 0] == picture[0, 0]).all(axis=1).tolist()
    ((3, 9, 3), [True, False, True])
    """
    _, height, width = gapped.shape
    place = int(np.argmax(np.diff(gapped.layers)))
    middle = int(gapped.layers[place] + gapped.layers[place + 1]) // 2
    z = _window(middle, gapped.n_layers, window)
    x = _window(width // 2, width, window)
    if volume is None:
        plane = np.full((gapped.n_layers, width), MISSING, dtype=np.uint8)
        plane[gapped.layers] = kinds(np.asarray(gapped.slices[:, height // 2]))
    else:
        plane = kinds(np.asarray(volume[:, height // 2]))
    plane = plane[z, x]
    picture = np.full((len(plane), plane.shape[1] + _STRIP + 1, 3), _WHITE, dtype=np.uint8)
    picture[gapped.known[z], :_STRIP] = _SLICE
    picture[:, _STRIP + 1 :] = np.rint(255 * PALETTE[plane])
    return picture


def _window(centre: int, length: int, window: int) -> slice:
    """Return a window about a centre that lies inside."""
    start = max(0, min(centre - window // 2, length - window))
    return slice(start, start + window)


def write_picture(path: Path | str, picture: NDArray[np.uint8]) -> None:
    """Write a picture in colours, shape (H, W, 3), as PNG."""
    with write_aside(path) as aside:
        imsave(aside, picture, format="png")
