"""Materials whose truth is known, milled unevenly: what fillers are tried on."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from fibgap import seeds
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack
from fibgap.synthetic.milling import Milling, draw_depths
from fibgap.synthetic.structure import Level, generate_volume

Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]

#: The two levels of config/paper.yaml: solid fraction and wavelength in voxels of 2.5 nm.
PAPER_LEVELS = ((0.4782, 38.892), (0.4272, 11.652))


def milled(
    volume: NDArray[np.bool_],
    *,
    mean: float = 4.0,
    sd: float = 1.2,
    distribution: str = "normal",
    seed: int = 0,
) -> tuple[NDArray[np.bool_], GappedVolume]:
    """Return a volume down to its last slice, and what slices of uneven thickness leave of it.

    Lengths are in voxels. The paper's milling is the default: 10 nm ± 3 nm over voxels of 2.5 nm.
    """
    rng = np.random.default_rng(seed)
    depths = draw_depths(Milling(distribution, mean, sd, 1.0), len(volume) - 1, rng)
    stack = SliceStack(volume[np.floor(depths + 0.5).astype(int)], depths, 1.0)
    gapped = place_slices(stack, "repositioned", nominal_nm=mean)
    return volume[: gapped.n_layers], gapped


def misclassified(
    volume: NDArray[np.bool_], truth: NDArray[np.bool_], gapped: GappedVolume
) -> float:
    """Return the share of voxels of filled layers that differ from the truth."""
    missing = gapped.missing_layers
    return float((volume[missing] != truth[missing]).mean())


def decided_against_both(volume: NDArray[np.bool_], gapped: GappedVolume) -> int:
    """Return how many filled voxels differ from both neighbouring slices far from any interface.

    Far: in both slices the voxel's column is farther from every interface than the slices are
    apart, by the Euclidean distance between pixel centres.
    """
    count = 0
    for index, (low, high) in enumerate(pairwise(gapped.layers.tolist())):
        lower, upper = gapped.slices[index : index + 2]
        far = (to_other_phase(lower) > high - low) & (to_other_phase(upper) > high - low)
        filled = volume[low + 1 : high]
        count += int(((filled != lower) & (filled != upper) & far).sum())
    return count


def to_other_phase(image: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the distance of every pixel to the nearest one of the other phase."""
    if image.all() or not image.any():
        return np.full(image.shape, np.inf)
    return np.asarray(distance_transform_edt(image) + distance_transform_edt(~image))


def ball(radius: float, *, solid: bool = True) -> NDArray[np.bool_]:
    """Return a ball of solid, or of pore: the whole of it, or the part that is needed.

    Of a ball of more than 14 voxels only a rod is kept. It begins in the plane of the centre, and
    runs along x from 28 voxels below the surface to 8 voxels above it. No side is shorter than the
    receptive field of a network, and at the inner end a network sees nothing but the ball.
    """
    if radius <= 14:
        reach = max(12, int(radius) + 2)
        box: Box = ((-reach - 2, reach + 3), (-reach, reach + 1), (-reach, reach + 1))
    else:
        box = ((0, 29), (-12, 12), (int(radius) - 28, int(radius) + 8))
    z, y, x = np.ogrid[tuple(slice(*side) for side in box)]
    return np.asarray((z * z + y * y + x * x <= radius * radius) == solid)


def half_space(normal: Sequence[float], shape: Sequence[int] = (29, 24, 28)) -> NDArray[np.bool_]:
    """Return the half-space behind a plane through the middle, by its normal (z, y, x)."""
    middle = [(side - 1) / 2 for side in shape]
    grid = np.indices(tuple(shape))
    return np.asarray(
        sum(n * (axis - m) for n, axis, m in zip(normal, grid, middle, strict=True)) < 0.25
    )


def laminate(
    normal: Sequence[float], period: float, shape: Sequence[int] = (29, 24, 28)
) -> NDArray[np.bool_]:
    """Return layers of solid and pore, each half a period thick, by their normal (z, y, x)."""
    length = float(np.hypot.reduce(np.asarray(normal, float)))
    grid = np.indices(tuple(shape))
    depth = sum(n * axis for n, axis in zip(normal, grid, strict=True)) / length
    return np.asarray((depth + 0.25) % period < period / 2)


def levelled(
    levels: Sequence[tuple[float, float]],
    shape: Sequence[int] = (29, 26, 30),
    *,
    finer: float = 1,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Return levelled waves by solid fraction and wavelength in voxels, at finer pixels."""
    waves = [Level(fraction, wavelength * finer) for fraction, wavelength in levels]
    longest = max(wave.wavelength_nm for wave in waves)
    return generate_volume(
        shape,
        waves,
        voxel_nm=1.0,
        # A small cut of coarse waves needs a box that holds enough of their modes.
        box_factor=max(1.5, 2 * longest / max(shape)),
        seed=seeds.sequence(900 + seed, "evaluation_volumes"),
    )


def overlapping_spheres(
    shape: Sequence[int] = (29, 26, 30),
    *,
    radii: tuple[float, float] = (5, 12),
    solid: float = 0.5,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Return spheres at random places, as many as give a solid fraction."""
    rng = np.random.default_rng(seed)
    volume = np.zeros(tuple(shape), dtype=np.bool_)
    grid = [np.arange(side) for side in shape]
    while volume.mean() < solid:
        centre = [rng.uniform(-radii[1], side + radii[1]) for side in shape]
        radius = rng.uniform(*radii)
        near = [axis[np.abs(axis - c) <= radius] for axis, c in zip(grid, centre, strict=True)]
        z, y, x = np.ix_(*near)
        square = (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2
        volume[np.ix_(*near)] |= square <= radius * radius
    return volume
