"""Layers, thin sheets, and cells with flat faces."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from fibgap.synthetic.materials.fields import along, direction, log_uniform, warped_grid
from fibgap.synthetic.materials.registry import Volume, register
from fibgap.synthetic.structure import Level


@register("layers")
def layers(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return wavy layers of any direction: period 8 to 80, uneven, solid .1 to .9."""
    grid = warped_grid(shape, rng.uniform(0, 8), rng)
    normal, period, solid = direction(rng), log_uniform(8, 80, rng), rng.uniform(0.1, 0.9)
    depth = along(normal, grid)
    count = int(4 * max(shape) / period) + 8
    pairs = np.stack([np.full(count, solid), np.full(count, 1 - solid)], axis=1) * period
    edges = np.cumsum((pairs * rng.uniform(0.5, 1.5, pairs.shape)).ravel()) - 2 * max(shape)
    return np.asarray(np.searchsorted(edges, depth) % 2 == 0)


@register("flat_layers")
def flat_layers(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return flat and even layers of any direction: period 8 to 60, solid .3 to .7."""
    normal, period, solid = direction(rng), log_uniform(8, 60, rng), rng.uniform(0.3, 0.7)
    depth = along(normal, np.indices(tuple(shape), dtype=np.float32))
    return np.asarray((depth + rng.uniform(0, period)) % period < solid * period)


@register("sheets")
def sheets(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return thin bent sheets: 1 to 4 voxels thick, 8 to 60 apart, as cracks or as lamellae.

    Up to three families of them cross, each of a direction of its own; they are solid, or pores,
    with equal chances.
    """
    grid = warped_grid(shape, rng.uniform(0, 8), rng)
    volume = np.zeros(tuple(shape), dtype=np.bool_)
    for _ in range(rng.integers(1, 4)):
        normal, apart, thick = direction(rng), log_uniform(8, 60, rng), log_uniform(1, 4, rng)
        depth = along(normal, grid)
        steps = apart * rng.uniform(0.5, 1.5, int(8 * max(shape) / apart) + 8)
        middles = np.cumsum(steps) - 2 * max(shape)
        above = np.searchsorted(middles, depth).clip(1, len(middles) - 1)
        off = np.minimum(depth - middles[above - 1], middles[above] - depth)
        volume |= off < thick / 2
    return ~volume if rng.random() < 0.5 else volume


@register("cells")
def cells(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return cells with flat faces and sharp edges, 10 to 50 wide.

    Either their walls are solid, 2 to 8 thick; or each cell is, by chance, solid or pore.
    """
    width = log_uniform(10, 50, rng)
    box = np.asarray(shape) + 2 * width
    seeds = rng.uniform(-width, box - width, (max(8, int(box.prod() / width**3)), 3))
    points = np.indices(tuple(shape), dtype=np.float32).reshape(3, -1).T
    distance, owner = cKDTree(seeds).query(points, k=2)
    if rng.random() < 0.5:
        # Half the difference is the distance to the face between the two, as far as it is seen.
        walls = distance[:, 1] - distance[:, 0] < log_uniform(2, 8, rng)
        return np.asarray(walls.reshape(tuple(shape)))
    return np.asarray((rng.random(len(seeds)) < rng.uniform(0.2, 0.8))[owner[:, 0]].reshape(shape))
