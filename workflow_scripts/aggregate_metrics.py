"""Collect the measures of all arms and shards in one table (reads: measures; writes: CSV)."""

from fibgap.aggregation import collect_metrics, require_every_dataset_once
from fibgap.progress import job_log
from fibgap.storage import write_aside


def main(measures: list, output: str, *, arms: list, datasets: int) -> None:
    """Write one row a dataset and arm, each of them exactly once."""
    metrics = collect_metrics(measures)
    require_every_dataset_once(metrics, arms, datasets)
    with write_aside(output) as aside:
        metrics.to_csv(aside, index=False)
    print(f"aggregate_metrics: {len(metrics)} rows")


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            list(snakemake.input),
            snakemake.output[0],
            arms=snakemake.params.arms,
            datasets=snakemake.params.datasets,
        )
