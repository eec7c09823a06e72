"""Fill an own stack, maybe by a network (reads: as fill_stack, and weights; writes: the same)."""

import torch

from fibgap.report.stacks_page import page_with_picture
from fibgap.stacks.filling import fill_stack
from fibgap.workflow.job_log import job_log
from fibgap.workflow.own_stacks import of_stack, reading


def main(volume: str, picture: str, *, gpu: bool, params: dict) -> None:
    """Fill a stack by a network, or by what fibgap chooses."""
    stack, filler = params["stack"], params["filler"]
    options = {**reading(stack), **filler, "gpu": gpu}
    page = page_with_picture(picture)
    filled = fill_stack(
        stack["path"], volume, page=page, force=True, memory=stack.get("memory"), **options
    )
    print(*filled.verdict, sep="\n")


if "snakemake" in globals():
    with job_log(snakemake.log[0]), of_stack(snakemake.params.name):
        torch.set_num_threads(snakemake.threads)
        output, gpus = snakemake.output, snakemake.resources.gpu
        main(output.volume, output.picture, gpu=bool(gpus), params=dict(snakemake.params))
