"""Tables beside the paper: what a cell says, what is marked, and how every format writes it."""

import io
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fibgap.errors import InputError
from fibgap.experiment.reference import read_reference
from fibgap.report.tables import (
    agreement,
    agreement_table,
    comparison_table,
    equivalence_table,
    frame_table,
    mark_best,
    ordering,
    paper_frame,
    paper_table,
    select_arms,
    share_table,
    to_csv,
    to_latex,
    to_markdown,
    write_tables,
)
from fibgap.report.tables.cells import (
    HTML,
    LATEX,
    MARKDOWN,
    Arm,
    Comparison,
    Heading,
    Text,
    Value,
    escape_latex,
    number,
)
from fibgap.statistics import Bootstrap

FEW = Bootstrap(resamples=100)
REFERENCE = Path(__file__).parents[2] / "config" / "reference"
SUPPLEMENT_S3 = {
    "Original": [(0.1038, 0.0283), (0.0188, 0.0131), (0.0138, 0.0096)],
    "RNN-s": [(0.1149, 0.0247), (0.0479, 0.0222), (0.0306, 0.0185)],
    "RCS-s": [(0.1091, 0.0278), (0.0482, 0.0188), (0.0299, 0.0173)],
    "RML-s": [(0.1086, 0.0274), (0.0341, 0.0131), (0.0211, 0.0114)],
}
SUPPLEMENT_S4 = {
    "Original": SUPPLEMENT_S3["Original"],
    "DNN-s": [(0.2104, 0.0467), (0.0633, 0.0276), (0.0386, 0.0191)],
    "SRCS-s": [(0.1153, 0.0267), (0.0716, 0.0222), (0.0455, 0.0198)],
    "RML-s": SUPPLEMENT_S3["RML-s"],
}


def metrics_of(spread=0.01, n=2, **means):
    """Return metrics whose LPF errors are mean ± spread in turn, with a few truth columns."""
    rows = [
        {
            "dataset": dataset,
            "arm": arm.replace("_", "-"),
            "anisotropy_lpf": mean + spread * (-1) ** dataset,
            "truth_lpf": math.nan if arm == "Original" else mean / 2,
            "dice": math.nan if arm in ("Original", "DNN_s") else 1 - mean,
            "solid_fraction": 0.1225,
        }
        for arm, mean in means.items()
        for dataset in range(n)
    ]
    return pd.DataFrame(rows)


def build(name, metrics, arms, *, reference=None, **words):
    """Return the table of some arms."""
    frame = paper_frame(metrics, arms, reference=reference, bootstrap=FEW)
    return paper_table(select_arms(frame, arms), name=name, **words)


def small_table(**words):
    """Return Table S3 of two datasets: the truth, one arm at 0.05 and a better one at 0.03."""
    metrics = metrics_of(Original=0.02, RNN_s=0.05, RML_s=0.03)
    reference = read_reference(REFERENCE / "table_S3.csv")
    return build("S3", metrics, ["Original", "RNN-s", "RML-s"], reference=reference, **words)


@pytest.mark.parametrize(("name", "rows"), [("S3", SUPPLEMENT_S3), ("S4", SUPPLEMENT_S4)])
def test_reference_is_the_supplements(name, rows):
    """The published values are those of the printed tables, arm by arm and measure by measure."""
    path = REFERENCE / f"table_{name}.csv"
    assert path.read_text().startswith("# source: ")
    reference = read_reference(path)
    expected = [
        (arm, measure, *cell)
        for arm, cells in rows.items()
        for measure, cell in zip(("tpcf", "lpf", "d"), cells, strict=True)
    ]
    assert list(reference.itertuples(index=False, name=None)) == expected


def test_both_references_share_two_rows():
    """Original and RML-s stand in both tables with the same values, and count once."""
    both = read_reference(REFERENCE / "table_S3.csv", REFERENCE / "table_S4.csv")
    assert len(both) == 6 * 3


def test_contradicting_references_are_refused(tmp_path):
    """Two tables that give different means for one cell cannot both be right."""
    text = (REFERENCE / "table_S4.csv").read_text()
    other = tmp_path / "other.csv"
    other.write_text(text.replace("RML-s,d,0.0211", "RML-s,d,0.0212"))
    with pytest.raises(InputError, match="d of arm 'RML-s'"):
        read_reference(REFERENCE / "table_S3.csv", other)
    other.write_text("arm,measure,mean\nRML-s,d,0.02\n")
    with pytest.raises(InputError, match="no column 'sd'"):
        read_reference(other)


def test_shuffled_rows_give_the_same_files():
    """The order of the rows of a file has no meaning, so no byte of a table depends on it."""
    rng = np.random.default_rng(8)
    metrics = metrics_of(n=9, Original=0.02, RNN_s=0.05, RML_s=0.03)
    metrics["anisotropy_lpf"] += rng.normal(0, 0.01, len(metrics))
    shuffled = metrics.sample(frac=1, random_state=1)
    arms = ["Original", "RNN-s", "RML-s"]
    first, second = (build("S3", m, arms) for m in (metrics, shuffled))
    for write in (to_csv, to_markdown, to_latex):
        assert write(first) == write(second)


@pytest.mark.parametrize(
    ("value", "signed", "expected"),
    [
        (0.11489, False, "0.1149"),
        (-0.00004, True, "0.0000"),
        (0.0, True, "0.0000"),
        (0.0012, True, "+0.0012"),
        (-0.0012, False, "−0.0012"),
        (math.nan, True, "–"),
    ],
)
def test_numbers_have_four_decimals_and_a_true_minus(value, signed, expected):
    """Four decimals as in the paper; what rounds to zero has no sign."""
    assert number(value, signed=signed) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (MARKDOWN, "**0.1038 ± 0.0283**"),
        (LATEX, r"\textbf{0.1038 $\pm$ 0.0283}"),
        (HTML, "<strong>0.1038 ± 0.0283</strong>"),
    ],
)
def test_best_value_is_bold_in_every_format(markup, expected):
    """Mean ± standard deviation, bold where it is the best."""
    assert Value(0.10379, 0.02831, strong=True).render(markup) == expected


def test_undefined_mean_is_a_dash_alone():
    """Where there is no mean there is no spread to print; of one dataset only the mean is known."""
    assert Value(math.nan, math.nan).render(MARKDOWN) == "–"
    assert Value(math.nan, 0.1).render(LATEX) == "--"
    assert Value(0.5, math.nan).render(HTML) == "0.5000 ± –"


def test_symbols_of_the_paper():
    """Errors are written e with L2 below and the measure above, an arrow points to better."""
    tpcf = Heading("anisotropy_tpcf")
    assert tpcf.render(MARKDOWN) == "$e_{L_2}^{TPCF}$ ↓"
    assert tpcf.render(LATEX) == r"$e_{L_2}^{\mathrm{TPCF}}$ $\downarrow$"
    assert "<mtext>TPCF</mtext>" in tpcf.render(HTML)
    assert Heading("dice").render(MARKDOWN) == "Dice coefficient ↑"
    assert Heading("solid_fraction").render(MARKDOWN) == "Solid fraction"
    assert Heading("truth_d", arrow=False).render(MARKDOWN) == r"$\varepsilon_{L_2}^{D}$"


def test_names_of_arms_are_set_like_the_papers():
    """The s of post-processing is italic, the true volume holds the target values."""
    assert Arm("RML-s").render(LATEX) == r"RML-\textit{s}"
    assert Arm("Original", label=True).render(MARKDOWN) == r"*Original* \[target values\]"
    assert Arm("my_arm").render(LATEX) == r"my\_arm"


def test_latex_escapes_every_special_character():
    """LaTeX gives ten characters a meaning of their own."""
    escaped = escape_latex("\\{}$&#^_~% −±")
    assert escaped == (
        r"\textbackslash{}\{\}\$\&\#\textasciicircum{}\_\textasciitilde{}\% $-$$\pm$"
    )
    assert Text("a < b & c").render(HTML) == "a &lt; b &amp; c"
    assert Text("a|b").render(MARKDOWN) == r"a\|b"


def test_best_is_marked_among_arms_only():
    """The true volume competes with nobody, ties to the printed digit share the mark."""
    summary = pd.DataFrame(
        {
            "arm": ["Original", "A", "B", "C"] * 3,
            "measure": ["e"] * 4 + ["dice"] * 4 + ["solid_fraction"] * 4,
            "mean": [0.0, 0.30001, 0.30002, 0.4, 1.0, 0.8, 0.9, math.nan, 0.1, 0.1, 0.2, 0.3],
        }
    )
    marked = mark_best(summary).tolist()
    assert marked[:4] == [False, True, True, False]
    assert marked[4:8] == [False, False, True, False]
    assert not any(marked[8:])


def test_an_arm_alone_is_not_the_best():
    """To be the best takes a rival."""
    summary = pd.DataFrame({"arm": ["Original", "A"], "measure": "e", "mean": [0.1, 0.2]})
    assert not mark_best(summary).any()


def test_table_holds_ours_the_papers_and_the_difference():
    """0.05 is 0.0021 more than the paper's 0.0479; ± 0.01 has the sd 0.01 √2."""
    data = small_table().data.set_index(["arm", "measure"])
    row = data.loc[("RNN-s", "anisotropy_lpf")]
    assert row["mean"] == pytest.approx(0.05)
    assert row["sd"] == pytest.approx(0.01 * math.sqrt(2))
    assert (row["paper_mean"], row["paper_sd"]) == (0.0479, 0.0222)
    assert row["difference"] == pytest.approx(0.0021)
    assert data.loc[("RML-s", "anisotropy_lpf"), "best"]
    assert not data.loc[("Original", "anisotropy_lpf"), "best"]
    assert math.isnan(data.loc[("RNN-s", "dice"), "paper_mean"])


def test_markdown_by_hand():
    """The rows of the first block, digit by digit."""
    lines = to_markdown(small_table(footnotes=["RML-s is a small network."])).splitlines()
    start = lines.index("*Anisotropy errors*") + 2
    assert lines[start : start + 5] == [
        "| Dataset name | $e_{L_2}^{LPF}$ ↓ | Paper: $e_{L_2}^{LPF}$ ↓ "
        "| Difference: $e_{L_2}^{LPF}$ |",
        "| --- | ---: | ---: | ---: |",
        r"| *Original* \[target values\] | 0.0200 ± 0.0141 | 0.0188 ± 0.0131 | +0.0012 |",
        "| RNN-*s* | 0.0500 ± 0.0141 | 0.0479 ± 0.0222 | +0.0021 |",
        "| RML-*s* | **0.0300 ± 0.0141** | 0.0341 ± 0.0131 | −0.0041 |",
    ]
    assert "- Mean ± standard deviation over 2 datasets. Bold" in "\n".join(lines)
    assert lines[-1] == "- RML-s is a small network."


def test_dash_where_undefined():
    """An arm that changes the geometry has no voxels to compare, the truth no error."""
    metrics = metrics_of(Original=0.02, DNN_s=0.06, RML_s=0.03)
    table = build("S4", metrics, ["Original", "DNN-s", "RML-s"]).only("truth")
    rows = [line for line in to_markdown(table).splitlines() if line.startswith("| ")][2:]
    assert rows == [
        "| *Original* | – | – | 0.1225 ± 0.0000 |",
        "| DNN-*s* | 0.0300 ± 0.0000 | – | 0.1225 ± 0.0000 |",
        "| RML-*s* | **0.0150 ± 0.0000** | 0.9700 ± 0.0000 | 0.1225 ± 0.0000 |",
    ]


def test_columns_say_which_layers_they_count():
    """Errors by voxel leave the known layers out; the solid fraction does not."""
    groups = small_table().only("truth").blocks[0].groups
    held = {group.title: [heading.column for heading in group.header] for group in groups}
    assert held == {
        "Along z": ["truth_lpf"],
        "Filled layers": ["dice"],
        "Whole volume": ["solid_fraction"],
    }


def test_rows_follow_the_argument_and_unpublished_arms_have_dashes():
    """Which arms stand in a table, and in which order, is the caller's choice."""
    metrics = metrics_of(Original=0.02, RMLc_s=0.05, RML_s=0.03)
    reference = read_reference(REFERENCE / "table_S3.csv")
    table = build("S3", metrics, ["RML-s", "RMLc-s", "Original"], reference=reference)
    rows = [line for line in to_markdown(table).splitlines() if line.startswith("| R")]
    assert rows[0].startswith("| RML-*s* | **0.0300")
    assert rows[1] == "| RMLc-*s* | 0.0500 ± 0.0141 | – | – |"


def test_real_stack_has_neither_truth_nor_paper():
    """Without ground truth there is one block, without published values one group of columns."""
    metrics = metrics_of(RNN_s=0.05, RML_s=0.03).drop(columns=["dice", "solid_fraction"])
    metrics["truth_lpf"] = math.nan
    table = build("stack", metrics, ["RNN-s", "RML-s"])
    assert [block.key for block in table.blocks] == ["anisotropy"]
    assert len(table.blocks[0].groups) == 1
    with pytest.raises(InputError, match="'truth'"):
        table.only("truth")


def test_fewer_datasets_of_an_arm_are_told():
    """If a measure failed on some datasets the note says over how many its mean goes."""
    metrics = metrics_of(n=3, RNN_s=0.05, RML_s=0.03)
    metrics.loc[0, "anisotropy_lpf"] = math.nan
    table = build("S3", metrics, ["RNN-s", "RML-s"])
    assert "over 3 datasets (RNN-s, LPF anisotropy error: 2)." in table.blocks[0].notes[0]


def test_csv_is_tidy_and_numeric():
    """One row a cell; reading it back gives the numbers, empty where undefined."""
    table = small_table()
    again = pd.read_csv(io.StringIO(to_csv(table)))
    assert len(again) == 3 * 4
    assert again["best"].dtype == bool
    np.testing.assert_allclose(again["mean"], table.data["mean"], rtol=1e-9)
    original = again[(again["arm"] == "Original") & (again["measure"] == "truth_lpf")]
    assert original["mean"].isna().all()


def test_latex_is_balanced_and_rectangular():
    """Braces and environments close, and every row has as many cells as the tabular columns."""
    source = to_latex(small_table(caption="Errors of 5 % & more", footnotes=["a_b"]))
    bare = re.sub(r"\\[{}]", "", source)
    assert bare.count("{") == bare.count("}")
    assert source.count(r"\begin{") == source.count(r"\end{") == 3
    assert r"\caption{Errors of 5 \% \& more (S3)}" in source
    tabulars = re.findall(r"\\begin\{tabular\}\{(l[lr]+)\}(.*?)\\end\{tabular\}", source, re.S)
    assert len(tabulars) == 2
    for columns, body in tabulars:
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert rows
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(columns) - 1}
        assert body.count(r"\toprule") == body.count(r"\bottomrule") == 1
    assert source.isascii()


def test_tables_are_written_by_suffix_and_leave_no_trace(tmp_path):
    """Each file appears under its name, and no temporary one stays."""
    table = small_table()
    names = ["t.csv", "t.md", "t.tex"]
    write_tables(table, *(tmp_path / "new" / name for name in names))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)
    assert (tmp_path / "new" / "t.md").read_text() == to_markdown(table)
    with pytest.raises(InputError, match="xlsx"):
        write_tables(table, tmp_path / "u.csv", tmp_path / "t.xlsx")
    assert not (tmp_path / "u.csv").exists()


def reference_of(**means):
    """Return published LPF errors with the standard deviation 0.02."""
    arms = [arm.replace("_", "-") for arm in means]
    return pd.DataFrame(
        {"arm": arms, "measure": "lpf", "mean": list(means.values()), "sd": [0.02] * len(arms)}
    )


def agree(ours, reference):
    """Compare the published values with a run of these metrics."""
    return agreement(paper_frame(ours, list(dict.fromkeys(ours["arm"])), bootstrap=FEW), reference)


def test_agreement_by_hand():
    """sd 0.01 √(100 / 99) over 100 and 0.02 over 250 datasets: the margin is 0.00317."""
    ours = metrics_of(n=100, RNN_s=0.05, RCS_s=0.05, RML_s=0.05, DNN_s=0.05)
    reference = reference_of(RNN_s=0.0531, RCS_s=0.0533, RML_s=0.0467, SRCS_s=0.05)
    cells = agree(ours, reference).set_index("arm")
    margin = 1.959964 * math.sqrt(0.01**2 / 99 + 0.02**2 / 250)
    assert cells["margin"].iloc[0] == pytest.approx(margin)
    assert cells["difference"].iloc[:3].tolist() == pytest.approx([-0.0031, -0.0033, 0.0033])
    assert cells["verdict"].to_dict() == {
        "RNN-s": "agrees",
        "RCS-s": "lower",
        "RML-s": "higher",
        "SRCS-s": "not computed",
    }


def test_agreement_within_the_interval_of_few_datasets():
    """Two datasets at ± 0.01 leave the mean open by 12.7 · 0.01, far beyond the margin."""
    cells = agree(metrics_of(RNN_s=0.05), reference_of(RNN_s=0.15))
    assert cells["margin"].iloc[0] < 0.1 < cells["high"].iloc[0] - 0.05
    assert cells["verdict"].iloc[0] == "agrees"


def test_one_dataset_decides_nothing():
    """Without a spread nobody can say whether a difference matters."""
    cells = agree(metrics_of(n=1, RNN_s=0.05), reference_of(RNN_s=0.15))
    assert cells["verdict"].tolist() == ["undecided"]


def test_run_without_published_arms_is_not_judged():
    """A real stack shares no arm or none at all with the paper, which is no error."""
    cells = agree(metrics_of(X=0.05), reference_of(RNN_s=0.15))
    assert cells["verdict"].tolist() == ["not computed"]
    assert ordering(cells).empty


def test_order_of_arms_by_hand():
    """RCS-s and RNN-s swap within the paper's error, DNN-s and RML-s beyond both errors."""
    ours = metrics_of(n=50, Original=0.0, RML_s=0.07, RCS_s=0.049, RNN_s=0.048, DNN_s=0.03)
    reference = reference_of(Original=0.0, RML_s=0.03, RCS_s=0.048, RNN_s=0.0485, DNN_s=0.08)
    cells = agree(ours, reference)
    row = ordering(cells).iloc[0]
    assert row["paper"] == "RML-s < RCS-s < RNN-s < DNN-s"
    assert row["ours"] == "DNN-s < RNN-s < RCS-s < RML-s"
    assert (row["pairs"], row["reversed"], row["clearly_reversed"]) == (6, 6, 5)
    assert not row["same"]
    text = to_markdown(agreement_table(cells))
    assert "**higher**" in text
    assert "**lower**" in text
    assert "| 6 of 6 | 5 |" in text


def test_all_comparisons_are_one_matrix():
    """A row per arm and measure, a column per other arm: sign, effect and p of each pair."""
    common = {"n": 9, "ties": 0, "comparisons": 3, "measure": "anisotropy_d"}
    better = {"difference": -0.002, "rank_biserial": -1.0, "p_holm": 0.004}
    unclear = {"difference": 0.001, "rank_biserial": 0.1, "p_holm": 0.4}
    rows = [
        {"first": "RML-s", "second": "A", **common, **better},
        {"first": "RML-s", "second": "B", **common, **unclear},
        {"first": "X", "second": "B", **common, **better},
    ]
    text = to_markdown(comparison_table(pd.DataFrame(rows)))
    assert "| Arm | Measure | A | B |" in text
    assert "| RML-*s* | $e_{L_2}^{D}$ ↓ | **▼ −1.00** (0.004) | n.s. +0.10 (0.400) |" in text
    assert "| X | $e_{L_2}^{D}$ ↓ | – | **▼ −1.00** (0.004) |" in text
    assert "Holm's correction for the 3 comparisons" in text


@pytest.mark.parametrize(
    ("outcome", "written"),
    [
        ("better", "**▲ +0.50** (0.010)"),
        ("worse", "**▲ +0.50** (0.010)"),
        ("higher", "**▲ +0.50** (0.010)"),
        ("too few", "few +0.50 (0.010)"),
        ("mixed", "mixed +0.50 (0.010)"),
        ("equal", "equal"),
    ],
)
def test_a_comparison_says_its_sign_only_where_it_is_significant(outcome, written):
    """An arrow is a claim; what cannot be claimed is said by a word."""
    assert Comparison(outcome, 0.2, 0.5, 0.01).render(MARKDOWN) == written


def test_listings_show_their_numbers():
    """Shares, equivalence and costs print what their frames hold."""
    share = {
        "measure": "anisotropy_d",
        "arm": "RML-s",
        "baseline": "RCS-s",
        "share": 0.565,
        "low": math.nan,
        "high": math.nan,
        "certain": False,
        "paper_share": -0.1,
    }
    other = {**share, "baseline": "RSD-s", "low": 0.4, "high": 0.7, "certain": True}
    text = to_markdown(share_table(pd.DataFrame([share, other])))
    assert "| $e_{L_2}^{D}$ | RML-*s* | RCS-*s* | 56 | – | −10 |" in text
    assert "| $e_{L_2}^{D}$ | RML-*s* | RSD-*s* | 56 | 40 to 70 | −10 |" in text
    assert "D anisotropy error, from RCS-s: that distance itself cannot be told from zero." in text
    assert "Counted from RCS-s, and from RSD-s for the measures" in text
    assert "Counted from" not in to_markdown(share_table(pd.DataFrame([share])))
    tests = pd.DataFrame(
        {
            "measure": "anisotropy_d",
            "arm": ["RML-s", "A"],
            "difference": [0.001, 0.2],
            "low": [-0.001, math.nan],
            "high": [0.003, math.nan],
            "margin": [0.004, -0.1],
            "p": [0.02, math.nan],
            "equivalent": [True, False],
            "baseline": "RCS-s",
            "alpha": 0.05,
            "truth_error": [0.03, math.nan],
        }
    )
    text = to_markdown(equivalence_table(tests))
    row = "| $e_{L_2}^{D}$ | RML-*s* | +0.0010 | −0.0010 to 0.0030 | ± 0.0040 | 0.020 | **yes** |"
    assert f"{row} 0.0300 |" in text
    assert "| A | +0.2000 | – | – | – | no | – |" in text
    assert "Interval, 90 %" in text
    costs = pd.DataFrame({"step": ["a", "b"], "hours": [1.234, math.nan], "jobs": [2, 30]})
    text = to_markdown(frame_table(costs, caption="Costs", headings={"jobs": "Jobs"}))
    assert "| step | hours | Jobs |" in text
    assert "| a | 1.23 | 2 |" in text
    assert "| b | – | 30 |" in text


def test_table_without_arms_is_refused():
    """A table needs a row."""
    with pytest.raises(InputError, match="needs an arm"):
        paper_frame(metrics_of(RML_s=0.03), [])
    with pytest.raises(InputError, match="none of the measures has a value"):
        paper_frame(metrics_of(RML_s=0.03)[["dataset", "arm"]], ["RML-s"])
    with pytest.raises(InputError, match="no rows of the arm 'RNN-s'"):
        select_arms(paper_frame(metrics_of(RML_s=0.03), ["RML-s"]), ["RNN-s"])


def test_the_best_of_a_table_is_the_best_of_its_rows():
    """An arm that stands in another table takes no mark from this one."""
    metrics = metrics_of(Original=0.02, RNN_s=0.05, RCS_s=0.04, RML_s=0.03)
    frame = paper_frame(metrics, ["Original", "RNN-s", "RCS-s", "RML-s"], bootstrap=FEW)
    for arms, best in ((["RNN-s", "RCS-s", "RML-s"], "RML-s"), (["RCS-s", "RNN-s"], "RCS-s")):
        chosen = select_arms(frame, ["Original", *arms])
        marked = chosen[chosen["best"] & (chosen["measure"] == "anisotropy_lpf")]
        assert marked["arm"].tolist() == [best]
        assert list(dict.fromkeys(chosen["arm"])) == ["Original", *arms]
