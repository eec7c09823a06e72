"""Measure an arm's volumes of a shard (reads: volumes, depths, truth; writes: measures)."""

from fibgap.experiment.evaluation import (
    compare_with_truth,
    measure_volume,
    within_truth,
    wrong_depths,
)
from fibgap.io.records import gapped_from_record
from fibgap.io.shards import Record, inherited_attributes, process_shard, read_record
from fibgap.placement import placement_facts
from fibgap.workflow.digests import chain_digest
from fibgap.workflow.job_log import job_log


def main(paths: dict, depths: list, output: str, *, threads: int, params: dict) -> None:
    """Measure every volume of an arm, alone and against the truth."""

    def compute(dataset: int) -> Record:
        final = read_record(paths["final"], dataset)
        volume = final.arrays["volume"]
        gapped = gapped_from_record(read_record(paths["placed"], dataset))
        alone = measure_volume(volume, params["measures"], threads=threads, **params["options"])
        truth = read_record(paths["truth"], dataset).arrays["volume"]
        part, inside = within_truth(gapped, volume, len(truth))
        true_measures = read_record(paths["true_measures"], dataset)
        compared = compare_with_truth(alone, inside, part, truth, true_measures)
        facts = {**placement_facts(gapped), **final.attributes}
        if params["by_source"]:
            told = [read_record(path, dataset).attributes for path in depths]
            facts |= wrong_depths(inside, part, truth, told[0] if told else {})
        return Record(compared.arrays, {**compared.attributes, **facts})

    process_shard(
        output,
        stage="measure",
        datasets=params["datasets"],
        digest=chain_digest(params, [*paths.values(), *depths]),
        attributes={**inherited_attributes(paths["truth"]), "arm": params["arm"]},
        compute=compute,
        label=params["arm"],
    )


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        paths = {name: path for name, path in snakemake.input.items() if name != "depths"}
        main(
            paths,
            list(snakemake.input.depths),
            snakemake.output[0],
            threads=snakemake.threads,
            params=dict(snakemake.params),
        )
