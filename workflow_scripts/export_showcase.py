"""Export one dataset for people to look at (reads: volumes; writes: stacks, meshes, pictures)."""

import json
from pathlib import Path

from fibgap.io.files import write_aside
from fibgap.io.meshes import write_mesh
from fibgap.io.records import gapped_from_record
from fibgap.io.shards import read_record
from fibgap.io.tiff import write_tiff
from fibgap.report.figures import (
    Rebuilt,
    plot_holes,
    plot_showcase,
    plot_surfaces,
    save_figure,
    showcase_layers,
)
from fibgap.stack import between_slices
from fibgap.workflow.job_log import job_log


def main(
    inputs: dict, arms: dict, output: dict, *, judged: list, dataset: int, holes: list
) -> None:
    """Write truth, slices and arms; by name, an arm is its shard and that of its placement.

    Arms that are not judged voxel by voxel, since their slices may lie elsewhere, are only shown.
    """
    truth, placed = inputs["truth"], inputs["placed"]
    gapped = gapped_from_record(read_record(placed, dataset))
    true_part = between_slices(read_record(truth, dataset).arrays["volume"], gapped)
    rebuilt = {}
    for arm, (path, own) in arms.items():
        origin = gapped_from_record(read_record(own, dataset)).origin_layer
        first = None if origin is None or arm not in judged else origin - gapped.origin_layer
        rebuilt[arm] = Rebuilt(read_record(path, dataset).arrays["volume"], first)
    volumes = {arm: each.volume for arm, each in rebuilt.items()}
    for name, volume in {"Original": true_part, "slices": gapped.volume(), **volumes}.items():
        write_tiff(Path(output["stacks"]) / f"{name}.tif", volume, gapped.voxel_nm)
        if name != "slices" and volume.any():
            write_mesh(Path(output["stacks"]) / f"{name}.ply", volume, gapped.voxel_nm)
    save_figure(plot_showcase(true_part, gapped, rebuilt), *output["figure"])
    save_figure(plot_surfaces(true_part, gapped, rebuilt), *output["surfaces"])
    for arm, path in zip(holes, inputs["with_holes"], strict=True):
        before = read_record(path, dataset).arrays["volume"]
        figure = plot_holes(before, volumes[arm], voxel_nm=gapped.voxel_nm, arm=arm)
        save_figure(figure, *output["holes"])
    with write_aside(output["layers"]) as aside:
        aside.write_text(json.dumps(showcase_layers(true_part, gapped, rebuilt)))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        pairs = zip(snakemake.input.arms, snakemake.input.placements, strict=True)
        main(
            dict(snakemake.input),
            dict(zip(snakemake.params.arms, pairs, strict=True)),
            dict(snakemake.output),
            judged=snakemake.params.judged,
            dataset=snakemake.params.dataset,
            holes=snakemake.params.holes,
        )
