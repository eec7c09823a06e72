"""Tabulate what a run has cost so far; this runs nothing else."""


rule make_costs:
    output:
        collect("<results>/costs/costs.{suffix}", suffix=["csv", "md"]),
    log:
        "<logs>/make_costs.log",
    benchmark:
        "<benchmarks>/make_costs.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("make_costs"),
        runtime=minutes("make_costs"),
    params:
        # No step's output is an input: to ask what a run has cost must not set it going.
        ran=benchmark_state,
        code=code("make_costs"),
    script:
        "../workflow_scripts/make_costs.py"
