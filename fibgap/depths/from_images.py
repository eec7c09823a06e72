"""Slice thickness from the images: slices lose similarity with depth as pixels do sideways."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.depths.result import Depths
from fibgap.depths.similarity import STEP, checked_images, differences, learn_curve, stretch_xy
from fibgap.errors import InputError

#: How much a real material may be stretched along z without a sign of it in the planes (relative
#: standard deviation). Two battery electrodes, cut along each of their axes, gave 0.05 to 0.08.
HIDDEN_STRETCH = 0.06
#: Share of the dissimilarity of unrelated images above which a pair says only that it is far apart.
_PLATEAU = 0.95
_ROUNDS = 8
#: The estimates of quarters are drawn to the common mean more than those of whole images, so their
#: scatter is too small by about this factor (synthetic structures and two battery electrodes).
_QUARTERS = 1.25
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
        Pairs as dissimilar as ones beyond `reach` can be, or nearly as unrelated images: they may
        lie farther apart than it seems, and their `sd` is at least `reach`.
    same : (N - 1,) bool
        Pairs of identical images.
    reach : float
        The largest distance that can be told.
    typical, spread : float
        Mean and standard deviation of the thicknesses, as learnt from the stack.
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
    """Yield the four quarters of all images."""
    n_y, n_x = images.shape[1] // 2, images.shape[2] // 2
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
    the deviation ``A s(t)``, where `A` is the mean of both amplitudes and `s` the scatter between
    the two directions of the plane. Thicknesses of a stack have a normal prior, whose mean and
    deviation are learnt from the stack. The posterior mean and deviation are returned. Distances
    beyond the first maximum of `S` cannot be told.
    The deviations are widened where the four quarters of the images disagree by more. The common
    factor varies by as much as x and y differ, as the quarters differ, and by `hidden_stretch`.
    """
    stack = checked_images(images)
    if search < 0:
        raise InputError(f"search must not be negative, but is {search}.")
    whole = _estimate(stack, search)
    parts = []
    for quarter in _quarters(stack):
        try:
            parts.append(_estimate(checked_images(quarter), search))
        except InputError:  # a quarter without structure in some slice
            continue
    sd, between, stretch_sd = 2 * whole.sd, 0.0, float("nan")
    if len(parts) > 1:
        means = np.array([part.mean for part in parts])
        totals = means.sum(axis=1) / whole.mean.sum()
        # The mean of so many quarters scatters less than each of them.
        between = float(np.log(totals).std(ddof=1)) / np.sqrt(len(parts))
        level = means / totals[:, None]
        scatter = _QUARTERS * np.sqrt(level.var(axis=0, ddof=1).mean() / len(parts))
        sd = whole.sd * max(1.0, scatter / np.sqrt(np.mean(whole.sd**2)))
        stretches = np.array([part.stretch_xy for part in parts])
        stretch_sd = _STRETCHES * float(stretches.std(ddof=1)) / np.sqrt(len(parts))
    # If x, y and z are stretched independently, z differs from the mean of x and y by this much.
    scale = np.sqrt(0.75 * whole.stretch_xy**2 + between**2 + hidden_stretch**2)
    sd = np.where(whole.blind, np.maximum(sd, whole.reach), sd)
    return replace(whole, sd=sd, scale_sd=float(scale), stretch_sd=stretch_sd)


def _estimate(stack: NDArray[Any], search: int) -> Thickness:
    """Estimate thickness from whole images, with deviations for the curve of these."""
    curve = learn_curve(stack)
    grid = np.arange(STEP, curve.reach + STEP / 2, STEP)
    rise, noise = curve.rise(grid), curve.noise(grid)
    amplitude = (curve.amplitude[:-1] + curve.amplitude[1:]) / 2
    if len(grid) < 10 or not ((amplitude > 0).all() and (noise > 0).all()):
        raise InputError(
            f"images of {stack.shape[1]} x {stack.shape[2]} pixels hold too little structure to "
            "tell distances."
        )
    differ = differences(stack, search)
    scale = amplitude[:, None] * noise
    offset = (differ - curve.nugget)[:, None] - amplitude[:, None] * rise
    likelihood = -0.5 * (offset / scale) ** 2 - np.log(scale)
    mean, variance, (typical, spread) = _posterior(likelihood, grid)
    # Unrelated images differ by the sum of their variances.
    own = np.array([image.var(dtype=np.float64) for image in stack])
    return Thickness(
        mean=mean,
        sd=np.sqrt(variance),
        scale_sd=0.0,
        stretch_xy=stretch_xy(curve.along, curve.reach),
        blind=differ > np.minimum(_PLATEAU * (own[:-1] + own[1:]), curve.beyond(amplitude)),
        same=differ == 0,
        reach=curve.reach,
        typical=typical,
        spread=spread,
    )


def _posterior(
    likelihood: NDArray[np.float64], grid: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float]]:
    """Return posterior means and variances under a normal prior that is learnt from all pairs."""
    best = grid[np.argmax(likelihood, axis=1)]
    typical = float(np.median(best))
    spread = max(0.5, 1.4826 * float(np.median(np.abs(best - typical))))
    for _ in range(_ROUNDS):
        log = likelihood - 0.5 * ((grid - typical) / spread) ** 2
        weight = np.exp(log - log.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        mean = weight @ grid
        variance = np.maximum(weight @ grid**2 - mean**2, STEP**2 / 12)
        before, typical = typical, float(mean.mean())
        spread = max(0.1, float(np.sqrt(np.mean(variance + (mean - typical) ** 2))))
        if abs(typical - before) < 1e-6:
            break
    return mean, variance, (typical, spread)


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
    variance = np.concatenate([[0.0], np.cumsum(sd**2)])
    if total_nm is None:
        variance += (found.scale_sd * depths) ** 2
    else:
        variance *= 1 - variance / variance[-1]
    notes += found.findings()
    step = np.hypot(sd, found.scale_sd * mean) if total_nm is None else sd
    deviation = np.sqrt(np.maximum(variance, 0.0))
    return Depths(depths, "images", deviation, tuple(notes), thickness_sd_nm=step)
