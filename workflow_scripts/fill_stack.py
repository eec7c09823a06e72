"""Fill an own stack (reads: images, depths; writes: volume, record, page, picture)."""

from fibgap.report.stacks_page import page_with_picture
from fibgap.stacks.filling import fill_stack
from fibgap.workflow.job_log import job_log
from fibgap.workflow.own_stacks import of_stack, reading


def main(volume: str, picture: str, *, params: dict) -> None:
    """Fill a stack by a classical filler."""
    stack, filler = params["stack"], params["filler"]
    options = {**reading(stack), **filler}
    page = page_with_picture(picture)
    filled = fill_stack(
        stack["path"], volume, page=page, force=True, memory=stack.get("memory"), **options
    )
    print(*filled.verdict, sep="\n")


if "snakemake" in globals():
    with job_log(snakemake.log[0]), of_stack(snakemake.params.name):
        output = snakemake.output
        main(output.volume, output.picture, params=dict(snakemake.params))
