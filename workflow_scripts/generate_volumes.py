"""Generate the true volumes of a shard (writes: volumes)."""

from fibgap import seeds
from fibgap.io.shards import Record, process_shard
from fibgap.synthetic.structure import Level, generate_volume
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(output: str, *, params: dict) -> None:
    """Generate every volume of a shard from its own seed."""
    levels = [Level(**level) for level in params["levels"]]

    def compute(dataset: int) -> Record:
        volume = generate_volume(
            params["shape"],
            levels,
            voxel_nm=params["voxel_nm"],
            box_factor=params["box_factor"],
            seed=seeds.sequence(params["base_seed"], "evaluation_volumes", dataset),
        )
        return Record({"volume": volume}, {"solid_fraction": float(volume.mean())})

    process_shard(
        output,
        stage="generate_volumes",
        datasets=params["datasets"],
        digest=chain_digest(params, []),
        attributes={"voxel_nm": params["voxel_nm"], "base_seed": params["base_seed"]},
        compute=compute,
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(snakemake.output[0], params=dict(snakemake.params))
