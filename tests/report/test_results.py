"""Everything that is said of a run follows from its table of datasets."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fibgap.experiment.reference import read_reference
from fibgap.report.results import build_results, table_rows
from fibgap.report.tables import to_markdown

ROOT = Path(__file__).resolve().parents[2]
ARMS = [
    {"name": "RNN-s", "filler": "nearest", "tables": ["S3"]},
    {"name": "RCS-s", "filler": "cubic_spline", "tables": ["S3"]},
    {"name": "DNN-s", "filler": "nearest", "tables": ["S4"]},
    {"name": "RML-s", "filler": "network", "tables": ["S3", "S4"]},
]
LEVELS = {"Original": 0.02, "RNN-s": 0.06, "RCS-s": 0.05, "DNN-s": 0.07, "RML-s": 0.03}


@pytest.fixture
def metrics() -> pd.DataFrame:
    """Return twelve datasets on which every arm has a level of its own."""
    rng = np.random.default_rng(3)
    rows = []
    for arm, level in LEVELS.items():
        for dataset in range(12):
            noise = rng.normal(0, 0.002, 4)
            rows.append(
                {
                    "dataset": dataset,
                    "arm": arm,
                    "anisotropy_tpcf": level + noise[0],
                    "anisotropy_lpf": level + noise[1],
                    "anisotropy_d": level + noise[2],
                    "voxel_error": np.nan if arm == "Original" else level + noise[3],
                    "truth_tpcf": np.nan if arm == "Original" else level,
                }
            )
    return pd.DataFrame(rows)


def build(metrics: pd.DataFrame, arms: list[dict] = ARMS, *, tpcf_centred: bool = False):
    """Build results beside the paper's values."""
    reference = read_reference(*(ROOT / f"config/reference/table_S{n}.csv" for n in (3, 4)))
    return build_results(
        metrics,
        arms,
        reference,
        footnotes={"RML-s": "RML-s is a test."},
        confidence=0.95,
        n_resamples=500,
        base_seed=1,
        tpcf_centred=tpcf_centred,
    )


def test_tables_say_which_correlation_they_stand_for(metrics: pd.DataFrame) -> None:
    """A centred TPCF is named below the table, and only that."""
    note = "less the square of the solid fraction"
    assert any(note in line for line in build(metrics, tpcf_centred=True).tables["S4"].footnotes)
    assert not any(note in line for line in build(metrics).tables["S4"].footnotes)


def test_rows_are_the_truth_and_the_arms_of_a_table() -> None:
    """The arm table decides which arm stands where, and in which order."""
    assert table_rows(ARMS, "S3") == ["Original", "RNN-s", "RCS-s", "RML-s"]
    assert table_rows(ARMS, "S4") == ["Original", "DNN-s", "RML-s"]


def test_tables_hold_the_means_over_datasets(metrics: pd.DataFrame) -> None:
    """A cell is the mean over datasets, and the footnote stands below the table."""
    results = build(metrics)
    data = results.tables["S3"].data.set_index(["arm", "measure"])["mean"]
    own = metrics[metrics["arm"] == "RCS-s"]["anisotropy_lpf"].mean()
    assert data["RCS-s", "anisotropy_lpf"] == pytest.approx(own, rel=1e-12)
    assert "RML-s is a test." in to_markdown(results.tables["S4"])


def test_the_share_that_a_network_closes_is_said(metrics: pd.DataFrame) -> None:
    """From 0.05 to 0.03 on the way to 0.02 is two thirds; the levels' noise moves it by a few %."""
    shares = build(metrics).statistics["shares"].data
    # The standard error of a mean is 0.002 / sqrt(12) = 0.0006, that of the share about 0.03.
    assert shares["share"].to_numpy() == pytest.approx(2 / 3, abs=0.12)


def test_a_network_is_compared_with_every_classical_arm(metrics: pd.DataFrame) -> None:
    """Pairs are those that the tables ask about: a network against what is no network."""
    pairs = build(metrics).statistics["comparisons"].data
    found = set(zip(pairs["first"], pairs["second"], strict=True))
    assert found == {("RML-s", other) for other in ("RNN-s", "RCS-s", "DNN-s")}


def test_a_run_without_networks_compares_all_arms(metrics: pd.DataFrame) -> None:
    """Without a network there is no share to close, and every arm meets every other."""
    classical = [arm for arm in ARMS if arm["filler"] != "network"]
    kept = metrics[metrics["arm"] != "RML-s"]
    results = build(kept, classical)
    assert "shares" not in results.statistics
    pairs = results.statistics["comparisons"].data
    assert len(set(zip(pairs["first"], pairs["second"], strict=True))) == 3


def test_without_diffusivity_its_column_is_left_out(metrics: pd.DataFrame) -> None:
    """A measure that was turned off leaves no column of dashes."""
    results = build(metrics.assign(anisotropy_d=np.nan))
    assert set(results.tables["S3"].data["measure"]) >= {"anisotropy_tpcf", "anisotropy_lpf"}
    assert "anisotropy_d" not in set(results.tables["S3"].data["measure"])


def test_every_network_is_corrected_for_its_own_comparisons(metrics: pd.DataFrame) -> None:
    """A second network makes the first one's differences no less significant."""
    twin = metrics[metrics["arm"] == "RML-s"].assign(arm="RMLc-s")
    arms = [*ARMS, {"name": "RMLc-s", "filler": "network", "tables": []}]
    alone = build(metrics).statistics["comparisons"].data
    both = build(pd.concat([metrics, twin]), arms).statistics["comparisons"].data
    first = both[both["first"] == "RML-s"].reset_index(drop=True)
    assert first["p_holm"].tolist() == alone["p_holm"].tolist()
    assert len(both) == 2 * len(alone)
