"""Tabulate what a run cost (reads: benchmark files, logs; writes: CSV, Markdown)."""

from pathlib import Path

from fibgap.report.tables import write_tables
from fibgap.workflow.costs import costs_and_room
from fibgap.workflow.job_log import job_log


def main(results: Path, output: list) -> None:
    """Write the costs of every step of an experiment."""
    write_tables(costs_and_room(results), *output)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        # The folder of the experiment, in which the table has one of its own.
        main(Path(snakemake.output[0]).parents[1], list(snakemake.output))
