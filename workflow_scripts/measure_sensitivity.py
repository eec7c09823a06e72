"""Measure the datasets of one setting, all arms (reads: weights; writes: measures)."""

import torch

from fibgap.arms import ORIGINAL
from fibgap.experiment.sensitivity.chain import Measuring
from fibgap.experiment.sensitivity.rows import measure_setting
from fibgap.io.shards import process_shard
from fibgap.network.device import choose_device
from fibgap.network.filler import arm_options
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(weights: dict, output: str, *, threads: int, gpus: int, params: dict) -> None:
    """Generate, mill, place, fill and measure every dataset of a setting; weights by arm."""
    structure, device = params["structure"], choose_device(gpus)
    compute = measure_setting(
        structure,
        params["setting"],
        params["arms"],
        Measuring(
            tuple(params["measures"]),
            max_pixels=params["max_pixels"],
            threads=threads,
            positions=params["positions"],
            **params["options"],
        ),
        base_seed=params["base_seed"],
        fill_options={
            arm["name"]: arm_options(
                arm, weights[arm["name"]], device, threads=threads, **params["inference"]
            )
            for arm in params["arms"]
            if arm["filler"] == "network"
        },
    )
    process_shard(
        output,
        stage="measure_sensitivity",
        datasets=params["datasets"],
        digest=chain_digest(params, weights.values()),
        attributes={
            "voxel_nm": structure["voxel_nm"],
            "base_seed": params["base_seed"],
            "arms": [ORIGINAL, *(arm["name"] for arm in params["arms"])],
        },
        compute=compute,
        label=params["setting"]["name"],
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        networks = [a["name"] for a in snakemake.params.arms if a["filler"] == "network"]
        main(
            dict(zip(networks, snakemake.input.weights, strict=True)),
            snakemake.output[0],
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
            params=dict(snakemake.params),
        )
