"""Measure the volume of an own stack (reads: volume, truth where known; writes: measures)."""

import json

from fibgap.io.files import write_aside
from fibgap.stacks.measuring import measure_volume_file
from fibgap.workflow.job_log import job_log
from fibgap.workflow.own_stacks import of_stack


def main(volume: str, truths: list, output: str, *, params: dict) -> None:
    """Measure a volume along its axes; the list of its truths is empty, or holds the one."""
    truth = truths[0] if truths else None
    measured = measure_volume_file(
        volume,
        measures=params["measures"],
        truth=truth,
        memory=params["memory"] or None,
        **params["options"],
    )
    print(*measured.lines(), sep="\n")
    with write_aside(output) as aside:
        aside.write_text(json.dumps(measured.to_dict()), encoding="utf-8")


if "snakemake" in globals():
    with job_log(snakemake.log[0]), of_stack(snakemake.params.name):
        if {"d", "d_solid"} & {*snakemake.params.measures}:
            import torch

            torch.set_num_threads(snakemake.threads)
        main(
            snakemake.input.volume,
            list(snakemake.input.truth),
            snakemake.output[0],
            params=dict(snakemake.params),
        )
