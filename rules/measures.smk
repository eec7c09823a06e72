"""Measure the true volumes and every arm's, and collect them by dataset and by shard."""


rule measure_truth:
    input:
        volumes="<results>/volumes/{shard}.h5",
        slices="<results>/slices/{shard}.h5",
    output:
        "<results>/measures/Original/{shard}.h5",
    log:
        "<logs>/measure_truth/{shard}.log",
    benchmark:
        "<benchmarks>/measure_truth/{shard}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("measure_truth", MEASURED),
        runtime=minutes("measure_truth", MEASURED_SHARD),
    params:
        datasets=datasets_of,
        measures=MEASURES,
        options=MEASURE_OPTIONS,
        code=code("measure_truth"),
    script:
        "../workflow_scripts/measure_truth.py"


rule measure:
    input:
        final=final_volumes,
        placed=placed,
        depths=arm_depths,
        truth="<results>/volumes/{shard}.h5",
        true_measures="<results>/measures/Original/{shard}.h5",
    output:
        "<results>/measures/{arm}/{shard}.h5",
    log:
        "<logs>/measure/{arm}/{shard}.log",
    benchmark:
        "<benchmarks>/measure/{arm}/{shard}.tsv"
    wildcard_constraints:
        arm=one_of(ARMS),
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("measure", MEASURED),
        runtime=minutes("measure", MEASURED_SHARD),
    params:
        datasets=datasets_of,
        arm="{arm}",
        by_source=BY_SOURCE,
        measures=MEASURES,
        options=MEASURE_OPTIONS,
        code=code("measure"),
    script:
        "../workflow_scripts/measure.py"


rule aggregate_metrics:
    input:
        ALL_MEASURES,
    output:
        rows=ensure("<results>/tables/datasets.csv", non_empty=True),
        shards=ensure("<results>/tables/shards.csv", non_empty=True),
    log:
        "<logs>/aggregate_metrics.log",
    benchmark:
        "<benchmarks>/aggregate_metrics.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("aggregate_metrics"),
        runtime=minutes("aggregate_metrics"),
    params:
        arms=[ORIGINAL, *ARMS],
        datasets=DATASETS["count"],
        shard_size=DATASETS["shard_size"],
        code=code("aggregate_metrics"),
    script:
        "../workflow_scripts/aggregate_metrics.py"
