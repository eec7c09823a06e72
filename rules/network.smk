"""Train networks on planes."""


rule train_network:
    input:
        unpack(network_planes),
    output:
        weights="<results>/networks/{network}/weights.safetensors",
        history="<results>/networks/{network}/history.csv",
    log:
        "<logs>/train_network/{network}.log",
    benchmark:
        "<benchmarks>/train_network/{network}.tsv"
    wildcard_constraints:
        network=one_of(TRAINED),
    conda:
        "../envs/network.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=memory("train_network", held_by_training),
        runtime=training_runtime,
    params:
        base_seed=EXPERIMENT["base_seed"],
        voxel_nm=STRUCTURE["voxel_nm"],
        settings=lambda wildcards: configuration.training_settings(NETWORKS[wildcards.network]),
        budget_minutes=lambda wildcards: NETWORKS[wildcards.network]["training"]["budget_minutes"],
        millings=lambda wildcards: configuration.millings_of(
            EXPERIMENT, network_training_set(wildcards)
        ).to_dict(),
        code=code("train_network"),
    script:
        "../workflow_scripts/train_network.py"
