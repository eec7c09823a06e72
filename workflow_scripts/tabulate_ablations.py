"""Compare arms that differ in one thing (reads: datasets; writes: a table)."""

import pandas as pd

from fibgap.ablations import ablation_frame, ablation_table
from fibgap.progress import job_log
from fibgap.tables import write_tables


def main(metrics: str, outputs: list, *, ablations: list, statistics: dict) -> None:
    """Write the table of ablations in every format."""
    frame = ablation_frame(pd.read_csv(metrics), ablations, **statistics)
    write_tables(ablation_table(frame, confidence=statistics["confidence"]), *outputs)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            list(snakemake.output),
            ablations=snakemake.params.ablations,
            statistics=snakemake.params.statistics,
        )
