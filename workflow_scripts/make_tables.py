"""Write Tables S3 and S4, the agreement with the paper and the statistics (reads: datasets)."""

from pathlib import Path

from fibgap.report.results import load_results
from fibgap.report.tables import write_tables
from fibgap.workflow.job_log import job_log


def main(metrics: str, reference: list, weights: dict, folder: Path, *, params: dict) -> None:
    """Write every table in every format; weights are paths by arm."""
    results = load_results(metrics, reference, weights, params)
    named = {f"table_{name}": table for name, table in results.tables.items()}
    named |= {"agreement": results.agreement, **results.statistics}
    for name, table in named.items():
        write_tables(table, *(folder / f"{name}.{suffix}" for suffix in ("csv", "md", "tex")))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            snakemake.input.reference,
            dict(zip(snakemake.params.network_arms, snakemake.input.weights, strict=True)),
            Path(snakemake.output[0]).parent,
            params=dict(snakemake.params),
        )
