"""How far the results agree with the published ones, cell by cell and in the order of the arms."""

import math
from itertools import combinations

import pandas as pd
import scipy.stats

from fibgap.report.tables.cells import number
from fibgap.report.tables.paper import summarise
from fibgap.statistics import RESAMPLES, TARGET, column_words

#: PAPER: Tables S3 and S4 rest on 250 synthetic datasets.
PUBLISHED_DATASETS = 250
#: Below this number of datasets the sentences warn that agreement says little.
FEW_DATASETS = 30


def agreement(
    metrics: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    confidence: float = 0.95,
    n_resamples: int = RESAMPLES,
    base_seed: int = 0,
) -> pd.DataFrame:
    """Compare every published cell with this run.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    reference : pandas.DataFrame
        Published values, see `read_reference`.
    confidence, n_resamples, base_seed
        Of the interval of our mean, see `summarise`.

    Returns
    -------
    pandas.DataFrame
        One row per published cell: `arm`, `measure`, `n`, `mean`, `sd`, `low`, `high`,
        `paper_mean`, `paper_sd`, `difference` (ours − the paper's), `margin`, `verdict`: "agrees",
        "higher" or "lower" (this run against the paper), "undecided" (fewer than two datasets) or
        "not computed" (the arm or measure is not part of this run).

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
    present = set(metrics["arm"])
    arms = [arm for arm in dict.fromkeys(published["arm"]) if arm in present]
    columns = [c for c in dict.fromkeys(published["measure"]) if c in metrics.columns]
    ours = summarise(
        metrics,
        arms,
        columns,
        confidence=confidence,
        n_resamples=n_resamples,
        base_seed=base_seed,
    ).drop(columns="interval")
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
    return cells[[*first, "paper_mean", "paper_sd", "difference", "margin", "verdict"]]


def ordering(cells: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Compare the order of the arms with the published one, measure by measure.

    Parameters
    ----------
    cells : pandas.DataFrame
        From `agreement`.
    confidence : float
        Level at which a difference of two arms counts as clear.

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
    z = float(scipy.stats.norm.ppf((1 + confidence) / 2))
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


def agreement_sentences(cells: pd.DataFrame, order: pd.DataFrame) -> list[str]:
    """Say in words where this run agrees with the paper and where it does not.

    Parameters
    ----------
    cells : pandas.DataFrame
        From `agreement`.
    order : pandas.DataFrame
        From `ordering`.

    Returns
    -------
    list of str
        A count, a warning if there are few datasets, one sentence per cell that does not agree,
        one per measure about the order.
    """
    decided = cells[cells["verdict"].isin(["agrees", "higher", "lower"])]
    agreeing = int((decided["verdict"] == "agrees").sum())
    sentences = [f"{agreeing} of {len(decided)} published values agree with this run."]
    if not len(decided):
        sentences = ["No published value can be judged from this run."]
    missing = int((cells["verdict"] == "not computed").sum())
    if missing:
        sentences[0] += f" {missing} more belong to arms that this run leaves out."
    n = int(cells["n"].max()) if len(cells) else 0
    if 0 < n < FEW_DATASETS:
        sentences.append(
            f"With {n} dataset{'' if n == 1 else 's'} the margins are wide: agreement only means "
            "that no larger difference showed."
        )
    for row in decided[decided["verdict"] != "agrees"].to_dict("records"):
        sentences.append(
            f"{row['arm']}, {column_words(row['measure'])}: {number(row['mean'])} is "
            f"{row['verdict']} than the paper's {number(row['paper_mean'])} by "
            f"{number(abs(row['difference']))}, beyond the margin of {number(row['margin'])}."
        )
    for row in order.to_dict("records"):
        words = column_words(row["measure"])
        if row["same"]:
            sentences.append(f"Order by {words}: as in the paper, {row['ours']}.")
            continue
        clear = row["clearly_reversed"]
        sentences.append(
            f"Order by {words}: {row['ours']}, in the paper {row['paper']}; pairs reversed: "
            f"{row['reversed']} of {row['pairs']}, beyond sampling error: {clear}."
        )
    return sentences
