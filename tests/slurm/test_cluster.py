"""Where SLURM cannot be had, one line says why and what is needed."""

import pytest

from . import cluster


@pytest.fixture
def _no_slurmd(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that lacks one of SLURM's programs."""
    monkeypatch.setattr(cluster, "missing_programs", lambda: ["slurmd"])


@pytest.mark.usefixtures("_no_slurmd")
def test_an_ordinary_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root nothing is installed, and the line has the command for root."""
    monkeypatch.setattr(cluster.shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    monkeypatch.setattr(cluster.os, "geteuid", lambda: 1000)
    assert cluster.install() == (
        "SLURM is not installed (slurmd not found); as root: apt-get install munge slurmctld "
        "slurmd slurm-client"
    )


@pytest.mark.usefixtures("_no_slurmd")
def test_a_machine_without_apt_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems have other packages: the test is skipped, not failed."""
    monkeypatch.setattr(cluster.shutil, "which", lambda name, path=None: None)
    assert "there is no apt-get to install it with" in cluster.install()


def test_a_machine_with_slurm_installs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all programs are found, nothing is run and nothing is said."""
    monkeypatch.setattr(cluster, "missing_programs", list)
    monkeypatch.setattr(cluster.subprocess, "run", pytest.fail)
    assert cluster.install() == ""


def test_every_program_is_named_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are looked for where system programs lie, too."""
    asked: list[str] = []

    def which(name: str, path: str) -> None:
        asked.append(path)

    monkeypatch.setattr(cluster.shutil, "which", which)
    assert cluster.missing_programs() == list(cluster.PROGRAMS)
    assert all("/usr/sbin" in path for path in asked)
