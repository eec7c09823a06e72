"""Export one dataset for people to look at (reads: volumes; writes: TIFF stacks, a figure)."""

from pathlib import Path

from fibgap.io.records import gapped_from_record
from fibgap.io.shards import read_record
from fibgap.io.tiff import write_tiff
from fibgap.report.figures import plot_showcase, save_figure
from fibgap.stack import between_slices
from fibgap.workflow.job_log import job_log


def main(truth: str, placed: str, arms: dict, stacks: Path, figure: list, *, dataset: int) -> None:
    """Write the truth, the slices at their depths and every arm; arms are shards by name."""
    gapped = gapped_from_record(read_record(placed, dataset))
    true_part = between_slices(read_record(truth, dataset).arrays["volume"], gapped)
    volumes = {arm: read_record(path, dataset).arrays["volume"] for arm, path in arms.items()}
    for name, volume in {"Original": true_part, "slices": gapped.volume(), **volumes}.items():
        write_tiff(stacks / f"{name}.tif", volume, gapped.voxel_nm)
    save_figure(plot_showcase(true_part, gapped, volumes), *figure)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.truth,
            snakemake.input.placed,
            dict(zip(snakemake.params.arms, snakemake.input.arms, strict=True)),
            Path(snakemake.output.stacks),
            list(snakemake.output.figure),
            dataset=snakemake.params.dataset,
        )
