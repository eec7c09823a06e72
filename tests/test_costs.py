"""Costs are sums over the benchmark files of a step."""

from pathlib import Path

import pytest

from fibgap.costs import collect_costs
from fibgap.reporting import cost_table

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


def test_a_run_without_benchmarks_has_no_cost_table(tmp_path: Path) -> None:
    """Where nothing was measured, nothing is claimed."""
    assert cost_table(tmp_path) is None
    write(tmp_path / "make_tables.tsv", 2, "100", 2)
    assert cost_table(tmp_path) is not None
