"""Draw a network layer by layer (reads: weights; writes: figures)."""

from fibgap.network.architecture import count_parameters
from fibgap.network.weights import load_weights
from fibgap.report.figures import plot_network, save_figure
from fibgap.workflow.job_log import job_log


def main(weights: str, output: list, *, name: str) -> None:
    """Draw what the weights belong to."""
    network = load_weights(weights).network
    title = f"{name}: {count_parameters(network):,} parameters"
    save_figure(plot_network(network.architecture, title=title), *output)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(snakemake.input[0], list(snakemake.output), name=snakemake.params.network)
