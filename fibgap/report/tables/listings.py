"""Tables of findings: comparisons of arms, closed shares, equivalence, wins, costs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from fibgap.report.tables.cells import (
    DASH,
    Arm,
    Cell,
    Comparison,
    Count,
    Heading,
    Text,
    Value,
    interval_text,
    number,
    p_words,
)
from fibgap.report.tables.layout import Block, Group, Table, listing
from fibgap.statistics import TARGET, column, outcome


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def comparison_table(comparisons: pd.DataFrame, *, alpha: float = 0.05) -> Table:
    """Arrange paired comparisons as one matrix, arms and measures by arms.

    Parameters
    ----------
    comparisons : pandas.DataFrame
        From `fibgap.statistics.paired_comparisons`; it becomes the CSV.
    alpha : float
        Level of significance of corrected p values.

    Returns
    -------
    Table
        One block, "comparisons".
    """
    found = {
        (row["first"], row["measure"], row["second"]): row for row in comparisons.to_dict("records")
    }
    seconds = list(dict.fromkeys(comparisons["second"]))
    labels: list[Cell] = []
    rows: list[tuple[Cell, ...]] = []
    for first in dict.fromkeys(comparisons["first"]):
        own = comparisons[comparisons["first"] == first]
        for measure in dict.fromkeys(own["measure"]):
            cells: list[Cell] = [Heading(measure)]
            for second in seconds:
                row = found.get((first, measure, second))
                if row is None:
                    cells.append(Text(DASH))
                    continue
                kind = outcome(row, alpha)
                cells.append(
                    Comparison(kind, row["difference"], row["rank_biserial"], row["p_holm"])
                )
            labels.append(Arm(first))
            rows.append(tuple(cells))
    header: tuple[Cell, ...] = (Text("Measure"), *(Arm(second) for second in seconds))
    families = comparisons["comparisons"].max() if len(comparisons) else 0
    datasets = comparisons["n"].max() if len(comparisons) else 0
    notes = (
        "A cell compares the arm of its row with the arm of its column on the same "
        f"{_count(int(datasets), 'dataset')}. ▼: its mean is lower, ▲: higher. The number is the "
        "effect (matched-pairs rank-biserial correlation): −1 where it is lower on every dataset, "
        "+1 where it is higher on every one.",
        "p: Wilcoxon's signed-rank test, two-sided, after Holm's correction for the "
        f"{_count(int(families), 'comparison')} of a row's arm. Bold: below {alpha:g}. n.s.: not "
        "significant. few: no result on so few datasets could be significant. mixed: mean and "
        "ranks point in opposite directions.",
    )
    block = Block(
        "comparisons", "Paired comparisons", "Arm", tuple(labels), (Group("", header, tuple(rows)),)
    )
    caption = "What is significant: arms compared on the same datasets"
    return Table("", caption, (replace(block, notes=notes),), (), comparisons)


def equivalence_table(frame: pd.DataFrame) -> Table:
    """Tabulate which arms are equivalent to the true volume.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `fibgap.statistics.equivalence`, with the mean `truth_error` of the same measure
        beside it; it becomes the CSV.

    Returns
    -------
    Table
        One block, "equivalence".
    """
    rows: list[tuple[Cell, ...]] = [
        (
            Heading(row["measure"], arrow=False),
            Arm(row["arm"]),
            Value(row["difference"], signed=True),
            interval_text(row["low"], row["high"]),
            Text(f"± {number(row['margin'])}" if row["margin"] > 0 else DASH),
            Text(p_words(row["p"])),
            Text("yes" if row["equivalent"] else "no", strong=row["equivalent"]),
            Value(row["truth_error"]),
        )
        for row in frame.to_dict("records")
    ]
    baseline, alpha = frame["baseline"].iloc[0], float(frame["alpha"].iloc[0])
    percent = f"{100 * (1 - 2 * alpha):g} %"
    header = ["Measure", "Arm", f"Difference from {TARGET}", f"Interval, {percent}", "Margin", "p"]
    notes = [
        f"Equivalent: the mean difference from {TARGET} is surely smaller than the margin, a tenth "
        f"of the distance from {baseline} to {TARGET}. p: the larger of two one-sided t-tests on "
        f"paired differences; equivalent below {alpha:g}. That an arm is not equivalent does not "
        "prove a difference.",
        "Error against the truth: ε of the same measure, along z. A wrong volume may be as "
        "isotropic as the true one.",
    ]
    full = [*header, "Equivalent", "Error against the truth"]
    block = listing("equivalence", "Equivalence", full, rows, notes)
    return Table("", f"Equivalence with the true volume ({TARGET})", (block,), (), frame)


def names_table(names: pd.DataFrame) -> Table:
    """Tabulate what the names in the tables stand for (columns `name`, `kind`, `stands_for`)."""
    rows: list[tuple[Cell, ...]] = [
        (Arm(row["name"]), Text(row["stands_for"])) for row in names.to_dict("records")
    ]
    block = listing("names", "Names", ["Name", "Stands for"], rows)
    return Table("", "What the names stand for", (block,), (), names)


def win_table(wins: pd.DataFrame) -> Table:
    """Tabulate on how many datasets each arm is the best.

    Parameters
    ----------
    wins : pandas.DataFrame
        From `fibgap.statistics.count_wins`; it becomes the CSV.

    Returns
    -------
    Table
        One block, "wins": a row an arm, a column a measure.
    """
    measures = list(dict.fromkeys(wins["measure"]))
    counts = {(row["arm"], row["measure"]): row for row in wins.to_dict("records")}
    rows: list[tuple[Cell, ...]] = []
    for arm in dict.fromkeys(wins["arm"]):
        cells: list[Cell] = []
        for measure in measures:
            row = counts.get((arm, measure))
            text = f"{row['wins']} of {row['n']}" if row else DASH
            cells.append(Text(text + (f" (+{row['shared']})" if row and row["shared"] else "")))
        rows.append((Arm(str(arm)), *cells))
    notes = ["In brackets: datasets on which the arm shares the first place with others."]
    header = tuple(Heading(measure, arrow=False) for measure in measures)
    group = Group("", header, tuple(row[1:] for row in rows))
    shared = bool((wins["shared"] > 0).any())
    labels = tuple(row[0] for row in rows)
    block = Block("wins", "Wins", "Arm", labels, (group,), tuple(notes if shared else ()))
    caption = "Datasets on which an arm is the best of all"
    return Table("", caption, (block,), (), wins)


def share_table(shares: pd.DataFrame) -> Table:
    """Tabulate how much of the distance to the true volume the arms close.

    Parameters
    ----------
    shares : pandas.DataFrame
        From `fibgap.statistics.closed_shares`; it becomes the CSV.

    Returns
    -------
    Table
        One block, "shares".
    """
    rows: list[tuple[Cell, ...]] = []
    for row in shares.to_dict("records"):
        percent = {key: 100 * row[key] for key in ("share", "low", "high", "paper_share")}
        rows.append(
            (
                Heading(row["measure"], arrow=False),
                Arm(row["arm"]),
                Arm(row["baseline"]),
                Value(percent["share"], decimals=0),
                interval_text(percent["low"], percent["high"], decimals=0),
                Value(percent["paper_share"], decimals=0),
            )
        )
    doubtful = shares[~shares["certain"].astype(bool)]
    notes = [
        f"{column(measure).title}, from {baseline}: that distance itself cannot be told from zero."
        for measure, baseline in dict.fromkeys(
            zip(doubtful["measure"], doubtful["baseline"], strict=True)
        )
    ]
    notes.insert(
        0,
        f"The distance is the difference of the mean errors: at 100 % an arm is as isotropic as "
        f"{TARGET}, at 0 % no better than the classical arm.",
    )
    starts = list(dict.fromkeys(shares["baseline"]))
    if len(starts) > 1:
        notes.append(
            f"Counted from {starts[0]}, and from {' or '.join(starts[1:])} for the measures in "
            f"which its mean comes nearer to that of {TARGET}."
        )
    header = ["Measure", "Arm", "From", "Closed, %", "Interval, %", "Paper, %"]
    block = listing("shares", "Share closed", header, rows, notes)
    caption = f"Share of the distance from a classical arm to {TARGET} that an arm closes"
    return Table("", caption, (block,), (), shares)


def frame_table(
    frame: pd.DataFrame,
    *,
    caption: str,
    headings: Mapping[str, str] | None = None,
    decimals: Mapping[str, int] | None = None,
    footnotes: Sequence[str] = (),
) -> Table:
    """Turn any frame into a table, such as the costs of the steps.

    Parameters
    ----------
    frame : pandas.DataFrame
        The first column holds the labels of the rows.
    caption : str
        What the table shows.
    headings : mapping of str to str, optional
        Headings of columns where their names will not do.
    decimals : mapping of str to int, optional
        Digits after the point of columns of floats, 2 where not given.
    footnotes : sequence of str
        Sentences below the table.

    Returns
    -------
    Table
        One block, "rows".

    Examples
    --------
    >>> frame = pd.DataFrame({"step": ["mill"], "hours": [1.25], "jobs": [3]})
    >>> from fibgap.report.tables.cells import HTML
    >>> [cell.render(HTML) for cell in frame_table(frame, caption="").blocks[0].groups[0].rows[0]]
    ['1.25', '3']
    """
    digits, names = decimals or {}, headings or {}

    def cell(column: str, value: object) -> Cell:
        if isinstance(value, float):
            return Value(value, decimals=digits.get(column, 2))
        if isinstance(value, int):
            return Count(value)
        return Text(DASH if value is None else str(value))

    columns = [str(column) for column in frame.columns]
    rows = [
        tuple(cell(column, value) for column, value in zip(columns, values, strict=True))
        for values in frame.astype(object).itertuples(index=False)
    ]
    header = [names.get(column, column) for column in columns]
    return Table("", caption, (listing("rows", "", header, rows),), tuple(footnotes), frame)
