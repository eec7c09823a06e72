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
        milling=vars(configuration.milling_of(EXPERIMENT)),
        # What the slices are cut out of: the structure behind the volumes, or their layers.
        structure=STRUCTURE if EXPERIMENT["mill_slices"]["subvoxel"] else None,
        code=code("mill_slices"),
    script:
        "../workflow_scripts/mill_slices.py"
