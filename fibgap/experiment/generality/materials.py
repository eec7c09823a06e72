"""The materials that fillers are tried on, by name. Lengths are in voxels."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.images import read_images
from fibgap.io.segmentation import segment
from fibgap.synthetic.materials import draw_material
from fibgap.synthetic.milling import Milling
from fibgap.synthetic.structure import Level, generate_volume

Volume = NDArray[np.bool_]
#: What makes a cube of a side, from a random generator.
Make = Callable[[int, np.random.Generator], Volume]

#: The two levels of config/paper.yaml, wavelengths in voxels of 2.5 nm.
GOLD = (Level(0.4782, 38.892), Level(0.4272, 11.652))
#: Wavelength of the structures of one level: ligaments of about 15 voxels.
WAVELENGTH = 30.0
#: The paper's milling in voxels, 10 nm ± 3 nm over voxels of 2.5 nm, and slices twice as thick.
THIN, THICK = Milling("normal", 4, 1.2, 1), Milling("normal", 8, 2.4, 1)
BASE_SEED = 20262


def _waves(levels: Sequence[Level]) -> Make:
    def make(side: int, rng: np.random.Generator) -> Volume:
        # A coarse wave needs a box that holds enough of its modes.
        factor = max(1.5, 2 * max(level.wavelength_nm for level in levels) / side)
        seed = np.random.SeedSequence(int(rng.integers(2**63)))
        return generate_volume((side,) * 3, levels, voxel_nm=1.0, box_factor=factor, seed=seed)

    return make


def _gold(finer: float) -> Make:
    return _waves([Level(each.solid_fraction, finer * each.wavelength_nm) for each in GOLD])


def _drawn(name: str) -> Make:
    return lambda side, rng: draw_material(name, (side,) * 3, rng)


def _ball(radius: float, *, solid: bool) -> Make:
    """Return what makes a ball of solid or of pore, or the eighth of one that is too large."""

    def make(side: int, rng: np.random.Generator) -> Volume:
        middle = (side - 1) / 2 if radius < side / 2 else 0.0
        off = middle + rng.uniform(-0.5, 0.5)
        z, y, x = (axis - off for axis in np.ogrid[:side, :side, :side])
        return np.asarray((z * z + y * y + x * x <= radius * radius) == solid)

    return make


def _tilted(period: float) -> Make:
    """Return what makes flat layers, or a half-space, that lie slantwise."""

    def make(side: int, rng: np.random.Generator) -> Volume:
        normal = np.abs(rng.standard_normal(3)) + 0.2
        normal /= np.linalg.norm(normal)
        z, y, x = (axis - side / 2 for axis in np.ogrid[:side, :side, :side])
        depth = normal[0] * z + normal[1] * y + normal[2] * x
        return np.asarray(depth < 0 if np.isinf(period) else depth % period < period / 2)

    return make


#: Bodies whose every voxel is known; they are no samples of a material, so that their anisotropy
#: and their curves say nothing.
PHANTOMS: dict[str, Make] = {
    **{f"ball of radius {radius}": _ball(radius, solid=True) for radius in (12, 30)},
    **{f"pore of radius {radius}": _ball(radius, solid=False) for radius in (12, 30)},
    "half-space": _tilted(np.inf),
    **{f"flat layers, period {period}": _tilted(period) for period in (12, 32)},
}
MATERIALS: dict[str, Make] = {
    "gold": _gold(1),
    **{f"gold, pixels {finer}x finer": _gold(finer) for finer in (2, 3, 4)},
    **{
        f"one level, solid {solid:g}": _waves([Level(solid, WAVELENGTH)])
        for solid in (0.1, 0.3, 0.5, 0.7, 0.9)
    },
    "overlapping spheres": _drawn("spheres"),
    "grains": _drawn("grains"),
    "fibres": _drawn("fibres"),
    "rough field": _drawn("rough"),
    "wavy layers": _drawn("layers"),
    "cells": _drawn("cells"),
    **{f"gold, pixels {finer}x finer, gaps of 8": _gold(finer) for finer in (2, 4)},
    **PHANTOMS,
}


def milling_of(material: str) -> Milling:
    """Return how a material is milled."""
    return THICK if material.endswith("gaps of 8") else THIN


def draw_volume(material: str, index: int, side: int) -> tuple[Volume, np.random.Generator]:
    """Return a volume of a material, and the generator with which it is milled.

    Parameters
    ----------
    material : str
        A key of `MATERIALS`.
    index : int
        Which volume: another one, another structure.
    side : int
        Of the cube, in voxels.
    """
    rng = generator(material, index)
    return MATERIALS[material](side, rng), rng


def generator(material: str, index: int) -> np.random.Generator:
    """Return the generator of one volume of one material; no training draws from it."""
    return np.random.default_rng([BASE_SEED, zlib.crc32(material.encode()), index])


def read_cubes(given: str, side: int, count: int) -> tuple[str, list[Volume]]:
    """Return the name and cubes of a labelled volume in a file, along its diagonal.

    Parameters
    ----------
    given : str
        ``NAME=FILE:LABEL``, the label being that of the solid.
    side : int
        Side of a cube in voxels; the volume's shortest side where that is less.
    count : int
        How many cubes: at the first corner, in the middle, at the last corner, and between these.

    Raises
    ------
    InputError
        If it is not of that form, or the file cannot be read.
    """
    name, _, rest = given.partition("=")
    path, _, label = rest.rpartition(":")
    if not (name and path and label.isdecimal()):
        raise InputError(f"a real volume is given as NAME=FILE:LABEL, but '{given}' is not.")
    solid = segment(read_images(Path(path)), phase=float(label)).stack.images
    if count > 5:
        raise InputError(f"a real volume gives 5 cubes at most, but {count} are asked for.")
    side = min(side, *solid.shape)
    cubes = []
    for part in (0, 0.5, 1, 0.25, 0.75)[:count]:
        z, y, x = (round(part * (length - side)) for length in solid.shape)
        cubes.append(np.ascontiguousarray(solid[z : z + side, y : y + side, x : x + side]))
    return name, cubes
