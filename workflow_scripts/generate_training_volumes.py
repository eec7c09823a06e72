"""Generate the volumes of a training set (writes: volumes)."""

from fibgap.io.shards import Record, process_shard
from fibgap.synthetic.training_sets import generate_training_volume
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(output: str, *, params: dict) -> None:
    """Generate every volume of a training set from its own seed."""
    settings = params["settings"]

    def compute(index: int) -> Record:
        volume = generate_training_volume(index, **settings)
        return Record({"volume": volume}, {"solid_fraction": float(volume.mean())})

    process_shard(
        output,
        stage="generate_training_volumes",
        datasets=range(params["volumes"]),
        digest=chain_digest(params, []),
        attributes={key: settings[key] for key in ("voxel_nm", "base_seed")},
        compute=compute,
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(snakemake.output[0], params=dict(snakemake.params))
