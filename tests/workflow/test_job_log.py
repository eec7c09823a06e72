"""What a job prints is in its log at once, and bad input is told in one line."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from fibgap.errors import FibgapWarning, InputError
from fibgap.workflow.job_log import job_log, read_usage

ROOT = Path(__file__).resolve().parents[2]


def test_output_goes_to_screen_and_log(tmp_path, capsys):
    """Whatever is printed, as output or as an error, reaches both the screen and the log."""
    log = tmp_path / "logs" / "step" / "0.log"
    with job_log(log):
        print("dataset 0")
        print("careful", file=sys.stderr)
    screen = capsys.readouterr()
    assert screen.out == "dataset 0\n"
    assert screen.err == "careful\n"
    assert log.read_text().startswith("dataset 0\ncareful\nused ")


def test_the_log_is_written_at_once(tmp_path):
    """A line is in the log before the next one is printed, so that it outlives a killed job."""
    log = tmp_path / "0.log"
    with job_log(log):
        sys.stdout.write("half a line")
        assert log.read_text() == "half a line"


def test_a_warning_is_a_line_for_every_dataset(tmp_path, capsys):
    """What a user should look at stands in the log as often as it was found, others as ever."""
    log = tmp_path / "0.log"
    before = warnings.showwarning
    with job_log(log):
        for dataset in range(2):
            warnings.warn("the slices are thin.", FibgapWarning, stacklevel=1)
            print(f"dataset {dataset}")
        # Any other warning is what it was before: here, an error.
        with pytest.raises(DeprecationWarning):
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    line = "warning: the slices are thin.\n"
    assert log.read_text().startswith(f"{line}dataset 0\n{line}dataset 1\nused ")
    assert capsys.readouterr().err == line * 2
    assert warnings.showwarning is before


def test_streams_are_given_back(tmp_path):
    """After a job, printing is as it was."""
    before = sys.stdout, sys.stderr
    with job_log(tmp_path / "0.log"):
        assert (sys.stdout, sys.stderr) != before
    assert (sys.stdout, sys.stderr) == before


def test_each_run_has_its_own_log(tmp_path):
    """A log holds the last run only."""
    log = tmp_path / "0.log"
    for text in ("first", "second"):
        with job_log(log):
            print(text)
    assert log.read_text().startswith("second\nused ")


def test_the_log_ends_with_what_the_job_used(tmp_path):
    """Processor time grows with the work, memory with what was held: both by the system's count."""
    program = """
import sys, time
from fibgap.workflow.job_log import job_log
with job_log(sys.argv[1]):
    held = b"x" * int(float(sys.argv[3]) * 2**20)
    begin = time.process_time()
    while time.process_time() - begin < float(sys.argv[2]):
        pass
    print("used 1 s of processor time and 1 MB of memory")
"""
    used = {}
    for seconds, megabytes in ((0.0, 0.0), (0.6, 200.0)):
        log = tmp_path / f"{seconds}.log"
        command = [sys.executable, "-c", program, str(log), str(seconds), str(megabytes)]
        subprocess.run(command, cwd=ROOT, check=True)
        used[seconds] = read_usage(log)
    # Starting Python and importing takes a part of a second that is not always the same.
    assert 0.3 < used[0.6][0] - used[0.0][0] < 3
    assert 190 < used[0.6][1] - used[0.0][1] < 230


def test_a_job_that_failed_says_nothing_of_its_use(tmp_path):
    """What a job has used is known of those that ended well; of no job without a log."""
    log = tmp_path / "0.log"
    with pytest.raises(SystemExit), job_log(log):
        raise InputError("no.")
    assert read_usage(log) is None
    assert read_usage(tmp_path / "1.log") is None


def test_bad_input_is_one_line(tmp_path, capsys):
    """Bad input ends a job with exit status 1 and one line, without a traceback."""
    log = tmp_path / "0.log"
    with pytest.raises(SystemExit) as caught, job_log(log):
        raise InputError("voxel_nm must be positive, but is -1.")
    assert caught.value.code == 1
    assert log.read_text() == "error: voxel_nm must be positive, but is -1.\n"
    assert capsys.readouterr().err == "error: voxel_nm must be positive, but is -1.\n"


@pytest.mark.parametrize("kind", [ValueError, KeyError])
def test_a_defect_keeps_its_traceback(tmp_path, kind):
    """Any other exception goes on, and where it came from is in the log."""
    log = tmp_path / "0.log"

    def misbehave():
        raise kind("unexpected")

    with pytest.raises(kind), job_log(log):
        misbehave()
    text = log.read_text()
    assert text.startswith("Traceback (most recent call last):")
    assert "in misbehave" in text
    assert f"{kind.__name__}: " in text
    assert text.count("Traceback") == 1


HOLDER = """
import sys
from fibgap.workflow.job_log import job_log
with job_log(sys.argv[1]):
    print("at work", flush=True)
    sys.stdin.read()
"""


def test_two_jobs_never_do_the_same_work(tmp_path):
    """A job that outlived its workflow is waited for by the one that does the same again."""
    jobs = []
    for _ in range(2):
        jobs.append(
            subprocess.Popen(
                [sys.executable, "-c", HOLDER, str(tmp_path / "0.log")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        )
        line = jobs[-1].stdout.readline()
        first = len(jobs) == 1
        assert line == "at work\n" if first else f"for process {jobs[0].pid} on" in line
    jobs[0].communicate("")
    assert jobs[1].stdout.readline() == "at work\n"
    jobs[1].communicate("")


def test_a_log_on_a_full_disk_leaves_the_screen(tmp_path, capsys):
    """What the log has no room for is still said on the screen, and bad input ends the job."""

    log = tmp_path / "0.log"
    log.symlink_to("/dev/full")

    def fail():
        print("dataset 0")
        raise InputError("file x cannot be written: No space left on device.")

    with pytest.raises(SystemExit), job_log(log):
        fail()
    screen = capsys.readouterr()
    assert screen.out == "dataset 0\n"
    assert screen.err == "error: file x cannot be written: No space left on device.\n"
