"""One SLURM for all tests here, the same experiment without it, and what both left behind."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ..workflow.conftest import Project, copy_project
from .cluster import Cluster, install

CONFIG = "tests/config/cluster.yaml"
RESULTS = "results/cluster"
TARGETS = [f"{RESULTS}/tables/table_{name}.md" for name in ("S3", "S4")]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep these tests for their own target: they may install packages, and take minutes."""
    if config.getoption("markexpr") == "slurm":
        return
    for item in items:
        if item.get_closest_marker("slurm"):
            item.add_marker(pytest.mark.skip(reason="only by `make slurm-test` (pytest -m slurm)"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A SLURM of one node, four cores and one GPU that is only a device file."""
    why_not = install()
    if why_not:
        pytest.skip(why_not)
    with Cluster(cpus=4, gpus=1) as running:
        yield running


class ClusterRun:
    """Snakemake with the SLURM profile in a copy of the project, started in the background."""

    def __init__(
        self,
        cluster: Cluster,
        project: Project,
        config: str = CONFIG,
        targets: Sequence[str] = TARGETS,
        **variables: str,
    ) -> None:
        self.cluster, self.project = cluster, project
        self.before = {job["JobId"] for job in cluster.jobs()}
        self.ended: list[dict[str, str]] | None = None
        self.said = project.folder / "said.txt"
        environment = {
            **cluster.environment,
            "PYTHONPATH": str(project.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            # The GPU is a device file: jobs that are granted it compute on the CPU and say so.
            "FIBGAP_GPU_STAND_IN": "cpu",
            **variables,
        }
        binaries = str(Path(sys.executable).parent)
        environment["PATH"] = os.pathsep.join([environment["PATH"], binaries])
        command = [sys.executable, str(Path(__file__).with_name("impatient.py"))]
        command += ["--workflow-profile", "profiles/slurm"]
        command += ["--configfile", config, "--slurm-keep-successful-logs", "--", *targets]
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                command,
                cwd=project.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def jobs(self, *rules: str) -> list[dict[str, str]]:
        """Return what SLURM knows of this run's jobs, or of those whose names hold a rule's."""
        own = self.ended
        if own is None:
            own = [job for job in self.cluster.jobs() if job["JobId"] not in self.before]
        if not rules:
            return own
        return [job for job in own if any(f"rule_{rule}_" in job["Comment"] for rule in rules)]

    def wait_for(self, ready: object, seconds: float) -> None:
        """Wait for a condition while the run goes on."""
        assert callable(ready)
        end = time.monotonic() + seconds
        while not ready():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < end, f"not in {seconds} s\n{self.text()}"
            time.sleep(0.2)

    def finish(self, seconds: float = 900) -> None:
        """Wait until the run has ended well."""
        try:
            code = self.process.wait(timeout=seconds)
        finally:
            self.process.kill()
        assert code == 0, f"{self.text()}\n{self.cluster.logs()}"
        self.ended = self.jobs()

    def text(self) -> str:
        """Return the end of what Snakemake said."""
        return self.said.read_text(errors="replace")[-6000:]


def checksums(project: Project) -> dict[str, str]:
    """Return the SHA-256 of every table of a run, by its name.

    The footnotes say how long a training took; it is the only thing in a table that a clock
    decides, and it is left out.
    """
    folder = project.folder / RESULTS / "tables"
    sums = {}
    for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
        content = re.sub(rb", \d+ (s|min) on a CPU", b" on a CPU", path.read_bytes())
        sums[path.name] = hashlib.sha256(content).hexdigest()
    return sums


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The tables' checksums of an undisturbed run on this machine, without SLURM."""
    project = copy_project(tmp_path_factory.mktemp("alone"))
    # As many threads as a job of the cluster has: sums over other threads may round otherwise.
    done = project.run("--set-threads", "train_network=2", "infer=2", "--", *TARGETS, config=CONFIG)
    assert done.returncode == 0, done.stdout[-5000:]
    return checksums(project)
