"""Train a network (reads: planes, split; writes: weights, history)."""

import shutil
from pathlib import Path

import pandas as pd
import torch

from fibgap.io.hdf5 import open_hdf5, read_array
from fibgap.network.device import choose_device
from fibgap.network.training.planes import FAMILIES
from fibgap.network.training.recipe import make_trainer
from fibgap.synthetic.milling import MillingRange
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(planes: str, split: str, weights: str, history: str, *, gpus: int, params: dict) -> None:
    """Train to the end or to the end of the budget; then a longer one goes on from there."""
    device = torch.device(choose_device(gpus))
    budget = params.pop("budget_minutes")
    digest = chain_digest(params, [planes, split])
    training = {**params["settings"]["training"], "budget_minutes": budget}
    settings = {**params["settings"], "training": training}
    folder = Path(weights).parent / ".checkpoints" / digest
    with open_hdf5(planes, "extract_planes") as file:
        arrays = {family: read_array(file, family).view("uint8") for family in FAMILIES}
    trainer = make_trainer(
        settings,
        arrays,
        pd.read_csv(split),
        millings=MillingRange.from_dict(params["millings"]),
        voxel_nm=params["voxel_nm"],
        base_seed=params["base_seed"],
        folder=folder,
        device=device,
        digest=digest,
        log=lambda line: print(f"train_network: {line}", flush=True),
    )
    status = trainer.run()
    trainer.deliver(weights, history, status)
    if status != "out of budget":
        shutil.rmtree(folder.parent)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        main(
            snakemake.input.planes,
            snakemake.input.split,
            snakemake.output.weights,
            snakemake.output.history,
            gpus=snakemake.resources.gpu,
            params=dict(snakemake.params),
        )
