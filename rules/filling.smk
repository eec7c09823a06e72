"""Fill the gaps: classical fillers, networks, and the small holes that some of them leave."""


rule fill_gaps:
    input:
        placed,
    output:
        volume_or_temporary("<results>/filled/{arm}/{shard}.h5"),
    log:
        "<logs>/fill_gaps/{arm}/{shard}.log",
    benchmark:
        "<benchmarks>/fill_gaps/{arm}/{shard}.tsv"
    wildcard_constraints:
        arm=one_of(CLASSICAL_ARMS),
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("fill_gaps", VOLUME),
        runtime=minutes("fill_gaps", SHARD),
    params:
        datasets=datasets_of,
        arm="{arm}",
        filler=arm_setting("filler"),
        code=lambda wildcards: code("fill_gaps", FILLER_HOMES[ARMS[wildcards.arm]["filler"]]),
    script:
        "../workflow_scripts/fill_gaps.py"


rule infer:
    input:
        placed=placed,
        weights=arm_weights,
    output:
        volume_or_temporary("<results>/filled/{arm}/{shard}.h5"),
    log:
        "<logs>/infer/{arm}/{shard}.log",
    benchmark:
        "<benchmarks>/infer/{arm}/{shard}.tsv"
    wildcard_constraints:
        arm=one_of(NETWORK_ARMS),
    conda:
        "../envs/network.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=memory("infer", held_by_inference),
        runtime=minutes("infer", worked_by_inference),
    params:
        datasets=datasets_of,
        arm="{arm}",
        families=arm_setting("families"),
        threshold=arm_setting("threshold"),
        engine=EXPERIMENT["infer"]["engine"],
        precision=EXPERIMENT["infer"]["precision"],
        batch_pixels=EXPERIMENT["infer"]["batch_pixels"],
        weights=arm_weights_digest,
        code=code("infer", FILLER_HOMES["network"]),
    script:
        "../workflow_scripts/infer.py"


rule fill_holes:
    input:
        placed=placed,
        filled="<results>/filled/{arm}/{shard}.h5",
    output:
        volume_or_temporary("<results>/repaired/{arm}/{shard}.h5"),
    log:
        "<logs>/fill_holes/{arm}/{shard}.log",
    benchmark:
        "<benchmarks>/fill_holes/{arm}/{shard}.tsv"
    wildcard_constraints:
        arm=one_of(REPAIRED_ARMS),
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("fill_holes", VOLUME),
        runtime=minutes("fill_holes", SHARD),
    params:
        datasets=datasets_of,
        arm="{arm}",
        max_pixels=EXPERIMENT["fill_holes"]["max_pixels"],
        code=code("fill_holes"),
    script:
        "../workflow_scripts/fill_holes.py"
