"""The checked experiment, and what follows from it: arms, networks, shards, tables."""

import os
import shlex
import sys

# The library lies beside this Snakefile and needs no installation; scripts find it the same way.
sys.path.insert(0, workflow.basedir)

from fibgap.experiment import config as configuration
from fibgap.arms import BASELINE, CLASSICAL, ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.depth_sources import TRUE
from fibgap.measures import measure_names
from fibgap.workflow.needs import GPU_LIMIT
from snakemake.exceptions import WorkflowError

# Snakemake gives its interpreter to a shell as it is, and replaces braces in the paths of scripts.
sys.executable = shlex.quote(sys.executable)
for what, path in {"checkout": workflow.basedir, "working directory": os.getcwd()}.items():
    if {"{", "}"} & set(path):
        raise WorkflowError(f"the path of this {what} has braces, move it: {path}")

try:
    # Snakemake hands over what stands inside a --config value as text.
    EXPERIMENT = configuration.check(config, typed=workflow.config_settings.config)
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

# A configuration of own stacks alone has no datasets, and no arms.
DATASETS = EXPERIMENT.get("datasets", {"count": 0, "shard_size": 1})
STRUCTURE = EXPERIMENT.get("generate_volumes", {"shape": [0, 0, 0]})
ARMS = {arm["name"]: arm for arm in EXPERIMENT.get("arms", [])}
NETWORKS = EXPERIMENT["networks"]
TRAINING_SETS = EXPERIMENT["training_sets"]
NETWORK_ARMS = [name for name, arm in ARMS.items() if arm["filler"] == "network"]
CLASSICAL_ARMS = [name for name in ARMS if name not in NETWORK_ARMS]
REPAIRED_ARMS = [name for name, arm in ARMS.items() if arm["fill_holes"]]
TRAINED = [name for name, network in NETWORKS.items() if network["weights"] == "train"]
# Where an arm is not told true depths, errors of depths and of all layers stand beside the others.
BY_SOURCE = any(arm["depths"] != TRUE for arm in ARMS.values())
SHARDS = [f"{shard:03d}" for shard in range(-(-DATASETS["count"] // DATASETS["shard_size"]))]
ALL_MEASURES = collect("<results>/measures/{arm}/{shard}.h5", arm=[ORIGINAL, *ARMS], shard=SHARDS)
PAPER_TABLES = [
    f"table_{name}" for name in ("S3", "S4") if any(name in arm["tables"] for arm in ARMS.values())
]
# How all intervals are made: the value of fibgap.statistics.Bootstrap.
BOOTSTRAP = dict(
    confidence=EXPERIMENT["make_tables"]["confidence"],
    resamples=EXPERIMENT["make_tables"]["resamples"],
    base_seed=EXPERIMENT["base_seed"],
)
MEASURE_OPTIONS = dict(
    cut=EXPERIMENT["measure"]["diffusivity_cut"],
    centred=EXPERIMENT["measure"]["tpcf_centred"],
    voxel_nm=STRUCTURE.get("voxel_nm", 1.0),  # own stacks have theirs
)
MEASURES = EXPERIMENT["measure"]["names"]
EXTENDED = [name for name in MEASURES if name in measure_names(extended=True)]
# What is made if nothing is asked for.
RESULTS = []
if ARMS:
    RESULTS += ["<results>/report.html", "<results>/tables/datasets.csv"]
    RESULTS += collect("<results>/tables/{table}.md", table=PAPER_TABLES)
if EXPERIMENT["stacks"]:
    RESULTS += ["<results>/stacks/report.html"]
