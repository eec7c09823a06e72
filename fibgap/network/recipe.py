"""From a configuration to a training run: the same steps for the workflow and the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from fibgap import config as configuration
from fibgap import seeds
from fibgap.network.architecture import Architecture
from fibgap.network.training import Trainer, Training
from fibgap.planes import FAMILIES


def architecture_of(settings: dict[str, Any]) -> Architecture:
    """Return the architecture of one row of the networks table."""
    return Architecture.from_width(
        settings["width_factor"],
        mask_channel=settings["mask_channel"],
        bicubic=settings["bicubic"],
    )


def training_of(settings: dict[str, Any]) -> Training:
    """Return the training of one row of the networks table."""
    values = dict(settings["training"])
    return Training(
        **{
            **values,
            "steps_per_epoch": values["steps_per_epoch"] or None,
            "budget_minutes": values["budget_minutes"] or None,
        }
    )


def make_trainer(
    config: configuration.Config,
    network: str,
    planes: dict[str, NDArray[np.uint8]],
    manifest: pd.DataFrame,
    *,
    folder: Path | str,
    device: torch.device,
    digest: str,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Return a trainer for one network of a configuration.

    Parameters
    ----------
    config : dict
        A checked configuration.
    network : str
        Key of the networks table.
    planes : dict of (N, Z, X) uint8
        All planes by family, 1 = gold.
    manifest : pandas.DataFrame
        Which row of which family belongs to which part, from `fibgap.planes.split_planes`.
    folder : path
        For the checkpoint and the best weights.
    device : torch.device
        Where to train.
    digest : str
        Digest of everything on which the result depends.
    log : callable
        Receives progress lines.
    """
    settings = config["networks"][network]

    def part(name: str) -> list[NDArray[np.uint8]]:
        chosen = manifest[manifest["part"] == name]
        rows = {
            family: chosen.loc[chosen["family"] == family, "row"].to_numpy() for family in FAMILIES
        }
        return [planes[family][rows[family]] for family in FAMILIES if len(rows[family])]

    return Trainer(
        architecture_of(settings),
        training_of(settings),
        part("training"),
        part("validation"),
        millings=configuration.millings_of(config, settings["training_set"]),
        voxel_nm=config["generate_volumes"]["voxel_nm"],
        base_seed=config["base_seed"],
        folder=folder,
        device=device,
        digest=digest,
        log=log,
    )


def split_rng(config: configuration.Config) -> np.random.Generator:
    """Return the generator that decides the split into training and validation."""
    return seeds.generator(config["base_seed"], "split")
