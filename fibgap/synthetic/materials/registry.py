"""Materials by name.

A material takes a shape, a random generator and the levels of the experiment's own structure, and
returns a volume, solid = True. Lengths are in voxels. What a volume is made of is drawn from the
ranges that its function names, so that one name stands for a whole family of structures.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.synthetic.structure import Level

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
