"""Which own stacks are filled by what, and the inputs, parameters and needs of their rules."""

from functools import cache

from fibgap.io.formats import find_format
from fibgap.network.shipped import offered_names
from fibgap.workflow import own_stacks

STACKS = EXPERIMENT["stacks"]
FILLERS = configuration.fillers_of(EXPERIMENT)
STACK_FILLERS = configuration.stack_fillers(EXPERIMENT)
STACK_NETWORKS = [name for name, filler in FILLERS.items() if own_stacks.by_network(filler)]
# As `fibgap.stacks.choose_filler` has it.
STACK_BATCH = 2**19
STACK_FORMAT = EXPERIMENT["fill_stack"]["format"]

try:
    # Before the first job; relative to the working directory.
    STACK_FILES = {name: own_stacks.stack_files(name, stack) for name, stack in STACKS.items()}
    STACK_MEMORY = {name: own_stacks.given_memory(name, stack) for name, stack in STACKS.items()}
    TRUTHS = {name: own_stacks.true_volume(name, stack) for name, stack in STACKS.items()}
except InputError as error:
    raise WorkflowError(str(error)) from None


def stack_volume(path):
    """Return the output of a filled volume, which some formats write as a folder."""
    return directory(path) if find_format(Path(path)).folder else path


def stack_files(wildcards):
    """Return every file that a stack is read from."""
    return STACK_FILES[wildcards.stack]


def own_stack(wildcards):
    """Return how a stack is read: its section without what other jobs do with it."""
    section = STACKS[wildcards.stack]
    return {key: section[key] for key in section if key not in ("fillers", "truth")}


def own_filler(wildcards):
    """Return a filler's section of the configuration."""
    return FILLERS[wildcards.filler]


def weights_of_filler(name):
    """Return the weights that a filler of own stacks may use, by what names them."""
    if "weights" in FILLERS[name]:
        return [FILLERS[name]["weights"]]
    return [f"shipped:{shipped}" for shipped in offered_names()]


def stack_weights_digests(wildcards):
    """Return the checksums of the weights that a filler of own stacks may use."""
    try:
        return [weights_sha256(name) for name in weights_of_filler(wildcards.filler)]
    except InputError as error:
        raise WorkflowError(str(error)) from None


def stack_truth(wildcards):
    """Return the true volume of a stack, where it is known."""
    return TRUTHS[wildcards.stack]


def of_every_filling(pattern):
    """Return a file of every own stack and each of its fillers."""
    return [
        pattern.format(stack=stack, filler=filler)
        for stack, fillers in STACK_FILLERS.items()
        for filler in fillers
    ]


def stacks_results(wildcards):
    """Return what the target `stacks` makes, or say that nothing asks for it."""
    if not STACKS:
        raise WorkflowError("configuration: the section 'stacks' is missing.")
    return "<results>/stacks/report.html"


@cache
def image_bytes(stack):
    """Return the bytes of a stack's images; all files are opened for it, once."""
    try:
        return own_stacks.image_bytes(STACKS[stack])
    except InputError:
        return 0  # its check will say what is wrong


def images_of_stack(wildcards):
    """Return the bytes of a stack's images."""
    return {"bytes": image_bytes(wildcards.stack)}


def most_of_stack(wildcards):
    """Return the bytes of memory that a stack may take, None if nobody says it."""
    return STACK_MEMORY[wildcards.stack]


def checked_shape_of(wildcards):
    """Return the shape of a stack's volume; it is known when the stack was checked."""
    return own_stacks.checked_shape(f"results/{EXPERIMENT['name']}/stacks/{wildcards.stack}.json")


def volume_of_stack(wildcards):
    """Return the voxels of a stack's volume, or the bytes of its images if these are more."""
    size = max(voxels(checked_shape_of(wildcards)), image_bytes(wildcards.stack))
    return {"voxels": size}


def measured_of_stack(wildcards):
    """Return the voxels of a stack's volume, and those on which D is taken."""
    shape = checked_shape_of(wildcards)
    return {"voxels": voxels(shape), "cut": cut_voxels(shape)}


def held_by_stack_inference(wildcards):
    """Return the volume of a stack, and the pixels of a batch on their way through a network."""
    shape = checked_shape_of(wildcards)
    width = max(width_of_weights(name) for name in weights_of_filler(wildcards.filler))
    batch = pixels_of_batch(shape, STACK_BATCH, cuda=CUDA)
    return {**volume_of_stack(wildcards), "forward": width * batch}


def worked_by_stack_inference(wildcards):
    """Return the voxels of a stack's volume, as often as a network looks at them."""
    size = voxels(checked_shape_of(wildcards))
    widths = [width_of_weights(name) for name in weights_of_filler(wildcards.filler)]
    return {"voxels": size, "forward": sum(width**2 for width in widths) * size}
