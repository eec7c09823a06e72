"""Everything that is said of a run follows from its table of datasets."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fibgap.errors import InputError
from fibgap.experiment.reference import read_reference
from fibgap.report.__main__ import main
from fibgap.report.figures import plot_errors
from fibgap.report.page import Page, Picture, render_report
from fibgap.report.results import Results, compute_results, read_results, results_of, table_rows
from fibgap.report.tables import to_csv, to_markdown
from fibgap.report.verdict import most_isotropic, verdict
from fibgap.statistics import Bootstrap

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


NAMES = pd.DataFrame(
    [
        ("TPCF", "measure", "another correlation"),
        ("RNN-s", "arm", "the nearest slice"),
        ("RML-s", "network", "a test"),
    ],
    columns=["name", "kind", "stands_for"],
)


def build(metrics: pd.DataFrame, arms: list[dict] = ARMS) -> Results:
    """Compute results beside the paper's values."""
    reference = read_reference(*(ROOT / f"config/reference/table_S{n}.csv" for n in (3, 4)))
    return compute_results(metrics, arms, reference, NAMES, Bootstrap(resamples=100, base_seed=1))


def test_tables_say_what_their_names_stand_for(metrics: pd.DataFrame) -> None:
    """Below a table stand its networks and what is not an arm, and nothing else."""
    assert build(metrics).tables["table_S4"].footnotes == (
        "TPCF stands for another correlation.",
        "RML-s stands for a test.",
    )


def test_rows_are_the_truth_and_the_arms_of_a_table() -> None:
    """The arm table decides which arm stands where, and in which order."""
    assert table_rows(ARMS, "S3") == ["Original", "RNN-s", "RCS-s", "RML-s"]
    assert table_rows(ARMS, "S4") == ["Original", "DNN-s", "RML-s"]


def test_tables_hold_the_means_over_datasets(metrics: pd.DataFrame) -> None:
    """A cell is the mean over datasets, and the footnote stands below the table."""
    results = build(metrics)
    data = results.frames["table_S3"].set_index(["arm", "measure"])["mean"]
    own = metrics[metrics["arm"] == "RCS-s"]["anisotropy_lpf"].mean()
    assert data["RCS-s", "anisotropy_lpf"] == pytest.approx(own, rel=1e-12)
    assert "RML-s stands for a test." in to_markdown(results.tables["table_S4"])


def test_the_share_that_a_network_closes_is_said(metrics: pd.DataFrame) -> None:
    """From 0.05 to 0.03 on the way to 0.02 is two thirds; the levels' noise moves it by a few %."""
    shares = build(metrics).frames["shares"]
    # The standard error of a mean is 0.002 / sqrt(12) = 0.0006, that of the share about 0.03.
    assert shares["share"].to_numpy() == pytest.approx(2 / 3, abs=0.12)


def test_a_network_is_compared_with_every_classical_arm(metrics: pd.DataFrame) -> None:
    """Pairs are those that the tables ask about: a network against what is no network."""
    pairs = build(metrics).frames["comparisons"]
    found = set(zip(pairs["first"], pairs["second"], strict=True))
    assert found == {("RML-s", other) for other in ("RNN-s", "RCS-s", "DNN-s")}


def test_a_run_without_networks_compares_all_arms(metrics: pd.DataFrame) -> None:
    """Without a network there is no share to close, and every arm meets every other."""
    classical = [arm for arm in ARMS if arm["filler"] != "network"]
    kept = metrics[metrics["arm"] != "RML-s"]
    results = build(kept, classical)
    assert not {"shares", "equivalence"} & set(results.frames)
    pairs = results.frames["comparisons"]
    assert len(set(zip(pairs["first"], pairs["second"], strict=True))) == 3


def test_without_diffusivity_its_column_is_left_out(metrics: pd.DataFrame) -> None:
    """A measure that was turned off leaves no column of dashes."""
    results = build(metrics.assign(anisotropy_d=np.nan))
    measures = set(results.frames["table_S3"]["measure"])
    assert measures >= {"anisotropy_tpcf", "anisotropy_lpf"}
    assert "anisotropy_d" not in measures


def test_every_network_is_corrected_for_its_own_comparisons(metrics: pd.DataFrame) -> None:
    """A second network makes the first one's differences no less significant."""
    twin = metrics[metrics["arm"] == "RML-s"].assign(arm="RMLc-s")
    arms = [*ARMS, {"name": "RMLc-s", "filler": "network", "tables": []}]
    alone = build(metrics).frames["comparisons"]
    both = build(pd.concat([metrics, twin]), arms).frames["comparisons"]
    first = both[both["first"] == "RML-s"].reset_index(drop=True)
    assert first["p_holm"].tolist() == alone["p_holm"].tolist()
    assert len(both) == 2 * len(alone)


def test_a_measure_that_is_new_needs_no_list(metrics: pd.DataFrame, monkeypatch) -> None:
    """What is registered as a measure has its columns in every table."""
    from fibgap.measures import registry

    monkeypatch.setattr(registry, "_MEASURES", dict(registry._MEASURES))
    registry.register("chi", symbol="χ")(lambda sample: sample)
    results = build(metrics.assign(anisotropy_chi=metrics["anisotropy_d"]))
    assert "$e_{L_2}^{χ}$" in to_markdown(results.tables["table_S3"])
    for name in ("table_S3", "shares", "equivalence", "comparisons", "wins"):
        assert "anisotropy_chi" in set(results.frames[name]["measure"])


def test_a_second_classical_arm_is_a_second_start(metrics: pd.DataFrame) -> None:
    """From RSD-s, nearer to the truth, RML-s closes less of the distance than from RCS-s."""
    other = metrics[metrics["arm"] == "RCS-s"].copy()
    other["arm"] = "RSD-s"
    for name in ("anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d"):
        other[name] -= 0.01  # from 0.05 to 0.04: half of the way from there to 0.02 is closed
    arms = [*ARMS, {"name": "RSD-s", "filler": "spline", "tables": []}]
    results = build(pd.concat([metrics, other]), arms)
    shares = results.frames["shares"].set_index(["arm", "baseline"])["share"]
    # As above: three standard errors of a share are about 0.1, from a shorter distance 0.15.
    assert shares["RML-s", "RSD-s"].to_numpy() == pytest.approx(1 / 2, abs=0.15)
    assert shares["RSD-s", "RCS-s"].to_numpy() == pytest.approx(1 / 3, abs=0.12)
    assert re.search(
        r"; from RCS-s it goes 6\d to 7\d % of the way to the mean error of the true volume and "
        r"from RSD-s \d\d to \d\d %\.$",
        verdict(results)[0],
    )


def test_what_is_read_back_is_what_was_written(metrics: pd.DataFrame, tmp_path: Path) -> None:
    """The report needs no resampling: tables come back from their CSV to the letter."""
    results = build(metrics)
    results.write(tmp_path)
    again = read_results(tmp_path)
    assert list(again.frames) == list(results.frames)
    for name, table in results.tables.items():
        assert to_markdown(again.tables[name]) == to_markdown(table), name
        assert to_csv(again.tables[name]) == to_csv(table), name
    assert verdict(again) == verdict(results)
    suffixes = {path.suffix for path in tmp_path.glob("table_S3.*")}
    assert suffixes == {".csv", ".md", ".tex"}
    assert not (tmp_path / "wins.tex").exists()
    (tmp_path / "wins.csv").unlink()
    with pytest.raises(InputError, match=r"no wins\.csv"):
        read_results(tmp_path)


def test_an_arm_may_have_any_name(metrics: pd.DataFrame, tmp_path: Path) -> None:
    """An arm called NA is an arm, not a missing value."""
    renamed = metrics.replace({"arm": {"RNN-s": "NA"}})
    arms = [{**arm, "name": arm["name"].replace("RNN-s", "NA")} for arm in ARMS]
    build(renamed, arms).write(tmp_path)
    assert "NA" in set(read_results(tmp_path).frames["all_arms"]["arm"])


def test_the_verdict_is_made_from_the_numbers(metrics: pd.DataFrame) -> None:
    """Three sentences: the most isotropic arm, its voxels and equivalence, the paper."""
    isotropy, truth, paper = verdict(build(metrics))
    assert isotropy.startswith(
        "Over 12 datasets RML-s is the most isotropic of 4 arms: its mean error is the lowest in "
        "TPCF, LPF and D; from RCS-s it goes 6"
    )
    assert isotropy.endswith(" % of the way to the mean error of the true volume.")
    percent = (100 * metrics.groupby("arm")["voxel_error"].mean()).map("{:.1f} %".format)
    assert truth.startswith(f"RML-s misclassifies {percent['RML-s']} of the voxels that it fills")
    assert f"fewer than any other arm (RCS-s: {percent['RCS-s']})" in truth
    assert "it is in no measure shown equivalent" in truth
    assert " of 15 published values agree with this run" in paper  # SRCS-s is not in it
    assert paper.endswith("with 12 datasets the margins are wide.")


def test_an_arm_like_the_truth_is_said_to_be_equivalent(metrics: pd.DataFrame) -> None:
    """An arm with the very errors of the true volume passes in every measure."""
    twin = metrics[metrics["arm"] == "Original"].assign(arm="RML-s", voxel_error=0.07)
    kept = metrics[metrics["arm"] != "RML-s"]
    truth = verdict(build(pd.concat([kept, twin])))[1]
    assert "not the fewest (RCS-s: " in truth
    assert truth.endswith(
        "it is shown equivalent to the true volume, within a tenth of the distance from RCS-s, in "
        "TPCF, LPF and D."
    )


def test_few_arms_without_a_paper_have_a_verdict(metrics: pd.DataFrame) -> None:
    """A single arm of one's own is compared with nothing, and nothing is claimed."""
    own = metrics[metrics["arm"].isin(["Original", "RNN-s"])].replace({"arm": {"RNN-s": "mine"}})
    own = own.drop(columns=["voxel_error", "truth_tpcf"])
    arms = [{"name": "mine", "filler": "nearest", "tables": []}]
    reference = read_reference(ROOT / "config/reference/table_S3.csv")
    results = compute_results(
        own, arms, reference[reference["arm"] != "Original"], NAMES, Bootstrap(resamples=100)
    )
    assert verdict(results) == [
        "Over 12 datasets mine is the only arm.",
        "No published value can be judged from this run.",
    ]


def test_most_isotropic_counts_measures_first() -> None:
    """Two measures out of three beat the better sum of ranks."""
    frame = pd.DataFrame(
        {
            "block": "anisotropy",
            "arm": ["Original"] * 3 + ["A"] * 3 + ["B"] * 3 + ["C"] * 3,
            "measure": ["x", "y", "z"] * 4,
            "mean": [0, 0, 0, 1, 1, 9, 2, 2, 1, 3, 3, 2],
        }
    )
    assert most_isotropic(frame) == "A"


def test_a_run_is_printed(metrics: pd.DataFrame, tmp_path: Path, capsys) -> None:
    """Both tables with the best marked and the paper's means, the verdict, and where files lie."""
    build(metrics).write(tmp_path / "tables")
    assert main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (row,) = [line for line in lines[:6] if line.startswith("RML-s")]
    assert row.count("*") == 3
    assert row.endswith(" 0.0211")
    assert lines[0].split() == ["Table", "S3", "TPCF", "paper", "LPF", "paper", "D", "paper"]
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= 79
    assert lines[-2:] == [f"Report: {tmp_path}/report.html", f"Tables: {tmp_path}/tables"]
    assert "$" not in "".join(lines)
    assert main([str(tmp_path / "none")]) == 2
    assert "no all_arms.csv" in capsys.readouterr().err


def test_a_table_of_ones_own_is_enough(metrics):
    """No configuration, no published values: means, comparisons, verdict and a page."""
    own = metrics[metrics["arm"].isin(["RCS-s", "RML-s"])][
        ["dataset", "arm", "anisotropy_lpf", "voxel_error"]
    ].replace({"arm": {"RML-s": "mine"}})
    results = results_of(own, bootstrap=Bootstrap(resamples=200))
    summary = results.frames["all_arms"].set_index(["arm", "measure"])["mean"]
    expected = own[own["arm"] == "mine"]["anisotropy_lpf"].mean()
    assert summary["mine", "anisotropy_lpf"] == pytest.approx(expected)
    pairs = results.frames["comparisons"]
    assert set(pairs["measure"]) == {"anisotropy_lpf", "voxel_error"}
    said = verdict(results)
    assert said[0].startswith("Over 12 datasets mine is the most isotropic of 2 arms")
    assert len(said) == 2  # nothing is said of published values
    assert "0.0" in results.tables["all_arms"]._repr_markdown_()  # what a notebook shows
    figure = plot_errors(own, results.frames["all_arms"], ["anisotropy_lpf"])
    text = render_report(Page("Mine", said, results.tables, errors=[Picture(figure, "LPF")]))
    assert "mine is the most isotropic" in text
    assert "Every published" not in text


def test_original_joins_where_it_is_there(metrics):
    """With the true volumes in the table, their row stands first and equivalence is tested."""
    results = results_of(metrics, bootstrap=Bootstrap(resamples=200))
    assert results.frames["all_arms"]["arm"].iloc[0] == "Original"
    without = results_of(metrics[metrics["arm"] != "Original"], bootstrap=Bootstrap(resamples=200))
    assert "equivalence" not in without.frames


def test_a_table_without_numbers_is_refused(metrics):
    """The column that is missing, or the columns that are there, are named."""
    with pytest.raises(InputError, match="no column 'arm'"):
        results_of(metrics.drop(columns="arm"))
    with pytest.raises(InputError, match="columns are dataset, arm, speed"):
        results_of(metrics[["dataset", "arm"]].assign(speed=1.0))
