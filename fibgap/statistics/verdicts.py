"""What the comparisons allow to say, in plain English."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from fibgap.statistics.metrics import column_words


def p_words(p: float) -> str:
    """Write a p value as people read it.

    Parameters
    ----------
    p : float
        Between 0 and 1.

    Returns
    -------
    str
        With the relation sign.

    Examples
    --------
    >>> p_words(0.0312), p_words(1e-9)
    ('p = 0.031', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}" if p < 0.01 else f"p = {p:.3f}"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _number(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")


def _datasets(n: int) -> str:
    return "1 dataset" if n == 1 else f"{n} datasets"


def _listed(parts: Sequence[str]) -> str:
    """Join with commas and a final "and"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _untestable(row: Mapping[Hashable, Any], alpha: float) -> bool:
    """Say whether no outcome on so few datasets could have been significant."""
    # The signed-rank test's smallest two-sided p is 2 / 2ⁿ, which Holm multiplies by the number of
    # comparisons if it is the smallest of all.
    return bool(row["comparisons"] * 2.0 ** (1 - row["n"]) > alpha)


def _wins(row: Mapping[Hashable, Any]) -> str:
    return f"better on {row['wins_first']} of {row['n']}"


def _kind(row: Mapping[Hashable, Any], alpha: float) -> str:
    """Sort a comparison by what may be said of it."""
    if row["ties"] == row["n"]:
        return "equal"
    if _untestable(row, alpha):
        return "too few"
    if row["p_holm"] >= alpha:
        return "not significant"
    if row["difference"] * row["rank_biserial"] <= 0:
        return "mixed"
    return "lower" if row["difference"] < 0 else "higher"


def _clause(kind: str, rows: Sequence[Mapping[Hashable, Any]]) -> str:
    """Put all comparisons of one arm that ended alike into a clause."""
    names = _listed([str(row["second"]) for row in rows])
    if kind in ("lower", "higher"):
        parts = [
            f"{row['second']} (by {_number(abs(row['difference']))}, {_wins(row)})" for row in rows
        ]
        return f"is significantly {kind} than {_listed(parts)}"
    if kind == "not significant":
        lowest = p_words(min(row["p_holm"] for row in rows))
        return (
            f"does not differ significantly from {names} ({lowest}{' or more' * (len(rows) > 1)})"
        )
    if kind == "mixed":
        return (
            f"differs significantly from {names}, but its mean and most of the datasets point in "
            "opposite directions"
        )
    if kind == "too few":
        parts = [f"{row['second']} ({_wins(row)})" for row in rows]
        return f"cannot be compared on so few datasets with {_listed(parts)}"
    return f"equals {names} on every dataset"


def share_sentences(shares: pd.DataFrame) -> list[str]:
    """Say how much of the way to the true volume each arm goes.

    Parameters
    ----------
    shares : pandas.DataFrame
        From `closed_shares`.

    Returns
    -------
    list of str
        One sentence per measure and arm.

    Examples
    --------
    >>> from fibgap.statistics import closed_shares
    >>> metrics = pd.DataFrame(
    ...     {"dataset": [0, 0, 0], "arm": ["Original", "A", "B"], "dice": [0.1, 0.5, 0.2]}
    ... )
    >>> share_sentences(closed_shares(metrics, ["dice"], ["B"], "A"))
    ['Dice coefficient: B closes 75 % of the distance from A to Original (no interval).']
    """
    sentences = []
    for row in shares.to_dict("records"):
        words = _capital(column_words(row["measure"]))
        way = f"the distance from {row['baseline']} to {row['target']}"
        if math.isnan(row["share"]):
            sentences.append(f"{words}: {way} is not positive, so there is nothing to close.")
            continue
        interval = "no interval"
        percent = {
            key: f"{100 * row[key]:.0f}".replace("-", "−")
            for key in ("share", "low", "high", "paper_share")
        }
        if not math.isnan(row["low"]):
            interval = f"{100 * row['confidence']:g} % interval {percent['low']} to "
            interval += f"{percent['high']} %"
        published = ""
        if not math.isnan(row["paper_share"]):
            published = f"; the published means give {percent['paper_share']} %"
        doubt = ""
        if not (row["certain"] or math.isnan(row["low"])):
            doubt = "; that distance itself cannot be told from zero"
        sentences.append(
            f"{words}: {row['arm']} closes {percent['share']} % of {way} "
            f"({interval}{published}{doubt})."
        )
    return sentences


def verdicts(comparisons: pd.DataFrame, *, alpha: float = 0.05) -> list[str]:
    """Say which differences between arms are significant and which are not.

    Parameters
    ----------
    comparisons : pandas.DataFrame
        From `paired_comparisons`.
    alpha : float
        Level of significance for the p values after Holm's correction.

    Returns
    -------
    list of str
        One sentence per measure and first arm, in the order given, preceded by a warning if the
        datasets are too few for any difference to be significant.

    Examples
    --------
    >>> from fibgap.statistics import paired_comparisons
    >>> metrics = pd.DataFrame(
    ...     {"dataset": [0, 1, 0, 1], "arm": ["A", "A", "B", "B"], "dice": [0.9, 0.8, 0.8, 0.7]}
    ... )
    >>> for sentence in verdicts(paired_comparisons(metrics, "dice", ["A", "B"])):
    ...     print(sentence)
    No difference can be significant with 2 datasets: the smallest p value is 0.5.
    Dice coefficient: A cannot be compared on so few datasets with B (better on 2 of 2).
    """
    rows = comparisons.to_dict("records")
    sentences = []
    if rows and all(_untestable(row, alpha) for row in rows):
        most = max(row["n"] for row in rows)
        floor = min(1.0, len(rows) * 2.0 ** (1 - most))
        among = f" in {len(rows)} comparisons" if len(rows) > 1 else ""
        sentences.append(
            f"No difference can be significant with {_datasets(most)}{among}: "
            f"the smallest p value is {floor:g}."
        )
    for measure, first in dict.fromkeys((row["measure"], row["first"]) for row in rows):
        group = [row for row in rows if (row["measure"], row["first"]) == (measure, first)]
        kinds = ("lower", "higher", "mixed", "not significant", "equal", "too few")
        sorted_rows = {kind: [row for row in group if _kind(row, alpha) == kind] for kind in kinds}
        clauses = [_clause(kind, of_kind) for kind, of_kind in sorted_rows.items() if of_kind]
        sentences.append(f"{_capital(column_words(measure))}: {first} {'; it '.join(clauses)}.")
    return sentences
