"""Training volumes: other seeds than the evaluation's, one structure or a range of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap import seeds
from fibgap.errors import InputError
from fibgap.synthetic.materials import draw_material, with_segmentation_noise
from fibgap.synthetic.structure import Level, generate_volume


def check_structure(structure: Mapping[str, Any]) -> None:
    """Check the ranges from which `draw_levels` draws.

    Parameters
    ----------
    structure : mapping
        See `draw_levels`.

    Raises
    ------
    InputError
        If a range runs backwards or reaches an impossible level.
    """
    for name in ("levels", "solid_fraction", "wavelength_nm"):
        low, high = structure[name]
        if not low <= high:
            raise InputError(
                f"the range {name} must go from its lower to its upper end, but goes from {low} "
                f"to {high}."
            )
    for solid_fraction in structure["solid_fraction"]:
        for wavelength_nm in structure["wavelength_nm"]:
            Level(solid_fraction, wavelength_nm)


def draw_levels(structure: Mapping[str, Any], rng: np.random.Generator) -> list[Level]:
    """Draw the levels of one training volume from ranges.

    Parameters
    ----------
    structure : mapping
        ``levels`` (smallest and largest number), ``solid_fraction`` and ``wavelength_nm``
        (ranges; the wavelength is drawn evenly in its logarithm).
    rng : numpy.random.Generator
        Source of randomness.
    """
    count = int(rng.integers(structure["levels"][0], structure["levels"][1] + 1))
    low, high = np.log(structure["wavelength_nm"])
    return [
        Level(
            float(rng.uniform(*structure["solid_fraction"])), float(np.exp(rng.uniform(low, high)))
        )
        for _ in range(count)
    ]


def generate_training_volume(
    index: int,
    *,
    shape: Sequence[int],
    levels: Sequence[Mapping[str, float]],
    structure: Mapping[str, Any] | None,
    voxel_nm: float,
    box_factor: float,
    base_seed: int,
    materials: Sequence[Mapping[str, Any]] = (),
    noisy: float = 0,
) -> NDArray[np.bool_]:
    """Generate one volume of a training set.

    Parameters
    ----------
    index : int
        Which volume.
    shape : (3,) int
        Shape (Z, Y, X) in voxels.
    levels : sequence of mapping
        The levels of every volume, where `structure` is None.
    structure : mapping or None
        Ranges from which each volume's levels are drawn, see `draw_levels`.
    voxel_nm, box_factor
        See `fibgap.synthetic.structure.generate_volume`.
    base_seed : int
        The seed of the experiment.
    materials : sequence of mapping
        ``material`` and ``volumes``: how many of the first volumes are of which material, one
        material after the other, see `fibgap.synthetic.materials`; those behind them are of the
        structure.
    noisy : float
        For `materials`: the chance that a volume has segmentation noise.

    Returns
    -------
    (Z, Y, X) bool
        Solid = True.
    """
    seed = seeds.sequence(base_seed, "training_volumes", index)
    names = [each["material"] for each in materials for _ in range(each["volumes"])]
    if index < len(names):
        rng = np.random.default_rng(seed)
        own = [
            Level(**{**level, "wavelength_nm": level["wavelength_nm"] / voxel_nm})
            for level in levels
        ]
        volume = draw_material(names[index], shape, rng, own)
        return with_segmentation_noise(volume, rng) if rng.random() < noisy else volume
    if structure is None:
        drawn = [Level(**level) for level in levels]
    else:
        # A child with a number that no level has: drawing a structure leaves its waves alone.
        child = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, 1000))
        drawn = draw_levels(structure, np.random.default_rng(child))
    return generate_volume(shape, drawn, voxel_nm=voxel_nm, box_factor=box_factor, seed=seed)
