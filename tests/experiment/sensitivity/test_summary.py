"""Means, intervals and the table of them."""

import numpy as np
import pandas as pd
import pytest

from fibgap.arms import ORIGINAL
from fibgap.experiment.sensitivity.summary import summarise_rows
from fibgap.report.tables import to_csv, to_markdown
from fibgap.report.tables.sensitivity import sensitivity_table
from fibgap.statistics import Bootstrap, bootstrap_interval

HOW = Bootstrap(resamples=500, base_seed=3)


@pytest.fixture(scope="module")
def rows():
    """Errors of two arms at three points of two factors, seven datasets each."""
    rng = np.random.default_rng(6)
    parts = []
    for factor, value in (("mean_voxels", 2.0), ("mean_voxels", 8.0), ("relative_sd", 0.45)):
        for arm, level in (("RNN-s", 0.2), (ORIGINAL, 0.1)):
            parts.append(
                pd.DataFrame(
                    {
                        "factor": factor,
                        "value": value,
                        "arm": arm,
                        "dataset": range(7),
                        "anisotropy_tpcf": level * value + 0.01 * rng.standard_normal(7),
                        "anisotropy_lpf": level,
                        "anisotropy_d": np.nan,
                        "voxel_error": np.nan if arm == ORIGINAL else 0.05,
                        "milled_mean_voxels": 4.25,
                        "milled_relative_sd": 0.3,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def summary(rows):
    """Their means and intervals."""
    return summarise_rows(rows, HOW)


def test_means_and_intervals_are_those_of_each_point(rows, summary):
    """Every row of the summary is the mean of its own datasets, with their bootstrap interval."""
    assert len(summary) == 3 * 2 * 3  # D has no value anywhere and is left out
    assert set(summary["measure"]) == {"anisotropy_tpcf", "anisotropy_lpf", "voxel_error"}
    for row in summary[summary["measure"] == "anisotropy_tpcf"].to_dict("records"):
        own = rows[
            (rows["factor"] == row["factor"])
            & (rows["value"] == row["value"])
            & (rows["arm"] == row["arm"])
        ]["anisotropy_tpcf"]
        interval = bootstrap_interval(own, HOW)
        assert row["mean"] == own.mean()
        assert (row["low"], row["high"], row["n"]) == (interval.low, interval.high, 7)
    equal = summary[summary["measure"] == "anisotropy_lpf"]
    assert np.array_equal(equal["low"], equal["high"])


def test_what_an_arm_lacks_is_a_dash(summary):
    """The true volume has no voxel error: no datasets, no mean, a dash in the table."""
    lacking = summary[(summary["arm"] == ORIGINAL) & (summary["measure"] == "voxel_error")]
    assert (lacking["n"] == 0).all()
    assert lacking[["mean", "low", "high"]].isna().all(axis=None)
    text = to_markdown(sensitivity_table(summary))
    targets = [line for line in text.splitlines() if "*Original*" in line]
    assert len(targets) == 3
    assert all(line.split("|")[5].strip() == "–" for line in targets)


def test_every_factor_is_a_block_in_its_own_unit(summary):
    """Voxels stand as they are, spreads in per cent; each point has one row an arm."""
    table = sensitivity_table(summary)
    assert [block.key for block in table.blocks] == ["mean_voxels", "relative_sd"]
    text = to_markdown(table)
    assert "| 8 | RNN-*s* | 1.6" in text
    assert "| 45 | RNN-*s* | 0.0" in text
    assert "4.25 | 30 | 7 |" in text
    assert text.count("| Arm |") == 2


def test_the_csv_holds_all_numbers(summary):
    """The CSV is tidy: one row a factor, point, arm and measure, and nothing is lost."""
    lines = to_csv(sensitivity_table(summary)).splitlines()
    assert lines[0].startswith("factor,value,milled_mean_voxels,milled_relative_sd,arm,measure,n")
    assert len(lines) == 1 + len(summary)
