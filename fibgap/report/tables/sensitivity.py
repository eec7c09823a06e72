"""The table of the sensitivity study."""

import pandas as pd

from fibgap.arms import ORIGINAL
from fibgap.experiment.sensitivity.plan import FACTORS
from fibgap.report.tables.cells import DASH, Arm, Cell, Count, Heading, Text, number
from fibgap.report.tables.layout import Block, Group, Table
from fibgap.statistics import column


def _cell(row: pd.Series) -> Text:
    if not row["n"]:
        return Text(DASH)
    decimals = column(str(row.name)).decimals
    text = number(row["mean"], decimals)
    if pd.notna(row["low"]):
        text += f" ({number(row['low'], decimals)} to {number(row['high'], decimals)})"
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
        "Voxel error: share of misclassified voxels in the layers that were filled. Where depths "
        "are wrong, known layers are, too: then look at the share in all layers.",
        "Milled: mean and spread of the slices as they came out; slices below the floor of the "
        "thickness are drawn again, which raises the mean and lowers the spread.",
    )
    caption = "Errors against slice thickness and how well it is known"
    return Table("", caption, tuple(blocks), notes, summary)
