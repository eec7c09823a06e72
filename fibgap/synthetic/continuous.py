"""A structure between its voxels: slices at any depth, not at layers of voxels only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.synthetic.structure import (
    Level,
    Spectrum,
    cut_at_fraction,
    evaluate_field,
    level_fields,
)


@dataclass(frozen=True)
class Continuous:
    """A structure of levelled waves as a function of place.

    Attributes
    ----------
    spectra : tuple of Spectrum
        The waves of every level.
    thresholds : tuple of float
        Where the field of every level is cut: solid is above.
    shape : (int, int, int)
        Of the volume that was cut on the grid of voxels (Z, Y, X).
    voxel_nm : float
        Voxel size in nm; layer `i` of the volume lies at the depth ``i * voxel_nm``.
    """

    spectra: tuple[Spectrum, ...]
    thresholds: tuple[float, ...]
    shape: tuple[int, int, int]
    voxel_nm: float

    def slices(self, depths_nm: ArrayLike) -> NDArray[np.bool_]:
        """Return the structure in planes at some depths.

        Parameters
        ----------
        depths_nm : (N,) float
            From 0 to the depth of the last layer of the volume.

        Returns
        -------
        (N, Y, X) bool
            Solid = True. The waves are summed at these very depths, so nothing is interpolated; at
            the depth of a layer of the volume the slice is that layer.

        Raises
        ------
        InputError
            If a depth lies outside the volume.
        """
        depths = np.asarray(depths_nm, np.float64) / self.voxel_nm
        if not ((depths >= 0) & (depths <= self.shape[0] - 1)).all():
            raise InputError(
                f"slices at depths from {np.min(depths_nm)} to {np.max(depths_nm)} nm do not lie "
                f"in a volume of {self.shape[0]} layers of {self.voxel_nm} nm."
            )
        images = np.ones((len(depths), *self.shape[1:]), np.bool_)
        for spectrum, threshold in zip(self.spectra, self.thresholds, strict=True):
            images &= evaluate_field(spectrum, self.shape, depths=depths) > threshold
        return images


def continuous_structure(
    shape: Sequence[int],
    levels: Sequence[Level],
    *,
    voxel_nm: float,
    box_factor: float = 1.5,
    seed: np.random.SeedSequence,
) -> Continuous:
    """Return the structure behind the volume of the same arguments, see `generate_volume`.

    Parameters
    ----------
    shape, levels, voxel_nm, box_factor, seed
        See `fibgap.synthetic.structure.generate_volume`.

    Returns
    -------
    Continuous
        Cut half-way between the lowest solid and the highest pore voxel of the volume.

    Examples
    --------
    >>> from fibgap.synthetic.structure import generate_volume
    >>> given = {"voxel_nm": 2.5, "seed": np.random.SeedSequence(1)}
    >>> volume = generate_volume((16, 16, 16), [Level(0.5, 20)], **given)
    >>> structure = continuous_structure((16, 16, 16), [Level(0.5, 20)], **given)
    >>> bool((structure.slices([0, 7.5]) == volume[[0, 3]]).all())
    True
    """
    spectra, thresholds = [], []
    fields = level_fields(shape, levels, voxel_nm, box_factor, seed)
    for level, (spectrum, field) in zip(levels, fields, strict=True):
        solid = cut_at_fraction(field, level.solid_fraction)
        spectra.append(spectrum)
        thresholds.append((float(field[solid].min()) + float(field[~solid].max())) / 2)
    z, y, x = shape
    return Continuous(tuple(spectra), tuple(thresholds), (z, y, x), voxel_nm)
