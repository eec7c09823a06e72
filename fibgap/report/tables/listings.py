"""Tables of one row per finding: agreement, comparisons of arms, closed shares, costs."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from fibgap.report.tables.cells import DASH, Arm, Cell, Count, Heading, Text, Value, number
from fibgap.report.tables.layout import Block, Group, Table
from fibgap.statistics import column_words
from fibgap.statistics.verdicts import p_words


def _block(
    key: str,
    title: str,
    header: Sequence[str],
    rows: Sequence[tuple[Cell, ...]],
    notes: Sequence[str] = (),
) -> Block:
    """Return a block of one group; the first cell of a row is its label."""
    group = Group("", tuple(Text(text) for text in header[1:]), tuple(row[1:] for row in rows))
    return Block(key, title, header[0], tuple(row[0] for row in rows), (group,), tuple(notes))


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _interval(low: float, high: float, decimals: int = 4) -> Text:
    if math.isnan(low):
        return Text(DASH)
    return Text(f"{number(low, decimals)} to {number(high, decimals)}")


def agreement_table(
    cells: pd.DataFrame, order: pd.DataFrame, *, footnotes: Sequence[str] = ()
) -> Table:
    """Tabulate the agreement with the published values.

    Parameters
    ----------
    cells : pandas.DataFrame
        From `agreement`; it becomes the CSV.
    order : pandas.DataFrame
        From `ordering`.
    footnotes : sequence of str
        Sentences below the table.

    Returns
    -------
    Table
        Blocks "cells" and, if there are arms to order, "order".
    """
    rows: list[tuple[Cell, ...]] = [
        (
            Arm(row["arm"]),
            Text(row["measure"].removeprefix("anisotropy_").upper()),
            Value(row["mean"], row["sd"]),
            _interval(row["low"], row["high"]),
            Value(row["paper_mean"], row["paper_sd"]),
            Value(row["difference"], signed=True),
            Value(row["margin"]),
            Text(row["verdict"], strong=row["verdict"] in ("higher", "lower")),
        )
        for row in cells.to_dict("records")
    ]
    header = ["Arm", "Measure", "This run", "Interval of the mean", "Paper", "Difference", "Margin"]
    notes = [
        "Agrees: the paper's mean lies in the interval of ours, or the difference is within the "
        "margin, which is 1.96 standard errors (at 95 %) of the difference of two means.",
    ]
    blocks = [_block("cells", "Cell by cell", [*header, "Verdict"], rows, notes)]
    if len(order):
        orders: list[tuple[Cell, ...]] = [
            (
                Text(row["measure"].removeprefix("anisotropy_").upper()),
                Text(row["ours"]),
                Text(row["paper"]),
                Text(f"{row['reversed']} of {row['pairs']}"),
                Count(row["clearly_reversed"]),
            )
            for row in order.to_dict("records")
        ]
        header = ["Measure", "This run", "Paper", "Pairs reversed", "Beyond sampling error"]
        blocks.append(_block("order", "Order of the arms, best first", header, orders))
    caption = "Agreement with the published values"
    return Table("", caption, tuple(blocks), tuple(footnotes), cells)


def comparison_table(
    comparisons: pd.DataFrame, *, alpha: float = 0.05, footnotes: Sequence[str] = ()
) -> Table:
    """Tabulate paired comparisons of arms.

    Parameters
    ----------
    comparisons : pandas.DataFrame
        From `fibgap.statistics.paired_comparisons`; it becomes the CSV.
    alpha : float
        Corrected p values below this are strong.
    footnotes : sequence of str
        Sentences below the table.

    Returns
    -------
    Table
        One block, "comparisons".
    """
    rows: list[tuple[Cell, ...]] = [
        (
            Heading(row["measure"], arrow=False),
            Text(f"{row['first']} − {row['second']}"),
            Value(row["difference"], signed=True),
            _interval(row["low"], row["high"]),
            Text(
                p_words(row["p_holm"]).removeprefix("p ").removeprefix("= "),
                strong=row["p_holm"] < alpha,
            ),
            Value(row["rank_biserial"], decimals=2, signed=True),
            Text(f"{row['wins_first']} : {row['wins_second']}"),
            Count(row["n"]),
        )
        for row in comparisons.to_dict("records")
    ]
    header = ["Measure", "Arms", "Mean difference", "Interval", "p", "Effect", "Wins", "Datasets"]
    notes = [
        "p: Wilcoxon's signed-rank test, two-sided, after Holm's correction for "
        f"{int(comparisons['comparisons'].max())} comparisons; bold below {alpha:g}.",
        "Effect: matched-pairs rank-biserial correlation, from −1 (the first arm is always lower) "
        "to +1. Wins: datasets on which the first : the second arm is better.",
    ]
    block = _block("comparisons", "Paired comparisons", header, rows, notes)
    caption = "Arms compared on the same datasets"
    return Table("", caption, (block,), tuple(footnotes), comparisons)


def win_table(wins: pd.DataFrame, *, footnotes: Sequence[str] = ()) -> Table:
    """Tabulate on how many datasets each arm is the best.

    Parameters
    ----------
    wins : pandas.DataFrame
        From `fibgap.statistics.count_wins`; it becomes the CSV.
    footnotes : sequence of str
        Sentences below the table.

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
    return Table("", caption, (block,), tuple(footnotes), wins)


def share_table(shares: pd.DataFrame, *, footnotes: Sequence[str] = ()) -> Table:
    """Tabulate how much of the distance to the true volume the arms close.

    Parameters
    ----------
    shares : pandas.DataFrame
        From `fibgap.statistics.closed_shares`; it becomes the CSV.
    footnotes : sequence of str
        Sentences below the table.

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
                Value(percent["share"], decimals=0),
                _interval(percent["low"], percent["high"], decimals=0),
                Value(percent["paper_share"], decimals=0),
            )
        )
    doubtful = shares[~shares["certain"].astype(bool)]
    notes = [
        f"{_capital(column_words(measure))}: that distance itself cannot be told from zero."
        for measure in dict.fromkeys(doubtful["measure"])
    ]
    header = ["Measure", "Arm", "Closed, %", "Interval, %", "Paper, %"]
    block = _block("shares", "Share closed", header, rows, notes)
    ways = dict.fromkeys(zip(shares["baseline"], shares["target"], strict=True))
    way = " and ".join(f"from {baseline} to {target}" for baseline, target in ways)
    caption = f"Share of the distance {way} that an arm closes"
    return Table("", caption, (block,), tuple(footnotes), shares)


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
    return Table("", caption, (_block("rows", "", header, rows),), tuple(footnotes), frame)
