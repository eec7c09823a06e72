"""Means and intervals of every point, and the table of them."""

from typing import Any

import pandas as pd

from fibgap.arms import ORIGINAL
from fibgap.sensitivity.plan import FACTORS
from fibgap.statistics import ANISOTROPY_COLUMNS, RESAMPLES, bootstrap_interval
from fibgap.tables.cells import DASH, Arm, Cell, Count, Heading, Text, number
from fibgap.tables.layout import Block, Group, Table

#: What is shown of every point, in this order.
MEASURES = (*ANISOTROPY_COLUMNS, "voxel_error", "voxel_error_all")


def summarise_rows(
    rows: pd.DataFrame,
    *,
    confidence: float = 0.95,
    n_resamples: int = RESAMPLES,
    base_seed: int = 0,
) -> pd.DataFrame:
    """Return mean and interval of every measure at every point for every arm.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `fibgap.sensitivity.rows.collect_rows`.
    confidence, n_resamples, base_seed
        Of the intervals, see `fibgap.statistics.bootstrap_interval`.

    Returns
    -------
    pandas.DataFrame
        Columns `factor`, `value`, `milled_mean_voxels`, `milled_relative_sd`, `arm`, `measure`,
        `n` (datasets where it is defined), `mean`, `sd`, `low`, `high`, `confidence`, in the order
        of the rows. A measure that nobody has is left out, one that an arm lacks is NaN there.
    """
    measures = [name for name in MEASURES if name in rows and rows[name].notna().any()]
    summary: list[dict[str, Any]] = []
    for (factor, value, arm), group in rows.groupby(["factor", "value", "arm"], sort=False):
        milled = {name: group[name].mean() for name in ("milled_mean_voxels", "milled_relative_sd")}
        for measure in measures:
            values = group[measure].dropna()
            interval = bootstrap_interval(
                values.to_numpy(),
                confidence=confidence,
                n_resamples=n_resamples,
                base_seed=base_seed,
            )
            summary.append(
                {
                    "factor": factor,
                    "value": value,
                    **milled,
                    "arm": arm,
                    "measure": measure,
                    "n": len(values),
                    "mean": values.mean(),
                    "sd": values.std(ddof=1),
                    "low": interval.low,
                    "high": interval.high,
                    "confidence": confidence,
                }
            )
    return pd.DataFrame(summary)


def _cell(row: pd.Series) -> Text:
    if not row["n"]:
        return Text(DASH)
    text = number(row["mean"])
    if pd.notna(row["low"]):
        text += f" ({number(row['low'])} to {number(row['high'])})"
    return Text(text)


def _block(factor: str, summary: pd.DataFrame) -> Block:
    """Return the rows of one factor: a point and an arm each, *Original* last."""
    words, scale = FACTORS[factor]
    measures = list(dict.fromkeys(summary["measure"]))
    labels: list[Cell] = []
    rows: list[tuple[Cell, ...]] = []
    for (value, arm), group in summary.groupby(["value", "arm"], sort=False):
        by_measure = group.set_index("measure")
        first = group.iloc[0]
        labels.append(Text(f"{float(str(value)) * scale:g}"))
        rows.append(
            (
                Arm(str(arm)),
                *(_cell(by_measure.loc[measure]) for measure in measures),
                Text(number(first["milled_mean_voxels"], 2)),
                Text(number(100 * first["milled_relative_sd"], 0)),
                Count(int(group["n"].max())),
            )
        )
    header: tuple[Cell, ...] = (
        Text("Arm"),
        *(Heading(measure) for measure in measures),
        Text("Milled mean / voxels"),
        Text("Milled spread / %"),
        Text("Datasets"),
    )
    return Block(factor, words, words, tuple(labels), (Group("", header, tuple(rows)),))


def sensitivity_table(summary: pd.DataFrame) -> Table:
    """Tabulate the errors at every point, one block a factor.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `summarise_rows`; it becomes the CSV.

    Returns
    -------
    Table
        Blocks by the names of the factors.
    """
    blocks = [_block(str(factor), group) for factor, group in summary.groupby("factor", sort=False)]
    percent = 100 * float(summary["confidence"].iloc[0])
    notes = (
        f"Means over datasets, with the {percent:g} % bootstrap interval of the mean in brackets. "
        "One factor is varied at a time. All points and arms share their true volumes, so their "
        "differences are surer than intervals that overlap suggest.",
        f"{ORIGINAL} is the true volume between its first and last slice: what a perfect "
        "reconstruction would reach. An arm on which a factor does not act keeps its value.",
        "Voxel error: share of wrong voxels in the layers that were filled. Where depths are "
        "wrong, known layers are, too: then look at the share in all layers.",
        "Milled: mean and spread of the slices as they came out; slices below the floor of the "
        "thickness are drawn again, which raises the mean and lowers the spread.",
    )
    caption = "Errors against slice thickness and how well it is known"
    return Table("", caption, tuple(blocks), notes, summary)
