"""Cut training volumes into zx- and zy-planes and split these into training and validation."""


rule extract_planes:
    input:
        volumes="<results>/training_volumes/{training_set}.h5",
    output:
        planes=volume_or_temporary("<results>/planes/{training_set}/planes.h5"),
        manifest="<results>/planes/{training_set}/manifest.csv",
    log:
        "<logs>/extract_planes/{training_set}.log",
    benchmark:
        "<benchmarks>/extract_planes/{training_set}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("extract_planes", training_volumes),
        runtime=minutes("extract_planes", training_volumes),
    params:
        code=code("extract_planes"),
    script:
        "../workflow_scripts/extract_planes.py"


rule split_planes:
    input:
        "<results>/planes/{training_set}/manifest.csv",
    output:
        "<results>/planes/{training_set}/split.csv",
    log:
        "<logs>/split_planes/{training_set}.log",
    benchmark:
        "<benchmarks>/split_planes/{training_set}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("split_planes"),
        runtime=minutes("split_planes"),
    params:
        base_seed=EXPERIMENT["base_seed"],
        split_by=lambda wildcards: TRAINING_SETS[wildcards.training_set]["split_by"],
        validation_fraction=lambda wildcards: TRAINING_SETS[wildcards.training_set][
            "validation_fraction"
        ],
        code=code("split_planes"),
    script:
        "../workflow_scripts/split_planes.py"
