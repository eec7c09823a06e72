"""Training volumes: other seeds than the evaluation's, one structure or a range of them."""

import numpy as np
from numpy.typing import NDArray

from fibgap import config as configuration
from fibgap import seeds
from fibgap.synthesis import generate_volume


def training_shape(config: configuration.Config, training_set: str) -> tuple[int, int, int]:
    """Return the shape (Z, Y, X) of the volumes of a training set."""
    shape = config["training_sets"][training_set].get("shape")
    z, y, x = shape or config["generate_volumes"]["shape"]
    return z, y, x


def generate_training_volume(
    config: configuration.Config, training_set: str, index: int, device: str = "cpu"
) -> NDArray[np.bool_]:
    """Generate one volume of a training set.

    Parameters
    ----------
    config : dict
        A checked configuration.
    training_set : str
        Key of the training set.
    index : int
        Which volume.
    device : str
        Where the Fourier transforms run.

    Returns
    -------
    (Z, Y, X) bool
        Gold = True.
    """
    seed = seeds.sequence(config["base_seed"], "training_volumes", index)
    settings = config["generate_volumes"]
    # A child with a number that no level has: drawing the structure leaves its amplitudes alone.
    child = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, 1000))
    levels = configuration.training_levels(config, training_set, np.random.default_rng(child))
    return generate_volume(
        training_shape(config, training_set),
        levels,
        voxel_nm=settings["voxel_nm"],
        box_factor=settings["box_factor"],
        seed=seed,
        device=device,
    )
