"""The target of costs tells what a run has cost, and sets nothing going."""

import re

import pandas as pd
import pytest

from .conftest import Project
from .test_rules import RULES

pytestmark = pytest.mark.workflow


def test_costs_of_a_finished_run(copied: Project) -> None:
    """Every step has jobs, time, memory and room."""
    before = {
        path: path.stat().st_mtime_ns for path in copied.folder.glob("results/tiny/*/**/*.h5")
    }
    done = copied.run("costs")
    assert done.returncode == 0, done.stdout[-3000:]
    folder = copied.folder / "results/tiny/costs"
    costs = pd.read_csv(folder / "costs.csv").set_index("step")
    others = {
        "make_costs",
        *(rule for rule in RULES if re.search("sensitivity|ablations|stack|estimate_depths", rule)),
    }
    assert {*costs.index} == {*RULES} - others | {"all steps"}
    assert costs.loc["measure", "jobs"] == 12
    assert costs.loc["all steps", "jobs"] == costs["jobs"].drop("all steps").sum()
    assert (costs["wall_s"] > 0).all()
    assert costs.loc["measure", "datasets"] == 3
    assert costs.loc["generate_volumes", "mb_a_dataset"] > 0
    assert before == {path: path.stat().st_mtime_ns for path in before}
    # Asked again, nothing has changed; after another job, it has.
    assert copied.planned("costs") == {}
    (copied.folder / "results/tiny/benchmarks/make_tables.tsv").touch()
    assert copied.planned("costs")["make_costs"] == 1


def test_costs_do_not_start_a_run(fresh: Project) -> None:
    """Where nothing has run, the costs say so, and nothing is run for them."""
    done = fresh.run("costs")
    assert done.returncode != 0
    assert re.search(r"there are no benchmark files in results/tiny/benchmarks", done.stdout)
    assert not (fresh.folder / "results/tiny/volumes").exists()
