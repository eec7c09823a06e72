"""Write Tables S3 and S4, the agreement with the paper and the statistics (reads: datasets)."""

from pathlib import Path

import pandas as pd

from fibgap.footnotes import network_footnotes
from fibgap.progress import job_log
from fibgap.results import build_results
from fibgap.tables import read_reference, write_tables


def main(metrics: str, reference: list, weights: dict, folder: Path, *, params: dict) -> None:
    """Write every table in every format; weights are paths by arm."""
    results = build_results(
        pd.read_csv(metrics),
        params["arms"],
        read_reference(*reference),
        footnotes=network_footnotes(weights, params["labels"]),
        confidence=params["confidence"],
        n_resamples=params["resamples"],
        base_seed=params["base_seed"],
    )
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
