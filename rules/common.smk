"""The checked experiment and the helper functions of the rules."""

import os
import sys
from pathlib import Path

# The library lies beside this Snakefile and needs no installation; scripts find it the same way.
sys.path.insert(0, workflow.basedir)

from fibgap import config as configuration
from fibgap.arms import BASELINE, ORIGINAL
from fibgap.errors import InputError
from fibgap.fillers import FILLER_HOMES
from fibgap.provenance import code_digest, digest
from fibgap.resources import (
    GPU_LIMIT,
    inference_memory_mb,
    inference_minutes,
    measuring_memory_mb,
    measuring_minutes,
    memory_mb,
    network_width,
    run_minutes,
    training_memory_mb,
    training_pixels,
    training_run_minutes,
    voxels,
)
from fibgap.sensitivity.plan import make_plan
from fibgap.shipped import read_training, resolve_weights, weights_sha256
from snakemake.exceptions import WorkflowError

try:
    EXPERIMENT = configuration.check(config)
except InputError as error:
    raise WorkflowError(str(error)) from None

# Without a limit of its own, a resource is unlimited: a GPU has to be asked for.
# The Snakemake inside a job of a cluster is not told the limit; it finds it in its environment.
if "gpu" not in workflow.global_resources:
    if workflow.is_main_process:
        workflow.global_resources["gpu"] = 0
    elif GPU_LIMIT in os.environ:
        workflow.global_resources["gpu"] = int(os.environ[GPU_LIMIT])
if workflow.is_main_process:
    os.environ[GPU_LIMIT] = str(workflow.global_resources["gpu"].value)
CUDA = os.environ.get(GPU_LIMIT, "0") != "0"

DATASETS = EXPERIMENT["datasets"]
STRUCTURE = EXPERIMENT["generate_volumes"]
ARMS = {arm["name"]: arm for arm in EXPERIMENT["arms"]}
NETWORKS = EXPERIMENT["networks"]
TRAINING_SETS = EXPERIMENT["training_sets"]
NETWORK_ARMS = [name for name, arm in ARMS.items() if arm["filler"] == "network"]
CLASSICAL_ARMS = [name for name in ARMS if name not in NETWORK_ARMS]
REPAIRED_ARMS = [name for name, arm in ARMS.items() if arm["fill_holes"]]
TRAINED = [name for name, network in NETWORKS.items() if network["weights"] == "train"]
SHARDS = [f"{shard:03d}" for shard in range(-(-DATASETS["count"] // DATASETS["shard_size"]))]
ALL_MEASURES = collect("<results>/measures/{arm}/{shard}.h5", arm=[ORIGINAL, *ARMS], shard=SHARDS)
PAPER_TABLES = [
    f"table_{name}" for name in ("S3", "S4") if any(name in arm["tables"] for arm in ARMS.values())
]
STATISTICS = ["comparisons", "wins", *(["shares"] if NETWORK_ARMS and BASELINE in ARMS else [])]
REFERENCE = collect("config/reference/table_{table}.csv", table=["S3", "S4"])
SHOWCASE_SHARD = SHARDS[DATASETS["showcase"] // DATASETS["shard_size"]]
FIGURES = [
    ("showcase", "<results>/figures/showcase.png"),
    ("errors", "<results>/figures/errors.svg"),
    ("curves", "<results>/figures/curves.svg"),
    *(("history", f"<results>/figures/history_{network}.svg") for network in TRAINED),
]
COMMANDS = [
    f"snakemake --configfile {os.path.relpath(path)} --cores 2" for path in workflow.configfiles
]
# What make_tables and write_report both build the tables from.
TABLE_PARAMS = dict(
    arms=EXPERIMENT["arms"],
    network_arms=NETWORK_ARMS,
    labels={arm: NETWORKS[ARMS[arm]["network"]].get("label") for arm in NETWORK_ARMS},
    weights=[weights_sha256(NETWORKS[ARMS[arm]["network"]]["weights"]) for arm in NETWORK_ARMS],
    confidence=EXPERIMENT["make_tables"]["confidence"],
    resamples=EXPERIMENT["make_tables"]["resamples"],
    base_seed=EXPERIMENT["base_seed"],
    tpcf_centred=EXPERIMENT["measure"]["tpcf_centred"],
)
MEASURE_OPTIONS = dict(
    cut=EXPERIMENT["measure"]["diffusivity_cut"], centred=EXPERIMENT["measure"]["tpcf_centred"]
)
MEASURES = ["tpcf", "lpf", *(["d"] if EXPERIMENT["measure"]["diffusivity"] else [])]
# What a configuration without the section sensitivity would compute for that target: nothing.
SENSITIVITY = make_plan(EXPERIMENT) if "sensitivity" in EXPERIMENT else None
SENSITIVITY_DATASETS = EXPERIMENT["sensitivity"]["datasets"] if SENSITIVITY else 0
SENSITIVITY_CASES = [vars(case) for case in SENSITIVITY.cases] if SENSITIVITY else []
SENSITIVITY_DEFAULTS = dict(SENSITIVITY.defaults) if SENSITIVITY else {}
SETTINGS = list(SENSITIVITY.settings) if SENSITIVITY else []


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


def placed(wildcards):
    """Return the gapped volumes from which an arm is rebuilt."""
    return f"<results>/placed/{ARMS[wildcards.arm]['placement']}/{wildcards.shard}.h5"


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


def growing(need):
    """Return a need, a number or a function of wildcards, that grows with every attempt of a job."""
    return lambda wildcards, attempt: attempt * (need(wildcards) if callable(need) else need)


def memory(bytes_a_voxel, base_mb=110, shape=STRUCTURE["shape"], volumes=1):
    """Return the memory in MB of a job that holds so many volumes at a time."""
    return memory_mb(base_mb, (bytes_a_voxel, volumes * voxels(shape)))


def minutes(seconds_a_megavoxel, shape=STRUCTURE["shape"], volumes=DATASETS["shard_size"]):
    """Return the run time in minutes that a job over so many volumes may take, with room."""
    return run_minutes((seconds_a_megavoxel, volumes * voxels(shape) / 1e6))


def measured_voxels():
    """Return the voxels of a volume, and of the cut on which D is taken."""
    shape, cut = STRUCTURE["shape"], EXPERIMENT["measure"]["diffusivity_cut"]
    cube = [min(cut, *shape)] * 3 if cut else shape
    return voxels(shape), voxels(cube) if EXPERIMENT["measure"]["diffusivity"] else 0


def training_set(wildcards):
    """Return what the generator of training volumes wants to know of a set."""
    return configuration.training_set_of(EXPERIMENT, wildcards.training_set)


def training_memory(bytes_a_voxel, base_mb=110):
    """Return a function for the memory in MB of a job that holds a whole training set."""

    def memory_of(wildcards):
        shape = training_set(wildcards)["shape"]
        return memory(
            bytes_a_voxel,
            base_mb,
            shape=shape,
            volumes=TRAINING_SETS[wildcards.training_set]["volumes"],
        )

    return memory_of


def training_minutes(seconds_a_megavoxel):
    """Return a function for the run time in minutes of a job over a whole training set."""

    def minutes_of(wildcards):
        shape = training_set(wildcards)["shape"]
        return minutes(
            seconds_a_megavoxel,
            shape=shape,
            volumes=TRAINING_SETS[wildcards.training_set]["volumes"],
        )

    return minutes_of


def network_training_set(wildcards):
    """Return the key of the training set that a network learns from."""
    return NETWORKS[wildcards.network]["training_set"]


def network_planes(wildcards):
    """Return the planes that a network learns from, and their split."""
    folder = f"<results>/planes/{network_training_set(wildcards)}"
    return {"planes": f"{folder}/planes.h5", "split": f"{folder}/split.csv"}


def network_memory(wildcards):
    """Return the memory in MB for training: all planes, and the activations of a batch."""
    settings = NETWORKS[wildcards.network]
    name = settings["training_set"]
    shape = configuration.training_set_of(EXPERIMENT, name)["shape"]
    return training_memory_mb(
        2 * voxels(shape) * TRAINING_SETS[name]["volumes"],
        width_factor=settings["width_factor"],
        batch_pixels=settings["training"]["batch_size"] * settings["training"]["patch"] ** 2,
        cuda=CUDA,
    )


def training_runtime(wildcards):
    """Return the minutes that training may take."""
    settings = NETWORKS[wildcards.network]
    name = settings["training_set"]
    shape = configuration.training_set_of(EXPERIMENT, name)["shape"]
    learned_from = (1 - TRAINING_SETS[name]["validation_fraction"]) * TRAINING_SETS[name]["volumes"]
    return training_run_minutes(
        training_pixels(settings["training"], shape, learned_from),
        width_factor=settings["width_factor"],
        budget_minutes=settings["training"]["budget_minutes"],
    )


def width_of(network):
    """Return the width of a network, which weights that are not trained here know."""
    settings = NETWORKS[network]
    if settings["weights"] == "train":
        return settings["width_factor"]
    return network_width(read_training(resolve_weights(settings["weights"]))[0]["features"])


def arm_width(wildcards):
    """Return the width of an arm's network."""
    return width_of(ARMS[wildcards.arm]["network"])


def inference_memory(wildcards):
    """Return the memory in MB for inference: volumes, and the activations of a batch."""
    return inference_memory_mb(
        voxels(STRUCTURE["shape"]),
        width_factor=arm_width(wildcards),
        batch_pixels=EXPERIMENT["infer"]["batch_pixels"],
        cuda=CUDA,
    )


def inference_runtime(wildcards):
    """Return the minutes that inference may take."""
    return inference_minutes(
        voxels(STRUCTURE["shape"]) * DATASETS["shard_size"], width_factor=arm_width(wildcards)
    )


def sensitivity_setting(wildcards):
    """Return a setting of the sensitivity analysis as plain values, with its name."""
    return {**SENSITIVITY.settings[wildcards.setting].to_dict(), "name": wildcards.setting}


def sensitivity_arms(wildcards):
    """Return the rows of the arm table that a setting computes."""
    return [ARMS[arm] for arm in SENSITIVITY.settings[wildcards.setting].arms]


def sensitivity_fillers(wildcards):
    """Return the modules of the fillers that a setting uses."""
    return sorted({FILLER_HOMES[arm["filler"]] for arm in sensitivity_arms(wildcards)})


def sensitivity_networks(wildcards):
    """Return the network of every arm of a setting that has one, in order."""
    return [arm["network"] for arm in sensitivity_arms(wildcards) if arm["filler"] == "network"]


def sensitivity_weights(wildcards):
    """Return the weights that the arms of a setting use, in order."""
    return [weights_path(network) for network in sensitivity_networks(wildcards)]


def sensitivity_weights_digests(wildcards):
    """Return the checksums of weights that were not trained here; they are ancient as files."""
    return [weights_sha256(NETWORKS[name]["weights"]) for name in sensitivity_networks(wildcards)]


def sensitivity_memory(wildcards):
    """Return the memory in MB of a setting: volumes, and the activations of a batch."""
    # One job generates, fills and measures in turn: the hungriest of these decides.
    needs = [measuring_memory_mb(*measured_voxels()), memory(bytes_a_voxel=80, base_mb=500)]
    for name in sensitivity_networks(wildcards):
        needs.append(
            inference_memory_mb(
                voxels(STRUCTURE["shape"]),
                width_factor=width_of(name),
                batch_pixels=EXPERIMENT["infer"]["batch_pixels"],
                cuda=CUDA,
            )
        )
    return max(needs)


def sensitivity_results(wildcards):
    """Return what the target `sensitivity` makes, or say that nothing asks for it."""
    if SENSITIVITY is None:
        raise WorkflowError("configuration: the section 'sensitivity' is missing.")
    return ["<results>/tables/sensitivity.md", "<results>/figures/sensitivity.png"]


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


wildcard_constraints:
    shard=r"\d\d\d+",
    arm=r"[A-Za-z0-9][A-Za-z0-9-]*",
    placement="repositioned|nominal|resampled",
    network="[a-z][a-z0-9_]+",
    training_set="[a-z][a-z0-9_]+",
    setting="[a-z][a-z0-9_]+",


onstart:
    keep_scheduler_fast(workflow)
