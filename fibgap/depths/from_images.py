"""Slice thickness from the images: slices lose similarity with depth as pixels do sideways."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.depths.posterior import Told, tell
from fibgap.depths.result import Depths
from fibgap.depths.similarity import (
    LEAST_SIDE,
    STEP,
    Curve,
    Dissimilarity,
    checked_images,
    learn_curve,
    look,
    stretch_xy,
)
from fibgap.errors import InputError

#: How much a real material may be stretched along z without a sign of it in the planes (relative
#: standard deviation). Of two battery electrodes, cut along each of their axes, the whole depth was
#: off by 0.08 and 0.15, part of which other terms of `Thickness.scale_sd` cover.
HIDDEN_STRETCH = 0.1
#: Probability of lying beyond the reach of the images above which a pair is flagged: a 95 % band
#: then does not tell its distance.
_BLIND = 0.05
#: Quarters in which a pair differs by less than this share of the whole images show nothing of it.
_EMPTY = 0.05
#: By how much noise is widened if quarters do not tell it: they are empty where features are large,
#: and there, as far as they told it, it was by 2 to 5.
_UNTOLD = 4.0
#: Quarters share structures, so the scatter of their stretches is too small by this factor (24
#: synthetic volumes of 128 x 128 pixels).
_STRETCHES = 1.6


@dataclass(frozen=True)
class Thickness:
    """What images say of the distances between slices, in pixels.

    Attributes
    ----------
    mean : (N - 1,) float64
        Distance of every slice to the next one.
    sd : (N - 1,) float64
        Its standard deviation, apart from what is common to all.
    scale_sd : float
        Relative standard deviation of a factor that is common to all distances: the material may
        be stretched along z, and a finite image shows it only so well.
    stretch_xy : float
        By how much x is stretched against y, as a logarithm: a check of the assumption that the
        material is isotropic, as far as the planes can tell.
    blind : (N - 1,) bool
        Pairs that lie beyond `reach` with a probability above 5 %: they are as dissimilar as such
        pairs are, and other thicknesses do not make it unlikely.
    same : (N - 1,) bool
        Pairs of identical images.
    reach : float
        The largest distance that can be told.
    typical, spread : float
        Mean and standard deviation of the thicknesses, as learnt from the stack.
    drift : float
        Factor on the standard deviation of sums of distances: neighbours show the same structures,
        so their errors are alike.
    stretch_sd : float
        Standard deviation of `stretch_xy`, from the scatter of the quarters of the images; NaN
        where fewer than two of them can be told.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    scale_sd: float
    stretch_xy: float
    blind: NDArray[np.bool_]
    same: NDArray[np.bool_]
    reach: float
    typical: float
    spread: float
    drift: float = 1.0
    stretch_sd: float = float("nan")

    def findings(self) -> list[str]:
        """Return what is wrong with pairs of slices, a sentence each."""
        found = []
        for flags, words in (
            (self.blind, "so dissimilar that images do not tell their distance"),
            (self.same, "identical, as if one image had been saved twice"),
        ):
            if flags.any():
                first = int(np.flatnonzero(flags)[0])
                found.append(
                    f"{int(flags.sum())} of {len(flags)} pairs of slices are {words}; the first is "
                    f"{first} and {first + 1}."
                )
        return found


def _quarters(images: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the four quarters of all images, nothing where they are too small to compare."""
    n_y, n_x = images.shape[1] // 2, images.shape[2] // 2
    if min(n_y, n_x) < LEAST_SIDE:
        return
    for y, x in product((slice(0, n_y), slice(n_y, 2 * n_y)), (slice(0, n_x), slice(n_x, 2 * n_x))):
        yield images[:, y, x]


def estimate_thickness(
    images: ArrayLike, *, search: int = 0, hidden_stretch: float = HIDDEN_STRETCH
) -> Thickness:
    """Estimate the distances between slices from the images, in pixels.

    Parameters
    ----------
    images : (N, Y, X) array
        Aligned slices of one material, binary or grey, with square pixels; at least 8.
    search : int
        Shifts in pixels up to which neighbours are laid over each other as well as they fit,
        where slices are not aligned.
    hidden_stretch : float
        Part of `Thickness.scale_sd` that no plane can show.

    Returns
    -------
    Thickness
        Mean and standard deviation of every distance, and where images tell nothing.

    Raises
    ------
    InputError
        If there are fewer than 8 slices, if a slice shows one value only, or if images are too
        small for their structure.

    Notes
    -----
    The material is taken to be isotropic: two slices a distance `t` apart differ as much as pixels
    of one slice a distance `t` apart (Boergens and Denk 2013; Sporring et al. 2014; Hanslovsky et
    al., Bioinformatics 33, 1379, 2017). A stretch along z by a factor is answered by its inverse,
    so a result from this estimate can never show the anisotropy of a volume.
    The mean squared difference in the plane, over all slices and both directions, less the part
    that noise adds at any distance, is the curve `S(t)`; every slice has an amplitude of its own.
    The dissimilarity `D` of two neighbours is taken to be normal around ``nugget + A S(t)`` with
    the deviation ``A s(t)``, where `A` is the mean of both amplitudes and `s` the scatter, from
    slice to slice, of how the two directions of the plane differ, or that between the four
    quarters of the images if it is larger. Thicknesses of a stack have a normal distribution, which
    is learnt from the stack, but for rare gaps; see `fibgap.depths.posterior.tell`. The posterior
    mean and deviation are returned. Distances beyond the first maximum of `S` are told by this
    distribution alone.
    The common factor varies by as much as x and y differ, as the quarters differ, as the
    distribution is unknown, and by `hidden_stretch`.
    """
    stack = checked_images(images)
    if search < 0:
        raise InputError(f"search must not be negative, but is {search}.")
    seen = look(stack, search)
    curve = learn_curve(seen)
    quarters = [look(quarter, search) for quarter in _quarters(stack)]
    told = _tell(seen, curve, _noise_factor(seen, curve, quarters))
    means, stretches = [], []
    for quarter in quarters:
        try:
            own = learn_curve(quarter)
            means.append(_tell(quarter, own, 1.0).mean)
        except InputError:  # a quarter without structure in some slice
            continue
        stretches.append(stretch_xy(own.along, own.reach))
    between, drift, stretch_sd = 0.0, 1.0, float("nan")
    if len(means) > 1:
        totals = np.sum(means, axis=1) / told.mean.sum()
        # The mean of so many quarters scatters less than each of them.
        between = float(np.log(totals).std(ddof=1)) / np.sqrt(len(means))
        drift = _drift(np.array(means) / totals[:, None])
        stretch_sd = _STRETCHES * float(np.std(stretches, ddof=1)) / np.sqrt(len(means))
    stretch = stretch_xy(curve.along, curve.reach)
    # If x, y and z are stretched independently, z differs from the mean of x and y by this much.
    scale = np.sqrt(0.75 * stretch**2 + between**2 + told.common_sd**2 + hidden_stretch**2)
    return Thickness(
        mean=told.mean,
        sd=told.sd,
        scale_sd=float(scale),
        stretch_xy=stretch,
        blind=told.far > _BLIND,
        same=seen.neighbours == 0,
        reach=curve.reach,
        typical=told.typical,
        spread=told.spread,
        drift=drift,
        stretch_sd=stretch_sd,
    )


def _tell(seen: Dissimilarity, curve: Curve, factor: float) -> Told:
    """Tell distances by a curve whose noise is multiplied by a factor."""
    grid = np.arange(STEP, seen.planes.shape[2] - 1 + STEP / 2, STEP)
    amplitude, noise = curve.amplitudes(seen), factor * curve.noise(grid)
    if curve.reach < 1 or not ((amplitude > 0).all() and (noise > 0).all()):
        raise InputError(
            f"images of {seen.sides[0]} x {seen.sides[1]} pixels hold too little structure to "
            "tell distances."
        )
    plain = (seen.neighbours - curve.nugget) / amplitude
    likelihood = -0.5 * ((plain[:, None] - curve.rise(grid)) / noise) ** 2 - np.log(noise)
    return tell(likelihood, grid, curve.reach)


def _noise_factor(seen: Dissimilarity, curve: Curve, quarters: Sequence[Dissimilarity]) -> float:
    """Return by how much dissimilarities scatter more than the directions of the plane, at least 1.

    The scatter of the four quarters of the images tells the noise of their mean. Large features
    look alike from both sides, but are not the same in every quarter.
    """
    whole = curve.amplitudes(seen)
    if not quarters or not (whole > 0).all():
        return _UNTOLD
    own = np.array([curve.amplitudes(quarter) for quarter in quarters])
    used = (own > _EMPTY * whole).all(axis=0)
    if not used.any():
        return _UNTOLD
    apart = np.array([quarter.neighbours for quarter in quarters])[:, used] - curve.nugget
    variance = (apart / own[:, used]).var(axis=0, ddof=1) / len(quarters)
    grid = np.arange(STEP, curve.reach + STEP / 2, STEP)
    plain = ((seen.neighbours - curve.nugget) / whole)[used]
    nearest = grid[np.argmin(np.abs(plain[:, None] - curve.rise(grid)), axis=1)]
    return float(max(1.0, np.sqrt(np.mean(variance / curve.noise(nearest) ** 2))))


def _drift(shares: NDArray[np.float64]) -> float:
    """Return by how much depths scatter more than independent distances would let them, at least 1.

    Parameters
    ----------
    shares : (P, N - 1) float64
        Distances as parts of the images tell them, with equal sums.
    """
    single = np.cumsum(shares.var(axis=0, ddof=1))
    if single[-1] == 0:  # the parts are the same, as tiles of one image
        return 1.0
    independent = (single * (1 - single / single[-1]))[:-1].mean()
    found = np.cumsum(shares, axis=1)[:, :-1].var(axis=0, ddof=1).mean()
    # Four quarters tell this only vaguely: it is drawn half way to independent distances.
    return float(np.sqrt(max(1.0, (1 + found / independent) / 2)))


def depths_from_images(
    images: ArrayLike,
    voxel_nm: float,
    *,
    total_nm: float | None = None,
    search: int = 0,
    hidden_stretch: float = HIDDEN_STRETCH,
) -> Depths:
    """Estimate the depths of slices from the images.

    Parameters
    ----------
    images, search, hidden_stretch
        See `estimate_thickness`.
    voxel_nm : float
        Pixel size in nm.
    total_nm : float, optional
        Depth of the last slice below the first in nm, if it is known: it takes out what blur and
        a stretch do to all distances alike.

    Returns
    -------
    Depths
        Source "images", the first depth 0, with standard deviations. Without a total they grow
        with depth; with one they vanish at both ends.

    Raises
    ------
    InputError
        See `estimate_thickness`; or if a length is not positive.
    """
    found = estimate_thickness(images, search=search, hidden_stretch=hidden_stretch)
    return thickness_depths(found, voxel_nm, total_nm=total_nm)


def thickness_depths(found: Thickness, voxel_nm: float, *, total_nm: float | None = None) -> Depths:
    """Return depths from distances that images have told, see `depths_from_images`."""
    for name, length in (("voxel_nm", voxel_nm), ("total_nm", total_nm)):
        if length is not None and not (np.isfinite(length) and length > 0):
            raise InputError(f"{name} must be positive, but is {length}.")
    mean, sd = voxel_nm * found.mean, voxel_nm * found.sd
    notes = ["thickness is estimated from the images: the material is taken to be isotropic."]
    if total_nm is not None:
        factor = total_nm / mean.sum()
        notes.append(f"distances are multiplied by {factor:.4g} to the known total.")
        mean, sd = factor * mean, factor * sd
    depths = np.concatenate([[0.0], np.cumsum(mean)])
    variance = found.drift**2 * np.concatenate([[0.0], np.cumsum(sd**2)])
    if total_nm is None:
        variance += (found.scale_sd * depths) ** 2
    else:
        variance *= 1 - variance / variance[-1]
    notes += found.findings()
    step = np.hypot(sd, found.scale_sd * mean) if total_nm is None else sd
    deviation = np.sqrt(np.maximum(variance, 0.0))
    return Depths(depths, "images", deviation, tuple(notes), thickness_sd_nm=step)
