"""Two sources of depths held against each other, and the material against its isotropy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.depths.result import Depths
from fibgap.depths.similarity import in_plane, stretch_xy
from fibgap.errors import InputError

#: Standard deviations from which on two sources contradict each other.
CONTRADICTION = 3.0
#: The quarters of a cut share structures, so their scatter is too small by this factor (cuts of
#: 64 x 128 pixels through 24 synthetic volumes).
_QUARTERS = 2.0
#: Logarithm of the largest stretch along z that a cut is tried for.
_WIDEST = 0.8


@dataclass(frozen=True)
class Comparison:
    """How one source of depths differs from another one.

    Attributes
    ----------
    sources : (str, str)
        The first one is held against the second one, which has standard deviations.
    ratio : float
        Whole depth of the first over that of the second.
    deviations : float
        By how many standard deviations the whole depths differ.
    apart : (N - 1,) float64
        By how many standard deviations each thickness differs, once whole depths are made equal.
    """

    sources: tuple[str, str]
    ratio: float
    deviations: float
    apart: NDArray[np.float64]

    @property
    def contradicts(self) -> bool:
        """Whether whole depths differ by more than three standard deviations."""
        return abs(self.deviations) > CONTRADICTION

    def sentences(self) -> list[str]:
        """Return what is worth a sentence, the whole depth first."""
        first, second = self.sources
        share = f"{abs(self.ratio - 1):.1%} {'more' if self.ratio > 1 else 'less'}"
        found = [
            f"{first} depths {'contradict' if self.contradicts else 'agree with'} {second}: they "
            f"say {share} of the whole depth, {abs(self.deviations):.2g} standard deviations."
        ]
        wrong = np.flatnonzero(np.abs(self.apart) > CONTRADICTION)
        if len(wrong):
            worst = int(wrong[np.argmax(np.abs(self.apart[wrong]))])
            found.append(
                f"{len(wrong)} of {len(self.apart)} thicknesses ({first}) differ from {second} by "
                f"more than three standard deviations, most that of slice {worst}."
            )
        return found


def compare_depths(first: Depths, second: Depths) -> Comparison:
    """Hold one source of depths against another one.

    Parameters
    ----------
    first : Depths
        With or without standard deviations, such as a nominal spacing.
    second : Depths
        With standard deviations, such as depths from images.

    Raises
    ------
    InputError
        If numbers of slices differ, or `second` has no standard deviations.

    Notes
    -----
    Whole depths differ by what both standard deviations of the last depth allow. Thicknesses are
    compared after the first source is scaled to the whole depth of the second one: a common factor
    is the business of the whole depth.

    Examples
    --------
    >>> from fibgap.depths import nominal_depths
    >>> told = Depths([0, 8, 16, 24], "images", [0, 1, 1, 1.0], thickness_sd_nm=[1.0, 1, 1])
    >>> compare_depths(nominal_depths(4, 10.0), told).deviations
    6.0
    """
    count = len(second.depths_nm)
    if len(first.depths_nm) != count:
        raise InputError(f"{len(first.depths_nm)} and {count} depths cannot be compared.")
    if second.sd_nm is None or second.thickness_sd_nm is None:
        raise InputError(f"depths of the source '{second.source}' have no standard deviations.")
    one, other = (depths.depths_nm[-1] - depths.depths_nm[0] for depths in (first, second))
    own = 0.0 if first.sd_nm is None else float(first.sd_nm[-1])
    spread = np.hypot(second.sd_nm[-1], own)
    ratio = float(one / other)
    steps = np.zeros(count - 1) if first.thickness_sd_nm is None else first.thickness_sd_nm
    errors = np.hypot(second.thickness_sd_nm, steps / ratio)
    return Comparison(
        (first.source, second.source),
        ratio,
        float((one - other) / spread) if spread > 0 else 0.0,
        (first.thickness_nm / ratio - second.thickness_nm) / errors,
    )


def cut_stretch(cut: ArrayLike) -> tuple[float, float]:
    """Return by how much a material is stretched along z, from a cut that shows z.

    Parameters
    ----------
    cut : (Z, X) or (N, Z, X) array
        One image or more whose rows run along z, such as a polished edge, with square pixels.

    Returns
    -------
    stretch : float
        Factor by which structures are longer along z than along x.
    sd : float
        Its standard deviation, from the four quarters of the images; NaN where they are too small.

    Raises
    ------
    InputError
        If images are too small, or show one value only.

    Examples
    --------
    Disks that are drawn out along z by a quarter.

    >>> z, x = np.indices((100, 80))
    >>> disks = np.sin(z / 1.25 / 4) * np.sin(x / 4) > 0.2
    >>> round(cut_stretch(disks)[0], 2)
    1.25
    """
    images = np.asarray(cut)
    images = images[None] if images.ndim == 2 else images
    if images.ndim != 3 or min(images.shape[1:]) < 16:
        raise InputError(
            f"a cut needs images (Z, X) of at least 16 x 16 pixels, but shape {images.shape} came."
        )
    whole = _stretch(images)
    n_z, n_x = images.shape[1] // 2, images.shape[2] // 2
    parts = [_stretch(images[:, z : z + n_z, x : x + n_x]) for z in (0, n_z) for x in (0, n_x)]
    return float(np.exp(whole)), float(np.exp(whole) * _QUARTERS * np.std(parts, ddof=1) / 2)


def _stretch(images: NDArray[np.generic]) -> float:
    """Return the logarithm of the stretch along rows against columns."""
    if any(image.min() == image.max() for image in images):
        raise InputError("the cut shows one value only: there is nothing to compare.")
    along = in_plane(images, min(20, min(images.shape[1:]) // 2)).mean(axis=1)
    mean = along.mean(axis=0)
    falling = np.flatnonzero(np.diff(mean) < 0)
    reach = float(falling[0]) if len(falling) else float(len(mean) - 1)
    # The curve along z is the first one; a stretch of x against y is its inverse.
    return -stretch_xy(along, max(reach, 3.0), widest=_WIDEST)
