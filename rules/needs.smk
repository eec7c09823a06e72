"""What jobs need: how much this experiment has of what the library's table counts."""

from fibgap.workflow.needs import (
    memory_mb,
    network_width,
    pixels_of_batch,
    pixels_of_training,
    run_minutes,
    training_minutes,
    voxels,
)
from fibgap.network.shipped import read_training


def cut_voxels(shape):
    """Return the voxels of a volume on which D is taken, twice if of both phases."""
    cut = EXPERIMENT["measure"]["diffusivity_cut"]
    phases = len({"d", "d_solid"} & {*MEASURES})
    return phases * voxels([min(cut, *shape)] * 3 if cut else shape)


def times(count, counts):
    """Return counts so many times."""
    return {name: count * each for name, each in counts.items()}


VOLUME = {"voxels": voxels(STRUCTURE["shape"])}
MEASURED = {**VOLUME, "cut": cut_voxels(STRUCTURE["shape"])}
SHARD = times(DATASETS["shard_size"], VOLUME)
MEASURED_SHARD = times(DATASETS["shard_size"], MEASURED)


def growing(need):
    """Return a need, a number or a function of wildcards, that grows with every attempt of a job."""
    return lambda wildcards, attempt: attempt * (need(wildcards) if callable(need) else need)


def memory(rule, held=None, most=lambda wildcards: None):
    """Return the memory in MB of a rule's jobs; what they hold may be a function of wildcards.

    `most` returns the bytes that a job is told to take at most, or None.
    """

    def needed(wildcards):
        return memory_mb(rule, held(wildcards), cuda=CUDA, most=most(wildcards))

    return growing(needed if callable(held) else memory_mb(rule, held, cuda=CUDA))


def minutes(rule, worked=None):
    """Return the run time of a rule's jobs; what they work on may be a function of wildcards."""
    if callable(worked):
        return growing(lambda wildcards: run_minutes(rule, worked(wildcards)))
    return growing(run_minutes(rule, worked))


def training_volume(wildcards):
    """Return the voxels of one training volume."""
    return {"voxels": voxels(training_set(wildcards)["shape"])}


def training_volumes(wildcards):
    """Return the voxels of a training set."""
    return times(
        TRAINING_SETS[wildcards.training_set]["volumes"],
        training_volume(wildcards),
    )


def width_of_weights(name):
    """Return the width of a network from its weights."""
    return network_width(read_training(resolve_weights(name))[0])


def width_of(network):
    """Return the width of a network, which weights that are not trained here know."""
    settings = NETWORKS[network]
    if settings["weights"] == "train":
        return settings["width_factor"]
    return width_of_weights(settings["weights"])


def held_by_training(wildcards):
    """Return all planes, and the pixels of a batch on their way through a network."""
    settings = NETWORKS[wildcards.network]
    own = TRAINING_SETS[settings["training_set"]]
    shape = configuration.training_set_of(EXPERIMENT, settings["training_set"])["shape"]
    batch = settings["training"]["batch_size"] * settings["training"]["patch"] ** 2
    pixels = 2 * voxels(shape) * own["volumes"]
    return {
        "pixels": pixels,
        # Of gaps a byte along each axis, and the volume once more; of planes eight bytes a voxel.
        "distances": {"distances": pixels, "gaps": pixels / 2}.get(settings["sees"], 0),
        "back": settings["width_factor"] * batch,
    }


def training_runtime(wildcards):
    """Return the minutes that training may take."""
    settings = NETWORKS[wildcards.network]
    own = TRAINING_SETS[settings["training_set"]]
    pixels = pixels_of_training(
        settings["training"],
        configuration.training_set_of(EXPERIMENT, settings["training_set"])["shape"],
        (1 - own["validation_fraction"]) * own["volumes"],
    )
    worked = {
        "pixels": pixels,
        "back": settings["width_factor"] ** 2 * pixels,
    }
    return training_minutes(worked, settings["training"]["budget_minutes"])


def held_by_filling(network):
    """Return a volume, and the pixels of a batch on their way through a network."""
    batch = pixels_of_batch(STRUCTURE["shape"], EXPERIMENT["infer"]["batch_pixels"], cuda=CUDA)
    return {**VOLUME, "forward": width_of(network) * batch}


def held_by_inference(wildcards):
    """Return what an arm's inference holds."""
    return held_by_filling(ARMS[wildcards.arm]["network"])


def worked_by_inference(wildcards):
    """Return what an arm's inference works on."""
    width = width_of(ARMS[wildcards.arm]["network"])
    return {**SHARD, "forward": width**2 * SHARD["voxels"]}


def sensitivity_memory(wildcards):
    """Return the memory in MB of a setting: one job generates, fills and measures in turn."""
    networks = sensitivity_networks(wildcards)
    return max(
        memory_mb("measure_sensitivity", VOLUME),
        memory_mb("measure", MEASURED),
        *(memory_mb("infer", held_by_filling(name), cuda=CUDA) for name in networks),
    )
