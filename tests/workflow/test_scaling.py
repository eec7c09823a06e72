"""What a larger experiment needs follows from measured costs by plain arithmetic."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from fibgap.errors import InputError
from fibgap.workflow.scaling import (
    COLUMNS,
    ON_GPU,
    ONCE,
    VOLUMES,
    Target,
    measured_run,
    needs,
    read_measured,
)

ROOT = Path(__file__).resolve().parents[2]


def row(step: str, **values: object) -> dict[str, object]:
    """Return a row of measured costs: 10 datasets of 64^3 in 2 shards."""
    plain = {"run": "r", "side": 64, "datasets": 10, "gpu": False, "step": step, "jobs": 2}
    costs = {"wall_s": 36, "cpu_s": 30, "peak_mb": 400, "mb_a_dataset": 1.0, "fixed_share": 0.0}
    return {**plain, **costs, **values}


ROWS = [
    row("generate_volumes"),
    row("mill_slices", cpu_s=72),
    row("fill_gaps", jobs=4),
    row("infer", wall_s=3600),
    row("measure", jobs=6, fixed_share=0.5, mb_a_dataset=0.5),
    row("train_network", jobs=1, wall_s=7200, mb_a_dataset=np.nan),
]
MEMORY = {"infer": 32_000.0, "mill_slices": 4_000.0}


@pytest.fixture
def table() -> pd.DataFrame:
    """Return what 100 datasets of 128^3 in shards of 5 need: 10 times as many, 8 times as large."""
    measured = pd.DataFrame(ROWS)
    return needs(measured, "r", Target(datasets=100, side=128, shard_size=5), MEMORY).set_index(
        "step"
    )


def test_time_is_linear_in_voxels_and_datasets(table: pd.DataFrame) -> None:
    """80 times the voxels take 80 times the time; core hours are the larger of both clocks."""
    # 72 s of processor time and 36 s of wall time, over 20 jobs.
    assert table.loc["mill_slices", "cpu_h"] == pytest.approx(72 * 80 / 3600)
    assert table.loc["mill_slices", "job_h"] == pytest.approx(36 * 80 / 3600 / 20)


def test_steep_steps_grow_faster(table: pd.DataFrame) -> None:
    """Splines take the power 4/3 of the voxels: 16 times the time for 8 times the voxels."""
    assert table.loc["fill_gaps", "cpu_h"] == pytest.approx(36 * 10 * 16 / 3600)
    assert table.loc["generate_volumes", "cpu_h"] == pytest.approx(36 * 10 * 8**1.06 / 3600)


def test_the_fixed_share_does_not_grow(table: pd.DataFrame) -> None:
    """Half of measuring is D on its cut, which a larger volume leaves alone."""
    assert table.loc["measure", "cpu_h"] == pytest.approx(36 * 10 * (0.5 + 0.5 * 16) / 3600)


def test_jobs_follow_shards_and_arms(table: pd.DataFrame) -> None:
    """20 shards; two arms have classical fillers, three are measured."""
    jobs = table["jobs"]
    assert jobs[["generate_volumes", "fill_gaps", "measure"]].tolist() == [20, 40, 60]
    assert jobs["train_network"] == 1
    assert jobs["all steps"] == 20 + 20 + 40 + 20 + 60 + 1


def test_training_stays_as_it_is(table: pd.DataFrame) -> None:
    """A network is trained once, whatever the datasets."""
    assert table.loc["train_network", "cpu_h"] == 2
    assert table.loc["train_network", "disk_tb"] == 0


def test_gpu_hours_are_those_of_networks_on_a_gpu() -> None:
    """Only where the measured run had a GPU, inference and training take GPU hours."""
    measured = pd.DataFrame(ROWS)
    target = Target(datasets=100, side=128, shard_size=5)
    assert needs(measured, "r", target, MEMORY)["gpu_h"].eq(0).all()
    found = needs(measured.assign(gpu=True), "r", target, MEMORY).set_index("step")["gpu_h"]
    assert found["infer"] == pytest.approx(80)
    assert found["train_network"] == 2
    assert found["all steps"] == pytest.approx(82)
    assert found.drop(["infer", "train_network", "all steps"]).eq(0).all()


def test_volumes_fill_the_disk_and_curves_do_not(table: pd.DataFrame) -> None:
    """A volume takes 8 times the room; a curve has twice the lags."""
    assert table.loc["mill_slices", "disk_tb"] == pytest.approx(1e-6 * 8 * 100)
    assert table.loc["measure", "disk_tb"] == pytest.approx(0.5e-6 * 2 * 100)


def test_memory_is_what_the_rules_ask_for(table: pd.DataFrame) -> None:
    """Memory is taken from the rules; the last row has the largest job."""
    assert table.loc["infer", "memory_gb"] == 32
    assert np.isnan(table.loc["fill_gaps", "memory_gb"])
    assert table.loc["all steps", "memory_gb"] == 32


def test_the_same_size_needs_what_was_measured() -> None:
    """Scaling by 1 changes nothing."""
    found = needs(pd.DataFrame(ROWS), "r", Target(10, 64, 5), MEMORY).set_index("step")
    assert found.loc["measure", "jobs"] == 6
    assert found.loc["mill_slices", "cpu_h"] == pytest.approx(72 / 3600)
    assert found.loc["fill_gaps", "disk_tb"] == pytest.approx(10e-6)


def test_steps_are_those_of_the_rules() -> None:
    """Every step that is treated in a way of its own is a rule."""
    text = "".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    rules = set(re.findall(r"^rule (\w+):", text, re.MULTILINE))
    assert {*ONCE, *VOLUMES, *ON_GPU} <= rules


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.drop(columns="side"), "lacks the column 'side'"),
        (lambda frame: frame.assign(datasets=0), "datasets is 0"),
        (lambda frame: frame.assign(jobs="many"), "jobs is many"),
    ],
)
def test_wrong_measured_costs_are_told(tmp_path: Path, change, said: str) -> None:
    """A table that cannot be used is told by file, column and value."""
    path = tmp_path / "measured.csv"
    with pytest.raises(InputError, match="does not exist"):
        read_measured(path)
    change(pd.DataFrame(ROWS)).to_csv(path, index=False)
    with pytest.raises(InputError, match=rf"measured\.csv.*{said}"):
        read_measured(path)


def test_unknown_and_broken_runs_are_told() -> None:
    """A run that is not there, or has no volumes, is told by its name."""
    measured = pd.DataFrame(ROWS)
    with pytest.raises(InputError, match="no run 'x' among the measured costs; there are: r"):
        needs(measured, "x", Target(), {})
    with pytest.raises(InputError, match="'r' lacks the step generate_volumes"):
        needs(measured[1:], "r", Target(), {})


def test_a_run_is_taken_from_its_table_of_costs(tmp_path: Path) -> None:
    """The sum is left out, and only measuring has a share that does not grow."""
    frame = pd.DataFrame([*ROWS, row("all steps")]).drop(columns=["run", "side", "gpu"])
    frame.to_csv(tmp_path / "costs.csv", index=False)
    found = measured_run(
        tmp_path / "costs.csv", run="n", side=64, datasets=10, gpu=True, fixed_share=0.9
    )
    assert list(found.columns) == list(COLUMNS)
    assert "all steps" not in set(found["step"])
    assert found.set_index("step")["fixed_share"].to_dict() == {
        line["step"]: 0.9 if line["step"] == "measure" else 0.0 for line in ROWS
    }


def load_script() -> ModuleType:
    """Return the script that writes the page."""
    spec = importlib.util.spec_from_file_location("scaling", ROOT / "benchmarks/scaling.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.workflow
def test_the_page_shows_what_the_script_writes() -> None:
    """The tables of docs/scaling.md follow from the committed costs and from the rules."""
    script = load_script()
    page = script.PAGE.read_text(encoding="utf-8")
    shown = page.split(script.BEGIN)[1].split(script.END)[0].strip()
    written = script.render(read_measured(script.MEASURED), Target()).strip()
    assert shown == written, "run: python benchmarks/scaling.py"
