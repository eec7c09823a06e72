"""Tables S3 and S4, and what stands beside them."""

from fibgap.experiment.by_source import source_families

# What stands beside the published tables, see fibgap/report/results.py.
FINDINGS = ["all_arms", "agreement", "comparisons", "wins", "names"]
RIVALS = [name for name, arm in ARMS.items() if arm["depths"] == TRUE] or list(ARMS)
if BASELINE in RIVALS and any(arm in NETWORK_ARMS or arm in CLASSICAL[1:] for arm in RIVALS):
    FINDINGS += ["shares", "equivalence"]
if source_families(EXPERIMENT["arms"]):
    FINDINGS.append("by_source")
if EXTENDED:
    FINDINGS.append("extended")
FOR_PAPERS = [*PAPER_TABLES, *(name for name in FINDINGS if name in ("by_source", "extended"))]
# Relative, so that a checkout that is moved has nothing to do.
PUBLISHED = os.path.relpath(f"{workflow.basedir}/config/reference")
REFERENCE = collect(f"{PUBLISHED}/table_{{table}}.csv", table=["S3", "S4"])


rule make_tables:
    input:
        metrics="<results>/tables/datasets.csv",
        reference=REFERENCE,
        weights=[weights_path(ARMS[arm]["network"]) for arm in NETWORK_ARMS],
    output:
        report(
            ensure(collect("<results>/tables/{table}.csv", table=PAPER_TABLES), non_empty=True),
            caption="captions/tables.rst",
            category="Tables",
        ),
        ensure(collect("<results>/tables/{table}.csv", table=FINDINGS), non_empty=True),
        ensure(
            collect("<results>/tables/{table}.md", table=[*PAPER_TABLES, *FINDINGS]),
            non_empty=True,
        ),
        ensure(collect("<results>/tables/{table}.tex", table=FOR_PAPERS), non_empty=True),
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
        arms=EXPERIMENT["arms"],
        network_arms=NETWORK_ARMS,
        labels={arm: NETWORKS[ARMS[arm]["network"]].get("label") for arm in NETWORK_ARMS},
        weights=[weights_sha256(NETWORKS[ARMS[arm]["network"]]["weights"]) for arm in NETWORK_ARMS],
        bootstrap=BOOTSTRAP,
        tpcf_centred=EXPERIMENT["measure"]["tpcf_centred"],
        code=code("make_tables"),
    script:
        "../workflow_scripts/make_tables.py"
