"""Errors against slice thickness, its spread and how well it is known, one factor at a time."""


rule measure_sensitivity:
    input:
        weights=sensitivity_weights,
    output:
        "<results>/sensitivity/{setting}.h5",
    log:
        "<logs>/measure_sensitivity/{setting}.log",
    benchmark:
        "<benchmarks>/measure_sensitivity/{setting}.tsv"
    conda:
        "../envs/network.yaml"
    resources:
        gpu=1,
        mem_mb=growing(sensitivity_memory),
        runtime=minutes("measure_sensitivity", times(SENSITIVITY_DATASETS, VOLUME)),
    params:
        datasets=list(range(SENSITIVITY_DATASETS)),
        base_seed=EXPERIMENT["base_seed"],
        structure=STRUCTURE,
        setting=sensitivity_setting,
        positions=EXPERIMENT["place_slices"]["positions"],
        arms=sensitivity_arms,
        max_pixels=EXPERIMENT["fill_holes"]["max_pixels"],
        inference=EXPERIMENT["infer"],
        measures=MEASURES,
        options=MEASURE_OPTIONS,
        weights=sensitivity_weights_digests,
        code=lambda wildcards: code("measure_sensitivity", *sensitivity_fillers(wildcards)),
    script:
        "../workflow_scripts/measure_sensitivity.py"


rule tabulate_sensitivity:
    input:
        collect("<results>/sensitivity/{setting}.h5", setting=SETTINGS),
    output:
        rows=ensure("<results>/tables/sensitivity_datasets.csv", non_empty=True),
        table=ensure(
            collect("<results>/tables/sensitivity.{suffix}", suffix=["csv", "md"]),
            non_empty=True,
        ),
    log:
        "<logs>/tabulate_sensitivity.log",
    benchmark:
        "<benchmarks>/tabulate_sensitivity.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("tabulate_sensitivity"),
        runtime=minutes("tabulate_sensitivity"),
    params:
        settings=SETTINGS,
        cases=SENSITIVITY_CASES,
        bootstrap=BOOTSTRAP,
        code=code("tabulate_sensitivity"),
    script:
        "../workflow_scripts/tabulate_sensitivity.py"


rule plot_sensitivity:
    input:
        "<results>/tables/sensitivity.csv",
    output:
        collect("<results>/figures/sensitivity.{suffix}", suffix=["svg", "png", "pdf"]),
    log:
        "<logs>/plot_sensitivity.log",
    benchmark:
        "<benchmarks>/plot_sensitivity.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("plot_sensitivity"),
        runtime=minutes("plot_sensitivity"),
    params:
        voxel_nm=STRUCTURE["voxel_nm"],
        defaults=SENSITIVITY_DEFAULTS,
        code=code("plot_sensitivity"),
    script:
        "../workflow_scripts/plot_sensitivity.py"
