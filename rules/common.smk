"""The helper functions of the rules."""

from pathlib import Path

from fibgap.experiment.depth_sources import DEPTHS, settings_of
from fibgap.network.shipped import resolve_weights, weights_sha256
from fibgap.workflow.digests import code_digest, digest


def one_of(names):
    """Return a wildcard constraint that matches the given names and nothing else."""
    return "|".join(names) or "(?!)"


def datasets_of(wildcards):
    """Return the indices of a shard's datasets."""
    first = int(wildcards.shard) * DATASETS["shard_size"]
    return list(range(first, min(first + DATASETS["shard_size"], DATASETS["count"])))


def code(name, *modules):
    """Return a digest of a script and all library code behind it: edits there rerun the rule."""
    return code_digest(f"{workflow.basedir}/workflow_scripts/{name}.py", modules)


def arm_setting(key):
    """Return a function that looks up a key of an arm's row in the arm table."""
    return lambda wildcards: ARMS[wildcards.arm][key]


def depth_settings(wildcards):
    """Return what a source of depths reads of the configuration."""
    return settings_of(EXPERIMENT, wildcards.depths)


def estimated_depths(source, shard):
    """Return the depths that a source tells; none where the true ones are taken."""
    return [] if source == TRUE else [f"<results>/depths/{source}/{shard}.h5"]


def arm_depths(wildcards):
    """Return the depths by which an arm was placed; none where these are the true ones."""
    return estimated_depths(ARMS[wildcards.arm]["depths"], wildcards.shard)


def placed_of(arm, shard):
    """Return the gapped volumes from which an arm is rebuilt."""
    return f"<results>/placed/{ARMS[arm]['placement']}/{ARMS[arm]['depths']}/{shard}.h5"


def placed(wildcards):
    """Return the gapped volumes from which an arm is rebuilt."""
    return placed_of(wildcards.arm, wildcards.shard)


def final_volumes_of(arm, shard):
    """Return the volumes of an arm after its last step."""
    step = "repaired" if ARMS[arm]["fill_holes"] else "filled"
    return f"<results>/{step}/{arm}/{shard}.h5"


def final_volumes(wildcards):
    """Return the volumes of an arm after its last step."""
    return final_volumes_of(wildcards.arm, wildcards.shard)


def weights_path(network):
    """Return the weights of a network: trained in this run, shipped, or a file."""
    weights = NETWORKS[network]["weights"]
    if weights == "train":
        return f"<results>/networks/{network}/weights.safetensors"
    try:
        # Relative, so that a checkout that is moved has nothing to do.
        return ancient(os.path.relpath(resolve_weights(weights)))
    except InputError as error:
        raise WorkflowError(str(error)) from None


def arm_weights(wildcards):
    """Return the weights that an arm's network uses."""
    return weights_path(ARMS[wildcards.arm]["network"])


def arm_weights_digest(wildcards):
    """Return the checksum of weights that were not trained here; they are ancient as files."""
    return weights_sha256(NETWORKS[ARMS[wildcards.arm]["network"]]["weights"])


def volume_or_temporary(path):
    """Return an output that is deleted after its last use unless volumes are kept."""
    return path if DATASETS["keep_volumes"] else temp(path)


def training_set(wildcards):
    """Return what the generator of training volumes wants to know of a set."""
    return configuration.training_set_of(EXPERIMENT, wildcards.training_set)


def network_training_set(wildcards):
    """Return the key of the training set that a network learns from."""
    return NETWORKS[wildcards.network]["training_set"]


def network_planes(wildcards):
    """Return the planes that a network learns from, and their split."""
    folder = f"<results>/planes/{network_training_set(wildcards)}"
    return {"planes": f"{folder}/planes.h5", "split": f"{folder}/split.csv"}


def benchmark_state(wildcards):
    """Return a digest of the benchmark files: the table of costs is made anew after every job."""
    found = sorted(Path(f"results/{EXPERIMENT['name']}/benchmarks").rglob("*.tsv"))
    return digest(
        [[str(path), path.stat().st_mtime_ns] for path in found if path.stem != "make_costs"]
    )


def keep_scheduler_fast(workflow):
    """Switch off the scheduler's job rate limiter, whose timers slow down runs of many jobs."""
    if getattr(workflow.scheduler, "job_rate_limiter", None) is not None:
        workflow.scheduler.job_rate_limiter = None


def require_hardware_and_engine(workflow):
    """Refuse to start where jobs want GPUs or an engine that are not here; a cluster is elsewhere."""
    if not (workflow.is_main_process and workflow.local_exec):
        return
    jobs = list(workflow.dag.needrun_jobs())
    limit = int(os.environ.get(GPU_LIMIT, 0))
    try:
        if limit and any(job.resources.get("gpu") for job in jobs):
            from fibgap.network.device import require_cuda

            require_cuda(limit)
        if any(job.rule.name == "infer" for job in jobs):
            from fibgap.network.engines import choose_engine

            choose_engine(EXPERIMENT["infer"]["engine"], "cuda" if CUDA else "cpu")
    except InputError as error:
        raise WorkflowError(str(error)) from None


wildcard_constraints:
    shard=r"\d\d\d+",
    arm=r"[A-Za-z0-9][A-Za-z0-9-]*",
    placement="repositioned|nominal|resampled",
    depths=one_of(DEPTHS),
    network="[a-z][a-z0-9_]+",
    training_set="[a-z][a-z0-9_]+",
    setting="[a-z][a-z0-9_]+",
    stack="[a-z][a-z0-9_]+",
    filler="[a-z][a-z0-9_]+",


onstart:
    require_hardware_and_engine(workflow)
    keep_scheduler_fast(workflow)
