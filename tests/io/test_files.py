"""Files are whole or not there, and one process at a time has a file that is locked."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from fibgap.errors import InputError
from fibgap.io.files import exclusive, write_aside
from fibgap.io.hdf5 import open_for_reading

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys
from fibgap.io.files import exclusive
with exclusive(sys.argv[1]):
    print("has it", flush=True)
    sys.stdin.read()
"""


def test_a_disk_that_is_full_is_told_in_the_words_of_the_system(tmp_path):
    """NumPy says no more than how much of an array went into a file."""
    path = tmp_path / "v.tif"
    with (
        pytest.raises(InputError, match=r"v.tif cannot be written: No space left on device\.$"),
        write_aside(path),
    ):
        raise OSError("16800 requested and 15536 written")
    assert [*tmp_path.iterdir()] == []


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
    first = start()
    assert first.stdout.readline() == "has it\n"
    second = start()
    said = second.stdout.readline()
    assert f"run/.lock: waiting for process {first.pid} on " in said
    first.kill()
    assert second.stdout.readline() == "has it\n"


def test_a_lock_is_there_while_it_is_held(tmp_path):
    """Its file says who holds it, and is gone afterwards, also after a failure."""
    path = tmp_path / "run/.lock"

    def work():
        with exclusive(path):
            assert path.read_text().startswith(f"process {os.getpid()} on ")
            raise Stopped

    for _ in range(2):
        with pytest.raises(Stopped):
            work()
        assert list((tmp_path / "run").iterdir()) == []


def test_many_waiting_processes_take_turns(tmp_path):
    """Whoever waited for a lock that was removed meanwhile asks for the new one."""
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from fibgap.io.files import exclusive\n"
        "path = Path(sys.argv[1])\n"
        "for _ in range(200):\n"
        "    with exclusive(path / '.lock'):\n"
        "        count = int((path / 'count').read_text())\n"
        "        (path / 'count').write_text(str(count + 1))\n"
    )
    (tmp_path / "count").write_text("0")
    command = [sys.executable, "-c", script, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(4)
    ]
    assert [process.wait() for process in processes] == [0] * 4
    assert (tmp_path / "count").read_text() == "800"


def test_a_file_system_without_locks_is_no_obstacle(tmp_path, monkeypatch):
    """Where the system has no locks, work goes on."""

    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with exclusive(tmp_path / ".lock"):
        assert (tmp_path / ".lock").exists()


def test_a_system_without_these_locks_is_no_obstacle(tmp_path, monkeypatch):
    """Where Python has no `fcntl`, as on Windows, work goes on."""
    monkeypatch.setattr("fibgap.io.files.fcntl", None)
    with exclusive(tmp_path / ".lock"):
        assert (tmp_path / ".lock").read_text().startswith(f"process {os.getpid()} on ")
    assert [*tmp_path.iterdir()] == []


def test_hdf5_is_read_where_there_are_no_locks(tmp_path, monkeypatch):
    """Without locks a file is opened without one; one that another process has stays closed."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["a"] = 1
    plain = h5py.File

    def refuse(number):
        def opened(*args, locking=None, **options):
            if locking is False:
                return plain(*args, locking=False, **options)
            raise OSError(number, f"unable to lock file, errno = {number}")

        return opened

    monkeypatch.setattr("h5py.File", refuse(errno.ENOLCK))
    with open_for_reading(path) as file:
        assert file["a"][()] == 1
    monkeypatch.setattr("h5py.File", refuse(errno.EAGAIN))
    with pytest.raises(BlockingIOError):
        open_for_reading(path)
