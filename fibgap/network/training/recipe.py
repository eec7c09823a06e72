"""From a row of the networks table to a training run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.network.architecture import Architecture
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.module import Network, with_inputs
from fibgap.network.shipped import resolve_weights
from fibgap.network.training.checkpoint import read_checkpoint
from fibgap.network.training.planes import FAMILIES
from fibgap.network.training.settings import Training
from fibgap.network.training.trainer import CHECKPOINT, Trainer
from fibgap.network.weights import AnyArchitecture, LoadedNetwork, load_weights
from fibgap.synthetic.milling import MillingRange


def architecture_of(settings: dict[str, Any]) -> AnyArchitecture:
    """Return the architecture of one row of the networks table."""
    if settings["sees"] == GapArchitecture.kind:
        return GapArchitecture.from_width(settings["width_factor"])
    return Architecture.from_width(
        settings["width_factor"],
        mask_channel=settings["mask_channel"],
        bicubic=settings["bicubic"],
        neighbours=settings["neighbours"],
        sees=settings["sees"],
    )


def check_start(settings: dict[str, Any], folder: Path | str, digest: str) -> None:
    """Refuse at once what a trainer would refuse when all volumes are made.

    Parameters
    ----------
    settings, folder, digest
        See `make_trainer`.

    Raises
    ------
    InputError
        If training cannot start from the weights that it is to start from, or not go on from the
        folder's checkpoint.
    """
    if "start_from" in settings:
        _initial_network(settings["start_from"], architecture_of(settings))
    checkpoint = Path(folder) / CHECKPOINT
    if checkpoint.exists():
        read_checkpoint(checkpoint, digest, torch.device("cpu"))


def make_trainer(
    settings: dict[str, Any],
    planes: dict[str, NDArray[np.uint8]],
    manifest: pd.DataFrame,
    *,
    millings: MillingRange,
    voxel_nm: float,
    base_seed: int,
    folder: Path | str,
    device: torch.device,
    digest: str,
    log: Callable[[str], None] = print,
) -> Trainer:
    """Return a trainer for one row of the networks table.

    Parameters
    ----------
    settings : dict
        The row, complete with its defaults.
    planes : dict of (N, Z, X) uint8
        All planes by family, 1 = solid.
    manifest : pandas.DataFrame
        Which row of which family belongs to which part, from
        `fibgap.network.training.planes.split_planes`.
    millings, voxel_nm, base_seed, folder, device, digest, log
        See `fibgap.network.training.trainer.Trainer`.
    """

    def part(name: str) -> list[NDArray[np.uint8]]:
        chosen = manifest[manifest["part"] == name]
        rows = {
            family: np.sort(chosen.loc[chosen["family"] == family, "row"].to_numpy())
            for family in FAMILIES
        }
        return [planes[family][rows[family]] for family in FAMILIES if len(rows[family])]

    architecture = architecture_of(settings)
    initial = (
        _initial_network(settings["start_from"], architecture) if "start_from" in settings else None
    )
    return Trainer(
        architecture,
        Training(**settings["training"]),
        part("training"),
        part("validation"),
        millings=millings,
        depths=_planes_a_volume(
            manifest,
            architecture.neighbours,
            distances=architecture.sees == "distances",
        ),
        voxel_nm=voxel_nm,
        base_seed=base_seed,
        folder=folder,
        device=device,
        digest=digest,
        initial=initial,
        log=log,
    )


def _planes_a_volume(
    manifest: pd.DataFrame, neighbours: int, *, distances: bool
) -> list[int] | None:
    """Return how many planes of each family come from one volume, where its other planes count."""
    if not (neighbours or distances):
        return None
    parts = manifest.groupby(["family", "volume"])["part"].nunique()
    if (parts > 1).any():
        raise InputError(
            f"neighbours is {neighbours}, but planes of one volume are split between training and "
            "validation: a network that sees neighbouring planes, or distances, needs a training "
            "set with split_by: volume."
        )
    families = (manifest[manifest["family"] == family] for family in FAMILIES)
    return [int(planes["volume"].value_counts().max()) for planes in families]


def _initial_network(name: str, architecture: AnyArchitecture) -> LoadedNetwork:
    """Return the weights that training starts from, for the architecture that is trained."""
    loaded = load_weights(resolve_weights(name))
    found = loaded.architecture
    if found == architecture:
        return loaded
    if isinstance(architecture, Architecture) and isinstance(found, Architecture):
        mask_channel = architecture.mask_channel or found.mask_channel
        neighbours = max(architecture.neighbours, found.neighbours)
        if replace(found, mask_channel=mask_channel, neighbours=neighbours) == architecture:
            own = loaded.network
            assert isinstance(own, Network)
            wider = with_inputs(own, mask_channel=mask_channel, neighbours=neighbours)
            return replace(LoadedNetwork.of(wider), training=loaded.training, sha256=loaded.sha256)
    raise InputError(
        f"weights '{name}' cannot be started from: their architecture "
        f"{found.to_dict()} is not that of the network to be trained, "
        f"{architecture.to_dict()}."
    )
