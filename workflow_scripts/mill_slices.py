"""Mill the volumes of a shard into slices of random thickness (reads: volumes; writes: slices)."""

from fibgap import seeds
from fibgap.io.records import stack_to_record
from fibgap.io.shards import Record, process_shard, read_record
from fibgap.synthetic.continuous import continuous_structure
from fibgap.synthetic.milling import Milling, mill_volume
from fibgap.synthetic.structure import Level
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(volumes: str, output: str, *, params: dict) -> None:
    """Mill every volume of a shard with thicknesses of its own."""
    milling, base_seed = Milling(**params["milling"]), params["base_seed"]
    waves = params["structure"]
    if waves is not None:
        waves = {**waves, "levels": [Level(**level) for level in waves["levels"]]}

    def compute(dataset: int) -> Record:
        structure = None
        if waves is not None:
            seed = seeds.sequence(base_seed, "evaluation_volumes", dataset)
            structure = continuous_structure(**waves, seed=seed)
        stack = mill_volume(
            read_record(volumes, dataset).arrays["volume"],
            milling,
            voxel_nm=params["voxel_nm"],
            rng=seeds.generator(base_seed, "milling", dataset),
            structure=structure,
        )
        return stack_to_record(stack)

    process_shard(
        output,
        stage="mill_slices",
        datasets=params["datasets"],
        digest=chain_digest(params, [volumes]),
        attributes={"voxel_nm": params["voxel_nm"], "base_seed": params["base_seed"]},
        compute=compute,
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(snakemake.input[0], snakemake.output[0], params=dict(snakemake.params))
