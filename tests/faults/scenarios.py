"""Faults, each with what happened and what was lost; every one checks itself."""

import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.faults.harness import PATIENCE, Experiment, Fault, kill, new_experiment

#: Rules in an order in which each can be met in the middle, and what says that it is there.
IN_SHARDS = "(1/"
STAGES = {
    "generate_volumes": IN_SHARDS,
    "mill_slices": IN_SHARDS,
    "measure_truth": IN_SHARDS,
    "place_slices": IN_SHARDS,
    "fill_gaps": IN_SHARDS,
    "fill_holes": IN_SHARDS,
    "generate_training_volumes": IN_SHARDS,
    "extract_planes": IN_SHARDS,
    "split_planes": "",
    "train_network": "epoch 1/3",
    "infer": IN_SHARDS,
    "measure": IN_SHARDS,
    "aggregate_metrics": "",
    "make_tables": "",
}


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
    assert differences(experiment, reference) == []
    assert experiment.left_over() == []
    assert experiment.missing_rows() == 0
    return experiment.missing_rows()


def killed_in_every_stage(
    reference: Experiment, folder: Path, stages: dict[str, str] | None = None
) -> Iterator[Fault]:
    """Kill Snakemake in the middle of each stage, by turns alone and with its jobs, and go on."""
    experiment = new_experiment(folder)
    rows = []
    finished: dict[str, tuple[int, str]] = {}
    for number, (rule, said) in enumerate((stages or STAGES).items()):
        whole_tree = number % 2 == 0
        process = experiment.start("--until", rule, hold=rule)
        experiment.wait_for_job(rule, said, process)
        kill(process, whole_tree=whole_tree)
        touched = changed(finished, experiment)
        assert touched == [], f"{touched} changed before the kill in {rule}"
        finished = experiment.files()
        if number == 0:
            refused = experiment.fail("--until", rule)
            assert "cannot be locked" in refused
            assert "--unlock" in refused
        assert experiment.run("--unlock", config="tests/config/faults.yaml").returncode == 0
        rows.append((rule, "with its jobs" if whole_tree else "alone", len(finished)))
    said = experiment.make()
    assert changed(finished, experiment) == [], "after the last kill"
    lost = compared(experiment, reference)
    for rule, victim, count in rows:
        happened = f"resumed after `--unlock`; {count} finished files untouched, tables identical"
        yield Fault(f"SIGKILL of Snakemake ({victim}) in `{rule}`", happened, lost)


def job_killed_while_writing(reference: Experiment, folder: Path) -> Fault:
    """Kill a job when half of its shard is on the disk."""
    experiment = reference.duplicate(folder)
    experiment.edit(
        "fibgap/io/storage.py",
        "        aside.write_bytes(image)\n",
        "        import os, time\n"
        "        with open(aside, 'wb') as stream:\n"
        "            stream.write(image[: len(image) // 2])\n"
        "            stream.flush()\n"
        "            if os.environ.get('FIBGAP_TEST_HOLD') and path.name == '000.h5':\n"
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
    if not mounted(disk, "100k"):
        return None
    try:
        said = experiment.fail()
        assert "cannot be written: No space left on device." in said
        assert "Traceback" not in said.split("cannot be written")[0]
        finished = experiment.files()
        assert finished
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        experiment.make()
        assert changed(finished, experiment) == []
        lost = compared(experiment, reference)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
    return Fault(
        "full disk (100 kB of tmpfs)",
        f"one sentence with the file's name, {len(finished)} finished files whole; with more room "
        "the same command finished it, tables identical",
        lost,
    )


def file_too_large(reference: Experiment, folder: Path) -> Fault:
    """Let no file grow to the size of a shard: what a quota does, without any rights."""
    experiment = reference.duplicate(folder)
    shard = "volumes/000.h5"
    # Just below the shard: what Snakemake writes for itself is nearly as large.
    limit = (reference.results / shard).stat().st_size - 1
    experiment.remove(shard, "slices/000.h5", "measures/Original/000.h5", "tables/datasets.csv")

    def restrict() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        experiment.command("--until", "generate_volumes"),
        cwd=experiment.folder,
        env=experiment.environment(),
        preexec_fn=restrict,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"{shard} cannot be written: File too large." in done.stdout, done.stdout
    assert not (experiment.results / shard).exists()
    said = experiment.make()
    assert "generate_volumes: dataset 0 (1/2) was done before" in said
    return Fault(
        f"no file may exceed {limit} bytes (RLIMIT_FSIZE)",
        "one sentence with the file's name; without the limit the same command went on from the "
        "finished datasets, tables identical",
        compared(experiment, reference),
    )


def two_runs(reference: Experiment, folder: Path) -> Fault:
    """Start a second run in the folder of a first one."""
    experiment = reference.duplicate(folder)
    experiment.remove("measures", "tables", "logs")
    first = experiment.start(hold="measure")
    experiment.wait_for_job("measure", "", first)
    said = experiment.fail()
    assert said.count("cannot be locked") == 1
    assert "Traceback" not in said
    assert first.poll() is None, "the first run was to be at work still"
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


def damaged_in_the_chain(reference: Experiment, folder: Path) -> Fault:
    """Flip a bit in a true volume, behind Snakemake's back, and measure an arm again."""
    import h5py

    experiment = reference.duplicate(folder)
    shard = experiment.results / "volumes/000.h5"
    with h5py.File(shard) as file:
        chunk = file["dataset_0001/volume"].id.get_chunk_info(7)
    flip(shard, chunk.byte_offset + chunk.size // 2)
    experiment.remove("measures/RNN-s/000.h5", "tables/datasets.csv")
    before = experiment.files()
    said = experiment.fail()
    assert "results/faults/volumes/000.h5 is damaged" in said
    assert changed(before, experiment) == [], "nothing is made from a damaged file"
    shard.unlink()
    experiment.make()
    return Fault(
        "one bit flipped in a true volume, size and date kept",
        "named before it was used, nothing made from it; once deleted, made anew, tables identical",
        compared(experiment, reference),
    )


def damaged_at_the_end(reference: Experiment, folder: Path) -> Fault:
    """Cut the end off the measures of an arm."""
    experiment = reference.duplicate(folder)
    shard = experiment.results / "measures/RCS-s/001.h5"
    content = shard.read_bytes()
    shard.write_bytes(content[: len(content) * 9 // 10])
    assert "results/faults/measures/RCS-s/001.h5 is damaged" in experiment.fail()
    shard.unlink()
    experiment.make()
    return Fault(
        "measures of an arm cut short",
        "named before they were used; once deleted, made anew, tables identical",
        compared(experiment, reference),
    )


def edited_code(reference: Experiment, folder: Path) -> Fault:
    """Edit the code of a step so that its results change, and take the edit back."""
    experiment = reference.duplicate(folder)
    code = ("fibgap/holes.py", "|= closed[background]", "|= background > 0")
    before = experiment.files()
    experiment.edit(*code)
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
    experiment.edit(code[0], code[2], code[1])
    experiment.make()
    return Fault(
        "the code of a step edited after its run",
        "exactly the 6 jobs behind it ran again, the tables changed with it and came back with it",
        compared(experiment, reference),
    )
