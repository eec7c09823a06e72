"""Whatever dies, fills up or is damaged: finished work stays, and the tables come out the same."""

from pathlib import Path

import pytest

from tests.faults import scenarios
from tests.faults.harness import Experiment, undisturbed

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Return the tiny experiment, run without disturbance."""
    return undisturbed(tmp_path_factory.mktemp("faults") / "reference")


def test_snakemake_may_be_killed(reference: Experiment, tmp_path: Path) -> None:
    """SIGKILL with its jobs or alone: finished files stay, and no two jobs do the same work."""
    assert scenarios.killed(reference, tmp_path / "killed").lost == 0


def test_a_job_may_be_killed_while_it_writes(reference: Experiment, tmp_path: Path) -> None:
    """Half a shard never gets the name of a shard, and the next run replaces it."""
    assert scenarios.job_killed_while_writing(reference, tmp_path / "job").lost == 0


def test_a_full_disk_loses_nothing(reference: Experiment, tmp_path: Path) -> None:
    """Without room a run ends in one sentence; with room it goes on."""
    row = scenarios.full_disk(reference, tmp_path / "disk")
    if row is None:
        pytest.skip("mounting a small disk needs rights that this user lacks")
    assert row.lost == 0


def test_a_limit_on_files_loses_nothing(reference: Experiment, tmp_path: Path) -> None:
    """A limit such as a quota ends a run in one sentence; without it the run goes on."""
    assert scenarios.file_too_large(reference, tmp_path / "limit").lost == 0


def test_two_runs_do_not_meet(reference: Experiment, tmp_path: Path) -> None:
    """A second run in the same folder is refused by the lock and does not disturb the first."""
    assert scenarios.two_runs(reference, tmp_path / "two").lost == 0


def test_damage_in_the_middle_is_found(reference: Experiment, tmp_path: Path) -> None:
    """A flipped bit that Snakemake cannot see stops the run with the file's name."""
    assert scenarios.damaged(reference, tmp_path / "middle").lost == 0


def test_edited_code_reruns_what_is_behind_it(reference: Experiment, tmp_path: Path) -> None:
    """An edit of a step runs this step and those after it, and nothing else."""
    assert scenarios.edited_code(reference, tmp_path / "edit").lost == 0
