"""What jobs need of memory and time: the formulas of the library for the sizes of this experiment."""

from fibgap.workflow.needs import (
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
from fibgap.network.shipped import read_training


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
    return voxels(shape), voxels(cube) if "d" in MEASURES else 0


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


def network_memory(wildcards):
    """Return the memory in MB for training: all planes, and the activations of a batch."""
    settings = NETWORKS[wildcards.network]
    name = settings["training_set"]
    shape = configuration.training_set_of(EXPERIMENT, name)["shape"]
    return training_memory_mb(
        2 * voxels(shape) * TRAINING_SETS[name]["volumes"],
        width_factor=settings["width_factor"],
        teacher_width=teacher_width(settings),
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
        teacher_width=teacher_width(settings),
        budget_minutes=settings["training"]["budget_minutes"],
    )


def width_of_weights(name):
    """Return the width of a network from its weights."""
    return network_width(read_training(resolve_weights(name))[0]["features"])


def teacher_width(settings):
    """Return the width of the network that teaches another one, 0 without one."""
    return (
        width_of_weights(settings["distillation"]["teacher"]) if "distillation" in settings else 0
    )


def width_of(network):
    """Return the width of a network, which weights that are not trained here know."""
    settings = NETWORKS[network]
    if settings["weights"] == "train":
        return settings["width_factor"]
    return width_of_weights(settings["weights"])


def arm_width(wildcards):
    """Return the width of an arm's network."""
    return width_of(ARMS[wildcards.arm]["network"])


def inference_memory(wildcards):
    """Return the memory in MB for inference: volumes, and the activations of a batch."""
    return inference_memory_mb(
        STRUCTURE["shape"],
        width_factor=arm_width(wildcards),
        batch_pixels=EXPERIMENT["infer"]["batch_pixels"],
        cuda=CUDA,
    )


def inference_runtime(wildcards):
    """Return the minutes that inference may take."""
    return inference_minutes(
        voxels(STRUCTURE["shape"]) * DATASETS["shard_size"], width_factor=arm_width(wildcards)
    )


def sensitivity_memory(wildcards):
    """Return the memory in MB of a setting: volumes, and the activations of a batch."""
    # One job generates, fills and measures in turn: the hungriest of these decides.
    needs = [measuring_memory_mb(*measured_voxels()), memory(bytes_a_voxel=80, base_mb=500)]
    for name in sensitivity_networks(wildcards):
        needs.append(
            inference_memory_mb(
                STRUCTURE["shape"],
                width_factor=width_of(name),
                batch_pixels=EXPERIMENT["infer"]["batch_pixels"],
                cuda=CUDA,
            )
        )
    return max(needs)
