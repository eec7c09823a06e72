"""Tables in the shape of the published ones: arms by measures, the paper's values beside ours."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.report.tables.cells import Arm, Heading, Value
from fibgap.report.tables.layout import Block, Group, Table
from fibgap.statistics import (
    TARGET,
    Bootstrap,
    anisotropy_columns,
    by_dataset,
    column,
    describe,
    measured,
    truth_columns,
)
from fibgap.statistics.intervals import DEFAULT

#: Heading of the first column, as in the paper.
STUB = "Dataset name"


def mark_best(frame: pd.DataFrame) -> pd.Series:
    """Mark the best arm of every measure, the true volume aside.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns `arm`, `measure`, `mean`.

    Returns
    -------
    pandas.Series of bool
        Aligned with the rows. Means that print alike share the mark. All False for a measure that
        does not judge or where fewer than two arms are defined.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {"arm": ["Original", "A", "B"], "measure": "dice", "mean": [1.0, 0.8, 0.9]}
    ... )
    >>> mark_best(frame).tolist()
    [False, False, True]
    """
    best = pd.Series(False, index=frame.index)
    rivals = frame[(frame["arm"] != TARGET) & frame["mean"].notna()]
    for measure, rows in rivals.groupby("measure"):
        known = column(str(measure))
        if known.better is None or len(rows) < 2:
            continue
        means = rows["mean"].round(known.decimals)
        winner = means.max() if known.better == "higher" else means.min()
        best[means.index[means == winner]] = True
    return best


def paper_frame(
    metrics: pd.DataFrame,
    arms: Sequence[str],
    *,
    reference: pd.DataFrame | None = None,
    bootstrap: Bootstrap = DEFAULT,
) -> pd.DataFrame:
    """Summarise all errors over datasets, with the published values beside ours.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and the measures.
    arms : sequence of str
        What to summarise, in this order.
    reference : pandas.DataFrame, optional
        Published values, see `fibgap.experiment.reference.read_reference`. Measure "tpcf" belongs
        to "anisotropy_tpcf".
    bootstrap : Bootstrap
        How the intervals of the means are made.

    Returns
    -------
    pandas.DataFrame
        One row per block ("anisotropy", "truth"), arm and measure that has a value somewhere:
        `block`, `arm`, `measure`, `n` (datasets where it is defined), `mean`, `sd` (n − 1 in the
        denominator), `low`, `high`, `interval` (its method), `best`, `paper_mean`, `paper_sd`,
        `difference` (ours − the paper's), `confidence`.

    Raises
    ------
    InputError
        If no arm is given, if no measure has a value, or if an arm is missing.
    """
    if not arms:
        raise InputError("a table needs an arm, but none is given.")
    blocks = {
        "anisotropy": measured(metrics, anisotropy_columns()),
        "truth": measured(metrics, truth_columns()),
    }
    rows = []
    for block, measures in blocks.items():
        wide = {measure: by_dataset(metrics, measure, arms) for measure in measures}
        for arm in arms:
            for measure in measures:
                numbers = describe(wide[measure][arm], bootstrap)
                rows.append({"block": block, "arm": arm, "measure": measure, **numbers})
    if not rows:
        raise InputError("none of the measures has a value to tabulate.")
    frame = pd.DataFrame(rows)
    frame["best"] = mark_best(frame)
    published = pd.DataFrame({"arm": [], "measure": [], "mean": [], "sd": []})
    if reference is not None:
        published = reference.assign(measure="anisotropy_" + reference["measure"])
    published = published.rename(columns={"mean": "paper_mean", "sd": "paper_sd"})
    frame = frame.merge(published, how="left", on=["arm", "measure"], validate="many_to_one")
    frame["difference"] = frame["mean"] - frame["paper_mean"]
    return frame.assign(confidence=bootstrap.confidence)


def select_arms(frame: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """Return the rows of some arms, in this order, the best among them marked anew.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `paper_frame`.
    arms : sequence of str
        Arms of the frame.

    Returns
    -------
    pandas.DataFrame
        Blocks in which none of these arms has a value are left out.

    Raises
    ------
    InputError
        If an arm is missing.
    """
    for arm in arms:
        if arm not in set(frame["arm"]):
            raise InputError(f"the metrics have no rows of the arm '{arm}'.")
    order = {arm: position for position, arm in enumerate(arms)}
    chosen = frame[frame["arm"].isin(arms)]
    parts = [
        part.sort_values("arm", key=lambda arm: arm.map(order), kind="stable")
        for _, part in chosen.groupby("block", sort=False)
        if part["n"].any()
    ]
    selected = pd.concat(parts or [chosen], ignore_index=True)
    return selected.assign(best=mark_best(selected))


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
                decimals=column(name).decimals,
                signed=spreads is None,
                strong=bool(strong[i, j]),
            )
            for j, name in enumerate(columns)
        )
        for i in range(len(arms))
    )


def _counts(frame: pd.DataFrame) -> str:
    """Say over how many datasets, with the exceptions."""
    n = int(frame["n"].max())
    fewer = frame[(frame["n"] > 0) & (frame["n"] < n)]
    exceptions = [
        f"{arm}, {column(measure).words}: {count}"
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
    header = tuple(Heading(name) for name in columns)
    groups = [Group("This run", header, _cells(frame, arms, columns, "mean", "sd"))]
    notes = [_note(frame)]
    if frame["paper_mean"].notna().any():
        paper = _cells(frame, arms, columns, "paper_mean", "paper_sd")
        difference = _cells(frame, arms, columns, "difference", None)
        plain = tuple(Heading(name, arrow=False) for name in columns)
        groups += [Group("Paper", header, paper), Group("Difference", plain, difference)]
        notes.append("Difference: this run minus the paper.")
    labels = tuple(Arm(arm, label=True) for arm in arms)
    return Block("anisotropy", "Anisotropy errors", STUB, labels, tuple(groups), tuple(notes))


def _truth_block(frame: pd.DataFrame, arms: Sequence[str], columns: Sequence[str]) -> Block:
    """Return the errors along z, those of the filled layers, and what is of the whole volume."""
    titles = dict.fromkeys(column(name).of for name in columns)
    together = {title: [name for name in columns if column(name).of == title] for title in titles}
    groups = [
        Group(title, tuple(map(Heading, of)), _cells(frame, arms, of, "mean", "sd"))
        for title, of in together.items()
    ]
    notes = (
        _note(frame),
        "ε compares a measure along z with that of the true volume; a dash stands where a value "
        "is undefined.",
    )
    labels = tuple(Arm(arm) for arm in arms)
    return Block("truth", "Errors against the truth", STUB, labels, tuple(groups), notes)


def paper_table(
    frame: pd.DataFrame, *, name: str = "", caption: str = "", footnotes: Sequence[str] = ()
) -> Table:
    """Arrange arms by measures, with the published values beside ours.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `paper_frame` or `select_arms`; it becomes the CSV.
    name : str
        Short name, such as "S3".
    caption : str
        What the table shows, without its name.
    footnotes : sequence of str
        Sentences below the table.

    Returns
    -------
    Table
        Blocks "anisotropy" and "truth", as far as the frame has them.
    """
    builders = {"anisotropy": _anisotropy_block, "truth": _truth_block}
    blocks = []
    for key, part in frame.groupby("block", sort=False):
        arms, columns = (list(dict.fromkeys(part[of])) for of in ("arm", "measure"))
        blocks.append(builders[str(key)](part, arms, columns))
    return Table(name, caption, tuple(blocks), tuple(footnotes), frame)
