"""Plot errors and curves of all arms (reads: datasets, means, measures; writes: figures)."""

import pandas as pd

from fibgap.experiment.aggregation import collect_curves
from fibgap.experiment.reference import read_reference
from fibgap.report.figures import figure_columns, plot_curves, plot_errors, save_figure
from fibgap.workflow.job_log import job_log


def main(tables: dict, measures: list, reference: list, output: dict, *, params: dict) -> None:
    """Plot one figure of errors per measure, and the mean curves along z and in the plane."""
    metrics, summary = pd.read_csv(tables["metrics"]), pd.read_csv(tables["summary"])
    published = read_reference(*reference)
    for measure in params["measures"]:
        figure = plot_errors(metrics, summary, figure_columns(measure), published)
        save_figure(figure, *(path for path in output["errors"] if f"_{measure}." in path))
    curves = collect_curves(measures)
    ordered = {arm: curves[arm] for arm in dict.fromkeys(summary["arm"])}
    save_figure(plot_curves(ordered, params["voxel_nm"]), *output["curves"])


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            {"metrics": snakemake.input.metrics, "summary": snakemake.input.summary},
            list(snakemake.input.measures),
            list(snakemake.input.reference),
            dict(snakemake.output),
            params=dict(snakemake.params),
        )
