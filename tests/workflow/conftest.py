"""A copy of the project to run as a workflow, and one run of it that the tests share."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = [
    "Snakefile",
    "rules",
    "workflow_scripts",
    "config",
    "envs",
    "profiles",
    "fibgap",
    "tests/config",
]


class Project:
    """A copy of the project, and Snakemake in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(
        self,
        *arguments: str,
        config: str = "tests/config/tiny.yaml",
        profile: str = "default",
        variables: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake as a user would and return what it said, both streams together."""
        # The copy is used, not an installed fibgap; its bytecode is not left behind.
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("OMP_NUM_THREADS", None)  # as a user has it
        environment.update(variables or {})
        binaries = str(Path(sys.executable).parent)
        environment["PATH"] = f"{binaries}{os.pathsep}{environment['PATH']}"
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", f"profiles/{profile}"]
        return subprocess.run(
            [*command, "--configfile", config, "--cores", "2", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def planned(self, *arguments: str, **options: str) -> dict[str, int]:
        """Return the number of jobs by rule that a dry run lists."""
        done = self.run("--dry-run", *arguments, **options)
        assert done.returncode == 0, done.stdout
        if "Nothing to be done" in done.stdout:
            return {}
        table = done.stdout.split("Job stats:")[1]
        rows = re.findall(r"^([a-z_]+) +(\d+)$", table.split("total")[0], flags=re.MULTILINE)
        return {rule: int(count) for rule, count in rows}

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the only occurrence of a text in a file of the copy."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new), encoding="utf-8")


def copy_project(folder: Path) -> Project:
    """Copy what a run needs."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)  # with its bytecode, which many short processes use
        else:
            shutil.copy2(source, target)
    return Project(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """Return a project whose tiny experiment has run to the end, and what that run said."""
    project = copy_project(tmp_path_factory.mktemp("finished"))
    done = project.run()
    assert done.returncode == 0, done.stdout[-5000:]
    return project, done.stdout


@pytest.fixture
def copied(finished: tuple[Project, str], tmp_path: Path) -> Project:
    """Return a copy of the finished project that a test may change."""
    folder = tmp_path / "copy"
    shutil.copytree(finished[0].folder, folder, symlinks=True)
    return Project(folder)


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """Return a project in which nothing has run."""
    return copy_project(tmp_path / "fresh")
