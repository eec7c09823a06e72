"""Compare arms that differ in one thing, by the list of ablations of the configuration."""


rule tabulate_ablations:
    input:
        metrics="<results>/tables/datasets.csv",
    output:
        ensure(
            collect("<results>/tables/ablations.{suffix}", suffix=["csv", "md"]),
            non_empty=True,
        ),
    log:
        "<logs>/tabulate_ablations.log",
    benchmark:
        "<benchmarks>/tabulate_ablations.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("tabulate_ablations"),
        runtime=minutes("tabulate_ablations"),
    params:
        ablations=EXPERIMENT["ablations"],
        bootstrap=BOOTSTRAP,
        code=code("tabulate_ablations"),
    script:
        "../workflow_scripts/tabulate_ablations.py"
