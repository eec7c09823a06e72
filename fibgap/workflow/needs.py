"""What a job may need of memory and time: one table, from what was measured, and two functions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fibgap.network.blocks import pixels_at_once

#: The variable in which a run hands its limit of GPUs to the jobs of a cluster.
GPU_LIMIT = "FIBGAP_GPU_LIMIT"
#: The two Snakemake processes of a job on a cluster, in MB; 147 each were measured. The limit of a
#: job counts them beside its script.
SNAKEMAKE_MB = 300
#: A script that computes on CUDA, in MB on the side of the host. Not measured: there was no GPU
#: where the other numbers were; libraries and context commonly take 2 to 3 GB.
CUDA_MB = 3000
#: A limit over the peak that is expected. Under 2, so that a node is not left half empty.
MEMORY_ROOM = 1.25
#: A limit of time over what is expected: processors differ more than memory does.
TIME_ROOM = 3
#: Minutes that every job may take besides: a slow file system, imports, two starts of Snakemake.
START_MINUTES = 5
#: The longest time that a training asks for at once: clusters rarely give more than a day. The next
#: attempt goes on from its checkpoint.
LONGEST_TRAINING_MINUTES = 24 * 60
#: Filters of the first layer of Table S1, by which the width of any network is told.
TABLE_S1_FIRST_FILTERS = 96
#: Of a network of gaps at full width, and the width of Table S1 that it counts as.
GAPS_FIRST_FILTERS, GAPS_WIDTH = 64, 0.35


@dataclass(frozen=True)
class Need:
    """What the jobs of a rule need.

    Attributes
    ----------
    base_mb : float
        Peak of its script for a tiny volume: Python and its packages.
    held : mapping of str to float
        Bytes for each of what it holds at a time.
    worked : mapping of str to float
        Seconds of one core for a million each of what it works on.
    base_s : float
        Seconds of one core, whatever the size.
    """

    base_mb: float
    held: Mapping[str, float] = field(default_factory=dict)
    worked: Mapping[str, float] = field(default_factory=dict)
    base_s: float = 0


#: Pixels that go through a network, only forward or back as well.
THROUGH = {"forward", "back"}
# What is counted: "voxels" of volumes, "cut" the voxels on which D is taken, "pixels" of planes;
# "forward" and "back" are pixels that go through a network and back, times its width over that of
# Table S1: once where they are held, since activations grow with the filters, and squared where
# they are worked on. Forward is a third of a step of training. On two cores in fp32.
NEEDS = {
    "generate_volumes": Need(290, {"voxels": 14}, {"voxels": 0.5}),
    "generate_training_volumes": Need(290, {"voxels": 14}, {"voxels": 0.5}),
    "mill_slices": Need(54, {"voxels": 2}, {"voxels": 0.2}),
    "estimate_depths": Need(95, {"voxels": 6}, {"voxels": 0.3}),
    "place_slices": Need(54, {"voxels": 0.7}, {"voxels": 0.2}),
    "extract_planes": Need(86, {"voxels": 4.5}, {"voxels": 0.3}),
    "split_planes": Need(90),
    # Planes as they are read and as they are split: 2 bytes. A network that sees distances holds
    # them for both directions of milling, 2 bytes each.
    "train_network": Need(
        550,
        {"pixels": 2, "distances": 4, "back": 8300},
        {"pixels": 0.5, "back": 29},
    ),
    "fill_gaps": Need(97, {"voxels": 6}, {"voxels": 0.5}),
    "infer": Need(370, {"voxels": 25, "forward": 4350}, {"voxels": 0.5, "forward": 20}),
    "fill_holes": Need(87, {"voxels": 3}, {"voxels": 0.5}),
    "measure_truth": Need(295, {"voxels": 3, "cut": 120}, {"voxels": 0.5, "cut": 10}),
    "measure": Need(295, {"voxels": 3, "cut": 120}, {"voxels": 0.5, "cut": 10}),
    "aggregate_metrics": Need(95, base_s=100),
    "make_tables": Need(200, base_s=300),
    "plot_figures": Need(240, base_s=300),
    "plot_history": Need(190, base_s=100),
    "plot_network": Need(190, base_s=100),
    "export_showcase": Need(450, {"voxels": 3}, base_s=300),
    "write_report": Need(220, base_s=300),
    "tabulate_ablations": Need(500, base_s=300),
    # One job generates, fills and measures in turn: the hungriest of these decides.
    "measure_sensitivity": Need(500, {"voxels": 80}, {"voxels": 30}),
    "tabulate_sensitivity": Need(500, base_s=300),
    "plot_sensitivity": Need(500, base_s=100),
    # "bytes" are those of all images; 8 bits a pixel were measured.
    "check_stack": Need(190, {"bytes": 8}, {"bytes": 2}),
    "fill_stack": Need(190, {"voxels": 11}, {"voxels": 3}, base_s=60),
    "infer_stack": Need(440, {"voxels": 25, "forward": 4350}, {"voxels": 3, "forward": 20}, 60),
    "measure_stack": Need(295, {"voxels": 3, "cut": 120}, {"voxels": 2, "cut": 10}),
    "report_stacks": Need(190, base_s=300),
    "make_costs": Need(500, base_s=100),
}


def memory_mb(
    rule: str,
    held: Mapping[str, float] | None = None,
    *,
    cuda: bool = False,
    most: float | None = None,
) -> int:
    """Return the memory that a job asks for.

    Parameters
    ----------
    rule : str
        Key of `NEEDS`.
    held : mapping of str to float
        How many it holds at a time of what the table counts.
    cuda : bool
        Whether networks may compute on CUDA: then packages and activations count as `CUDA_MB` at
        least.
    most : float, optional
        Bytes that it is told to take at most, besides the base: what takes more lies on disk.

    Returns
    -------
    int
        In MB of 2^20 bytes, as SLURM counts: `MEMORY_ROOM` times the sum of `SNAKEMAKE_MB`, the
        base and what is held, rounded up.

    Examples
    --------
    54 MB and 2 bytes for each of 2^22 voxels:

    >>> memory_mb("mill_slices", {"voxels": 2**22})  # 1.25 (300 + 54 + 8) = 452.5
    453

    An own stack of 2^30 voxels takes 11 GB in memory, but no more than it is told to take:

    >>> memory_mb("fill_stack", {"voxels": 2**30}, most=2**30)  # 1.25 (300 + 190 + 1024) = 1892.5
    1893
    """
    need, held = NEEDS[rule], held or {}
    mb = {name: need.held[name] * count / 2**20 for name, count in held.items()}
    network, rest = sum(mb.pop(name, 0) for name in THROUGH), sum(mb.values())
    if most is not None:
        network = min(network, most / 2**20)
        rest = min(rest, most / 2**20 - network)
    own = max(need.base_mb + network, CUDA_MB if cuda and THROUGH & need.held.keys() else 0)
    return math.ceil(MEMORY_ROOM * (SNAKEMAKE_MB + own + rest))


def run_minutes(rule: str, worked: Mapping[str, float] | None = None) -> int:
    """Return the run time that a job asks for, in minutes.

    Parameters
    ----------
    rule : str
        Key of `NEEDS`.
    worked : mapping of str to float
        How many it works on of what the table counts.

    Returns
    -------
    int
        `START_MINUTES`, and `TIME_ROOM` times what is expected, rounded up.

    Examples
    --------
    0.2 s a million voxels:

    >>> run_minutes("mill_slices", {"voxels": 305e6})  # 5 + 3 · 61 / 60 = 8.05
    9
    """
    need, worked = NEEDS[rule], worked or {}
    seconds = need.base_s + sum(need.worked[name] * count / 1e6 for name, count in worked.items())
    return math.ceil(START_MINUTES + TIME_ROOM * seconds / 60)


def training_minutes(worked: Mapping[str, float], budget_minutes: float) -> int:
    """Return the run time that a training asks for, in minutes.

    Parameters
    ----------
    worked : mapping of str to float
        As for `run_minutes`.
    budget_minutes : float
        After which it stops at the end of an epoch; 0 sets no limit.
    """
    needed = run_minutes("train_network", worked)
    if budget_minutes:
        # The last epoch may begin right before the budget ends.
        needed = min(needed, math.ceil(1.5 * budget_minutes + 30))
    return min(needed, LONGEST_TRAINING_MINUTES)


def voxels(shape: Sequence[int]) -> int:
    """Return the number of voxels of a volume."""
    return math.prod(shape)


def network_width(architecture: Mapping[str, Any]) -> float:
    """Return the width of a network over that of Table S1, from what weights remember of it.

    A network of gaps counts as the one of Table S1 that takes as much memory for a pixel.

    Examples
    --------
    >>> network_width({"features": [48, 27]}), network_width({"kind": "gaps", "widths": [64, 128]})
    (0.5, 0.35)
    """
    if architecture.get("kind") == "gaps":
        return float(GAPS_WIDTH * architecture["widths"][0] / GAPS_FIRST_FILTERS)
    return float(architecture["features"][0] / TABLE_S1_FIRST_FILTERS)


def pixels_of_training(training: Mapping[str, Any], shape: Sequence[int], volumes: float) -> float:
    """Return the pixels that a training sees.

    Parameters
    ----------
    training : mapping
        The section `training` of a network.
    shape : (3,) int
        Shape (Z, Y, X) of a training volume.
    volumes : float
        Training volumes, without those of validation.

    Examples
    --------
    One plane of 10 x 10 per family and position; windows of 8 + 2 fit once:

    >>> training = {"patch": 8, "margin": 1, "stride": 4, "batch_size": 5}
    >>> pixels_of_training({**training, "epochs": 3, "steps_per_epoch": 0}, (10, 10, 10), 1)
    3840.0
    """
    patch, margin, stride = (training[key] for key in ("patch", "margin", "stride"))
    z, y, x = (max(0, (side - patch - 2 * margin) // stride + 1) for side in shape)
    windows = volumes * z * (x * shape[1] + y * shape[2])
    steps = training["steps_per_epoch"] or max(1, windows // training["batch_size"])
    return float(training["epochs"] * steps * training["batch_size"] * patch**2)


def pixels_of_batch(shape: Sequence[int], batch_pixels: int, *, cuda: bool = False) -> int:
    """Return the pixels that go through a network at once when it fills a volume.

    Parameters
    ----------
    shape : (3,) int
        Shape (Z, Y, X) of the volume.
    batch_pixels : int
        How many are allowed.
    cuda : bool
        Whether it computes on CUDA.
    """
    return max(
        pixels_at_once(shape[0], width, planes, batch_pixels, on_cpu=not cuda)
        for width, planes in (shape[1:], shape[:0:-1])
    )
