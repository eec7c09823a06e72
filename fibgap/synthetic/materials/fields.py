"""What materials are made of: fields, directions and bent coordinates; and segmentation noise."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fibgap.synthetic.materials.registry import Volume


def log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """Draw a number evenly in its logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def power_law_field(
    shape: Sequence[int], exponent: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a periodic Gaussian field of amplitude ``k ** -exponent``, of mean 0 and sd 1."""
    waves = np.fft.rfftn(rng.standard_normal(tuple(shape)).astype(np.float32))
    square = sum(
        np.asarray(axis, dtype=np.float32) ** 2
        for axis in np.meshgrid(
            *(np.fft.fftfreq(side) for side in shape[:2]),
            np.fft.rfftfreq(shape[2]),
            indexing="ij",
            sparse=True,
        )
    )
    square = np.array(square)
    square.flat[0] = np.inf
    field = np.fft.irfftn(waves * square ** (-exponent / 2), s=tuple(shape), axes=(0, 1, 2))
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def direction(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a direction (z, y, x) evenly from the sphere."""
    vector = rng.standard_normal(3)
    return np.asarray(vector / np.linalg.norm(vector))


def along(vector: NDArray[np.float64], grid: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return how far the points of a grid (z, y, x) lie along a direction."""
    return np.asarray(sum(np.float32(u) * axis for u, axis in zip(vector, grid, strict=True)))


def warped_grid(
    shape: Sequence[int], amplitude: float, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Return the coordinates z, y, x of all voxels, displaced by a smooth field of that sd."""
    grid = np.indices(tuple(shape), dtype=np.float32)
    return [axis + np.float32(amplitude) * power_law_field(shape, 3.5, rng) for axis in grid]


def with_segmentation_noise(volume: Volume, rng: np.random.Generator) -> Volume:
    """Return a volume as it looks after images with noise were cut at a grey value.

    Blurred by 0.6 to 1 voxel, with noise of a standard deviation of 5 to 18 % of the contrast that
    is 0.4 to 0.8 voxels wide, and cut half-way between solid and pore.
    """
    field = gaussian_filter(volume.astype(np.float32), rng.uniform(0.6, 1.0))
    noise = gaussian_filter(
        rng.standard_normal(volume.shape).astype(np.float32), rng.uniform(0.4, 0.8)
    )
    return np.asarray(field + np.float32(rng.uniform(0.05, 0.18)) * noise / noise.std() >= 0.5)
