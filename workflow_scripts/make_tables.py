"""Write all tables: S3, S4, agreement, statistics (reads: datasets; writes: CSV, Markdown, TeX)."""

from pathlib import Path

import pandas as pd

from fibgap.experiment.reference import read_reference
from fibgap.report.methods import names_frame
from fibgap.report.results import compute_results
from fibgap.statistics import Bootstrap
from fibgap.workflow.job_log import job_log


def main(metrics: str, reference: list, weights: dict, folder: Path, *, params: dict) -> None:
    """Compute everything that is said of a run; weights are paths by arm."""
    names = names_frame(
        params["arms"], weights, params["labels"], tpcf_centred=params["tpcf_centred"]
    )
    results = compute_results(
        pd.read_csv(metrics),
        params["arms"],
        read_reference(*reference),
        names,
        Bootstrap(**params["bootstrap"]),
    )
    results.write(folder)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            snakemake.input.reference,
            dict(zip(snakemake.params.network_arms, snakemake.input.weights, strict=True)),
            Path(snakemake.output[0]).parent,
            params=dict(snakemake.params),
        )
