"""Put own stacks on one page (reads: checks, records, measures, pictures; writes: HTML, CSV)."""

from pathlib import Path

from fibgap.io.files import write_aside
from fibgap.report.stacks_page import read_stack, stacks_frame, stacks_page
from fibgap.workflow.costs import job_seconds
from fibgap.workflow.job_log import job_log


def main(page: str, table: str, *, params: dict) -> None:
    """Write the page, and its numbers as a table."""

    def seconds(stack: str, filler: str) -> float | None:
        rule = "infer_stack" if filler in params["networks"] else "fill_stack"
        return job_seconds(Path(params["benchmarks"]) / rule / stack / f"{filler}.tsv")

    stacks = [
        read_stack(name, Path(page).parent, {filler: seconds(name, filler) for filler in fillers})
        for name, fillers in params["fillings"].items()
    ]
    with write_aside(table) as aside:
        stacks_frame(stacks).to_csv(aside, index=False)
    with write_aside(page) as aside:
        text = stacks_page(f"Own stacks: {params['name']}", stacks, params["commands"])
        aside.write_text(text, encoding="utf-8")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(**dict(snakemake.output), params=dict(snakemake.params))
