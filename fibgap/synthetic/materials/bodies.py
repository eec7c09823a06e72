"""Balls, grains and fibres."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fibgap.synthetic.materials.fields import (
    along,
    direction,
    log_uniform,
    power_law_field,
    warped_grid,
)
from fibgap.synthetic.materials.registry import Volume, register
from fibgap.synthetic.structure import Level, cut_at_fraction


def _stamp(volume: Volume, centre: NDArray[np.float64], radius: float) -> None:
    """Add a ball to a volume."""
    near = [
        np.arange(max(0, int(c - radius)), min(side, int(c + radius) + 2))
        for c, side in zip(centre, volume.shape, strict=True)
    ]
    if all(map(len, near)):
        z, y, x = np.ix_(*near)
        square = (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2
        volume[np.ix_(*near)] |= square <= radius * radius


def _spheres(
    shape: Sequence[int],
    radii: tuple[float, float],
    solid: float,
    rng: np.random.Generator,
    *,
    apart: bool,
) -> Volume:
    """Return balls at random places, or each with its centre outside those before it."""
    volume = np.zeros(tuple(shape), dtype=np.bool_)
    while True:
        for _ in range(8):
            radius = rng.uniform(*radii)
            beyond = 0 if apart else radius
            centre = rng.uniform(-beyond, np.asarray(shape) - 1 + beyond)
            if apart and volume[tuple(centre.round().astype(int))]:
                continue
            _stamp(volume, centre, radius)
        if volume.mean() >= solid:
            return volume


@register("spheres")
def spheres(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return overlapping balls, .1 to .7 of the volume: radius 4 to 40, and up to twice that.

    They are solid, or pores, with equal chances.
    """
    radius = log_uniform(4, 40, rng)
    volume = _spheres(shape, (radius, 2 * radius), rng.uniform(0.1, 0.7), rng, apart=False)
    return ~volume if rng.random() < 0.5 else volume


@register("grains")
def grains(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return packed and sintered grains: radius 4 to 26, solid .5 to .9, rough surfaces.

    Balls are blurred by 0.8 to 2 voxels and disturbed by power-law noise, then cut again.
    """
    radius, solid = log_uniform(5, 20, rng), float(rng.uniform(0.5, 0.9))
    packed = _spheres(shape, (0.8 * radius, 1.3 * radius), solid, rng, apart=True)
    field = gaussian_filter(packed.astype(np.float32), rng.uniform(0.8, 2))
    field += np.float32(rng.uniform(0, 0.2)) * power_law_field(shape, rng.uniform(0.5, 2), rng)
    return cut_at_fraction(field, solid)


@register("fibres")
def fibres(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return bent fibres that cross: radius 2 to 16, .05 to .6 of the volume.

    They prefer no direction, or a plane, or one direction; they are solid, or channels in a solid.
    """
    grid = warped_grid(shape, rng.uniform(0, 6), rng)
    radius, solid = log_uniform(3, 12, rng), rng.uniform(0.05, 0.6)
    preferred, stretch = direction(rng), float(rng.choice([-0.9, 0.0, 3.0]))
    volume = np.zeros(tuple(shape), dtype=np.bool_)
    while volume.mean() < solid:
        axis = direction(rng)
        axis += stretch * preferred * (axis @ preferred)
        axis /= np.linalg.norm(axis)
        off = [
            place - np.float32(rng.uniform(0, side))
            for place, side in zip(grid, shape, strict=True)
        ]
        square = sum(each * each for each in off) - along(axis, off) ** 2
        volume |= square <= (radius * rng.uniform(0.7, 1.3)) ** 2
    return ~volume if rng.random() < 0.5 else volume
