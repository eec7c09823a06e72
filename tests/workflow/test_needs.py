"""Limits of memory and time grow with what is computed, and lie close above what was measured."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from fibgap.network.blocks import CPU_PIXELS
from fibgap.network.training.patches import PatchSampler
from fibgap.synthetic.milling import MillingRange
from fibgap.workflow.needs import (
    CUDA_MB,
    LONGEST_TRAINING_MINUTES,
    MEMORY_ROOM,
    SNAKEMAKE_MB,
    START_MINUTES,
    TIME_ROOM,
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

PAGE = Path(__file__).resolve().parents[2] / "docs/slurm.md"
# "| `rule` | what | side | peak | limit | ratio |" of the page's table of measured peaks.
ROW = re.compile(
    r"^\| `(\w+)` \| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| (\d\.\d\d) \|$", re.MULTILINE
)
# Both Snakemake processes of a job on a cluster, as measured for that table.
MEASURED_SNAKEMAKE_MB = 294

TRAINING = {
    "patch": 16,
    "margin": 4,
    "stride": 8,
    "batch_size": 8,
    "epochs": 3,
    "steps_per_epoch": 0,
}


def test_measured_peaks_lie_within_a_factor_two_below_the_limits() -> None:
    """No job was near its limit, and none asks for twice what it takes."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len(rows) > 50
    for rule, _, side, peak, limit, ratio in rows:
        found = int(limit) / (int(peak) + MEASURED_SNAKEMAKE_MB)
        assert found == pytest.approx(float(ratio), abs=0.0051), (rule, side)
        assert 1.1 < found < 2, (rule, side)


def test_the_page_has_the_limits_of_the_formulas() -> None:
    """The limits beside the measured peaks are those that the formulas give today."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    limits = {(rule, what, int(side)): int(limit) for rule, what, side, _, limit, _ in rows}
    for side in (64, 96, 128, 256):
        assert limits["measure", "–", side] == measuring_memory_mb(side**3, min(side, 96) ** 3)
    for side in (64, 96, 128):
        patch = 64 if side >= 96 else 32
        batch = {"width_factor": 1, "batch_pixels": 64 * patch**2}
        trained = training_memory_mb(2 * 6 * side**3, **batch)
        assert limits["train_network", "Table S1, batches of 64", side] == trained
        inferred = inference_memory_mb([side] * 3, width_factor=1, batch_pixels=2**19)
        assert limits["infer", "Table S1", side] == inferred


def test_memory_is_what_was_measured_with_room() -> None:
    """By hand: 1.25 (300 + 100 + 3 bytes for each of 2^21 voxels) = 507.5, rounded up."""
    assert (MEMORY_ROOM, SNAKEMAKE_MB) == (1.25, 300)
    assert memory_mb(100, (3, 2**21)) == 508
    assert memory_mb(100, (3, 2**20), (3, 2**20)) == 508


def test_time_is_what_was_measured_with_room() -> None:
    """By hand: 5 min, and three times 100 units of 1.21 s, 6.05 min, rounded up."""
    assert (START_MINUTES, TIME_ROOM) == (5, 3)
    assert run_minutes((1.21, 100)) == 12
    assert run_minutes() == 5


def test_a_volume_has_the_product_of_its_sides() -> None:
    """2 x 3 x 4 voxels are 24."""
    assert voxels([2, 3, 4]) == 24


@pytest.mark.parametrize("steps", [0, 7])
@pytest.mark.parametrize("shape", [(24, 32, 40), (33, 25, 47)])
def test_the_pixels_of_a_training_are_those_that_it_draws(
    steps: int, shape: tuple[int, int, int]
) -> None:
    """The count of patches is that of the sampler, for volumes with three different sides."""
    z, y, x = shape
    volumes = 2
    planes = [np.zeros((volumes * y, z, x), np.uint8), np.zeros((volumes * x, z, y), np.uint8)]
    sampler = PatchSampler(
        [torch.from_numpy(each) for each in planes],
        millings=MillingRange(("normal",), (4, 4), (0.3, 0.3), 1),
        voxel_nm=1,
        patch=TRAINING["patch"],
        stride=TRAINING["stride"],
        margin=TRAINING["margin"],
    )
    batches = steps or len(sampler) // TRAINING["batch_size"]
    expected = 3 * batches * 8 * 16**2
    assert training_pixels({**TRAINING, "steps_per_epoch": steps}, shape, volumes) == expected


def test_a_training_asks_for_its_budget_and_for_a_day_at_most() -> None:
    """A budget ends a training; one of weeks asks for a day at a time."""
    assert training_run_minutes(1e6, width_factor=1, budget_minutes=0) == 7
    assert training_run_minutes(1e12, width_factor=1, budget_minutes=0) == LONGEST_TRAINING_MINUTES
    assert training_run_minutes(1e12, width_factor=1, budget_minutes=60) == 120
    assert training_run_minutes(1e6, width_factor=1, budget_minutes=60) == 7
    taught = {"width_factor": 1 / 3, "budget_minutes": 0}
    alone, beside = (training_run_minutes(1e8, **taught, teacher_width=w) for w in (0, 1))
    # 29 s a megapixel for Table S1 forward and back, a third of it forward; a third of the width.
    assert beside - alone == pytest.approx(3 * 100 * 29 / 3 / 60, abs=1)


def test_more_of_anything_asks_for_more() -> None:
    """Wider networks, larger batches, volumes, cuts and shards never ask for less."""
    taught = training_memory_mb(1e7, width_factor=1, batch_pixels=2**18, teacher_width=1)
    assert taught > training_memory_mb(1e7, width_factor=1, batch_pixels=2**18)
    assert training_memory_mb(1e8, width_factor=1, batch_pixels=2**18) > max(
        training_memory_mb(1e7, width_factor=1, batch_pixels=2**18),
        training_memory_mb(1e8, width_factor=0.5, batch_pixels=2**18),
        training_memory_mb(1e8, width_factor=1, batch_pixels=2**17),
    )
    cube = [128] * 3
    assert inference_memory_mb(cube, width_factor=1, batch_pixels=2**15) > max(
        inference_memory_mb([96] * 3, width_factor=1, batch_pixels=2**15),
        inference_memory_mb(cube, width_factor=0.5, batch_pixels=2**15),
        inference_memory_mb(cube, width_factor=1, batch_pixels=2**14),
    )
    assert measuring_memory_mb(128**3, 96**3) > measuring_memory_mb(128**3, 0)
    assert measuring_minutes(128**3, 96**3, 25) > measuring_minutes(128**3, 96**3, 5)
    assert inference_minutes(25 * 128**3, width_factor=1) > inference_minutes(
        128**3, width_factor=1
    )


def test_a_batch_is_no_larger_than_the_volume() -> None:
    """A small volume goes through a network in one part and needs no more than that."""
    small = inference_memory_mb([32] * 3, width_factor=1, batch_pixels=32**3)
    assert inference_memory_mb([32] * 3, width_factor=1, batch_pixels=2**30) == small


def test_a_cpu_takes_small_batches() -> None:
    """Many small planes together ask for more on a GPU only; one large plane does so on both."""
    many = {"width_factor": 1, "batch_pixels": 2**19}
    few = {"width_factor": 1, "batch_pixels": CPU_PIXELS}
    cube, flat = [128] * 3, [512, 32, 512]
    assert inference_memory_mb(cube, **many) == inference_memory_mb(cube, **few)
    assert inference_memory_mb(cube, **many, cuda=True) > inference_memory_mb(cube, **few)
    assert inference_memory_mb(flat, **many) > inference_memory_mb(flat, **few)


def test_cuda_asks_for_its_libraries() -> None:
    """On CUDA even a tiny network asks for what the libraries take, a big one for what it takes."""
    assert training_memory_mb(1e6, width_factor=0.1, batch_pixels=1e4, cuda=True) > CUDA_MB
    assert inference_memory_mb([64] * 3, width_factor=0.1, batch_pixels=1e4, cuda=True) > CUDA_MB
    big = {"width_factor": 4, "batch_pixels": 2**21}
    assert training_memory_mb(1e6, **big, cuda=True) == training_memory_mb(1e6, **big)


def test_the_width_of_a_network_is_told_by_its_first_filters() -> None:
    """32 filters where Table S1 has 96 are a third of its width."""
    assert network_width([32, 27]) == pytest.approx(1 / 3)
