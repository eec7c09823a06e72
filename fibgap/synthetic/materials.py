"""Materials to learn from: random structures of many kinds, registered by name.

A material takes a shape, a random generator and the levels of the experiment's own structure, and
returns a volume, solid = True. Lengths are in voxels. What a volume is made of is drawn from the
ranges that its function names, so that one name stands for a whole family of structures.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from fibgap.errors import InputError
from fibgap.synthetic.structure import Level, cut_at_fraction, generate_volume

Volume = NDArray[np.bool_]
Material = Callable[[Sequence[int], np.random.Generator, Sequence[Level]], Volume]

_MATERIALS: dict[str, Material] = {}


def register(name: str) -> Callable[[Material], Material]:
    """Register a material under a name."""

    def keep(material: Material) -> Material:
        _MATERIALS[name] = material
        return material

    return keep


def material_names() -> list[str]:
    """Return the names of all materials."""
    return sorted(_MATERIALS)


def draw_material(
    name: str, shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level] = ()
) -> Volume:
    """Draw a volume of a material.

    Parameters
    ----------
    name : str
        Name of the material, see `material_names`.
    shape : (3,) int
        Shape (Z, Y, X) in voxels.
    rng : numpy.random.Generator
        Decides everything.
    levels : sequence of Level
        The experiment's own structure, wavelengths in voxels; for the materials made of it.

    Returns
    -------
    (Z, Y, X) bool
        Solid = True.

    Raises
    ------
    InputError
        If the material is unknown.

    Examples
    --------
    >>> volume = draw_material("rough", (16, 16, 16), np.random.default_rng(0))
    >>> volume.shape, bool(0.2 <= volume.mean() <= 0.8)
    ((16, 16, 16), True)
    """
    if name not in _MATERIALS:
        raise InputError(
            f"material '{name}' is unknown; choose one of {', '.join(material_names())}."
        )
    return _MATERIALS[name](shape, rng, levels)


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


def warped_grid(
    shape: Sequence[int], amplitude: float, rng: np.random.Generator
) -> list[NDArray[np.float32]]:
    """Return the coordinates z, y, x of all voxels, displaced by a smooth field of that sd."""
    grid = np.indices(tuple(shape), dtype=np.float32)
    return [axis + np.float32(amplitude) * power_law_field(shape, 3.5, rng) for axis in grid]


def _waves(shape: Sequence[int], levels: Sequence[Level], rng: np.random.Generator) -> Volume:
    seed = np.random.SeedSequence(int(rng.integers(2**63)))
    # A coarse wave needs a box that holds enough of its modes.
    longest = max(level.wavelength_nm for level in levels)
    factor = max(1.5, 1.5 * longest / max(shape))
    return generate_volume(shape, levels, voxel_nm=1.0, box_factor=factor, seed=seed)


@register("structure")
def structure(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return the experiment's own structure."""
    return _waves(shape, levels, rng)


@register("structure_finer")
def structure_finer(
    shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]
) -> Volume:
    """Return the experiment's own structure at pixels 1 to 4 times finer."""
    finer = log_uniform(1, 4, rng)
    return _waves(
        shape, [Level(level.solid_fraction, level.wavelength_nm * finer) for level in levels], rng
    )


@register("one_level")
def one_level(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return a levelled wave: solid .05 to .95, wavelength 6 to 120."""
    return _waves(shape, [Level(float(rng.uniform(0.05, 0.95)), log_uniform(6, 120, rng))], rng)


@register("two_levels")
def two_levels(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return two levelled waves: each .3 to .9 solid, one 12 to 120 long, the other shorter.

    Solid and pore change places in every second volume.
    """
    coarse = log_uniform(12, 120, rng)
    fine = max(6.0, coarse * log_uniform(0.15, 0.8, rng))
    both = [Level(float(rng.uniform(0.3, 0.9)), length) for length in (coarse, fine)]
    volume = _waves(shape, both, rng)
    return ~volume if rng.random() < 0.5 else volume


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


@register("rough")
def rough(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return a field of amplitude k^-1.6 to k^-2.6, blurred by 0.7 to 1.5, solid .2 to .8."""
    field = power_law_field(shape, rng.uniform(1.6, 2.6), rng)
    return cut_at_fraction(gaussian_filter(field, rng.uniform(0.7, 1.5)), rng.uniform(0.2, 0.8))


@register("rougher")
def rougher(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return a field of amplitude k^-1.3 to k^-2, blurred by 0.3 to 0.7, solid .2 to .8."""
    field = power_law_field(shape, rng.uniform(1.3, 2.0), rng)
    return cut_at_fraction(gaussian_filter(field, rng.uniform(0.3, 0.7)), rng.uniform(0.2, 0.8))


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
        along = direction(rng)
        along += stretch * preferred * (along @ preferred)
        along /= np.linalg.norm(along)
        off = [
            axis - np.float32(rng.uniform(0, side)) for axis, side in zip(grid, shape, strict=True)
        ]
        on_axis = sum(np.float32(u) * axis for u, axis in zip(along, off, strict=True))
        square = sum(axis * axis for axis in off) - on_axis * on_axis
        volume |= square <= (radius * rng.uniform(0.7, 1.3)) ** 2
    return ~volume if rng.random() < 0.5 else volume


@register("layers")
def layers(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return wavy layers of any direction: period 8 to 80, uneven, solid .1 to .9."""
    grid = warped_grid(shape, rng.uniform(0, 8), rng)
    normal, period, solid = direction(rng), log_uniform(8, 80, rng), rng.uniform(0.1, 0.9)
    depth = sum(np.float32(n) * axis for n, axis in zip(normal, grid, strict=True))
    count = int(4 * max(shape) / period) + 8
    pairs = np.stack([np.full(count, solid), np.full(count, 1 - solid)], axis=1) * period
    edges = np.cumsum((pairs * rng.uniform(0.5, 1.5, pairs.shape)).ravel()) - 2 * max(shape)
    return np.asarray(np.searchsorted(edges, depth) % 2 == 0)


@register("flat_layers")
def flat_layers(shape: Sequence[int], rng: np.random.Generator, levels: Sequence[Level]) -> Volume:
    """Return flat and even layers of any direction: period 8 to 60, solid .3 to .7."""
    normal, period, solid = direction(rng), log_uniform(8, 60, rng), rng.uniform(0.3, 0.7)
    grid = np.indices(tuple(shape), dtype=np.float32)
    depth = sum(np.float32(n) * axis for n, axis in zip(normal, grid, strict=True))
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
        depth = sum(np.float32(n) * axis for n, axis in zip(normal, grid, strict=True))
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
