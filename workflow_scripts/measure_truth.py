"""Measure the true volumes of a shard (reads: volumes, slices; writes: measures)."""

from fibgap.experiment.evaluation import measure_volume
from fibgap.io.records import stack_from_record
from fibgap.io.shards import Record, inherited_attributes, process_shard, read_record
from fibgap.stack import between_slices
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(volumes: str, slices: str, output: str, *, threads: int, params: dict) -> None:
    """Measure every true volume between its first and its last slice."""

    def compute(dataset: int) -> Record:
        stack = stack_from_record(read_record(slices, dataset))
        volume = between_slices(read_record(volumes, dataset).arrays["volume"], stack)
        return measure_volume(volume, params["measures"], threads=threads, **params["options"])

    process_shard(
        output,
        stage="measure_truth",
        datasets=params["datasets"],
        digest=chain_digest(params, [volumes, slices]),
        attributes=inherited_attributes(volumes),
        compute=compute,
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.volumes,
            snakemake.input.slices,
            snakemake.output[0],
            threads=snakemake.threads,
            params=dict(snakemake.params),
        )
