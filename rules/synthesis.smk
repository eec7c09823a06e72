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
        mem_mb=growing(memory(bytes_a_voxel=14, base_mb=290)),
        runtime=growing(minutes(seconds_a_megavoxel=0.5)),
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
        mem_mb=growing(
            lambda wildcards: memory(14, base_mb=290, shape=training_set(wildcards)["shape"])
        ),
        runtime=growing(training_minutes(seconds_a_megavoxel=0.5)),
    params:
        volumes=lambda wildcards: TRAINING_SETS[wildcards.training_set]["volumes"],
        settings=training_set,
        code=code("generate_training_volumes"),
    script:
        "../workflow_scripts/generate_training_volumes.py"
