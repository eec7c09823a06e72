"""Ablations are compared with their base dataset by dataset, and shown so."""

import numpy as np
import pandas as pd
import pytest

from fibgap.errors import InputError
from fibgap.experiment.ablations import ablation_frame
from fibgap.report.tables import to_csv, to_markdown
from fibgap.report.tables.ablations import ablation_table
from fibgap.statistics import Bootstrap

HOW = Bootstrap(resamples=500, base_seed=3)
ROWS = [
    {"arm": "one", "base": "base", "change": "one family"},
    {"arm": "same", "base": "base", "change": "nothing at all"},
]


@pytest.fixture
def metrics():
    """Twelve datasets that differ much, in which the arm "one" loses a little in every one."""
    rng = np.random.default_rng(2)
    level = rng.uniform(0.1, 0.9, 12)
    values = {"base": level, "same": level, "one": level + rng.uniform(0.01, 0.03, 12)}
    return pd.concat(
        pd.DataFrame(
            {
                "dataset": range(12),
                "arm": arm,
                "voxel_error": error,
                "anisotropy_lpf": error / 10,
                "anisotropy_d": np.nan,
                "solid_fraction": 0.12,
            }
        )
        for arm, error in values.items()
    )


def test_differences_are_paired(metrics):
    """A loss far below the spread of the datasets is certain, since every dataset shows it."""
    frame = ablation_frame(metrics, ROWS, HOW).set_index(["arm", "measure"])
    row = frame.loc["one", "voxel_error"]
    wide = metrics.pivot(index="dataset", columns="arm", values="voxel_error")
    paired = wide["one"] - wide["base"]
    assert row["difference"] == pytest.approx(paired.mean(), rel=1e-9)
    assert row["mean"] - row["base_mean"] == pytest.approx(row["difference"], rel=1e-9)
    assert paired.min() < row["low"] < row["difference"] < row["high"] < paired.max()
    assert row["high"] - row["low"] < 0.1 * wide["base"].std()
    assert row["n"] == 12
    assert (frame.loc["same", ["difference", "low", "high"]].to_numpy() == 0).all()


def test_measures_that_were_not_taken_are_left_out(metrics):
    """A column without values, or that is not there, has no row and no place in the table."""
    frame = ablation_frame(metrics, ROWS, HOW)
    assert set(frame["measure"]) == {"voxel_error", "solid_fraction", "anisotropy_lpf"}
    assert "^{D}" not in to_markdown(ablation_table(frame))


def test_the_table_shows_bases_first_and_certain_changes_in_bold(metrics):
    """Each base stands above what is compared with it; bold is what its interval separates."""
    frame = ablation_frame(metrics, ROWS, HOW)
    table = ablation_table(frame)
    lines = [line for line in to_markdown(table).splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in lines[2:5]] == ["| base", "| one", "| same"]
    assert "| base | base | 0." in lines[2]
    assert "| one family | **" in lines[3]
    assert "**" not in lines[4]
    assert "(0.0000: 0.0000, 0.0000)" in lines[4]
    assert "Mean over 12 datasets" in to_markdown(table)
    assert to_csv(table).startswith("arm,base,change,measure,mean,base_mean,difference,low,high")
    assert to_csv(table).count("\n") == 1 + 2 * 3


def test_an_empty_list_and_an_absent_arm_are_refused(metrics):
    """Nothing to compare, and an arm without rows, each give one sentence."""
    with pytest.raises(InputError, match="ablations is empty"):
        ablation_frame(metrics, [], HOW)
    with pytest.raises(InputError, match="no rows of the arm 'two'"):
        ablation_frame(metrics, [{"arm": "two", "base": "base", "change": "x"}], HOW)
