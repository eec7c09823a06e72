"""The shape-based filler: linear interpolation of signed distances."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, maximum

from fibgap.fillers import register
from fibgap.fillers.blocks import BLOCK_VOXELS, Blocks, layer_blocks, register_blocks
from fibgap.fillers.distance import TIE, signed_distance
from fibgap.fillers.interpolation import apply_weights, linear_weights
from fibgap.stack import GappedVolume


class _Outline:
    """A slice with its distances, and its objects: connected parts of either phase, numbered."""

    def __init__(self, image: NDArray[np.bool_]) -> None:
        self.image, self.distance = image, signed_distance(image)
        self.objects, solid = label(image)
        pore, count = label(~image)
        self.objects[~image] = pore[~image] + solid
        self.count = solid + count

    def beside(self, other: "_Outline") -> NDArray[np.float32]:
        """Return the distances as they count beside another slice.

        Where an object of the other slice is not in this one, this one's distance counts no more
        than the object is deep, so that the object tapers to a point half-way.
        """
        found = np.zeros(other.count + 1, dtype=np.bool_)
        found[other.objects[self.image == other.image]] = True
        gone = np.flatnonzero(~found[1:]) + 1
        if not len(gone):
            return self.distance
        limits = np.full(len(found), np.inf, dtype=np.float32)
        limits[gone] = maximum(np.abs(other.distance), other.objects, gone)
        limit = limits[other.objects]
        return np.clip(self.distance, -limit, limit)


@register("shape_based")
def fill_shape_based(gapped: GappedVolume) -> NDArray[np.bool_]:
    """Interpolate signed distances linearly between the two neighbouring slices.

    Returns
    -------
    (M, Y, X) bool
        The missing layers, solid where the distance is not negative.

    Notes
    -----
    Raya and Udupa, IEEE Trans. Med. Imaging 9, 32, 1990. ASSUME: an object that one slice shows
    and the other does not ends half-way between the two, as for `nearest`; their formula would end
    it at once before an empty slice, which is as far from an outline as can be.
    """
    return shape_based_blocks(gapped).all()


@register_blocks("shape_based")
def shape_based_blocks(gapped: GappedVolume, block_voxels: int = BLOCK_VOXELS) -> Blocks:
    """Return the blocks of `fill_shape_based`."""
    positions, slices = gapped.samples()
    missing = gapped.missing_layers
    above = np.searchsorted(positions, missing)
    outlines: dict[int, _Outline] = {}

    def outline(index: int) -> _Outline:
        if index not in outlines:
            for old in [each for each in outlines if each < index - 1]:
                del outlines[old]
            outlines[index] = _Outline(slices[index])
        return outlines[index]

    def fill(layers: slice) -> NDArray[np.bool_]:
        filled = np.empty((layers.stop - layers.start, *gapped.shape[1:]), dtype=np.bool_)
        for index in np.unique(above[layers]).tolist():
            pair = positions[index - 1 : index + 1]
            part = np.flatnonzero(above[layers] == index)
            below, here = outline(index - 1), outline(index)
            facing = np.stack([below.beside(here), here.beside(below)])
            weights = linear_weights(pair, missing[layers][part])
            filled[part] = apply_weights(weights, facing) >= -TIE
        return filled

    return layer_blocks(gapped, fill, block_voxels)
