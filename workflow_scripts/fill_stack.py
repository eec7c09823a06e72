"""Fill an own stack (reads: images, depths; writes: volume, record, page, picture)."""

from fibgap.report.figures.cut import write_picture, zx_cut
from fibgap.report.stack_page import stack_page
from fibgap.stacks.filling import fill_stack
from fibgap.workflow.job_log import job_log
from fibgap.workflow.own_stacks import of_stack, reading


def main(volume: str, picture: str, *, params: dict) -> None:
    """Fill a stack by a classical filler."""
    stack, filler = params["stack"], params["filler"]
    options = {**reading(stack), **filler}
    filled = fill_stack(stack["path"], volume, page=stack_page, force=True, **options)
    write_picture(picture, zx_cut(filled.gapped, filled.volume))
    print(*filled.verdict, sep="\n")


if "snakemake" in globals():
    with job_log(snakemake.log[0]), of_stack(snakemake.params.name):
        output = snakemake.output
        main(output.volume, output.picture, params=dict(snakemake.params))
