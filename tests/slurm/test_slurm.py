"""The workflow on a real SLURM: the same tables, GPUs where granted, nothing lost by faults."""

import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from fibgap.stacks import fill_stack, simulate
from fibgap.workflow.needs import memory_mb

from ..workflow.conftest import copy_project
from .cluster import Cluster
from .conftest import RESULTS, ClusterRun, checksums

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

ARMS = ["Original", "RCS-s", "DNN-s", "RML-s", "RMLa-s"]
GPU_RULES = ("train_network", "infer")


def seconds(job: dict[str, str], key: str) -> float:
    """Return a point in time of a job."""
    return datetime.fromisoformat(job[key]).timestamp()


def report(title: str, jobs: list[dict[str, str]], sums: dict[str, str]) -> None:
    """Print what ran where, and the tables' checksums, for the log of this test."""
    print(f"\n{title}")
    for job in jobs:
        gpu = job.get("TresPerJob", "no GPU")
        print(
            f"  job {job['JobId']:>3} {job['JobState']:<13} partition {job['Partition']:<3} "
            f"{gpu:<10} {job['MinMemoryNode']:>6} {job['TimeLimit']} {job['RunTime']} "
            f"{job['Comment'].removeprefix('rule_')}"
        )
    for name in ("table_S3.csv", "table_S4.csv", "datasets.csv"):
        print(f"  sha256 {sums[name]}  {name}")


@pytest.fixture(scope="module")
def undisturbed(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, alone: dict[str, str]
) -> ClusterRun:
    """A run to both tables in which nothing went wrong."""
    run = ClusterRun(cluster, copy_project(tmp_path_factory.mktemp("undisturbed")))
    run.finish()
    report("on SLURM, undisturbed:", run.jobs(), checksums(run.project))
    return run


def test_the_tables_are_those_of_a_run_without_slurm(
    undisturbed: ClusterRun, alone: dict[str, str]
) -> None:
    """Every table has the same bytes, whether a machine or a cluster computed it."""
    assert checksums(undisturbed.project) == alone
    assert {"table_S3.csv", "table_S4.csv", "datasets.csv"} <= set(alone)


def test_every_job_ended_well_at_the_first_attempt(undisturbed: ClusterRun) -> None:
    """No limit of memory or time was too low, and no job was repeated."""
    jobs = undisturbed.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert len({job["Comment"] for job in jobs}) == len(jobs) == 11


def test_gpu_rules_ran_in_the_gpu_partition_with_a_gpu(undisturbed: ClusterRun) -> None:
    """Training and inference had a GPU in its partition, and nothing else did."""
    gpu_jobs = undisturbed.jobs(*GPU_RULES)
    assert len(gpu_jobs) == 3
    for job in undisturbed.jobs():
        expected = ("gpu", "gres:gpu:1") if job in gpu_jobs else ("cpu", None)
        assert (job["Partition"], job.get("TresPerJob")) == expected, job["Comment"]


def test_a_granted_gpu_reaches_the_script(undisturbed: ClusterRun) -> None:
    """A script knows of its GPU and of its number; that it computes on the CPU here is loud."""
    logs = undisturbed.project.folder / RESULTS / "logs"
    paths = [path for rule in GPU_RULES for path in (logs / rule).rglob("*.log")]
    assert len(paths) == 3
    for path in paths:
        assert "a GPU was granted (CUDA_VISIBLE_DEVICES 0), but this job computes on the CPU" in (
            path.read_text()
        )


def test_no_more_gpu_jobs_at_once_than_gpus(undisturbed: ClusterRun, cluster: Cluster) -> None:
    """One GPU was wanted by two jobs at a time, and had by one at a time."""
    jobs = undisturbed.jobs(*GPU_RULES)
    for job in jobs:
        beside = [
            other
            for other in jobs
            if seconds(other, "StartTime") <= seconds(job, "StartTime") < seconds(other, "EndTime")
        ]
        assert len(beside) <= cluster.gpus == 1
    # Training and the inference by shipped weights wait for nothing but volumes.
    waited = [seconds(job, "StartTime") - seconds(job, "SubmitTime") for job in jobs]
    assert max(waited) > 1, "no job had to wait for the GPU: the test shows nothing"


def test_cancelled_out_of_time_and_out_of_memory_lose_nothing(
    cluster: Cluster,
    undisturbed: ClusterRun,
    alone: dict[str, str],
    tmp_path: Path,
) -> None:
    """Each faulty job is submitted again with more, and the tables are the same to the byte."""
    (declared,) = (
        int(job["MinMemoryNode"].removesuffix("M"))
        for job in undisturbed.jobs("measure")
        if "RMLa-s" in job["Comment"]
    )
    (truth_limit,) = (job["TimeLimit"] for job in undisturbed.jobs("measure_truth"))
    project = copy_project(tmp_path / "project")
    hook, marks = tmp_path / "hook", tmp_path / "marks"
    hook.mkdir()
    marks.mkdir()
    shutil.copy(Path(__file__).with_name("faults.py"), hook / "sitecustomize.py")
    run = ClusterRun(
        cluster,
        project,
        PYTHONPATH=f"{hook}:{project.folder}",
        FIBGAP_FAULTS=str(marks),
        # Over the limit of the first attempt, under that of the second, which has twice as much
        # and holds Python with its packages and Snakemake besides.
        FIBGAP_BALLAST_MB=str(round(1.1 * declared)),
    )
    faults: dict[str, str] = {}

    def training_is_at_work() -> bool:
        log = project.folder / RESULTS / "logs/train_network/compact.log"
        return log.exists() and "epoch 2/6" in log.read_text()

    def provoked() -> bool:
        """Cancel the training in its middle, and end the time of a job that hangs."""
        for job in run.jobs("measure_truth"):
            if "time" not in faults and (marks / "measure_truth").exists():
                # As if its minutes were over; SLURM looks every half minute.
                cluster.command("scontrol", "update", f"JobId={job['JobId']}", "EndTime=now+1")
                faults["time"] = job["JobId"]
        for job in run.jobs("train_network"):
            if "cancelled" not in faults and training_is_at_work():
                cluster.command("scancel", job["JobId"])
                faults["cancelled"] = job["JobId"]
        return len(faults) == 2

    run.wait_for(provoked, 400)
    run.finish()
    sums = checksums(project)
    report("on SLURM, with faults:", run.jobs(), sums)

    first, second = run.jobs("train_network")
    assert [first["JobState"], second["JobState"]] == ["CANCELLED", "COMPLETED"]
    assert memory(second) == 2 * memory(first)
    log = (project.folder / RESULTS / "logs/train_network/compact.log").read_text()
    assert "resumed after epoch" in log, "the second attempt began from scratch"

    first, second = run.jobs("measure_truth")
    assert [first["JobState"], second["JobState"]] == ["TIMEOUT", "COMPLETED"]
    assert minutes(second["TimeLimit"]) == 2 * minutes(truth_limit)

    first, second = (job for job in run.jobs("measure") if "RMLa-s" in job["Comment"])
    assert first["JobState"] != "COMPLETED"
    assert second["JobState"] == "COMPLETED"
    assert memory(second) == 2 * memory(first) == 2 * declared
    said = (cluster.root / "slurmd.log").read_text()
    assert f"[{first['JobId']}.0] error: StepId={first['JobId']}.0 exceeded memory limit" in said

    # Three jobs had two attempts, all others one.
    assert len(run.jobs()) == len(undisturbed.jobs()) + 3
    assert sums == alone
    table = pd.read_csv(project.folder / RESULTS / "tables/datasets.csv")
    assert sorted(zip(table["arm"], table["dataset"], strict=True)) == sorted(
        (arm, dataset) for arm in ARMS for dataset in range(2)
    )


def test_own_stacks(cluster: Cluster, tmp_path: Path) -> None:
    """A stack is checked, filled, measured and shown by jobs, as by the command; its memory holds.

    The comparison of fillers, which may take a network, has a GPU in its partition.
    """
    project = copy_project(tmp_path / "project")
    own = simulate(project.folder / "own", shape=(96, 32, 32), wavelength="40nm")
    whole = {"path": "own/slices", "depths": "own/depths.csv", "fillers": ["best"]}
    settings = {
        "name": "mine",
        # 256 bytes for each of 32 x 32 pixels are the least; in memory it takes 0.4 MB.
        "stacks": {"whole": whole, "own": {**whole, "fillers": ["copied"], "memory": "300kB"}},
        "fillers": {"copied": {"filler": "nearest"}, "best": {"filler": "auto"}},
        # By blocks D is measured on a cube of 13 voxels or less: 120 bytes each.
        "measure": {"diffusivity_cut": 12},
    }
    (project.folder / "own.yaml").write_text(yaml.safe_dump(settings))
    run = ClusterRun(cluster, project, "own.yaml", ["stacks"])
    run.finish()
    jobs = run.jobs()
    for job in jobs:
        print(job["Comment"], job["JobState"], job["Partition"], job["MinMemoryNode"])
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    rules = ("check_stack", "fill_stack", "infer_stack", "measure_stack")
    assert [len(run.jobs(rule)) for rule in rules] == [2, 1, 1, 2]
    assert len(jobs) == 7, "there is one more, the page's"
    for job in jobs:
        by_network = job in run.jobs("infer_stack")
        expected = ("gpu", "gres:gpu:1") if by_network else ("cpu", None)
        assert (job["Partition"], job.get("TresPerJob")) == expected, job["Comment"]
    (limited,) = run.jobs("fill_stack")
    assert memory(limited) == memory_mb("fill_stack", {"voxels": 10**9}, most=300_000)
    filled = project.folder / "results/mine/stacks/own/copied.tif"
    by_hand = fill_stack(own.slices, tmp_path / "v.tif", depths=own.depths, filler="nearest")
    assert np.array_equal(tifffile.imread(filled) > 0, by_hand.volume)
    log = project.folder / "results/mine/logs/fill_stack/own/copied.log"
    assert "it was filled block by block, on disk" in log.read_text("utf-8")
    assert (project.folder / "results/mine/stacks/report.html").is_file()


def memory(job: dict[str, str]) -> int:
    """Return the MB that a job asked for."""
    return int(job["MinMemoryNode"].removesuffix("M"))


def minutes(limit: str) -> int:
    """Return a limit of time in minutes, from hours, minutes and seconds."""
    hours, rest, _ = limit.split(":")
    return 60 * int(hours) + int(rest)
