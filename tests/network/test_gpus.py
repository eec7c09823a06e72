"""Jobs on one machine spread over its GPUs, and a GPU is free again when its job ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fibgap.errors import InputError
from fibgap.network import gpus
from fibgap.network.gpus import Claim, claim_gpu, lock_folder, visible_gpus

ROOT = Path(__file__).resolve().parents[2]
JOB = """
import sys
from pathlib import Path
from fibgap.network.gpus import claim_gpu
print(claim_gpu(sys.argv[2:], Path(sys.argv[1])).gpu, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def _own_claims(monkeypatch):
    """Give back what the test itself takes."""
    held = []
    monkeypatch.setattr(gpus, "_held", held)
    yield
    for file in held:
        os.close(file)


@pytest.fixture
def start(tmp_path):
    """Start jobs that take a GPU and keep it; end them afterwards."""
    jobs = []

    def begin(*visible):
        job = subprocess.Popen(
            [sys.executable, "-c", JOB, str(tmp_path), *visible],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        jobs.append(job)
        return job, job.stdout.readline().strip()

    yield begin
    for job in jobs:
        job.kill()
        job.communicate()


def test_jobs_spread_evenly(start):
    """Five jobs on two GPUs: none has three while the other has one."""
    taken = [start("0", "1")[1] for _ in range(5)]
    assert set(taken[:2]) == set(taken[2:4]) == {"0", "1"}


RULES = """
rule all:
    input: "0.txt", "1.txt"
rule job:
    output: "{index}.txt"
    resources: gpu=1
    script: "job.py"
"""
SCRIPT = """
import os, sys, time
from pathlib import Path
from fibgap.network.gpus import claim_gpu, visible_gpus
seen = os.environ.get("CUDA_VISIBLE_DEVICES", "")
claim = claim_gpu(visible_gpus(2, seen), Path("locks"))
# Both jobs are at work at the same time.
Path(f"at_work_{snakemake.wildcards.index}").touch()
deadline = time.monotonic() + 60
while len(list(Path().glob("at_work_*"))) < 2:
    assert time.monotonic() < deadline
    time.sleep(0.02)
Path(snakemake.output[0]).write_text(f"sees '{seen}', takes {claim.gpu} beside {claim.others}")
"""


@pytest.mark.workflow
def test_snakemake_leaves_the_choice_of_a_gpu_to_its_jobs(tmp_path):
    """Of two jobs with gpu=1 at a time, both see all GPUs; without locks both would take one."""
    (tmp_path / "Snakefile").write_text(RULES)
    (tmp_path / "job.py").write_text(SCRIPT)
    (tmp_path / "locks").mkdir()
    environment = {key: os.environ[key] for key in os.environ if key != "CUDA_VISIBLE_DEVICES"}
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=2"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert sorted(path.read_text() for path in tmp_path.glob("?.txt")) == [
        "sees '', takes 0 beside 0",
        "sees '', takes 1 beside 0",
    ]


def test_a_killed_job_leaves_its_gpu_free(start):
    """SIGKILL frees a GPU at once: the next job gets it."""
    start("0", "1")
    job, gpu = start("0", "1")
    job.kill()
    job.wait()
    assert gpu == "1"
    assert start("0", "1")[1] == "1"


def test_jobs_that_see_different_parts_do_not_meet(start):
    """A job that sees all GPUs keeps away from the one that another job was given."""
    assert start("0")[1] == "0"
    assert start("0", "1")[1] == "1"


@pytest.mark.usefixtures("_own_claims")
def test_a_claim_counts_the_jobs_before_it(tmp_path):
    """The second job on a GPU knows of the first."""
    assert claim_gpu(["0"], tmp_path) == Claim("0", 0)
    assert claim_gpu(["0"], tmp_path) == Claim("0", 1)


def test_no_gpu_in_sight_is_told(tmp_path):
    """A job that sees no GPU is told so."""
    with pytest.raises(InputError, match="this job sees none"):
        claim_gpu([], tmp_path)


@pytest.mark.parametrize(
    ("count", "listed", "names"),
    [
        (2, "", ["0", "1"]),
        (1, "3", ["3"]),
        (2, " 5, 7 ", ["5", "7"]),
        (1, "5,99", ["5"]),  # CUDA stops at an entry that it does not know
        (2, "GPU-8932f937,MIG-GPU-b8/3/0", ["GPU-8932f937", "MIG-GPU-b8/3/0"]),
        (2, "0", ["0", "1"]),  # not what CUDA counted: numbers are safe
    ],
)
def test_names_follow_the_variable(count, listed, names):
    """GPUs are called what CUDA_VISIBLE_DEVICES calls them, if it names as many as there are."""
    assert visible_gpus(count, listed) == names


@pytest.mark.usefixtures("_own_claims")
def test_names_of_parts_make_no_folders(tmp_path):
    """The name of a GPU's part has slashes, and is one file all the same."""
    claim_gpu(["MIG-GPU-b8/3/0"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["MIG-GPU-b8_3_0.0"]


def test_locks_are_a_users_own(tmp_path, monkeypatch):
    """Locks lie in a folder that nobody else may enter; one of another user is refused."""
    monkeypatch.setattr(gpus.tempfile, "gettempdir", lambda: str(tmp_path))
    folder = lock_folder()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(InputError, match="belongs to another user"):
        lock_folder()
