"""Plot the loss curves of a training, as the paper's Figure S2 (reads: history; writes: figure)."""

import pandas as pd

from fibgap.report.figures import plot_history, save_figure
from fibgap.workflow.job_log import job_log


def main(history: str, output: list) -> None:
    """Plot training and validation loss against the epoch."""
    save_figure(plot_history(pd.read_csv(history)), *output)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(snakemake.input[0], list(snakemake.output))
