"""Files are whole or not there, and one process at a time has a file that is locked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fibgap.io.files import exclusive, write_aside

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys
from fibgap.io.files import exclusive
with exclusive(sys.argv[1]):
    print("has it", flush=True)
    sys.stdin.read()
"""


class Stopped(Exception):
    """The power goes off."""


def test_a_failure_leaves_the_older_file_alone(tmp_path):
    """What was written before stays whole when its replacement fails."""
    path = tmp_path / "table.csv"
    path.write_text("old")

    def write_half():
        with write_aside(path) as aside:
            aside.write_text("half")
            raise Stopped

    with pytest.raises(Stopped):
        write_half()
    assert path.read_text() == "old"
    with write_aside(path) as aside:
        aside.write_text("new")
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


@pytest.fixture
def start(tmp_path):
    """Start processes that want the same file; end them afterwards."""
    processes = []

    def begin() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path / "run/.lock")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_of_two_processes_one_waits_until_the_other_is_killed(start):
    """The second says for whom it waits, and has the file as soon as the first is gone."""
    first, second = start(), None
    assert first.stdout.readline() == "has it\n"
    second = start()
    said = second.stdout.readline()
    assert f"run/.lock: waiting for process {first.pid} on " in said
    first.kill()
    assert second.stdout.readline() == "has it\n"


def test_a_locked_file_begins_with_its_holder(tmp_path):
    """What an earlier holder wrote is gone, and what is written comes after the first line."""
    path = tmp_path / "log"
    for text in (b"first", b"second"):
        with exclusive(path) as file:
            file.write(text)
    first, second = path.read_bytes().split(b"\n")
    assert first.startswith(f"process {os.getpid()} on ".encode())
    assert second == b"second"


def test_a_file_system_without_locks_is_no_obstacle(tmp_path, monkeypatch):
    """Where the system has no locks, work goes on."""

    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with exclusive(tmp_path / "log") as file:
        file.write(b"x")
    assert (tmp_path / "log").read_bytes().endswith(b"x")
