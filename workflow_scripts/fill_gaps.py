"""Fill the gaps of a shard by a classical filler (reads: gapped volumes; writes: volumes)."""

from fibgap.fillers import fill
from fibgap.io.records import gapped_from_record
from fibgap.io.shards import Record, inherited_attributes, process_shard, read_record
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(placed: str, output: str, *, params: dict) -> None:
    """Fill every gapped volume of a shard."""

    def compute(dataset: int) -> Record:
        gapped = gapped_from_record(read_record(placed, dataset))
        return Record({"volume": fill(gapped, params["filler"], refuse=False)})

    process_shard(
        output,
        stage="fill_gaps",
        datasets=params["datasets"],
        digest=chain_digest(params, [placed]),
        attributes={**inherited_attributes(placed), "filler": params["filler"]},
        compute=compute,
        label=params["arm"],
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output[0], params=dict(snakemake.params))
