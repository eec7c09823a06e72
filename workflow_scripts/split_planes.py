"""Split planes into training and validation (reads: manifest; writes: manifest with parts)."""

import pandas as pd

from fibgap import seeds
from fibgap.io.files import write_aside
from fibgap.network.training.planes import split_planes
from fibgap.workflow.job_log import job_log


def main(manifest: str, output: str, *, split_by: str, fraction: float, base_seed: int) -> None:
    """Split a manifest and say how many planes each part has."""
    split = split_planes(
        pd.read_csv(manifest),
        by=split_by,
        validation_fraction=fraction,
        rng=seeds.generator(base_seed, "split"),
    )
    counts = split["part"].value_counts()
    print(f"split_planes: {counts['training']} training, {counts['validation']} validation planes")
    with write_aside(output) as aside:
        split.to_csv(aside, index=False)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input[0],
            snakemake.output[0],
            split_by=snakemake.params.split_by,
            fraction=snakemake.params.validation_fraction,
            base_seed=snakemake.params.base_seed,
        )
