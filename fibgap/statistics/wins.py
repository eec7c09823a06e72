"""On how many datasets each arm is the best of all."""

from collections.abc import Collection, Sequence

import pandas as pd

from fibgap.statistics.metrics import HIGHER_IS_BETTER, by_dataset, column_words


def count_wins(
    metrics: pd.DataFrame,
    columns: Sequence[str],
    arms: Sequence[str],
    *,
    higher_is_better: Collection[str] = HIGHER_IS_BETTER,
) -> pd.DataFrame:
    """Count the datasets on which each arm is the best of all arms.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and the measures.
    columns : sequence of str
        The measures.
    arms : sequence of str
        Arms that compete; one without any value of a measure does not compete there.
    higher_is_better : collection of str
        Columns where the larger value wins.

    Returns
    -------
    pandas.DataFrame
        One row per measure and competing arm: `measure`, `arm`, `wins` (datasets where it is
        strictly best), `shared` (datasets where it is best together with others), `n` (datasets
        where all competing arms have a value).

    Raises
    ------
    InputError
        If a column or an arm is missing, or if a dataset and arm come twice.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {"dataset": [0, 1, 0, 1], "arm": ["A", "A", "B", "B"], "e": [0.4, 0.1, 0.3, 0.1]}
    ... )
    >>> count_wins(metrics, ["e"], ["A", "B"])[["arm", "wins", "shared", "n"]].values.tolist()
    [['A', 0, 1, 2], ['B', 1, 1, 2]]
    """
    rows = []
    for measure in columns:
        wide = by_dataset(metrics, measure, arms).dropna(axis="columns", how="all").dropna()
        best = wide.max(axis=1) if measure in higher_is_better else wide.min(axis=1)
        is_best = wide.eq(best, axis=0)
        alone = is_best.sum(axis=1) == 1
        for arm in wide.columns:
            wins = int((is_best[arm] & alone).sum())
            shared = int((is_best[arm] & ~alone).sum())
            rows.append((measure, str(arm), wins, shared, len(wide)))
    return pd.DataFrame(rows, columns=["measure", "arm", "wins", "shared", "n"])


def win_sentences(wins: pd.DataFrame) -> list[str]:
    """Say on how many datasets each arm is the best, one sentence a measure.

    Parameters
    ----------
    wins : pandas.DataFrame
        From `count_wins`.

    Examples
    --------
    >>> rows = [("voxel_error", "A", 1, 0, 4), ("voxel_error", "B", 3, 0, 4)]
    >>> wins = pd.DataFrame(rows, columns=["measure", "arm", "wins", "shared", "n"])
    >>> win_sentences(wins)
    ['Voxel error: of 4 datasets, B is best on 3, A on 1.']
    """
    sentences = []
    for measure, group in wins.groupby("measure", sort=False):
        n = int(group["n"].iloc[0])
        winners = group[group["wins"] > 0].sort_values("wins", ascending=False, kind="stable")
        parts = [f"{row['arm']} on {row['wins']}" for row in winners.to_dict("records")]
        if parts:
            parts[0] = parts[0].replace(" on ", " is best on ", 1)
        undecided = n - int(group["wins"].sum())
        if undecided:
            parts.append(f"several arms together on {undecided}")
        words = column_words(str(measure))
        of = "1 dataset" if n == 1 else f"{n} datasets"
        sentences.append(f"{words[0].upper() + words[1:]}: of {of}, {', '.join(parts)}.")
    return [sentence for sentence in sentences if not sentence.endswith(", .")]
