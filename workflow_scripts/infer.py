"""Fill the gaps of a shard by a network (reads: gapped volumes, weights; writes: volumes)."""

from fibgap.fillers import fill
from fibgap.io.records import gapped_from_record
from fibgap.io.shards import Record, inherited_attributes, process_shard, read_record
from fibgap.network.device import choose_device
from fibgap.network.filler import arm_options
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(placed: str, weights: str, output: str, *, threads: int, gpus: int, params: dict) -> None:
    """Fill every gapped volume of a shard."""
    device = choose_device(gpus)
    inference = {name: params[name] for name in ("engine", "precision", "batch_pixels")}
    options = arm_options(params, weights, device, threads=threads, **inference)

    def compute(dataset: int) -> Record:
        gapped = gapped_from_record(read_record(placed, dataset))
        return Record({"volume": fill(gapped, "network", refuse=False, number=dataset, **options)})

    process_shard(
        output,
        stage="infer",
        datasets=params["datasets"],
        digest=chain_digest(params, [placed, weights]),
        attributes={
            **inherited_attributes(placed),
            **{name: params[name] for name in ("families", "threshold")},
            "filler": "network",
            "device": device.split(":")[0],
        },
        compute=compute,
        label=params["arm"],
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            snakemake.input.placed,
            snakemake.input.weights,
            snakemake.output[0],
            threads=snakemake.threads,
            gpus=snakemake.resources.gpu,
            params=dict(snakemake.params),
        )
