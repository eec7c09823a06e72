"""Draw a network layer by layer (reads: weights; writes: figures)."""

from fibgap.network.weights import load_weights
from fibgap.report.figures import plot_network, save_figure
from fibgap.workflow.job_log import job_log


def main(weights: str, output: list, *, name: str) -> None:
    """Draw what the weights belong to."""
    loaded = load_weights(weights)
    count = sum(tensor.size for tensor in loaded.tensors.values())
    figure = plot_network(loaded.architecture, title=f"{name}: {count:,} parameters")
    save_figure(figure, *output)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(snakemake.input[0], list(snakemake.output), name=snakemake.params.network)
