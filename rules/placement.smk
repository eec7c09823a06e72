"""Place slices on the voxel grid: repositioned, nominal or resampled."""


rule place_slices:
    input:
        slices="<results>/slices/{shard}.h5",
        depths=lambda wildcards: estimated_depths(wildcards.depths, wildcards.shard),
    output:
        volume_or_temporary("<results>/placed/{placement}/{depths}/{shard}.h5"),
    log:
        "<logs>/place_slices/{placement}/{depths}/{shard}.log",
    benchmark:
        "<benchmarks>/place_slices/{placement}/{depths}/{shard}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("place_slices", VOLUME),
        runtime=minutes("place_slices", SHARD),
    params:
        datasets=datasets_of,
        placement="{placement}",
        depths="{depths}",
        nominal_nm=EXPERIMENT["place_slices"]["nominal_nm"],
        positions=EXPERIMENT["place_slices"]["positions"],
        code=code("place_slices"),
    script:
        "../workflow_scripts/place_slices.py"
