"""Estimate what a larger experiment needs from what a smaller one has cost.

Reads the table that "snakemake costs" writes, prints a Markdown table.

    python benchmarks/scaling.py docs/reproduction/paper/costs.csv --side 128 --datasets 250
"""

import argparse
import math
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from fibgap.workflow.needs import NEEDS, memory_mb, pixels_of_batch  # noqa: E402

#: Steps whose time grows faster than the voxels of a dataset, by the power of the voxels. Waves
#: are summed by an FFT, n log n. Splines multiply all missing layers by all slices, and curves have
#: as many lags as half a side: once more the side.
STEEPER = {"generate_volumes": 1.06, "fill_gaps": 4 / 3, "measure": 4 / 3, "measure_truth": 4 / 3}
#: Steps that work on shards. Everything else stays as it is.
IN_SHARDS = (
    "generate_volumes",
    "mill_slices",
    "place_slices",
    "fill_gaps",
    "infer",
    "fill_holes",
    "measure_truth",
    "measure",
)
#: Share of measuring that does not grow with the volume: D on a central cut of 96 voxels a side.
FIXED = 0.992
#: The side of that cut, in voxels.
CUT = 96


def limit_gb(step: str, side: int) -> float:
    """Return the memory that a job asks for at volumes of a side."""
    counts: Mapping[str, float] = {
        "voxels": side**3,
        "cut": min(CUT, side) ** 3,
        "forward": pixels_of_batch([side] * 3, 2**19),
    }
    return memory_mb(step, {name: counts[name] for name in NEEDS[step].held}) / 1e3


def needs(costs: pd.DataFrame, before: argparse.Namespace) -> pd.DataFrame:
    """Return one row per step that works on shards, the dearest first, and the sum.

    All is linear in the number of datasets. Time and room are linear in the voxels, but for
    `STEEPER`, the fixed share of measuring, and curves. Core hours are from the larger one of
    processor and wall time: files of old runs have the former sampled, and miss short jobs.
    """
    voxels = (before.to_side / before.side) ** 3
    many = before.to_datasets / before.datasets
    shards = costs.loc["generate_volumes", "jobs"]
    rows = []
    for step in costs.index.intersection(IN_SHARDS):
        fixed = FIXED if step.startswith("measure") else 0.0
        hours = costs.loc[step, ["wall_s", "cpu_s"]].max() / 3600
        hours *= many * (fixed + (1 - fixed) * voxels ** STEEPER.get(step, 1.0))
        jobs = costs.loc[step, "jobs"] / shards * math.ceil(before.to_datasets / before.shard_size)
        larger = voxels ** (1 / 3) if step.startswith("measure") else voxels
        rows.append(
            {
                "step": step,
                "jobs": jobs,
                "core_h": hours,
                "core_h_a_job": hours / jobs,
                "disk_tb": costs.loc[step, "mb_a_dataset"] * larger * before.to_datasets / 1e6,
                "memory_gb": limit_gb(step, before.to_side),
            }
        )
    table = pd.DataFrame(rows).sort_values("core_h", ascending=False, ignore_index=True)
    total = {
        "step": "all steps",
        **table[["jobs", "core_h", "disk_tb"]].sum(),
        **table[["core_h_a_job", "memory_gb"]].max(),
    }
    return pd.concat([table, pd.DataFrame([total])], ignore_index=True)


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("costs", type=Path, help="costs.csv of a run")
    parser.add_argument("--side", type=int, required=True, help="voxels a side in that run")
    parser.add_argument("--datasets", type=int, required=True, help="datasets of that run")
    parser.add_argument("--to-side", type=int, default=1024, help="voxels a side to come")
    parser.add_argument("--to-datasets", type=int, default=2500, help="datasets to come")
    parser.add_argument("--shard-size", type=int, default=5, help="datasets a job to come")
    arguments = parser.parse_args()
    table = needs(pd.read_csv(arguments.costs).set_index("step"), arguments)
    print(table.to_markdown(index=False, floatfmt=("", ".0f", ".0f", ".1f", ".2f", ".0f")))


if __name__ == "__main__":
    main()
