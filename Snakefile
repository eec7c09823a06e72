"""fibgap: from synthetic hierarchical gold to Tables S3 and S4.

Paths: <results>/STEP/[ARM or SOURCE or PLACEMENT/SOURCE/]SHARD.h5, where <results> is results/NAME, NAME is the
experiment's name in the configuration, and a shard holds datasets.shard_size datasets. Everything a person reads lies
in <results>/tables, <results>/figures and <results>/report.html; own stacks in <results>/stacks/STACK/FILLER.*.
"""

from snakemake.utils import min_version

min_version("9.27")


if not workflow.configfiles:

    configfile: f"{workflow.basedir}/config/quick.yaml"


include: "rules/experiment.smk"
include: "rules/common.smk"
include: "rules/sensitivity_plan.smk"
include: "rules/needs.smk"
include: "rules/stacks_plan.smk"


pathvars:
    results=f"results/{EXPERIMENT['name']}",
    logs=f"results/{EXPERIMENT['name']}/logs",
    benchmarks=f"results/{EXPERIMENT['name']}/benchmarks",


if ARMS:

    include: "rules/synthesis.smk"
    include: "rules/milling.smk"
    include: "rules/depths.smk"
    include: "rules/placement.smk"
    include: "rules/planes.smk"
    include: "rules/network.smk"
    include: "rules/filling.smk"
    include: "rules/measures.smk"
    include: "rules/tables.smk"
    include: "rules/figures.smk"
    include: "rules/report.smk"
    include: "rules/ablations.smk"
    include: "rules/sensitivity.smk"


include: "rules/stacks.smk"
include: "rules/costs.smk"


rule all:
    default_target: True
    input:
        RESULTS,


rule ablations:
    input:
        "<results>/tables/ablations.md",


rule sensitivity:
    input:
        sensitivity_results,


rule stacks:
    input:
        stacks_results,


rule costs:
    input:
        "<results>/costs/costs.md",
