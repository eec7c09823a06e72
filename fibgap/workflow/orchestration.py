"""How much of a run's wall time is orchestration, from the records that Snakemake keeps."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

_STAMP = "%Y-%m-%dT%H%M%S.%f"


@dataclass(frozen=True)
class Job:
    """A finished job: when Snakemake had it in hand, and how long it computed itself.

    Attributes
    ----------
    begin, end : float
        Seconds since the epoch: started by Snakemake, outputs complete.
    computed : float
        Wall seconds of the script, from the job's benchmark file.
    """

    begin: float
    end: float
    computed: float


@dataclass(frozen=True)
class Overhead:
    """What orchestration cost.

    Attributes
    ----------
    jobs : int
        Jobs that are known.
    wall_s : float
        Wall time of all runs that did something, from the start of Snakemake to its end.
    computing_s : float
        Time in which at least one job computed: the critical time of the jobs.
    idle_s : float
        The rest: no job computed.
    around_jobs_s : float
        Sum over jobs of the time that Snakemake had a job in hand and its script did not run.
    """

    jobs: int
    wall_s: float
    computing_s: float
    around_jobs_s: float

    @property
    def idle_s(self) -> float:
        """Wall time in which no job computed."""
        return self.wall_s - self.computing_s

    @property
    def share(self) -> float:
        """Share of the wall time in which no job computed."""
        return self.idle_s / self.wall_s

    @property
    def upper_share(self) -> float:
        """Share if every second around a job had held up the whole run: an upper bound."""
        return min(1.0, (self.idle_s + self.around_jobs_s) / self.wall_s)

    def frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame(
            [
                {
                    "jobs": self.jobs,
                    "wall_s": self.wall_s,
                    "computing_s": self.computing_s,
                    "idle_s": self.idle_s,
                    "around_jobs_s": self.around_jobs_s,
                    "overhead_percent": 100 * self.share,
                    "overhead_at_most_percent": 100 * self.upper_share,
                }
            ]
        )


def total_length(intervals: Iterable[tuple[float, float]]) -> float:
    """Return the length of the union of intervals.

    Examples
    --------
    >>> total_length([(0, 2), (1, 4), (10, 11), (10.5, 10.7)])
    5.0
    """
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def _read_json(path: Path) -> dict[str, object]:
    """Return a record of Snakemake; {} for one that is being written at this moment."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _read_times(metadata: Path, logs: Path) -> dict[Path, tuple[float, float]]:
    """Return begin and end of jobs by their log below `logs`, from Snakemake's records."""
    found: dict[Path, tuple[float, float]] = {}
    for path in sorted(metadata.rglob("*")):
        record = _read_json(path) if path.is_file() else {}
        names, begin, end = record.get("log"), record.get("starttime"), record.get("endtime")
        if not isinstance(names, list) or not names or not (begin and end):
            continue
        log = Path(str(names[0]))
        if log.is_relative_to(logs):
            key = log.relative_to(logs).with_suffix("")
            # Outputs of one job: it ends with the last of them.
            earlier = found.get(key, (math.inf, 0.0))
            found[key] = (min(float(str(begin)), earlier[0]), max(float(str(end)), earlier[1]))
    return found


def read_jobs(metadata: Path | str, results: Path | str) -> list[Job]:
    """Return the finished jobs of an experiment.

    Every one has a benchmark file. Snakemake's records of outputs say when it had a job in hand. A
    job without a record, because its outputs are gone, ended when its benchmark file was written,
    and so did one whose record is younger than its work: "snakemake --touch" writes such.

    Parameters
    ----------
    metadata : path
        ``.snakemake/metadata`` of the folder in which the experiment ran.
    results : path
        The folder of the experiment as the rules name it, ``results/NAME``.
    """
    results = Path(results)
    times = _read_times(Path(metadata), results / "logs")
    jobs = []
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        key = path.relative_to(results / "benchmarks").with_suffix("")
        if key.parts[0] == "make_costs":
            continue
        computed = float(pd.read_csv(path, sep="\t")["s"].sum())
        end = path.stat().st_mtime
        begin = end - computed
        recorded = times.get(key)
        if recorded and recorded[1] - recorded[0] > computed - 0.3:
            begin, end = recorded
        jobs.append(Job(begin, end, computed))
    return sorted(jobs, key=lambda job: job.begin)


def read_runs(logs: Path | str) -> list[tuple[float, float]]:
    """Return begin and end of every run of Snakemake from the names and dates of its logs.

    Parameters
    ----------
    logs : path
        ``.snakemake/log``.
    """
    runs = []
    for path in sorted(Path(logs).glob("*.snakemake.log")):
        begin = datetime.strptime(path.name.removesuffix(".snakemake.log"), _STAMP).timestamp()
        runs.append((begin, path.stat().st_mtime))
    return runs


def overhead_of(jobs: Sequence[Job], runs: Sequence[tuple[float, float]]) -> Overhead | None:
    """Return what orchestration cost in the runs to which jobs belong, None if none is known.

    Parameters
    ----------
    jobs : sequence of Job
        Finished jobs.
    runs : sequence of (begin, end)
        Runs of Snakemake. A job belongs to the latest that began before it; runs without jobs,
        such as dry runs, do not count.
    """
    ours: dict[tuple[float, float], list[Job]] = {}
    for job in jobs:
        homes = [run for run in runs if run[0] <= job.begin and job.end <= run[1] + 1]
        if homes:
            ours.setdefault(max(homes), []).append(job)
    known = [job for members in ours.values() for job in members]
    if not known:
        return None
    return Overhead(
        jobs=len(known),
        wall_s=float(sum(end - begin for begin, end in ours)),
        computing_s=float(total_length((job.end - job.computed, job.end) for job in known)),
        around_jobs_s=float(sum(max(0.0, job.end - job.begin - job.computed) for job in known)),
    )
