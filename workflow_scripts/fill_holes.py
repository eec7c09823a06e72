"""Fill small holes in the filled layers of a shard (reads: gapped and filled; writes: volumes)."""

from fibgap.holes import fill_holes
from fibgap.io.records import gapped_from_record
from fibgap.io.shards import Record, inherited_attributes, process_shard, read_record
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(placed: str, filled: str, output: str, *, params: dict) -> None:
    """Fill the holes of every volume of a shard and record how many there were."""

    def compute(dataset: int) -> Record:
        missing = gapped_from_record(read_record(placed, dataset)).missing_layers
        volume = read_record(filled, dataset).arrays["volume"]
        volume, count = fill_holes(volume, missing, max_pixels=params["max_pixels"])
        return Record({"volume": volume}, {"holes": count.holes, "hole_pixels": count.pixels})

    process_shard(
        output,
        stage="fill_holes",
        datasets=params["datasets"],
        digest=chain_digest(params, [placed, filled]),
        attributes={**inherited_attributes(placed), "max_pixels": params["max_pixels"]},
        compute=compute,
        label=params["arm"],
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.placed,
            snakemake.input.filled,
            snakemake.output[0],
            params=dict(snakemake.params),
        )
