"""Tell where the slices of a shard lie, by one source (reads: slices; writes: depths)."""

from fibgap.experiment.depth_sources import depth_errors, estimate_depths
from fibgap.io.records import stack_from_record
from fibgap.io.shards import Record, inherited_attributes, process_shard, read_record
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(slices: str, output: str, *, params: dict) -> None:
    """Tell the depths of every stack of a shard, and how far they are off."""

    def compute(dataset: int) -> Record:
        stack = stack_from_record(read_record(slices, dataset))
        depths = estimate_depths(
            stack,
            params["source"],
            params["settings"],
            base_seed=params["base_seed"],
            dataset=dataset,
        )
        for note in depths.notes:
            print(f"dataset {dataset}: {note}")
        arrays = {"depths_nm": depths.depths_nm}
        if depths.sd_nm is not None:
            arrays["sd_nm"] = depths.sd_nm
        return Record(arrays, {"source": depths.source, **depth_errors(depths, stack.depths_nm)})

    process_shard(
        output,
        stage="estimate_depths",
        datasets=params["datasets"],
        digest=chain_digest(params, [slices]),
        attributes={**inherited_attributes(slices), "source": params["source"]},
        compute=compute,
        label=params["source"],
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output[0], params=dict(snakemake.params))
