"""Comparisons of arms over the same datasets."""

import math
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy  # which loads scipy.stats, half a second, when it is first used
from numpy.typing import ArrayLike

from fibgap.errors import InputError
from fibgap.statistics.intervals import DEFAULT, Bootstrap, Floats, Interval, bootstrap_interval
from fibgap.statistics.metrics import by_dataset, column

COMPARISON_COLUMNS = (
    "measure",
    "first",
    "second",
    "n",
    "mean_first",
    "mean_second",
    "difference",
    "low",
    "high",
    "confidence",
    "p",
    "p_holm",
    "comparisons",
    "rank_biserial",
    "wins_first",
    "wins_second",
    "ties",
)


def holm(p_values: ArrayLike) -> Floats:
    """Correct p values for their number by Holm's step-down method.

    Parameters
    ----------
    p_values : (m,) array_like
        Uncorrected p values; NaN stays NaN and does not count.

    Returns
    -------
    (m,) float64
        The k-th smallest p times (m − k + 1), at least as large as those before it, at most 1.

    Notes
    -----
    S. Holm, "A simple sequentially rejective multiple test procedure", 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(p.shape, np.nan)
    defined = np.flatnonzero(~np.isnan(p))
    order = defined[np.argsort(p[defined], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def rank_biserial(differences: ArrayLike) -> float:
    """Return the matched-pairs rank-biserial correlation of paired differences.

    Parameters
    ----------
    differences : (n,) array_like
        First minus second of every pair.

    Returns
    -------
    float
        From −1 (the first is always smaller) to 1 (always larger); 0 if all pairs are equal, NaN
        without pairs.

    Notes
    -----
    (W₊ − W₋) / (W₊ + W₋) with the sums W of the ranks of the absolute nonzero differences
    (D. S. Kerby, "The simple difference formula", 2014).

    Examples
    --------
    Ranks 1, 2, 3 of which 1 is negative: (5 − 1) / 6.

    >>> round(rank_biserial([-1.0, 2.0, 3.0]), 4)
    0.6667
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.size == 0:
        return math.nan
    nonzero = d[d != 0]
    if nonzero.size == 0:
        return 0.0
    ranks = scipy.stats.rankdata(np.abs(nonzero))
    return float((ranks * np.sign(nonzero)).sum() / ranks.sum())


def _signed_rank_p(differences: Floats) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test, 1 where no pair differs."""
    nonzero = differences[differences != 0]
    if nonzero.size == 0:
        return 1.0
    return float(scipy.stats.wilcoxon(nonzero).pvalue)


def _compare(
    first: Floats, second: Floats, *, higher_is_better: bool, interval: Interval
) -> dict[str, object]:
    """Return what `paired_comparisons` says of one pair of arms on n ≥ 1 common datasets."""
    d = first - second
    gain = d if higher_is_better else -d  # positive where the first is better
    return {
        "n": d.size,
        "mean_first": first.mean(),
        "mean_second": second.mean(),
        "difference": d.mean(),
        "low": interval.low,
        "high": interval.high,
        "p": _signed_rank_p(d),
        "rank_biserial": rank_biserial(d),
        "wins_first": int((gain > 0).sum()),
        "wins_second": int((gain < 0).sum()),
        "ties": int((gain == 0).sum()),
    }


def paired_comparisons(
    metrics: pd.DataFrame,
    columns: str | Sequence[str],
    arms: Sequence[str],
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    bootstrap: Bootstrap = DEFAULT,
) -> pd.DataFrame:
    """Compare arms with each other over the datasets that both have.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and the measures.
    columns : str or sequence of str
        The measures. All comparisons of one call are one family for Holm's correction.
    arms : sequence of str
        Arms to compare, every one with every later one.
    pairs : sequence of (str, str), optional
        Compare these pairs of the arms only.
    bootstrap : Bootstrap
        How the interval of the mean difference is made.

    Returns
    -------
    pandas.DataFrame
        One row per measure and pair that has datasets in common: `measure`, `first`, `second`,
        `n` (datasets where both are defined), `mean_first`, `mean_second`, `difference` (first −
        second), `low`, `high`, `confidence`, `p` (Wilcoxon signed rank, two-sided, equal pairs
        left out), `p_holm`, `comparisons` (size of the family), `rank_biserial`, `wins_first`,
        `wins_second`, `ties`.

    Raises
    ------
    InputError
        If a column or an arm is missing, or if a dataset and arm come twice.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {"dataset": [0, 1, 0, 1], "arm": ["A", "A", "B", "B"], "e": [0.4, 0.3, 0.3, 0.1]}
    ... )
    >>> row = paired_comparisons(metrics, "e", ["A", "B"]).iloc[0]
    >>> round(float(row["difference"]), 3), int(row["wins_first"]), int(row["wins_second"])
    (0.15, 0, 2)
    """
    chosen = list(combinations(arms, 2)) if pairs is None else list(pairs)
    for arm in (arm for pair in chosen for arm in pair):
        if arm not in arms:
            raise InputError(f"arm '{arm}' of a pair is not among the arms {', '.join(arms)}.")
    rows: list[dict[str, object]] = []
    for measure in [columns] if isinstance(columns, str) else columns:
        wide = by_dataset(metrics, measure, arms)
        for first, second in chosen:
            both = wide[[first, second]].dropna().to_numpy()
            if not len(both):
                continue
            row = _compare(
                both[:, 0],
                both[:, 1],
                higher_is_better=column(measure).better == "higher",
                interval=bootstrap_interval(both[:, 0] - both[:, 1], bootstrap),
            )
            rows.append({"measure": measure, "first": first, "second": second} | row)
    table = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))
    table["confidence"] = bootstrap.confidence
    table["comparisons"] = len(rows)
    table["p_holm"] = holm(table["p"].to_numpy(dtype=np.float64))
    return table


def untestable(n: int, comparisons: int, alpha: float = 0.05) -> bool:
    """Say whether no outcome on so few datasets could be significant.

    Parameters
    ----------
    n : int
        Datasets.
    comparisons : int
        Size of the family for Holm's correction.
    alpha : float
        Level of significance.

    Returns
    -------
    bool
        Whether the signed-rank test's smallest two-sided p, 2 / 2ⁿ, times the number of
        comparisons is above alpha.

    Examples
    --------
    >>> untestable(5, 1), untestable(6, 1)
    (True, False)
    """
    return comparisons * 2.0 ** (1 - n) > alpha


def outcome(row: Mapping[Hashable, Any], alpha: float = 0.05) -> str:
    """Sort a comparison by what may be said of it.

    Parameters
    ----------
    row : mapping
        A row of `paired_comparisons`.
    alpha : float
        Level of significance for the p value after Holm's correction.

    Returns
    -------
    str
        "equal" on every dataset; "too few" datasets to be significant; "not significant"; "mixed",
        where mean and ranks point in opposite directions; else "better" or "worse", of the first
        arm, or "lower" or "higher" where the column does not judge.
    """
    if row["ties"] == row["n"]:
        return "equal"
    if untestable(row["n"], row["comparisons"], alpha):
        return "too few"
    if row["p_holm"] >= alpha:
        return "not significant"
    if row["difference"] * row["rank_biserial"] <= 0:
        return "mixed"
    lower, better = row["difference"] < 0, column(str(row["measure"])).better
    if better is None:
        return "lower" if lower else "higher"
    return "better" if lower == (better == "lower") else "worse"
