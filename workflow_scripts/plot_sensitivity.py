"""Plot errors against every factor (reads: means with intervals; writes: figure)."""

import pandas as pd

from fibgap.report.figures import save_figure
from fibgap.report.figures.sensitivity import plot_sensitivity
from fibgap.workflow.job_log import job_log


def main(table: str, output: list, *, defaults: dict, voxel_nm: float) -> None:
    """Plot one panel a factor and measure."""
    figure = plot_sensitivity(pd.read_csv(table), defaults=defaults, voxel_nm=voxel_nm)
    save_figure(figure, *output)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input[0],
            list(snakemake.output),
            defaults=snakemake.params.defaults,
            voxel_nm=snakemake.params.voxel_nm,
        )
