"""Costs are sums over the benchmark files of a step."""

from pathlib import Path

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.io.shards import Record, process_shard
from fibgap.workflow.costs import collect_costs, cost_table, disk_usage, stage_costs

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def write(path: Path, seconds: float, memory: str, cpu: float) -> None:
    """Write a benchmark file as Snakemake does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEAD}{seconds}\t0:00:01\t{memory}\t1\t1\t1\t0\t0\t50\t{cpu}\n")


def test_jobs_of_a_step_are_added_up(tmp_path: Path) -> None:
    """Times add up over shards and arms, memory is that of the largest job."""
    write(tmp_path / "measure/RNN-s/000.tsv", 10, "300.5", 12)
    write(tmp_path / "measure/RCS-s/000.tsv", 5, "NA", 3)
    write(tmp_path / "make_tables.tsv", 2, "100", 2)
    costs = collect_costs(tmp_path).set_index("step")
    assert list(costs.index) == ["measure", "make_tables", "all steps"]
    assert costs.loc["measure", ["jobs", "wall_s", "cpu_s", "peak_mb"]].tolist() == pytest.approx(
        [2, 15, 15, 300.5]
    )
    assert costs.loc["all steps", ["jobs", "wall_s", "cpu_s", "peak_mb"]].tolist() == pytest.approx(
        [3, 17, 17, 300.5]
    )


def test_logs_know_better_than_samples(tmp_path: Path) -> None:
    """Where the log of a job says what it used, that counts, and its wall time stays."""
    for shard, use in (
        ("000", "used 31.25 s of processor time and 402.9 MB of memory\n"),
        ("001", ""),
    ):
        write(tmp_path / f"benchmarks/measure/RNN-s/{shard}.tsv", 40, "300.5", 12)
        log = tmp_path / f"logs/measure/RNN-s/{shard}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"measure RNN-s: dataset 0 (1/1) in 1.1 s\n{use}")
    costs = collect_costs(tmp_path / "benchmarks", tmp_path / "logs").set_index("step")
    assert costs.loc["measure", ["jobs", "wall_s", "cpu_s", "peak_mb"]].tolist() == pytest.approx(
        [2, 80, 31.25 + 12, 402.9]
    )


def test_a_run_without_benchmarks_has_no_cost_table(tmp_path: Path) -> None:
    """Where nothing was measured, nothing is claimed."""
    assert cost_table(tmp_path) is None
    write(tmp_path / "make_tables.tsv", 2, "100", 2)
    assert cost_table(tmp_path) is not None


def shard(path: Path, datasets: range) -> None:
    """Write a shard with one small array a dataset."""
    process_shard(
        path,
        stage="testing",
        datasets=datasets,
        digest="d",
        attributes={},
        compute=lambda dataset: Record({"volume": np.ones((4, 4, 4), dtype=bool)}),
        log=str,
    )


def test_room_is_charged_to_the_step_that_takes_it(tmp_path: Path) -> None:
    """Files belong to the step that writes them, and a dataset's share counts all arms."""
    write(tmp_path / "benchmarks/infer/RML-s/000.tsv", 10, "300", 12)
    write(tmp_path / "benchmarks/fill_gaps/RNN-s/000.tsv", 1, "100", 1)
    for arm in ("RML-s", "RNN-s"):
        shard(tmp_path / f"filled/{arm}/000.h5", range(3))
    for arm in ("Original", "RNN-s", "RML-s"):
        shard(tmp_path / f"measures/{arm}/000.h5", range(2))
    (tmp_path / "filled/RNN-s/.000.h5.parts").mkdir()
    found = disk_usage(tmp_path).set_index("step")
    size = (tmp_path / "filled/RNN-s/000.h5").stat().st_size / 1e6
    assert found.loc["fill_gaps"].tolist() == pytest.approx([size, 3, size / 3])
    assert found.loc["infer", "datasets"] == 3
    one = (tmp_path / "measures/RNN-s/000.h5").stat().st_size / 1e6
    assert found.loc["measure"].tolist() == pytest.approx([2 * one, 2, one])
    assert found.loc["measure_truth", "disk_mb"] == pytest.approx(one, rel=0.1)
    assert "benchmarks" not in found.index
    assert len(found) == 4


def test_costs_of_a_step_stand_beside_its_room(tmp_path: Path) -> None:
    """A step whose volumes are gone has no room, and the last row is the sum of all."""
    write(tmp_path / "benchmarks/mill_slices/000.tsv", 7200, "50", 3600)
    write(tmp_path / "benchmarks/measure/RNN-s/000.tsv", 60, "80", 36)
    write(tmp_path / "benchmarks/make_costs.tsv", 9999, "9999", 9999)
    shard(tmp_path / "measures/RNN-s/000.h5", range(2))
    found = stage_costs(tmp_path).set_index("step")
    assert found.loc["mill_slices", "cpu_h"] == pytest.approx(1)
    assert np.isnan(found.loc["mill_slices", "disk_mb"])
    assert found.loc["all steps", "disk_mb"] == found.loc["measure", "disk_mb"]
    assert found.loc["all steps", "wall_s"] == pytest.approx(7260)
    assert "make_costs" not in found.index


def test_costs_of_nothing_are_an_error(tmp_path: Path) -> None:
    """Whoever asks for costs before anything ran is told so."""
    with pytest.raises(InputError, match="there are no benchmark files in"):
        stage_costs(tmp_path)
