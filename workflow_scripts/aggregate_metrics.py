"""Collect the measures of all arms by dataset and by shard (reads: measures; writes: CSV)."""

from fibgap.experiment.aggregation import (
    collect_metrics,
    require_every_dataset_once,
    summarise_shards,
)
from fibgap.io.files import write_aside
from fibgap.workflow.job_log import job_log


def main(
    measures: list, rows: str, shards: str, *, arms: list, datasets: int, shard_size: int
) -> None:
    """Write one row per dataset and arm, each exactly once, and one per shard and arm."""
    metrics = collect_metrics(measures)
    require_every_dataset_once(metrics, arms, datasets)
    for table, path in ((metrics, rows), (summarise_shards(metrics, shard_size), shards)):
        with write_aside(path) as aside:
            table.to_csv(aside, index=False)
    print(f"aggregate_metrics: {len(metrics)} rows")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            list(snakemake.input),
            snakemake.output.rows,
            snakemake.output.shards,
            arms=snakemake.params.arms,
            datasets=snakemake.params.datasets,
            shard_size=snakemake.params.shard_size,
        )
