"""On how many datasets each arm is the best of all."""

from collections.abc import Sequence

import pandas as pd

from fibgap.statistics.metrics import by_dataset, column


def count_wins(
    metrics: pd.DataFrame,
    columns: Sequence[str],
    arms: Sequence[str],
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
        best = wide.max(axis=1) if column(measure).better == "higher" else wide.min(axis=1)
        is_best = wide.eq(best, axis=0)
        alone = is_best.sum(axis=1) == 1
        for arm in wide.columns:
            wins = int((is_best[arm] & alone).sum())
            shared = int((is_best[arm] & ~alone).sum())
            rows.append((measure, str(arm), wins, shared, len(wide)))
    return pd.DataFrame(rows, columns=["measure", "arm", "wins", "shared", "n"])
