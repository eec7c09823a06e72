"""Tell where slices lie, for arms that are not told: a ruler, images, both, or one thickness."""


rule estimate_depths:
    input:
        "<results>/slices/{shard}.h5",
    output:
        "<results>/depths/{depths}/{shard}.h5",
    log:
        "<logs>/estimate_depths/{depths}/{shard}.log",
    benchmark:
        "<benchmarks>/estimate_depths/{depths}/{shard}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("estimate_depths", VOLUME),
        runtime=minutes("estimate_depths", SHARD),
    params:
        datasets=datasets_of,
        source="{depths}",
        base_seed=EXPERIMENT["base_seed"],
        settings=depth_settings,
        code=code("estimate_depths"),
    script:
        "../workflow_scripts/estimate_depths.py"
