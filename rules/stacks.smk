"""Own stacks: check each, fill it in every way, measure the volumes, and put all on one page."""


rule check_stack:
    input:
        stack_files,
    output:
        checked="<results>/stacks/{stack}.json",
        picture="<results>/stacks/{stack}.png",
    log:
        "<logs>/check_stack/{stack}.log",
    benchmark:
        "<benchmarks>/check_stack/{stack}.tsv"
    wildcard_constraints:
        stack=one_of(STACKS),
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("check_stack", images_of_stack, most_of_stack),
        runtime=minutes("check_stack", images_of_stack),
    params:
        name="{stack}",
        stack=own_stack,
        code=code("check_stack"),
    script:
        "../workflow_scripts/check_stack.py"


rule fill_stack:
    input:
        "<results>/stacks/{stack}.json",
        stack_files,
    output:
        volume=stack_volume(f"<results>/stacks/{{stack}}/{{filler}}.{STACK_FORMAT}"),
        record="<results>/stacks/{stack}/{filler}.json",
        page="<results>/stacks/{stack}/{filler}.html",
        picture="<results>/stacks/{stack}/{filler}.png",
    log:
        "<logs>/fill_stack/{stack}/{filler}.log",
    benchmark:
        "<benchmarks>/fill_stack/{stack}/{filler}.tsv"
    wildcard_constraints:
        stack=one_of(STACKS),
        filler=one_of(name for name in FILLERS if name not in STACK_NETWORKS),
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("fill_stack", volume_of_stack, most_of_stack),
        runtime=minutes("fill_stack", volume_of_stack),
    params:
        name="{stack}",
        stack=own_stack,
        filler=own_filler,
        code=lambda wildcards: code("fill_stack", FILLER_HOMES[own_filler(wildcards)["filler"]]),
    script:
        "../workflow_scripts/fill_stack.py"


rule infer_stack:
    input:
        "<results>/stacks/{stack}.json",
        stack_files,
    output:
        volume=stack_volume(f"<results>/stacks/{{stack}}/{{filler}}.{STACK_FORMAT}"),
        record="<results>/stacks/{stack}/{filler}.json",
        page="<results>/stacks/{stack}/{filler}.html",
        picture="<results>/stacks/{stack}/{filler}.png",
    log:
        "<logs>/infer_stack/{stack}/{filler}.log",
    benchmark:
        "<benchmarks>/infer_stack/{stack}/{filler}.tsv"
    wildcard_constraints:
        stack=one_of(STACKS),
        filler=one_of(STACK_NETWORKS),
    conda:
        "../envs/network.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=memory("infer_stack", held_by_stack_inference, most_of_stack),
        runtime=minutes("infer_stack", worked_by_stack_inference),
    params:
        name="{stack}",
        stack=own_stack,
        filler=own_filler,
        weights=stack_weights_digests,
        code=code("infer_stack", *FILLER_HOMES.values()),
    script:
        "../workflow_scripts/infer_stack.py"


rule measure_stack:
    input:
        "<results>/stacks/{stack}.json",
        volume=f"<results>/stacks/{{stack}}/{{filler}}.{STACK_FORMAT}",
        truth=stack_truth,
    output:
        "<results>/stacks/{stack}/measures/{filler}.json",
    log:
        "<logs>/measure_stack/{stack}/{filler}.log",
    benchmark:
        "<benchmarks>/measure_stack/{stack}/{filler}.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("measure_stack", measured_of_stack, most_of_stack),
        runtime=minutes("measure_stack", measured_of_stack),
    params:
        name="{stack}",
        measures=MEASURES,
        options=dict(
            cut=EXPERIMENT["measure"]["diffusivity_cut"],
            centred=EXPERIMENT["measure"]["tpcf_centred"],
        ),
        memory=lambda wildcards: own_stack(wildcards).get("memory", ""),
        code=code("measure_stack"),
    script:
        "../workflow_scripts/measure_stack.py"


rule report_stacks:
    input:
        collect("<results>/stacks/{stack}.{suffix}", stack=STACKS, suffix=["json", "png"]),
        of_every_filling("<results>/stacks/{stack}/{filler}.json"),
        of_every_filling("<results>/stacks/{stack}/{filler}.png"),
        of_every_filling("<results>/stacks/{stack}/measures/{filler}.json"),
    output:
        page="<results>/stacks/report.html",
        table=ensure("<results>/stacks/stacks.csv", non_empty=True),
    log:
        "<logs>/report_stacks.log",
    benchmark:
        "<benchmarks>/report_stacks.tsv"
    conda:
        "../envs/fibgap.yaml"
    resources:
        mem_mb=memory("report_stacks"),
        runtime=minutes("report_stacks"),
    params:
        name=EXPERIMENT["name"],
        fillings=STACK_FILLERS,
        networks=STACK_NETWORKS,
        benchmarks=f"results/{EXPERIMENT['name']}/benchmarks",
        commands=[
            f"snakemake stacks --configfile {shlex.quote(os.path.relpath(path))} --cores 2"
            for path in workflow.configfiles
        ],
        code=code("report_stacks"),
    script:
        "../workflow_scripts/report_stacks.py"
