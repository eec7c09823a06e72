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
from fibgap.shipped import resolve_weights, weights_sha256
from snakemake.exceptions import WorkflowError

try:
    EXPERIMENT = configuration.check(config)
except InputError as error:
    raise WorkflowError(str(error)) from None

# Without a limit of its own, a resource is unlimited: a GPU has to be asked for.
if "gpu" not in workflow.global_resources:
    workflow.global_resources["gpu"] = 0

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
STATISTICS = ["comparisons", *(["shares"] if NETWORK_ARMS and BASELINE in ARMS else [])]
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
)
MEASURES = ["tpcf", "lpf", *(["d"] if EXPERIMENT["measure"]["diffusivity"] else [])]


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


def millions_of_voxels(shape):
    """Return the size of a volume in millions of voxels."""
    z, y, x = shape
    return z * y * x / 1e6


def memory(bytes_a_voxel, base_mb=400, shape=STRUCTURE["shape"], volumes=1):
    """Return the memory in MB of a job that holds so many volumes at a time."""
    return round(base_mb + bytes_a_voxel * volumes * millions_of_voxels(shape))


def minutes(seconds_a_megavoxel, shape=STRUCTURE["shape"], volumes=DATASETS["shard_size"]):
    """Return the run time in minutes that a job over so many volumes may take, with room."""
    return round(5 + seconds_a_megavoxel * volumes * millions_of_voxels(shape) / 60)


def training_set(wildcards):
    """Return what the generator of training volumes wants to know of a set."""
    return configuration.training_set_of(EXPERIMENT, wildcards.training_set)


def training_memory(bytes_a_voxel):
    """Return a function for the memory in MB of a job that holds a whole training set."""

    def memory_of(wildcards):
        shape = training_set(wildcards)["shape"]
        return memory(
            bytes_a_voxel, shape=shape, volumes=TRAINING_SETS[wildcards.training_set]["volumes"]
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
    planes = memory(bytes_a_voxel=6, shape=shape, volumes=TRAINING_SETS[name]["volumes"])
    pixels = settings["training"]["batch_size"] * settings["training"]["patch"] ** 2
    return round(planes + 1000 + 14e-3 * settings["width_factor"] * pixels)


def training_runtime(wildcards):
    """Return the minutes that training may take; a budget in the configuration is kept to."""
    budget = NETWORKS[wildcards.network]["training"]["budget_minutes"]
    return round(budget * 1.5 + 30) if budget else 24 * 60


def inference_memory(wildcards):
    """Return the memory in MB for inference: volumes, and the activations of a batch."""
    width = NETWORKS[ARMS[wildcards.arm]["network"]]["width_factor"]
    return round(
        memory(bytes_a_voxel=24, base_mb=1000) + 8e-3 * width * EXPERIMENT["infer"]["batch_pixels"]
    )


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
