"""A tiny experiment that can be held, killed and compared, file by file."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import h5py
import pandas as pd
import psutil
from safetensors.numpy import load_file

from tests.workflow.conftest import Project, copy_project

CONFIG = "tests/config/faults.yaml"
RESULTS = Path("results/faults")
#: Both are asked for: Snakemake makes no file anew that only lies in between.
TARGETS = ("make_tables", "results/faults/tables/datasets.csv")
ARMS = ("Original", "RNN-s", "RCS-s", "RML-s")
DATASETS = 3
#: Longest wait for anything, in seconds: many times what a busy machine needs.
PATIENCE = 240
# With FIBGAP_TEST_HOLD=RULE a job of that rule stops after its first line until the file "release"
# is there: a kill then meets it in the middle. Only copies of the project have this.
HOLD = """

def _hold(log: str) -> None:
    import os
    import time
    from pathlib import Path

    rule = os.environ.get("FIBGAP_TEST_HOLD")
    if rule and (f"/{rule}/" in log or log.endswith(f"/{rule}.log")):
        deadline = time.monotonic() + 240
        while not Path("release").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
"""


@dataclass(frozen=True)
class Fault:
    """One row of the table of faults: what was done, what happened, what was lost."""

    fault: str
    happened: str
    lost: int


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def content_checksum(path: Path) -> str:
    """Return the SHA-256 of what a file says, without the seconds that a training took.

    They stand in the metadata of the weights, so also in digests of what is made with these, and
    in a footnote of the tables.
    """
    total = hashlib.sha256()
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            items: list[h5py.Group | h5py.Dataset] = []
            file.visititems(lambda _, item: items.append(item))
            for item in items:
                total.update(repr((item.name, sorted(item.attrs.items()))).encode())
                if isinstance(item, h5py.Dataset):
                    total.update(repr((item.dtype, item.shape)).encode() + item[()].tobytes())
    elif path.suffix == ".safetensors":
        for name, values in sorted(load_file(path).items()):
            total.update(repr((name, values.shape)).encode() + values.tobytes())
    elif path.suffix in (".csv", ".md", ".tex"):
        total.update(re.sub(r"[\d.]+ (s|min|h) on a CPU", "", path.read_text()).encode())
    else:
        total.update(path.read_bytes())
    return total.hexdigest()


class Experiment(Project):
    """The tiny experiment in a copy of the project."""

    @property
    def results(self) -> Path:
        """Return the folder of the results."""
        return self.folder / RESULTS

    def make(self, *arguments: str, quiet: bool = True) -> str:
        """Run up to the tables and return what was said; it must end well."""
        options = ["--quiet", "rules", "reason", "host"] if quiet else []
        done = self.run(*TARGETS, *arguments, *options, config=CONFIG)
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    def fail(self, *arguments: str) -> str:
        """Run up to the tables and return what was said; it must not end well."""
        done = self.run(*TARGETS, *arguments, config=CONFIG)
        assert done.returncode != 0, "this run was to fail"
        return done.stdout

    def command(self, *arguments: str) -> list[str]:
        """Return the command of a run to a target, or with options up to the tables."""
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/default"]
        targets = [] if arguments and not arguments[0].startswith("-") else TARGETS
        return [*command, "--configfile", CONFIG, "--cores", "2", *targets, *arguments]

    def environment(self, hold: str = "") -> dict[str, str]:
        """Return the environment of a run, with the rule whose jobs are held."""
        binaries = str(Path(sys.executable).parent)
        return {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "FIBGAP_TEST_HOLD": hold,
        }

    def start(self, *arguments: str, hold: str = "") -> subprocess.Popen[bytes]:
        """Start a run, whose jobs of one rule may be held, and return at once.

        What it says goes into the file "said".
        """
        (self.folder / "release").unlink(missing_ok=True)
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment(hold),
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def wait_until(self, said: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until a run that was started has said something."""
        deadline = time.monotonic() + PATIENCE
        while said not in (self.folder / "said").read_text():
            assert process.poll() is None, (self.folder / "said").read_text()[-3000:]
            assert time.monotonic() < deadline, f"the run did not say {said!r}"
            time.sleep(0.02)

    def release(self) -> None:
        """Let the jobs that are held go on."""
        (self.folder / "release").touch()

    def wait_for_jobs(
        self, jobs: int, rule: str, said: str, process: subprocess.Popen[bytes]
    ) -> None:
        """Wait until so many jobs of a rule have said something."""
        logs = self.results / "logs"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = [*logs.glob(f"{rule}.log"), *logs.glob(f"{rule}/**/*.log")]
            if sum(said in log.read_text() for log in found) >= jobs:
                return
            assert process.poll() is None, f"the run ended before {rule} said {said!r}"
            time.sleep(0.02)
        raise AssertionError(f"{rule} did not say {said!r}")

    def files(self) -> dict[str, tuple[int, str]]:
        """Return time stamp and checksum of every finished file of the experiment by its path."""
        found = {}
        for path in sorted(self.results.rglob("*")):
            name = path.relative_to(self.results)
            hidden = any(part.startswith(".") for part in name.parts)
            if path.is_file() and not hidden and name.parts[0] not in ("logs", "benchmarks"):
                found[str(name)] = (path.stat().st_mtime_ns, checksum(path))
        return found

    def contents(self) -> dict[str, str]:
        """Return the checksum of every result that two runs must have in common."""
        names = [name for name in self.files() if not name.endswith("history.csv")]
        return {name: content_checksum(self.results / name) for name in names}

    def remove(self, *names: str) -> None:
        """Remove files and folders of the results."""
        for name in names:
            path = self.results / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def left_over(self) -> list[str]:
        """Return temporary files and parts that lie around."""
        hidden = [path for path in self.results.rglob(".*") if path.name != ".snakemake_timestamp"]
        return sorted(str(path.relative_to(self.results)) for path in hidden)

    def missing_rows(self) -> int:
        """Return how many pairs of arm and dataset are not exactly once in the table."""
        table = pd.read_csv(self.results / "tables/datasets.csv")
        counts = table.groupby(["arm", "dataset"]).size()
        wanted = pd.MultiIndex.from_product([ARMS, range(DATASETS)], names=["arm", "dataset"])
        foreign = len(counts.index.difference(wanted))
        return int((counts.reindex(wanted, fill_value=0) != 1).sum()) + foreign

    def duplicate(self, folder: Path) -> "Experiment":
        """Return a copy of this experiment as it stands."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Experiment(folder)


def kill(process: subprocess.Popen[bytes], *, whole_tree: bool) -> None:
    """Kill a run without warning: Snakemake alone, or with all its jobs."""
    victims = [psutil.Process(process.pid)]
    if whole_tree:
        victims += victims[0].children(recursive=True)
    for victim in victims:
        try:
            victim.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait()


def new_experiment(folder: Path) -> Experiment:
    """Return an experiment in which nothing has run and whose jobs can be held."""
    experiment = Experiment(copy_project(folder).folder)
    source = "fibgap/workflow/job_log.py"
    experiment.edit(source, "\n\nclass _Tee:", f"{HOLD}\n\nclass _Tee:")
    experiment.edit(
        source, "        return len(text)", "        _hold(self.log.name)\n        return 1"
    )
    return experiment


def undisturbed(folder: Path) -> Experiment:
    """Return an experiment that has run to its tables."""
    experiment = new_experiment(folder)
    experiment.make()
    return experiment
