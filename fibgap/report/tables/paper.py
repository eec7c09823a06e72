"""Tables in the shape of the published ones: arms by measures, the paper's values beside ours."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.report.tables.cells import Arm, Heading, Value
from fibgap.report.tables.layout import Block, Group, Table
from fibgap.statistics import (
    ANISOTROPY_COLUMNS,
    HIGHER_IS_BETTER,
    RESAMPLES,
    TARGET,
    TRUTH_COLUMNS,
    bootstrap_interval,
    by_dataset,
    column_words,
)
from fibgap.statistics.metrics import NEITHER_IS_BETTER, OF_FILLED_LAYERS

#: Heading of the first column, as in the paper.
STUB = "Dataset name"


def summarise(
    metrics: pd.DataFrame,
    arms: Sequence[str],
    columns: Sequence[str],
    *,
    confidence: float = 0.95,
    n_resamples: int = RESAMPLES,
    base_seed: int = 0,
) -> pd.DataFrame:
    """Summarise measures over datasets.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and the measures.
    arms, columns : sequence of str
        What to summarise, in this order.
    confidence, n_resamples, base_seed
        Of the interval of the mean, see `fibgap.statistics.bootstrap_interval`.

    Returns
    -------
    pandas.DataFrame
        One row per arm and measure: `arm`, `measure`, `n` (datasets where it is defined), `mean`,
        `sd` (n − 1 in the denominator), `low`, `high`, `interval` (its method).

    Raises
    ------
    InputError
        If a column or an arm is missing, or if a dataset and arm come twice.

    Examples
    --------
    >>> metrics = pd.DataFrame({"dataset": [0, 1], "arm": ["A", "A"], "dice": [0.5, 0.7]})
    >>> summarise(metrics, ["A"], ["dice"])[["n", "mean", "sd"]].round(4).values.tolist()
    [[2.0, 0.6, 0.1414]]
    """
    rows = []
    for column in columns:
        wide = by_dataset(metrics, column, arms)
        for arm in arms:
            values = wide[arm].dropna().to_numpy()
            interval = bootstrap_interval(
                values, confidence=confidence, n_resamples=n_resamples, base_seed=base_seed
            )
            rows.append(
                {
                    "arm": arm,
                    "measure": column,
                    "n": values.size,
                    "mean": float(values.mean()) if values.size else math.nan,
                    "sd": float(values.std(ddof=1)) if values.size > 1 else math.nan,
                    "low": interval.low,
                    "high": interval.high,
                    "interval": interval.method,
                }
            )
    keys = ["arm", "measure", "n", "mean", "sd", "low", "high", "interval"]
    summary = pd.DataFrame(rows, columns=keys)
    summary = summary.astype({"n": int} | dict.fromkeys(["mean", "sd", "low", "high"], float))
    order = {arm: position for position, arm in enumerate(arms)}
    return summary.sort_values(
        "arm", key=lambda arm: arm.map(order), kind="stable", ignore_index=True
    )


def mark_best(summary: pd.DataFrame, decimals: int = 4) -> pd.Series:
    """Mark the best arm of every measure, the true volume aside.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `summarise`.
    decimals : int
        Means that print alike share the mark.

    Returns
    -------
    pandas.Series of bool
        Aligned with the rows of `summary`. All False for a measure that does not judge or where
        fewer than two arms are defined.

    Examples
    --------
    >>> summary = pd.DataFrame(
    ...     {"arm": ["Original", "A", "B"], "measure": "dice", "mean": [1.0, 0.8, 0.9]}
    ... )
    >>> mark_best(summary).tolist()
    [False, False, True]
    """
    best = pd.Series(False, index=summary.index)
    rivals = summary[(summary["arm"] != TARGET) & summary["mean"].notna()]
    for measure, rows in rivals.groupby("measure"):
        if measure in NEITHER_IS_BETTER or len(rows) < 2:
            continue
        means = rows["mean"].round(decimals)
        winner = means.max() if measure in HIGHER_IS_BETTER else means.min()
        best[means.index[means == winner]] = True
    return best


def _cells(
    frame: pd.DataFrame, arms: Sequence[str], columns: Sequence[str], mean: str, sd: str | None
) -> tuple[tuple[Value, ...], ...]:
    """Arrange a mean, and its sd or a sign, as arms by columns."""

    def values(of: str) -> NDArray[np.float64]:
        wide = frame.pivot(index="arm", columns="measure", values=of)
        return wide.loc[list(arms), list(columns)].to_numpy(dtype=np.float64)

    means, spreads = values(mean), None if sd is None else values(sd)
    strong = values("best") if mean == "mean" else np.zeros_like(means)
    return tuple(
        tuple(
            Value(
                float(means[i, j]),
                None if spreads is None else float(spreads[i, j]),
                signed=spreads is None,
                strong=bool(strong[i, j]),
            )
            for j in range(len(columns))
        )
        for i in range(len(arms))
    )


def _counts(summary: pd.DataFrame) -> str:
    """Say over how many datasets, with the exceptions."""
    n = int(summary["n"].max())
    fewer = summary[(summary["n"] > 0) & (summary["n"] < n)]
    exceptions = [
        f"{arm}, {column_words(measure)}: {count}"
        for arm, measure, count in zip(fewer["arm"], fewer["measure"], fewer["n"], strict=True)
    ]
    count = f"{n} dataset{'' if n == 1 else 's'}"
    return f"{count} ({'; '.join(exceptions)})" if exceptions else count


def _note(frame: pd.DataFrame) -> str:
    """Say what a cell shows and what is strong."""
    best = f" Bold: the best arm of a column, {TARGET} aside." if frame["best"].any() else ""
    return f"Mean ± standard deviation over {_counts(frame)}.{best}"


def _anisotropy_block(frame: pd.DataFrame, arms: Sequence[str], columns: Sequence[str]) -> Block:
    """Return our values, and where there are any the paper's and the difference."""
    header = tuple(Heading(column) for column in columns)
    groups = [Group("This run", header, _cells(frame, arms, columns, "mean", "sd"))]
    notes = [_note(frame)]
    if frame["paper_mean"].notna().any():
        paper = _cells(frame, arms, columns, "paper_mean", "paper_sd")
        difference = _cells(frame, arms, columns, "difference", None)
        plain = tuple(Heading(column, arrow=False) for column in columns)
        groups += [Group("Paper", header, paper), Group("Difference", plain, difference)]
        notes.append("Difference: this run minus the paper.")
    labels = tuple(Arm(arm, label=True) for arm in arms)
    return Block("anisotropy", "Anisotropy errors", STUB, labels, tuple(groups), tuple(notes))


def _truth_block(frame: pd.DataFrame, arms: Sequence[str], columns: Sequence[str]) -> Block:
    """Return the errors along z, those of the filled layers, and what is of the whole volume."""
    along = [column for column in columns if column.startswith("truth_")]
    filled = [column for column in columns if column in OF_FILLED_LAYERS]
    whole = [column for column in columns if column not in (*along, *filled)]
    titled = (("Along z", along), ("Filled layers", filled), ("Whole volume", whole))
    groups = [
        Group(title, tuple(map(Heading, of)), _cells(frame, arms, of, "mean", "sd"))
        for title, of in titled
        if of
    ]
    notes = (
        _note(frame),
        "ε compares a measure along z with that of the true volume; a dash stands where a value "
        "is undefined.",
    )
    labels = tuple(Arm(arm) for arm in arms)
    return Block("truth", "Errors against the truth", STUB, labels, tuple(groups), notes)


def build_table(
    name: str,
    metrics: pd.DataFrame,
    arms: Sequence[str],
    *,
    reference: pd.DataFrame | None = None,
    caption: str = "",
    footnotes: Sequence[str] = (),
    columns: Sequence[str] = ANISOTROPY_COLUMNS,
    truth_columns: Sequence[str] = TRUTH_COLUMNS,
    confidence: float = 0.95,
    n_resamples: int = RESAMPLES,
    base_seed: int = 0,
) -> Table:
    """Build a table of arms by measures, with the published values beside ours.

    Parameters
    ----------
    name : str
        Short name, such as "S3".
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and the measures.
    arms : sequence of str
        Rows of the table, from top to bottom.
    reference : pandas.DataFrame, optional
        Published values, see `read_reference`. Measure "tpcf" belongs to "anisotropy_tpcf".
    caption : str
        What the table shows, without its name.
    footnotes : sequence of str
        Sentences below the table.
    columns : sequence of str
        Measures of the first block, "anisotropy".
    truth_columns : sequence of str
        Measures of the second block, "truth", which is left out where none of them is defined.
    confidence, n_resamples, base_seed
        Of the intervals, see `summarise`.

    Returns
    -------
    Table
        Its `data` has one row per block, arm and measure: `table`, `block`, `arm`, `measure`, `n`,
        `mean`, `sd`, `low`, `high`, `interval`, `best`, `paper_mean`, `paper_sd`, `difference`
        (ours − the paper's).

    Raises
    ------
    InputError
        If no arm is given, or if a column or an arm is missing.
    """
    if not arms:
        raise InputError(f"table {name} has no arms.")
    summary = partial(
        summarise, confidence=confidence, n_resamples=n_resamples, base_seed=base_seed
    )
    known = [column for column in truth_columns if column in metrics.columns]
    parts = {"anisotropy": columns, "truth": known}
    frames = []
    for block, measures in parts.items():
        if not measures:
            continue
        frame = summary(metrics, arms, measures)
        frame.insert(0, "block", block)
        frame["best"] = mark_best(frame)
        frames.append(frame)
    data = pd.concat([frame for frame in frames if frame["n"].any()] or frames[:1])
    data.insert(0, "table", name)
    published = pd.DataFrame({"arm": [], "measure": [], "mean": [], "sd": []})
    if reference is not None:
        published = reference.assign(measure="anisotropy_" + reference["measure"])
    published = published.rename(columns={"mean": "paper_mean", "sd": "paper_sd"})
    data = data.merge(published, how="left", on=["arm", "measure"], validate="many_to_one")
    data["difference"] = data["mean"] - data["paper_mean"]
    blocks = []
    for key, measures in parts.items():
        frame = data[data["block"] == key]
        if len(frame):
            build = _truth_block if key == "truth" else _anisotropy_block
            blocks.append(build(frame, arms, measures))
    return Table(name, caption, tuple(blocks), tuple(footnotes), data.reset_index(drop=True))
