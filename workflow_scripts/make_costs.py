"""Tabulate what a run cost (reads: benchmark files, Snakemake's records; writes: CSV, Markdown)."""

from pathlib import Path

from fibgap.report.tables import write_tables
from fibgap.workflow.costs import cost_tables
from fibgap.workflow.job_log import job_log


def main(output: dict, *, results: Path, records: str) -> None:
    """Write the costs of every step, and how much of the wall time was orchestration."""
    for name, table in cost_tables(results, records).items():
        write_tables(table, *output[name])


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            {"costs": list(snakemake.output.costs), "overhead": list(snakemake.output.overhead)},
            # The folder of the experiment, in which the tables have one of their own.
            results=Path(snakemake.output.costs[0]).parents[1],
            records=".snakemake",
        )
