"""Compare arms that differ in one thing (reads: datasets; writes: a table)."""

import pandas as pd

from fibgap.experiment.ablations import ablation_frame
from fibgap.report.tables import write_tables
from fibgap.report.tables.ablations import ablation_table
from fibgap.statistics import Bootstrap
from fibgap.workflow.job_log import job_log


def main(metrics: str, outputs: list, *, ablations: list, bootstrap: dict) -> None:
    """Write the table of ablations in every format."""
    frame = ablation_frame(pd.read_csv(metrics), ablations, Bootstrap(**bootstrap))
    write_tables(ablation_table(frame), *outputs)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            list(snakemake.output),
            ablations=snakemake.params.ablations,
            bootstrap=snakemake.params.bootstrap,
        )
