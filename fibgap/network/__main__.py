"""Train a network, or fill a stack by one, without a workflow: ``python -m fibgap.network``."""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap import seeds
from fibgap.errors import InputError, require
from fibgap.experiment import config as configuration
from fibgap.io.digests import digest, file_sha256
from fibgap.io.files import write_aside
from fibgap.network.choices import ENGINES, FILLING_PRECISIONS
from fibgap.network.device import choose_device
from fibgap.network.filler import network_options
from fibgap.network.shipped import TRAIN, resolve_weights
from fibgap.network.streaming import fill_file
from fibgap.network.training.planes import FAMILIES, extract_planes, plane_manifest, split_planes
from fibgap.synthetic.training_sets import generate_training_volume


def prepare_planes(config: configuration.Config, training_set: str) -> dict[str, NDArray[np.uint8]]:
    """Generate the volumes of a training set and return their planes by family."""
    count = config["training_sets"][training_set]["volumes"]
    settings = configuration.training_set_of(config, training_set)
    planes: dict[str, list[NDArray[np.uint8]]] = {family: [] for family in FAMILIES}
    for index in range(count):
        volume = generate_training_volume(index, **settings)
        for family in FAMILIES:
            planes[family].append(extract_planes(volume, family).view(np.uint8))
        print(f"training volume {index + 1}/{count}", flush=True)
    return {family: np.concatenate(parts) for family, parts in planes.items()}


def train(
    config_path: Path,
    network: str,
    out: Path,
    *,
    gpus: int,
    budget: float | None,
    seed: int | None = None,
) -> str:
    """Train a network of a configuration in a folder, going on where an earlier call stopped.

    Parameters
    ----------
    config_path : path
        A configuration file.
    network : str
        Key of its networks table.
    out : path
        Folder for checkpoint, weights, history and card.
    gpus : int
        0 for the CPU, 1 for CUDA.
    budget : float or None
        Minutes after which training stops at the end of an epoch, instead of the configuration's.
    seed : int or None
        Instead of the configuration's `base_seed`: other volumes, patches and initial weights.

    Returns
    -------
    str
        How training ended.
    """
    require("torch", "Training", "train")
    import torch

    from fibgap.network.training.recipe import check_start, make_trainer

    config = configuration.load(config_path)
    if network not in config["networks"]:
        raise InputError(f"network '{network}' is not in the networks table of {config_path}.")
    settings = config["networks"][network]
    if settings["weights"] != TRAIN:
        raise InputError(
            f"network '{network}' of {config_path} has weights: {settings['weights']}, so there is "
            f"nothing to train: only those with weights: {TRAIN} are."
        )
    if seed is not None:
        if seed < 0:
            raise InputError(f"a seed must be 0 or more, but is {seed}.")
        config["base_seed"] = seed
    if budget is not None:
        settings["training"]["budget_minutes"] = budget
    device = torch.device(choose_device(gpus))
    training_set = settings["training_set"]
    set_settings = config["training_sets"][training_set]
    # The budget decides when to pause, not what comes out.
    run_digest = digest(
        [
            config["base_seed"],
            config["generate_volumes"],
            config["mill_slices"],
            set_settings,
            configuration.training_settings(settings),
        ]
    )
    check_start(settings, out, run_digest)
    planes = prepare_planes(config, training_set)
    manifest = split_planes(
        plane_manifest(
            range(set_settings["volumes"]),
            configuration.training_set_of(config, training_set)["shape"],
        ),
        by=set_settings["split_by"],
        validation_fraction=set_settings["validation_fraction"],
        rng=seeds.generator(config["base_seed"], "split"),
    )
    trainer = make_trainer(
        settings,
        planes,
        manifest,
        millings=configuration.millings_of(config, training_set),
        voxel_nm=config["generate_volumes"]["voxel_nm"],
        base_seed=config["base_seed"],
        folder=out,
        device=device,
        digest=run_digest,
        log=lambda line: print(line, flush=True),
    )
    status = trainer.run()
    weights = out / f"{network}.safetensors"
    trainer.deliver(weights, out / "history.csv", status)
    card = {
        **trainer.summary(status),
        "name": network,
        "sha256": file_sha256(weights),
        "configuration": str(config_path),
        "structure": config["generate_volumes"],
        "milling": config["mill_slices"],
        "training_set": set_settings,
        "network": settings,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU",
        "threads": torch.get_num_threads(),
    }
    text = json.dumps(card, indent=1, sort_keys=True, default=str) + "\n"
    with write_aside(out / f"{network}.json") as aside:
        aside.write_text(text, encoding="utf-8")
    return status


def fill_stack(arguments: argparse.Namespace) -> None:
    """Fill a stack from file to file."""
    options = network_options(
        resolve_weights(arguments.weights),
        choose_device(arguments.gpus),
        engine=arguments.engine,
        precision=arguments.precision,
        batch_pixels=arguments.batch_pixels,
        threads=arguments.threads,
    )
    fill_file(
        source=arguments.placed,
        target=arguments.out,
        dataset=arguments.dataset,
        **options,
        memory_mb=arguments.memory_mb,
        log=lambda line: print(line, flush=True),
    )


def _training_parser() -> argparse.ArgumentParser:
    """Return the parser of the command that trains."""
    parser = argparse.ArgumentParser(
        prog="python -m fibgap.network",
        description="Train one network of a configuration, without a workflow.",
        epilog="python -m fibgap.network fill --help: fill a stack that is larger than memory.",
    )
    parser.add_argument(
        "config", type=Path, help="configuration file; resolved beforehand it needs no pydantic"
    )
    parser.add_argument("network", help="key of its networks table")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything written")
    parser.add_argument("--budget-minutes", type=float, help="stop after an epoch, to go on later")
    parser.add_argument("--seed", type=int, help="instead of the configuration's base_seed")
    return parser


def _filling_parser() -> argparse.ArgumentParser:
    """Return the parser of the command that fills."""
    parser = argparse.ArgumentParser(
        prog="python -m fibgap.network fill",
        description="Fill the gaps of placed slices by a network, in bounded memory; a run that "
        "was killed goes on where it was.",
    )
    parser.add_argument("placed", type=Path, help="file of placed slices (HDF5)")
    parser.add_argument("weights", help="weights file, or shipped:NAME")
    parser.add_argument("out", type=Path, help="file for the filled volume (HDF5)")
    parser.add_argument("--dataset", type=int, default=0, help="which dataset of the file")
    parser.add_argument("--engine", default="auto", help=", ".join(ENGINES))
    parser.add_argument("--precision", default="auto", help=", ".join(FILLING_PRECISIONS))
    parser.add_argument("--batch-pixels", type=int, default=2**19, help="pixels at once")
    parser.add_argument(
        "--memory-mb", type=float, default=4000, help="memory beyond that of the program itself"
    )
    return parser


def main() -> int:
    """Parse the command line; train or fill."""
    filling = sys.argv[1:2] == ["fill"]
    parser = _filling_parser() if filling else _training_parser()
    parser.add_argument("--gpus", type=int, default=0, help="0: the CPU; 1: CUDA or an error")
    parser.add_argument("--threads", type=int, help="threads of the CPU; default: all cores")
    arguments = parser.parse_args(sys.argv[2:] if filling else sys.argv[1:])
    if arguments.threads:
        os.environ["OMP_NUM_THREADS"] = str(arguments.threads)  # before torch is imported
    try:
        if filling:
            fill_stack(arguments)
        else:
            train(
                arguments.config,
                arguments.network,
                arguments.out,
                gpus=arguments.gpus,
                budget=arguments.budget_minutes,
                seed=arguments.seed,
            )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
