"""Limits of memory and time grow with what is computed, and lie close above what was measured."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from fibgap.network.blocks import CPU_PIXELS
from fibgap.network.training.patches import PatchSampler
from fibgap.synthetic.milling import MillingRange
from fibgap.workflow.needs import (
    CUDA_MB,
    LONGEST_TRAINING_MINUTES,
    MEMORY_ROOM,
    NEEDS,
    SNAKEMAKE_MB,
    START_MINUTES,
    TIME_ROOM,
    memory_mb,
    network_width,
    pixels_of_batch,
    pixels_of_training,
    run_minutes,
    training_minutes,
)

ROOT = Path(__file__).resolve().parents[2]
# From benchmarks/bench_limits.py, one row per rule and size; in MB of 2^20 bytes.
PEAKS = pd.read_csv(ROOT / "benchmarks/measured_peaks.csv")
# Both Snakemake processes of a job on a cluster, as measured for that table.
MEASURED_SNAKEMAKE_MB = 294


def held(row: pd.Series) -> dict[str, float]:
    """Return what a measured job held, by the units of the table of needs."""
    cube, many = row["side"] ** 3, row["volumes"] if row["volumes"] > 0 else 1
    if row["rule"] == "train_network":
        return {"pixels": 2 * many * cube, "back": row["width"] * row["batch_pixels"]}
    counts = {"voxels": many * cube, "cut": min(row["side"], 96) ** 3}
    # Of own stacks, images of slices that are four voxels thick.
    counts["bytes"] = cube // 4
    if row["rule"] in ("infer", "infer_stack"):
        batch = pixels_of_batch([row["side"]] * 3, int(row["batch_pixels"]))
        counts["forward"] = row["width"] * batch
    return {name: count for name, count in counts.items() if name in NEEDS[row["rule"]].held}


def test_measured_peaks_lie_within_a_factor_two_below_the_limits() -> None:
    """No job was near its limit, and none asks for twice what it takes."""
    assert set(PEAKS["rule"]) > {"generate_volumes", "train_network", "infer", "measure"}
    for _, row in PEAKS.iterrows():
        taken = row["peak_mb"] + MEASURED_SNAKEMAKE_MB
        assert 1.1 < memory_mb(row["rule"], held(row)) / taken < 2, (row["rule"], row["side"])


def test_memory_is_what_was_measured_with_room() -> None:
    """By hand: 1.25 (300 + 295 + 3 bytes for each of 2^21 voxels + 120 for each of 2^20)."""
    assert (MEMORY_ROOM, SNAKEMAKE_MB) == (1.25, 300)
    assert memory_mb("measure", {"voxels": 2**21, "cut": 2**20}) == 902  # 901.25
    assert memory_mb("make_tables") == 625


def test_a_training_on_distances_asks_for_them_too() -> None:
    """Two directions of milling, 2 bytes each; a training of 80 volumes took 2736 MB in all."""
    pixels = 2 * 80 * 128**3
    rows = {"pixels": pixels, "back": 0.5 * 32 * 64**2}
    distances = {**rows, "distances": pixels}
    more = memory_mb("train_network", distances) - memory_mb("train_network", rows)
    assert more == pytest.approx(MEMORY_ROOM * 4 * pixels / 2**20, abs=1)
    assert 1.1 < memory_mb("train_network", distances) / (2736 + MEASURED_SNAKEMAKE_MB) < 2


def test_time_is_what_was_measured_with_room() -> None:
    """By hand: 5 min, and three times 121 s, 6.05 min, rounded up; 300 s for any table."""
    assert (START_MINUTES, TIME_ROOM) == (5, 3)
    assert run_minutes("fill_gaps", {"voxels": 242e6}) == 12
    assert run_minutes("make_tables") == 20
    assert run_minutes("split_planes") == 5


def test_a_rule_counts_what_its_row_counts() -> None:
    """What a rule does not hold is a mistake, not nothing."""
    with pytest.raises(KeyError):
        memory_mb("mill_slices", {"cut": 1})


@pytest.mark.parametrize("steps", [0, 7])
def test_the_pixels_of_a_training_are_those_that_it_draws(steps: int) -> None:
    """The count of patches is that of the sampler, for volumes with three different sides."""
    z, y, x = shape = (33, 25, 47)
    volumes = 2
    training = {"patch": 16, "margin": 4, "stride": 8, "batch_size": 8, "epochs": 3}
    planes = [np.zeros((volumes * y, z, x), np.uint8), np.zeros((volumes * x, z, y), np.uint8)]
    sampler = PatchSampler(
        [torch.from_numpy(each) for each in planes],
        millings=MillingRange(("normal",), (4, 4), (0.3, 0.3), 1),
        voxel_nm=1,
        patch=training["patch"],
        stride=training["stride"],
        margin=training["margin"],
    )
    batches = steps or len(sampler) // training["batch_size"]
    seen = pixels_of_training({**training, "steps_per_epoch": steps}, shape, volumes)
    assert seen == 3 * batches * 8 * 16**2


def test_a_training_asks_for_its_budget_and_for_a_day_at_most() -> None:
    """A budget ends a training; one of weeks asks for a day at a time."""
    short, long = {"back": 1e6}, {"back": 1e12}
    assert training_minutes(short, 0) == training_minutes(short, 60) == 7
    assert training_minutes(long, 0) == LONGEST_TRAINING_MINUTES
    assert training_minutes(long, 60) == 120


def test_a_cpu_takes_small_batches() -> None:
    """Many small planes go together on a GPU only; a large plane goes whole, in two requests."""
    cube, flat = [128] * 3, [512, 32, 512]
    assert pixels_of_batch(cube, 2**19) == pixels_of_batch(cube, CPU_PIXELS)
    assert pixels_of_batch(cube, 2**19, cuda=True) == 2**19
    assert pixels_of_batch(flat, 2**19) == 2 * 512**2
    assert pixels_of_batch(flat, 2**19, cuda=True) == 2 * 512**2
    assert pixels_of_batch([512, 1, 512], 2**19) == 512**2
    assert pixels_of_batch([32] * 3, 2**30, cuda=True) == 32**3


def test_cuda_asks_for_its_libraries() -> None:
    """On CUDA a tiny network asks for what the libraries take, a big one for what it takes."""
    for rule, unit, way in (("infer", "voxels", "forward"), ("train_network", "pixels", "back")):
        tiny, big = {unit: 2**20, way: 2**10}, {unit: 2**20, way: 2**21}
        least = MEMORY_ROOM * (SNAKEMAKE_MB + CUDA_MB + NEEDS[rule].held[unit])
        assert memory_mb(rule, tiny, cuda=True) == pytest.approx(least, abs=1)
        assert memory_mb(rule, big, cuda=True) == memory_mb(rule, big) > least
    assert memory_mb("measure", {}, cuda=True) == memory_mb("measure", {})


def test_the_width_of_a_network_is_told_by_its_first_filters() -> None:
    """32 filters where Table S1 has 96 are a third of its width."""
    assert network_width({"features": [32, 27]}) == pytest.approx(1 / 3)
