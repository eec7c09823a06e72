"""Plot errors and curves of all arms (reads: datasets, measures, reference; writes: figures)."""

import pandas as pd

from fibgap.experiment.aggregation import collect_curves
from fibgap.experiment.reference import read_reference
from fibgap.report.figures import plot_curves, plot_errors, save_figure
from fibgap.workflow.job_log import job_log


def main(metrics: str, measures: list, reference: list, output: dict, *, params: dict) -> None:
    """Plot the errors of every dataset, and the mean curves along z and in the plane."""
    errors = plot_errors(
        pd.read_csv(metrics),
        read_reference(*reference),
        arms=params["arms"],
        n_resamples=params["resamples"],
        base_seed=params["base_seed"],
    )
    save_figure(errors, *output["errors"])
    by_measure = {name: collect_curves(measures, name) for name in ("tpcf", "lpf")}
    curves = {arm: {name: by_measure[name][arm] for name in by_measure} for arm in params["arms"]}
    save_figure(plot_curves(curves, params["voxel_nm"]), *output["curves"])


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.metrics,
            list(snakemake.input.measures),
            list(snakemake.input.reference),
            dict(snakemake.output),
            params=dict(snakemake.params),
        )
