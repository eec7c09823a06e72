"""One page with all tables and figures."""


rule write_report:
    input:
        tables=collect("<results>/tables/{table}.csv", table=[*PAPER_TABLES, *FINDINGS]),
        figures=collect("<results>/figures/{figure}.svg", figure=FIGURES),
        layers="<results>/figures/showcase_layers.json",
    output:
        report("<results>/report.html", caption="captions/page.rst", category="Report"),
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
        experiment=EXPERIMENT,
        benchmarks=f"results/{EXPERIMENT['name']}/benchmarks",
        commands=[
            f"snakemake --configfile {os.path.relpath(path)} --cores 2"
            for path in workflow.configfiles
        ],
        code=code("write_report"),
    script:
        "../workflow_scripts/write_report.py"
