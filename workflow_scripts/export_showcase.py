"""Export one dataset for people to look at (reads: volumes; writes: stacks, meshes, pictures)."""

from pathlib import Path

from fibgap.io.records import gapped_from_record
from fibgap.io.shards import read_record
from fibgap.report.exporting import export_pictures, export_volumes
from fibgap.report.figures import Rebuilt
from fibgap.stack import between_slices
from fibgap.workflow.job_log import job_log


def main(inputs: dict, output: dict, *, params: dict) -> None:
    """Write truth, slices and arms; arms whose slices may lie elsewhere are shown, not judged."""

    def volume(path: str) -> object:
        return read_record(path, params["dataset"]).arrays["volume"]

    def placed(path: str) -> object:
        return gapped_from_record(read_record(path, params["dataset"]))

    gapped = placed(inputs["placed"])
    truth = between_slices(volume(inputs["truth"]), gapped)
    arms = {}
    paths = zip(params["arms"], inputs["arms"], inputs["placements"], strict=True)
    for arm, path, own in paths:
        origin = placed(own).origin_layer
        judged = origin is not None and arm in params["judged"]
        arms[arm] = Rebuilt(volume(path), origin - gapped.origin_layer if judged else None)
    with_holes = zip(params["holes"], map(volume, inputs["with_holes"]), strict=True)
    export_volumes(Path(output["stacks"]), truth, gapped, arms)
    export_pictures(truth, gapped, arms, with_holes=dict(with_holes), output=output)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        output = {**dict(snakemake.output), "layers": [snakemake.output.layers]}
        main(dict(snakemake.input), output, params=dict(snakemake.params))
