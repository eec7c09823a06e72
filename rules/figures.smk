"""Figures, and a showcase to look at."""

# What figures show of a measure stands in the tables of the paper's shape.
PLOTTED = [*(name for name in MEASURES if name not in EXTENDED), "voxels"]
SHOWCASE_SHARD = SHARDS[DATASETS["showcase"] // DATASETS["shard_size"]]
# For screens, for slides, for journals.
FORMATS = ["svg", "png", "pdf"]
HOLES = [BASELINE] if BASELINE in REPAIRED_ARMS else REPAIRED_ARMS[:1]
FIGURES = [
    "showcase",
    "surfaces",
    *(["holes"] if HOLES else []),
    *(f"errors_{measure}" for measure in PLOTTED),
    "curves",
    *(f"history_{network}" for network in TRAINED),
    *dict.fromkeys(f"network_{ARMS[arm]['network']}" for arm in NETWORK_ARMS),
]


rule plot_figures:
    input:
        metrics="<results>/tables/datasets.csv",
        summary="<results>/tables/all_arms.csv",
        measures=ALL_MEASURES,
        reference=REFERENCE,
    output:
        errors=report(
            collect(
                "<results>/figures/errors_{measure}.{suffix}",
                measure=PLOTTED,
                suffix=FORMATS,
            ),
            caption="captions/errors.rst",
            category="Figures",
        ),
        curves=report(
            collect("<results>/figures/curves.{suffix}", suffix=FORMATS),
            caption="captions/curves.rst",
            category="Figures",
        ),
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
        measures=PLOTTED,
        voxel_nm=STRUCTURE["voxel_nm"],
        code=code("plot_figures"),
    script:
        "../workflow_scripts/plot_figures.py"


rule plot_history:
    input:
        "<results>/networks/{network}/history.csv",
    output:
        report(
            collect("<results>/figures/history_{{network}}.{suffix}", suffix=FORMATS),
            caption="captions/history.rst",
            category="Figures",
        ),
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


rule plot_network:
    input:
        lambda wildcards: weights_path(wildcards.network),
    output:
        report(
            collect("<results>/figures/network_{{network}}.{suffix}", suffix=FORMATS),
            caption="captions/network.rst",
            category="Figures",
        ),
    log:
        "<logs>/plot_network/{network}.log",
    benchmark:
        "<benchmarks>/plot_network/{network}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("plot_network"),
        runtime=minutes("plot_network"),
    params:
        network="{network}",
        weights=lambda wildcards: weights_sha256(NETWORKS[wildcards.network]["weights"]),
        code=code("plot_network"),
    script:
        "../workflow_scripts/plot_network.py"


rule export_showcase:
    input:
        truth=f"<results>/volumes/{SHOWCASE_SHARD}.h5",
        placed=f"<results>/placed/repositioned/{TRUE}/{SHOWCASE_SHARD}.h5",
        arms=[final_volumes_of(arm, SHOWCASE_SHARD) for arm in ARMS],
        placements=[placed_of(arm, SHOWCASE_SHARD) for arm in ARMS],
        with_holes=collect(f"<results>/filled/{{arm}}/{SHOWCASE_SHARD}.h5", arm=HOLES),
    output:
        stacks=directory("<results>/showcase"),
        figure=report(
            collect("<results>/figures/showcase.{suffix}", suffix=FORMATS),
            caption="captions/showcase.rst",
            category="Figures",
        ),
        surfaces=report(
            collect("<results>/figures/surfaces.{suffix}", suffix=FORMATS),
            caption="captions/surfaces.rst",
            category="Figures",
        ),
        holes=report(
            collect("<results>/figures/holes.{suffix}", suffix=FORMATS) if HOLES else [],
            caption="captions/holes.rst",
            category="Figures",
        ),
        layers="<results>/figures/showcase_layers.json",
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
        judged=[name for name, arm in ARMS.items() if arm["depths"] == TRUE],
        dataset=DATASETS["showcase"],
        holes=HOLES,
        code=code("export_showcase"),
    script:
        "../workflow_scripts/export_showcase.py"
