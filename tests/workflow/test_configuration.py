"""Values of a configuration that do not come from its file: the command line, and a second file."""

from pathlib import Path

import pytest

from fibgap.io.shards import read_record, shard_datasets
from tests.workflow.conftest import Project, copy_project

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project in which nothing is run."""
    return copy_project(tmp_path_factory.mktemp("configured"))


def planned(project: Project, *arguments: str) -> dict[str, int]:
    """Return the number of jobs by rule up to the measures, of three datasets in two shards."""
    return project.planned(*arguments, "--until", "measure")


@pytest.mark.parametrize(
    ("value", "shards"),
    [("datasets={count: 2}", 1), ("datasets={'count': 9, shard_size: 3}", 3)],
)
def test_a_typed_value_counts(project: Project, value: str, shards: int) -> None:
    """Numbers inside of what is typed are numbers, and the other keys of a section stay."""
    jobs = planned(project, "--config", value)
    assert jobs["generate_volumes"] == shards
    # Six arms, see tests/config/tiny.yaml.
    assert jobs["measure"] == 6 * shards


def test_jobs_are_told_what_was_typed(project: Project) -> None:
    """The Snakemake of each job, a process of its own, gets the typed values, too."""
    target = "results/tiny/slices/000.h5"
    done = project.run(target, "--config", "datasets={count: 1}", "mill_slices={sd_nm: 0}")
    assert done.returncode == 0, done.stdout
    assert shard_datasets(project.folder / target) == [0]
    depths = read_record(project.folder / target, 0).arrays["depths_nm"]
    # 48 layers of 2.5 nm reach to 117.5 nm: slices of exactly 10 nm.
    assert depths.tolist() == list(range(0, 118, 10))


def test_a_second_file_changes_what_it_names(project: Project) -> None:
    """Keys of a later file replace those of an earlier one, lists as a whole; the others stay."""
    second = Path("second.yaml")
    (project.folder / second).write_text(
        "datasets: {count: 2}\n"
        "arms: [{name: RNN-s, placement: repositioned, filler: nearest, tables: [S3]}]\n",
        encoding="utf-8",
    )
    jobs = planned(project, "--configfile", "tests/config/tiny.yaml", str(second))
    assert (jobs["generate_volumes"], jobs["measure"]) == (1, 1)


def test_only_what_is_typed_is_read_as_a_number(project: Project) -> None:
    """A number in quotes in a file is refused by its key, whatever is typed beside it."""
    (project.folder / "quoted.yaml").write_text('datasets: {count: "2"}\n', encoding="utf-8")
    files = ["--configfile", "tests/config/tiny.yaml", "quoted.yaml"]
    done = project.run("--dry-run", *files, "--config", "datasets={showcase: 1}")
    assert done.returncode != 0
    assert "configuration: datasets.count is '2', but it must be an integer" in done.stdout
