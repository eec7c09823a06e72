"""Weigh every job of small experiments, and hold its peak memory against the limit it declares.

A peak is the kernel's own (VmHWM), read as each job ends: Snakemake's benchmark files look twice a
second for 15 s and then every 30 s, and miss short peaks. Prints one row a rule and size.

    python benchmarks/bench_limits.py [--sides 64 96 128 256] [--cores 2] [--json FILE]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from fibgap.stacks import simulate

ROOT = Path(__file__).resolve().parents[1]
PARTS = ["Snakefile", "rules", "workflow_scripts", "config", "envs", "profiles", "fibgap"]
# The two Snakemake processes of a job on a cluster: 147 MB each, by the same hook.
MEASURED_SNAKEMAKE_MB = 294
# Python runs a module of this name at its start. A job of Snakemake has `snakemake` in __main__.
HOOK = """
import atexit, json, os, re, sys

def note():
    job = getattr(sys.modules.get("__main__"), "snakemake", None)
    if job is None or not hasattr(job, "rule"):
        return
    status = open("/proc/self/status").read()
    row = {
        "rule": job.rule,
        "job": job.log[0],
        "peak_mb": int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024,
        "declared_mb": job.resources.mem_mb,
    }
    with open(os.environ["FIBGAP_PEAKS"], "a") as file:
        file.write(json.dumps(row) + "\\n")

atexit.register(note)
"""


def experiment(side: int) -> dict[str, Any]:
    """Return a configuration with every rule, two datasets and two trainings.

    Networks are left out above 128 voxels a side: they take long, and their needs follow from
    batches rather than from the volume.
    """
    repositioned = {"placement": "repositioned", "tables": ["S3"]}
    patch = {"patch": 64, "stride": 32} if side >= 96 else {"patch": 32, "stride": 16}
    short = {"epochs": 2, "steps_per_epoch": 2, "precision": "fp32", "validation_planes": 4}
    values: dict[str, Any] = {
        "name": f"limits-{side}",
        "datasets": {"count": 2, "shard_size": 2},
        "generate_volumes": {
            "shape": [side] * 3,
            "levels": [
                {"solid_fraction": 0.5, "wavelength_nm": 80},
                {"solid_fraction": 0.5, "wavelength_nm": 22.5},
            ],
        },
        "arms": [
            {"name": "RNN-s", "filler": "nearest", **repositioned},
            {"name": "RCS-s", "filler": "cubic_spline", "fill_holes": True, **repositioned},
            {"name": "RSB-s", "filler": "shape_based", **repositioned},
            {"name": "DNN-s", "placement": "nominal", "filler": "nearest", "tables": ["S4"]},
            {"name": "RML-s", "filler": "network", "network": "table_s1", **repositioned},
            {"name": "RMLc-s", "filler": "network", "network": "compact", **repositioned},
        ],
        # As `weigh` has simulated it.
        "stacks": {"own": {"path": "own/slices", "depths": "own/depths.csv", "otsu": True}},
        "fillers": {
            "spline": {"filler": "signed_distance_spline", "fill_holes": True},
            "network": {"filler": "network", "weights": "shipped:compact_any_neighbours"},
        },
        "training_sets": {"gold": {"volumes": 3}, "twice": {"volumes": 6}},
        "networks": {
            "table_s1": {"weights": "shipped:table_s1"},
            "compact": {
                "weights": "train",
                "training_set": "gold",
                "width_factor": 0.3333,
                "mask_channel": True,
                "training": {"batch_size": 32, **patch, **short},
            },
            "full": {
                "weights": "train",
                "training_set": "twice",
                "training": {"batch_size": 64, **patch, **short},
            },
        },
    }
    if side > 128:
        values["arms"] = [arm for arm in values["arms"] if arm["filler"] != "network"]
        del values["networks"], values["training_sets"], values["fillers"]["network"]
    return values


def weigh(side: int, cores: int) -> pd.DataFrame:
    """Run the experiment in a copy of the project and return a row a job."""
    with tempfile.TemporaryDirectory(prefix="fibgap-limits-") as name:
        folder = Path(name)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, folder / part, ignore=ignored)
            else:
                shutil.copy2(source, folder / part)
        (folder / "hook").mkdir()
        (folder / "hook/sitecustomize.py").write_text(HOOK, encoding="utf-8")
        simulate(folder / "own", shape=(side, side, side), grey=True)
        (folder / "limits.yaml").write_text(yaml.safe_dump(experiment(side)), encoding="utf-8")
        environment = {
            **os.environ,
            "PYTHONPATH": f"{folder / 'hook'}{os.pathsep}{folder}",
            "FIBGAP_PEAKS": str(folder / "peaks.jsonl"),
        }
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/default"]
        command += ["--configfile", "limits.yaml", "--cores", str(cores), "--quiet", "all"]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        rows = [json.loads(line) for line in (folder / "peaks.jsonl").read_text().splitlines()]
    return pd.DataFrame(rows).assign(side=side)


def main() -> None:
    """Parse the command line, run every size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[64], help="voxels a side")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--json", help="where to keep a row a job")
    arguments = parser.parse_args()
    jobs = pd.concat([weigh(side, arguments.cores) for side in arguments.sides])
    if arguments.json:
        jobs.to_json(arguments.json, orient="records", lines=True)
    # One row for the jobs of a rule that declare the same: their highest peak.
    table = (
        jobs.groupby(["rule", "side", "declared_mb"], sort=False, as_index=False)["peak_mb"]
        .max()
        .sort_values(["rule", "side"], ignore_index=True)
    )
    table["limit / (peak + Snakemake)"] = table["declared_mb"] / (
        table["peak_mb"] + MEASURED_SNAKEMAKE_MB
    )
    columns = ["rule", "side", "peak_mb", "declared_mb", "limit / (peak + Snakemake)"]
    print(table[columns].to_markdown(index=False, floatfmt=("", "", ".0f", ".0f", ".2f")))


if __name__ == "__main__":
    main()
