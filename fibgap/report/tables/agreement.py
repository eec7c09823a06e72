"""How far the results agree with the published ones, cell by cell and in the order of the arms."""

import math
from itertools import combinations

import pandas as pd
import scipy  # which loads scipy.stats, half a second, when it is first used

from fibgap.report.tables.cells import Arm, Cell, Count, Text, Value, interval_text
from fibgap.report.tables.layout import Table, listing
from fibgap.statistics import TARGET, column

#: PAPER: Tables S3 and S4 rest on 250 synthetic datasets.
PUBLISHED_DATASETS = 250


def agreement(frame: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Compare every published cell with this run.

    Parameters
    ----------
    frame : pandas.DataFrame
        This run's means with their intervals, see `fibgap.report.tables.paper_frame`.
    reference : pandas.DataFrame
        Published values, see `fibgap.experiment.reference.read_reference`.

    Returns
    -------
    pandas.DataFrame
        One row per published cell: `arm`, `measure`, `n`, `mean`, `sd`, `low`, `high`,
        `paper_mean`, `paper_sd`, `difference` (ours − the paper's), `margin`, `verdict`: "agrees",
        "higher" or "lower" (this run against the paper), "undecided" (fewer than two datasets) or
        "not computed" (the arm or measure is not part of this run); `confidence`.

    Notes
    -----
    A cell agrees if the paper's mean lies in the interval of our mean, or if the difference is no
    larger than the margin z √(sd² / n + sd_paper² / 250), with z = 1.96 at 95 %. The first takes
    the paper's mean as exact and ours as it is distributed, the second allows for the sampling
    error of both. Datasets differ between the two, so nothing is paired. With few datasets the
    margin is wide and agreement says little: the margin is printed beside it for that reason.
    """
    published = reference.assign(measure="anisotropy_" + reference["measure"])
    published = published.rename(columns={"mean": "paper_mean", "sd": "paper_sd"})
    confidence = float(frame["confidence"].iloc[0])
    ours = frame[["arm", "measure", "n", "mean", "sd", "low", "high"]]
    cells = published.merge(ours, how="left", on=["arm", "measure"])
    cells["n"] = cells["n"].fillna(0).astype(int)
    cells["difference"] = cells["mean"] - cells["paper_mean"]
    z = float(scipy.stats.norm.ppf((1 + confidence) / 2))
    variance = cells["sd"] ** 2 / cells["n"].clip(lower=1)
    variance += cells["paper_sd"] ** 2 / PUBLISHED_DATASETS
    cells["margin"] = z * variance**0.5
    within = (cells["low"] <= cells["paper_mean"]) & (cells["paper_mean"] <= cells["high"])
    agrees = within | (cells["difference"].abs() <= cells["margin"])
    cells["verdict"] = agrees.map({True: "agrees", False: "higher"})
    cells.loc[~agrees & (cells["difference"] < 0), "verdict"] = "lower"
    cells.loc[cells["n"] < 2, "verdict"] = "undecided"
    cells.loc[cells["n"] == 0, "verdict"] = "not computed"
    first = ["arm", "measure", "n", "mean", "sd", "low", "high"]
    cells = cells[[*first, "paper_mean", "paper_sd", "difference", "margin", "verdict"]]
    return cells.assign(confidence=confidence)


def ordering(cells: pd.DataFrame) -> pd.DataFrame:
    """Compare the order of the arms with the published one, measure by measure.

    Parameters
    ----------
    cells : pandas.DataFrame
        From `agreement`.

    Returns
    -------
    pandas.DataFrame
        One row per measure with at least two arms in this run: `measure`, `paper`, `ours` (arms
        from best to worst, joined by " < "), `same`, `pairs`, `reversed` (pairs in the other
        order), `clearly_reversed` (those where both differences exceed their sampling errors).

    Notes
    -----
    A difference is clear if it exceeds z √((sd₁² + sd₂²) / n), as if the arms had been measured on
    different datasets: they were not, so this errs on the side of calling a reversal unclear.
    """
    z = float(scipy.stats.norm.ppf((1 + float(cells["confidence"].max())) / 2))
    rows = []
    for measure in dict.fromkeys(cells["measure"]):
        of_measure = cells[(cells["measure"] == measure) & (cells["arm"] != TARGET)]
        arms = of_measure[of_measure["n"] > 0].to_dict("records")
        if len(arms) < 2:
            continue
        pairs = list(combinations(arms, 2))
        turned, clearly = 0, 0
        for a, b in pairs:
            paper, ours = a["paper_mean"] - b["paper_mean"], a["mean"] - b["mean"]
            if paper * ours >= 0:
                continue
            turned += 1
            paper_error = z * math.hypot(a["paper_sd"], b["paper_sd"]) / PUBLISHED_DATASETS**0.5
            our_error = z * math.hypot(a["sd"] / a["n"] ** 0.5, b["sd"] / b["n"] ** 0.5)
            clearly += abs(paper) > paper_error and abs(ours) > our_error
        by_paper = [row["arm"] for row in sorted(arms, key=lambda row: row["paper_mean"])]
        by_ours = [row["arm"] for row in sorted(arms, key=lambda row: row["mean"])]
        rows.append(
            {
                "measure": measure,
                "paper": " < ".join(by_paper),
                "ours": " < ".join(by_ours),
                "same": by_paper == by_ours,
                "pairs": len(pairs),
                "reversed": turned,
                "clearly_reversed": clearly,
            }
        )
    columns = ["measure", "paper", "ours", "same", "pairs", "reversed", "clearly_reversed"]
    return pd.DataFrame(rows, columns=columns)


def agreement_table(cells: pd.DataFrame) -> Table:
    """Tabulate the agreement with the published values.

    Parameters
    ----------
    cells : pandas.DataFrame
        From `agreement`; it becomes the CSV.

    Returns
    -------
    Table
        Blocks "cells" and, if there are arms to order, "order".
    """
    rows: list[tuple[Cell, ...]] = [
        (
            Arm(row["arm"]),
            Text(column(row["measure"]).measure),
            Value(row["mean"], row["sd"]),
            interval_text(row["low"], row["high"]),
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
    blocks = [listing("cells", "Cell by cell", [*header, "Verdict"], rows, notes)]
    order = ordering(cells)
    if len(order):
        orders: list[tuple[Cell, ...]] = [
            (
                Text(column(row["measure"]).measure),
                Text(row["ours"]),
                Text(row["paper"]),
                Text(f"{row['reversed']} of {row['pairs']}"),
                Count(row["clearly_reversed"]),
            )
            for row in order.to_dict("records")
        ]
        header = ["Measure", "This run", "Paper", "Pairs reversed", "Beyond sampling error"]
        blocks.append(listing("order", "Order of the arms, best first", header, orders))
    caption = "Agreement with the published values"
    return Table("", caption, tuple(blocks), (), cells)
