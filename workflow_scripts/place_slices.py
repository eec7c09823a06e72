"""Place the slices of a shard (reads: slices, depths if estimated; writes: gapped volumes)."""

from dataclasses import replace

from fibgap.io.records import gapped_to_record, stack_from_record
from fibgap.io.shards import Record, inherited_attributes, process_shard, read_record
from fibgap.placement import place_slices
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(slices: str, depths: list, output: str, *, params: dict) -> None:
    """Place every stack of a shard and say how many slices met others on a layer."""

    def compute(dataset: int) -> Record:
        stack = stack_from_record(read_record(slices, dataset))
        for path in depths:
            stack = replace(stack, depths_nm=read_record(path, dataset).arrays["depths_nm"])
        gapped = place_slices(
            stack,
            params["placement"],
            nominal_nm=params["nominal_nm"],
            positions=params["positions"],
            check=False,
        )
        dropped = gapped.n_given - len(gapped.layers)
        if dropped:
            print(f"dataset {dataset}: {dropped} of {gapped.n_given} slices are not used")
        return gapped_to_record(gapped)

    process_shard(
        output,
        stage="place_slices",
        datasets=params["datasets"],
        digest=chain_digest(params, [slices, *depths]),
        attributes={
            **inherited_attributes(slices),
            "placement": params["placement"],
            "depths": params["depths"],
        },
        compute=compute,
        label=f"{params['placement']} {params['depths']}",
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.slices,
            list(snakemake.input.depths),
            snakemake.output[0],
            params=dict(snakemake.params),
        )
