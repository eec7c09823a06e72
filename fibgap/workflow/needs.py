"""What a job may need: memory and time by formulas, from numbers that were measured."""

import math
from collections.abc import Mapping, Sequence
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
#: Activations of the network of Table S1 on its way forward, by pixel of a batch.
INFERENCE_BYTES_A_PIXEL = 4350
#: Filters of the first layer of Table S1, by which the width of any network is told.
TABLE_S1_FIRST_FILTERS = 96


def voxels(shape: Sequence[int]) -> int:
    """Return the number of voxels of a volume."""
    return math.prod(shape)


def memory_mb(base_mb: float, *terms: tuple[float, float]) -> int:
    """Return the memory that a job asks for.

    Parameters
    ----------
    base_mb : float
        Peak of its script for a tiny volume: Python and its packages.
    *terms : (bytes, count)
        What grows: bytes for each of so many voxels or pixels that are held at a time.

    Returns
    -------
    int
        In MB of 2^20 bytes, as SLURM counts: ``MEMORY_ROOM (SNAKEMAKE_MB + base_mb + sum)``.

    Examples
    --------
    >>> memory_mb(100)
    500
    >>> memory_mb(100, (2**20, 8))
    510
    """
    grows = sum(size * count for size, count in terms) / 2**20
    return math.ceil(MEMORY_ROOM * (SNAKEMAKE_MB + base_mb + grows))


def run_minutes(*terms: tuple[float, float]) -> int:
    """Return the run time that a job asks for, in minutes.

    Parameters
    ----------
    *terms : (seconds, count)
        Seconds of one core for each of so many units of work.

    Returns
    -------
    int
        ``START_MINUTES + TIME_ROOM sum / 60``, rounded up.

    Examples
    --------
    >>> run_minutes((2, 30))
    8
    """
    return math.ceil(START_MINUTES + TIME_ROOM * sum(each * count for each, count in terms) / 60)


def network_width(features: Sequence[int]) -> float:
    """Return the width of a network over that of Table S1, from its feature filters."""
    return features[0] / TABLE_S1_FIRST_FILTERS


def training_memory_mb(
    planes: float,
    *,
    width_factor: float,
    batch_pixels: int,
    teacher_width: float = 0,
    cuda: bool = False,
) -> int:
    """Return the memory that a training asks for.

    Parameters
    ----------
    planes : float
        Pixels of all planes of both families: they are held whole.
    width_factor : float
        Width of the network over that of Table S1.
    batch_pixels : int
        Pixels of a batch.
    teacher_width : float
        Width of the network that teaches it, 0 without one.
    cuda : bool
        Whether it may compute on CUDA; then it may need `CUDA_MB`, too.
    """
    # Planes as they are read and as they are split: 2 bytes. A layer's outputs are kept for the
    # way back, so activations grow with the number of filters. Those of a teacher are not kept.
    filters = 8300 * width_factor + INFERENCE_BYTES_A_PIXEL * teacher_width
    needed = memory_mb(550, (2, planes), (filters, batch_pixels))
    return max(needed, memory_mb(CUDA_MB, (2, planes))) if cuda else needed


def training_pixels(training: Mapping[str, Any], shape: Sequence[int], volumes: float) -> float:
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
    One plane of 10 x 10 a family and position; windows of 8 + 2 fit once:

    >>> training = {"patch": 8, "margin": 1, "stride": 4, "batch_size": 5}
    >>> training_pixels({**training, "epochs": 3, "steps_per_epoch": 0}, (10, 10, 10), 1)
    3840.0
    """
    patch, margin, stride = (training[key] for key in ("patch", "margin", "stride"))
    z, y, x = (max(0, (side - patch - 2 * margin) // stride + 1) for side in shape)
    windows = volumes * z * (x * shape[1] + y * shape[2])
    steps = training["steps_per_epoch"] or max(1, windows // training["batch_size"])
    return float(training["epochs"] * steps * training["batch_size"] * patch**2)


def training_run_minutes(
    pixels: float, *, width_factor: float, budget_minutes: float, teacher_width: float = 0
) -> int:
    """Return the run time that a training asks for, in minutes.

    Parameters
    ----------
    pixels : float
        What it sees, from `training_pixels`.
    width_factor : float
        Width of the network over that of Table S1.
    budget_minutes : float
        After which it stops at the end of an epoch; 0 sets no limit.
    teacher_width : float
        Width of the network that teaches it, 0 without one.
    """
    # On two cores in fp32, from the cards of the shipped weights; a GPU is much faster. A teacher
    # goes forward alone, which is a third of a step.
    each = 29 * (width_factor**2 + teacher_width**2 / 3) + 0.5
    needed = run_minutes((each, pixels / 1e6))
    if budget_minutes:
        # The last epoch may begin right before the budget ends.
        needed = min(needed, math.ceil(1.5 * budget_minutes + 30))
    return min(needed, LONGEST_TRAINING_MINUTES)


def inference_memory_mb(
    shape: Sequence[int], *, width_factor: float, batch_pixels: int, cuda: bool = False
) -> int:
    """Return the memory that inference asks for.

    Parameters
    ----------
    shape : (3,) int
        Shape (Z, Y, X) of a volume.
    width_factor : float
        Width of the network over that of Table S1.
    batch_pixels : int
        Pixels that go through the network at once, at most.
    cuda : bool
        Whether it may compute on CUDA; then it may need `CUDA_MB`, too.
    """
    rows, volume = shape[0], voxels(shape)
    pixels = max(
        pixels_at_once(rows, width, planes, batch_pixels, on_cpu=not cuda)
        for width, planes in (shape[1:], shape[:0:-1])
    )
    needed = memory_mb(370, (25, volume), (INFERENCE_BYTES_A_PIXEL * width_factor, pixels))
    return max(needed, memory_mb(CUDA_MB, (25, volume))) if cuda else needed


def inference_minutes(volumes: float, *, width_factor: float) -> int:
    """Return the run time that inference asks for, in minutes.

    Parameters
    ----------
    volumes : float
        Voxels of all volumes of the shard.
    width_factor : float
        Width of the network over that of Table S1.
    """
    # On two cores in fp32; a GPU is much faster.
    return run_minutes((20 * width_factor**2 + 0.5, volumes / 1e6))


def measuring_memory_mb(volume: int, cut: int) -> int:
    """Return the memory that measuring a volume asks for.

    Parameters
    ----------
    volume, cut : int
        Voxels of the volume, and of the part of it on which D is taken.
    """
    return memory_mb(295, (3, volume), (120, cut))


def measuring_minutes(volume: int, cut: int, datasets: int) -> int:
    """Return the run time that measuring a shard asks for, in minutes; nearly all of it is D.

    Parameters
    ----------
    volume, cut : int
        Voxels of a volume, and of the part of it on which D is taken.
    datasets : int
        Datasets of the shard.
    """
    return run_minutes((0.5, datasets * volume / 1e6), (10, datasets * cut / 1e6))
