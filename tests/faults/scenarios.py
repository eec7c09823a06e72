"""Faults, each with what happened and what was lost; every one checks itself."""

import os
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import psutil

from tests.faults.harness import CONFIG, PATIENCE, RESULTS, Experiment, Fault, kill, new_experiment


def changed(before: dict[str, tuple[int, str]], experiment: Experiment) -> list[str]:
    """Return the files that are not what they were, by time stamp or by content."""
    now = experiment.files()
    return [name for name, state in before.items() if now.get(name) != state]


def differences(experiment: Experiment, reference: Experiment) -> list[str]:
    """Return the results in which two experiments differ."""
    found, wanted = experiment.contents(), reference.contents()
    return sorted(k for k in found.keys() | wanted.keys() if found.get(k) != wanted.get(k))


def compared(experiment: Experiment, reference: Experiment) -> int:
    """Check that all is as in an undisturbed run, and return how many rows are lost: 0."""
    differing = differences(experiment, reference)
    assert differing == [], differing
    assert experiment.left_over() == []
    assert experiment.missing_rows() == 0
    return experiment.missing_rows()


def killed(reference: Experiment, folder: Path) -> Fault:
    """Kill Snakemake with its jobs in a shard and in a training, and alone while a job lives on."""
    experiment = new_experiment(folder)
    finished: dict[str, tuple[int, str]] = {}
    for rule, said, jobs, options in (
        ("generate_volumes", "(1/", 1, ["--until", "generate_volumes"]),
        ("train_network", "epoch 1/3", 1, ["--until", "train_network"]),
        # On both cores, so that no other job is at work when Snakemake is killed.
        ("measure", "(1/", 2, []),
    ):
        process = experiment.start(*options, hold=rule)
        experiment.wait_for_jobs(jobs, rule, said, process)
        kill(process, whole_tree=rule != "measure")
        touched = changed(finished, experiment)
        assert touched == [], f"{touched} changed before the kill in {rule}"
        finished = experiment.files()
        if rule == "generate_volumes":
            refused = experiment.fail("--until", rule)
            assert "cannot be locked" in refused
            assert "--unlock" in refused
        assert experiment.run("--unlock", config=CONFIG).returncode == 0
    log = (experiment.results / "logs/train_network/compact.log").read_text()
    assert "resumed after epoch 1 of 3" in log
    # The jobs of the last run are at work still: those of the next one wait for them.
    again = experiment.start()
    experiment.wait_until("waiting for process", again)
    assert changed(finished, experiment) == [], "while both are at work"
    experiment.release()
    assert again.wait(PATIENCE) == 0, (experiment.folder / "said").read_text()[-3000:]
    assert changed(finished, experiment) == [], "after the last kill"
    return Fault(
        "SIGKILL of Snakemake, with its jobs in a shard and in a training, and alone",
        f"resumed after `--unlock`, the training after its epoch; {len(finished)} finished files "
        "untouched, jobs that lived on were waited for, tables identical",
        compared(experiment, reference),
    )


def job_killed_while_writing(reference: Experiment, folder: Path) -> Fault:
    """Kill a job when half of its shard is on the disk."""
    experiment = reference.duplicate(folder)
    experiment.edit(
        "fibgap/io/hdf5.py",
        "        aside.write_bytes(image)\n",
        "        import os, time\n"
        "        with open(aside, 'wb') as stream:\n"
        "            stream.write(image[: len(image) // 2])\n"
        "            stream.flush()\n"
        "            if os.environ.get('FIBGAP_TEST_HOLD') and Path(path).name == '000.h5':\n"
        "                time.sleep(600)\n"
        "            stream.write(image[len(image) // 2 :])\n",
    )
    shard = experiment.results / "measures/RNN-s/000.h5"
    experiment.remove("measures/RNN-s/000.h5", "tables/datasets.csv")
    # The edit is in all digests; parameters are left out of the triggers, so that it stays there.
    arguments = ("--rerun-triggers", "mtime", "input")
    process = experiment.start(*arguments, hold="nothing")
    deadline = time.monotonic() + PATIENCE
    while not (halves := list(shard.parent.glob(".000.h5.*.tmp"))):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)
    pid = int(halves[0].name.split(".")[-2])
    psutil.Process(pid).kill()
    assert process.wait(PATIENCE) != 0
    assert not shard.exists()
    assert halves[0].exists()
    experiment.make(*arguments)
    lost = compared(experiment, reference)
    return Fault(
        "SIGKILL of a job with half of its shard on the disk",
        "no shard, the run failed; the same command finished it, tables identical",
        lost,
    )


def mounted(folder: Path, size: str) -> bool:
    """Mount a small file system in memory, and return whether that is allowed here."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def full_disk(reference: Experiment, folder: Path) -> Fault | None:
    """Let the disk with the results become full, make room, go on; None without the right to."""
    experiment = new_experiment(folder)
    disk = experiment.folder / "results"
    if not mounted(disk, "28k"):
        return None
    shards = ("volumes/000.h5", "volumes/001.h5", "training_volumes/gold.h5")
    targets = [str(RESULTS / shard) for shard in shards]
    try:
        said = experiment.run("--keep-going", *targets, config=CONFIG)
        assert said.returncode != 0
        assert "cannot be written: No space left on device." in said.stdout
        assert "Traceback" not in said.stdout.split("cannot be written")[0]
        finished = experiment.files()
        assert 0 < len(finished) < len(shards)
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert experiment.run(*targets, config=CONFIG).returncode == 0
        assert changed(finished, experiment) == []
        assert experiment.left_over() == []
        wanted = reference.contents()
        assert experiment.contents() == {shard: wanted[shard] for shard in shards}
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
    return Fault(
        "full disk (28 kB of tmpfs)",
        f"one sentence with the file's name, {len(finished)} finished files whole; with more room "
        "the same command finished the others, all identical",
        0,
    )


def file_too_large(reference: Experiment, folder: Path) -> Fault:
    """Let no file grow to the size of a shard: what a quota does, without any rights."""
    experiment = reference.duplicate(folder)
    shard = "volumes/000.h5"
    # Just below the shard: what Snakemake writes for itself is nearly as large.
    limit = (reference.results / shard).stat().st_size - 1
    experiment.remove(shard)

    def restrict() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    def run(before: Callable[[], None] | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            experiment.command(str(RESULTS / shard)),
            cwd=experiment.folder,
            env=experiment.environment(),
            preexec_fn=before,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    done = run(restrict)
    assert done.returncode != 0
    assert f"{shard} cannot be written: File too large." in done.stdout, done.stdout
    assert not (experiment.results / shard).exists()
    assert run(None).returncode == 0
    return Fault(
        f"no file may exceed {limit} bytes (RLIMIT_FSIZE)",
        "one sentence with the file's name; without the limit the same command finished it",
        compared(experiment, reference),
    )


def two_runs(reference: Experiment, folder: Path) -> Fault:
    """Start a second run in the folder of a first one."""
    experiment = reference.duplicate(folder)
    experiment.remove("measures/RNN-s", "tables", "logs")
    first = experiment.start(hold="measure")
    experiment.wait_for_jobs(1, "measure", "(1/", first)
    said = experiment.fail()
    assert said.count("cannot be locked") == 1
    assert "Traceback" not in said
    assert first.poll() is None, "the first run was to be at work still"
    experiment.release()
    assert first.wait(PATIENCE) == 0
    return Fault(
        "a second run in the same folder",
        "refused by the lock in one message; the first finished, tables identical",
        compared(experiment, reference),
    )


def flip(path: Path, place: int) -> None:
    """Change one bit of a file and keep size and date, so that nobody notices from outside."""
    state = path.stat()
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def damaged(reference: Experiment, folder: Path) -> Fault:
    """Flip a bit in a filled volume, behind Snakemake's back, and measure it again."""
    experiment = reference.duplicate(folder)
    shard = experiment.results / "filled/RNN-s/000.h5"
    with h5py.File(shard) as file:
        chunk = file["dataset_0001/volume"].id.get_chunk_info(7)
    flip(shard, chunk.byte_offset + chunk.size // 2)
    experiment.remove("measures/RNN-s/000.h5", "tables/datasets.csv")
    before = experiment.files()
    said = experiment.fail()
    assert "results/faults/filled/RNN-s/000.h5 is damaged" in said
    assert changed(before, experiment) == [], "nothing is made from a damaged file"
    shard.unlink()
    experiment.make()
    return Fault(
        "one bit flipped in a volume, size and date kept",
        "named before it was used, nothing made from it; once deleted, made anew, tables identical",
        compared(experiment, reference),
    )


def edited_code(reference: Experiment, folder: Path) -> Fault:
    """Edit the code of a step so that its results change."""
    experiment = reference.duplicate(folder)
    before = experiment.files()
    experiment.edit("fibgap/holes.py", "image | closed[background]", "image | (background > 0)")
    said = experiment.make(quiet=False)
    table = said.split("Job stats:")[1].split("total")[0]
    jobs = dict(line.split() for line in table.splitlines() if line.count(" ") and "-" not in line)
    jobs.pop("job")
    wanted = {"fill_holes": "2", "measure": "2", "aggregate_metrics": "1", "make_tables": "1"}
    assert jobs == wanted, jobs
    rerun = ("repaired/", "measures/RCS-s/", "tables/")
    assert all(name.startswith(rerun) for name in changed(before, experiment))
    different = differences(experiment, reference)
    assert {"repaired/RCS-s/000.h5", "tables/datasets.csv", "tables/table_S3.csv"} <= {*different}
    assert all(name.startswith(rerun) for name in different)
    return Fault(
        "the code of a step edited after its run",
        "exactly the 6 jobs behind it ran again, and the tables changed with it",
        experiment.missing_rows(),
    )
