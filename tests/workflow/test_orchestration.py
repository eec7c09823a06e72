"""What is not computing is orchestration: intervals of jobs against the wall time of runs."""

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from fibgap.report.tables import to_markdown
from fibgap.workflow.costs import cost_tables
from fibgap.workflow.orchestration import Job, overhead_of, read_jobs, read_runs, total_length

BEGIN = datetime(2024, 5, 1, 12, 0, 0).timestamp()


@pytest.mark.parametrize(
    ("intervals", "length"),
    [
        ([], 0),
        ([(3, 5)], 2),
        ([(0, 10), (2, 3)], 10),
        ([(5, 6), (0, 2), (1, 4)], 5),
        ([(0, 1), (1, 2)], 2),
    ],
)
def test_overlapping_time_counts_once(intervals: list[tuple[float, float]], length: float) -> None:
    """Two jobs at once are one second of computing a second."""
    assert total_length(intervals) == length


def test_time_without_a_job_is_overhead() -> None:
    """Of 100 s, jobs compute from 10 to 50 and from 40 to 90: 20 s are orchestration."""
    jobs = [Job(9, 50, 40), Job(38, 90, 50)]
    found = overhead_of(jobs, [(0, 100)])
    assert found is not None
    assert found.wall_s == 100
    assert found.computing_s == 80
    assert found.share == pytest.approx(0.2)
    # A second around the first job, two around the second.
    assert found.around_jobs_s == 3
    assert found.upper_share == pytest.approx(0.23)


def test_nights_between_runs_do_not_count() -> None:
    """A run that was killed and resumed has the wall time of both parts, not of the pause."""
    jobs = [Job(0, 10, 10), Job(1000, 1010, 10)]
    found = overhead_of(jobs, [(0, 10), (500, 501), (1000, 1010)])
    assert found is not None
    assert found.wall_s == 20
    assert found.share == 0


def test_jobs_of_unknown_runs_do_not_count() -> None:
    """Without a log of its run, a job says nothing about overhead."""
    assert overhead_of([Job(0, 10, 10)], [(20, 30)]) is None
    assert overhead_of([], [(20, 30)]) is None


def record(folder: Path, output: str, rule: str, begin: float, end: float, log: str) -> None:
    """Write a record of an output as Snakemake does."""
    content = {"rule": rule, "log": [log], "starttime": begin, "endtime": end}
    (folder / "metadata" / output.replace("/", "_")).write_text(json.dumps(content))


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return records of two jobs of one run, one of them with two outputs, and of foreign ones."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".snakemake"
    (folder / "metadata").mkdir(parents=True)
    (folder / "log").mkdir()
    for name, seconds in (("train_network/a", 30), ("make_tables", 4)):
        path = tmp_path / f"results/x/benchmarks/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\tcpu_time\n{seconds}\t100\t{seconds}\n")
    log = "results/x/logs/train_network/a.log"
    record(folder, "w", "train_network", BEGIN + 2, BEGIN + 30, log)
    record(folder, "h", "train_network", BEGIN + 2, BEGIN + 33, log)
    record(folder, "t", "make_tables", BEGIN + 35, BEGIN + 39, "results/x/logs/make_tables.log")
    record(folder, "o", "make_tables", BEGIN, BEGIN + 40, "results/y/logs/make_tables.log")
    (folder / "metadata/half").write_text('{"rule": ')
    run = folder / "log/2024-05-01T120000.000000.snakemake.log"
    run.write_text("")
    os.utime(run, (BEGIN + 40, BEGIN + 40))
    return folder


def test_jobs_are_read_from_records(records: Path) -> None:
    """A job ends with its last output; records of other experiments and halves are left out."""
    found = read_jobs(records / "metadata", "results/x")
    assert found == [Job(BEGIN + 2, BEGIN + 33, 30), Job(BEGIN + 35, BEGIN + 39, 4)]
    assert read_runs(records / "log") == [(BEGIN, BEGIN + 40)]


def test_jobs_whose_outputs_are_gone_end_with_their_benchmark(records: Path) -> None:
    """Temporary volumes leave no record: then the date of the benchmark file counts."""
    (records / "metadata/t").unlink()
    os.utime("results/x/benchmarks/make_tables.tsv", (BEGIN + 39.5, BEGIN + 39.5))
    found = read_jobs(records / "metadata", "results/x")
    assert found[1] == Job(BEGIN + 35.5, BEGIN + 39.5, 4)


def test_records_of_touching_do_not_count(records: Path) -> None:
    """A record of a second is none of a job of 30 s: outputs were touched, nothing computed."""
    log = "results/x/logs/train_network/a.log"
    for output in "wh":
        record(records, output, "train_network", BEGIN + 900, BEGIN + 901, log)
    os.utime("results/x/benchmarks/train_network/a.tsv", (BEGIN + 33, BEGIN + 33))
    assert Job(BEGIN + 3, BEGIN + 33, 30) in read_jobs(records / "metadata", "results/x")


def test_the_table_shows_the_overhead(records: Path) -> None:
    """34 of 40 s are computing: 15 % are orchestration, one second of it around a job."""
    tables = cost_tables("results/x", records)
    row = tables["overhead"].data.iloc[0]
    assert row["overhead_percent"] == pytest.approx(15)
    assert row["overhead_at_most_percent"] == pytest.approx(17.5)
    assert "15.00" in to_markdown(tables["overhead"])


def test_costs_without_logs_have_no_overhead(records: Path) -> None:
    """Where Snakemake's logs were removed, the costs stand and the overhead is left out."""
    for path in (records / "log").iterdir():
        path.unlink()
    tables = cost_tables("results/x", records)
    assert tables["overhead"].data.empty
    assert "train" in to_markdown(tables["costs"])
    assert "No log in" in to_markdown(tables["overhead"])
