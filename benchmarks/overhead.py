"""Tell how much of the wall time of an experiment's runs was orchestration, and not computing.

Reads what Snakemake keeps of the runs in its folder: start in the name of each log below
.snakemake/log (none with --quiet all), end in its date; jobs from the experiment's benchmark files.
Run it in that folder, before the dates of files are changed.

    python benchmarks/overhead.py results/paper
"""

import argparse
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pandas as pd

STAMP = "%Y-%m-%dT%H%M%S.%f"


def total_length(intervals: Iterable[tuple[float, float]]) -> float:
    """Return the length of the union of intervals."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def main() -> None:
    """Compare the time in which a job computed with the wall time of the runs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="folder of an experiment, results/NAME")
    folder = parser.parse_args().results
    # A job computed for the time in its benchmark file, up to the date of that file.
    jobs = []
    for path in (folder / "benchmarks").rglob("*.tsv"):
        end = path.stat().st_mtime
        jobs.append((end - float(pd.read_csv(path, sep="\t")["s"].sum()), end))
    runs = []
    for path in Path(".snakemake/log").glob("*.snakemake.log"):
        begin = datetime.strptime(path.name.removesuffix(".snakemake.log"), STAMP).timestamp()
        end = path.stat().st_mtime
        # Runs without a job of the experiment, such as dry runs, do not count.
        if any(begin <= start and stop <= end + 1 for start, stop in jobs):
            runs.append((begin, end))
    if not runs:
        raise SystemExit(f"no log in .snakemake/log covers a job of {folder}")
    wall = total_length(runs)
    computing = total_length(job for job in jobs if any(a <= job[0] <= b for a, b in runs))
    print(
        f"{len(jobs)} jobs, {len(runs)} runs: {wall:.0f} s, of which no job computed for "
        f"{wall - computing:.1f} s ({100 * (1 - computing / wall):.2f} %)"
    )


if __name__ == "__main__":
    main()
