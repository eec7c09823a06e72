"""Tables S3 and S4, figures, a showcase to look at, and the report."""


rule make_tables:
    input:
        metrics="<results>/tables/datasets.csv",
        reference=REFERENCE,
        weights=[weights_path(ARMS[arm]["network"]) for arm in NETWORK_ARMS],
    output:
        ensure(
            collect(
                "<results>/tables/{table}.{suffix}",
                table=[*PAPER_TABLES, "agreement", *STATISTICS],
                suffix=["csv", "md", "tex"],
            ),
            non_empty=True,
        ),
    log:
        "<logs>/make_tables.log",
    benchmark:
        "<benchmarks>/make_tables.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("make_tables"),
        runtime=minutes("make_tables"),
    params:
        **TABLE_PARAMS,
        code=code("make_tables"),
    script:
        "../workflow_scripts/make_tables.py"


rule plot_figures:
    input:
        metrics="<results>/tables/datasets.csv",
        measures=ALL_MEASURES,
        reference=REFERENCE,
    output:
        errors=collect("<results>/figures/errors.{suffix}", suffix=["svg", "png"]),
        curves=collect("<results>/figures/curves.{suffix}", suffix=["svg", "png"]),
    log:
        "<logs>/plot_figures.log",
    benchmark:
        "<benchmarks>/plot_figures.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("plot_figures"),
        runtime=minutes("plot_figures"),
    params:
        arms=[ORIGINAL, *ARMS],
        voxel_nm=STRUCTURE["voxel_nm"],
        resamples=EXPERIMENT["make_tables"]["resamples"],
        base_seed=EXPERIMENT["base_seed"],
        code=code("plot_figures"),
    script:
        "../workflow_scripts/plot_figures.py"


rule plot_history:
    input:
        "<results>/networks/{network}/history.csv",
    output:
        collect("<results>/figures/history_{{network}}.{suffix}", suffix=["svg", "png"]),
    log:
        "<logs>/plot_history/{network}.log",
    benchmark:
        "<benchmarks>/plot_history/{network}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("plot_history"),
        runtime=minutes("plot_history"),
    params:
        code=code("plot_history"),
    script:
        "../workflow_scripts/plot_history.py"


rule export_showcase:
    input:
        truth=f"<results>/volumes/{SHOWCASE_SHARD}.h5",
        placed=f"<results>/placed/repositioned/{SHOWCASE_SHARD}.h5",
        arms=[final_volumes_of(arm, SHOWCASE_SHARD) for arm in ARMS],
    output:
        stacks=directory("<results>/showcase"),
        figure=collect("<results>/figures/showcase.{suffix}", suffix=["svg", "png"]),
    log:
        "<logs>/export_showcase.log",
    benchmark:
        "<benchmarks>/export_showcase.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("export_showcase", times(len(ARMS) + 1, VOLUME)),
        runtime=minutes("export_showcase"),
    params:
        arms=list(ARMS),
        dataset=DATASETS["showcase"],
        code=code("export_showcase"),
    script:
        "../workflow_scripts/export_showcase.py"


rule write_report:
    input:
        metrics="<results>/tables/datasets.csv",
        reference=REFERENCE,
        weights=[weights_path(ARMS[arm]["network"]) for arm in NETWORK_ARMS],
        figures=[path for _, path in FIGURES],
    output:
        "<results>/report.html",
    log:
        "<logs>/write_report.log",
    benchmark:
        "<benchmarks>/write_report.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("write_report"),
        runtime=minutes("write_report"),
    params:
        **TABLE_PARAMS,
        name=EXPERIMENT["name"],
        experiment=EXPERIMENT,
        figures=lambda wildcards, input: [
            list(pair) for pair in zip([kind for kind, _ in FIGURES], input.figures)
        ],
        benchmarks=f"results/{EXPERIMENT['name']}/benchmarks",
        commands=COMMANDS,
        code=code("write_report"),
    script:
        "../workflow_scripts/write_report.py"
