"""Check an own stack (reads: images, depths; writes: what it is and what looks wrong, picture)."""

import json

from fibgap.errors import InputError
from fibgap.io.files import write_aside
from fibgap.placement import place_slices
from fibgap.report.figures.cut import write_picture, zx_cut
from fibgap.stacks.checking import check_stack
from fibgap.stacks.verdict import stack_verdict
from fibgap.workflow.job_log import job_log
from fibgap.workflow.own_stacks import of_stack, reading


def main(checked: str, picture: str, *, params: dict) -> None:
    """Check a stack, or say why it cannot be filled."""
    stack = params["stack"]
    found = check_stack(stack["path"], memory=stack.get("memory"), **reading(stack))
    if found.loaded is None:
        raise InputError(" ".join(found.problems))
    print(*found.lines(), sep="\n")
    gapped = place_slices(found.loaded.stack, positions="true", check=False)
    told = {"shape_zyx": list(gapped.shape), "verdict": stack_verdict(found.loaded, gapped)}
    write_picture(picture, zx_cut(gapped))
    with write_aside(checked) as aside:
        aside.write_text(json.dumps({**told, **found.to_dict()}, indent=1), encoding="utf-8")


if "snakemake" in globals():
    with job_log(snakemake.log[0]), of_stack(snakemake.params.name):
        main(**dict(snakemake.output), params=dict(snakemake.params))
