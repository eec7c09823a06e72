"""Mill true volumes into slices of random thickness."""


rule mill_slices:
    input:
        "<results>/volumes/{shard}.h5",
    output:
        volume_or_temporary("<results>/slices/{shard}.h5"),
    log:
        "<logs>/mill_slices/{shard}.log",
    benchmark:
        "<benchmarks>/mill_slices/{shard}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("mill_slices", VOLUME),
        runtime=minutes("mill_slices", SHARD),
    params:
        datasets=datasets_of,
        base_seed=EXPERIMENT["base_seed"],
        voxel_nm=STRUCTURE["voxel_nm"],
        milling=EXPERIMENT["mill_slices"],
        code=code("mill_slices"),
    script:
        "../workflow_scripts/mill_slices.py"
