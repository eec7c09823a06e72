"""Generate the true volumes: those that are measured, and those that networks learn from."""


rule generate_volumes:
    output:
        volume_or_temporary("<results>/volumes/{shard}.h5"),
    log:
        "<logs>/generate_volumes/{shard}.log",
    benchmark:
        "<benchmarks>/generate_volumes/{shard}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("generate_volumes", VOLUME),
        runtime=minutes("generate_volumes", SHARD),
    params:
        datasets=datasets_of,
        base_seed=EXPERIMENT["base_seed"],
        shape=STRUCTURE["shape"],
        voxel_nm=STRUCTURE["voxel_nm"],
        box_factor=STRUCTURE["box_factor"],
        levels=STRUCTURE["levels"],
        code=code("generate_volumes"),
    script:
        "../workflow_scripts/generate_volumes.py"


rule generate_training_volumes:
    output:
        volume_or_temporary("<results>/training_volumes/{training_set}.h5"),
    log:
        "<logs>/generate_training_volumes/{training_set}.log",
    benchmark:
        "<benchmarks>/generate_training_volumes/{training_set}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("generate_training_volumes", training_volume),
        runtime=minutes("generate_training_volumes", training_volumes),
    params:
        volumes=lambda wildcards: TRAINING_SETS[wildcards.training_set]["volumes"],
        settings=training_set,
        code=code("generate_training_volumes"),
    script:
        "../workflow_scripts/generate_training_volumes.py"
