"""Whether an arm is equivalent to the true volume: two one-sided tests."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy  # which loads scipy.stats, half a second, when it is first used

from fibgap.errors import InputError
from fibgap.statistics.intervals import Floats
from fibgap.statistics.metrics import TARGET, by_dataset

#: Share of the distance from the baseline to the target that still counts as no difference.
MARGIN = 0.1


def _one_sided_p(values: Floats) -> float:
    """Return the p value of Student's t-test against means of at most zero."""
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    if error == 0:
        return 0.0 if values.mean() > 0 else 1.0
    return float(scipy.stats.t.sf(values.mean() / error, values.size - 1))


def equivalence(
    metrics: pd.DataFrame,
    columns: Sequence[str],
    arms: Sequence[str],
    baseline: str,
    target: str = TARGET,
    *,
    margin: float = MARGIN,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Test whether arms differ from the target by less than a share of the baseline's distance.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and the measures.
    columns : sequence of str
        The measures.
    arms : sequence of str
        The arms; baseline and target are passed over.
    baseline, target : str
        The margin is a share of mean(baseline) − mean(target).
    margin : float
        That share, between 0 and 1.
    alpha : float
        Level of each of the two tests.

    Returns
    -------
    pandas.DataFrame
        One row per measure and arm: `measure`, `arm`, `n` (datasets where arm, baseline and target
        are defined), `difference` (mean of arm − target), `low`, `high` (its interval at
        1 − 2 alpha, by Student's t), `margin` (as a difference), `p` (the larger of the two),
        `equivalent`, `baseline`, `alpha`. Where there are fewer than two datasets, or where the
        baseline is no worse than the target, `p` is NaN and nothing is equivalent.

    Raises
    ------
    InputError
        If the margin is not between 0 and 1, if a column or an arm is missing, or if a dataset and
        arm come twice.

    Notes
    -----
    Two one-sided tests (D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15, 657, 1987). The margin is
    itself a mean over the same datasets. With d = arm − target and w = baseline − target of every
    dataset, |mean d| < margin · mean w means that both margin · w − d and margin · w + d have
    positive means. These two are what is tested, by Student's t, so that the uncertainty of the
    margin is in the p value. It is the same to ask whether the closed share lies within ± margin
    of 1. An arm that is to be equivalent in several measures has to pass every one, which needs
    no correction for their number (R. L. Berger, Technometrics 24, 295, 1982).

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {
    ...         "dataset": [0, 1, 2] * 3,
    ...         "arm": ["Original"] * 3 + ["A"] * 3 + ["B"] * 3,
    ...         "e": [1.0, 2.0, 3.0, 2.0, 3.0, 4.1, 1.01, 2.0, 3.02],
    ...     }
    ... )
    >>> row = equivalence(metrics, ["e"], ["B"], baseline="A").iloc[0]
    >>> row[["difference", "margin"]].astype(float).round(3).tolist(), bool(row["equivalent"])
    ([0.01, 0.103], True)
    """
    if not 0 < margin < 1:
        raise InputError(f"margin must lie between 0 and 1, but is {margin}.")
    rows = []
    for column in columns:
        for arm in (arm for arm in arms if arm not in (baseline, target)):
            wide = by_dataset(metrics, column, [arm, baseline, target]).dropna()
            d = (wide[arm] - wide[target]).to_numpy()
            allowed = margin * (wide[baseline] - wide[target]).to_numpy()
            n = d.size
            reach = p = math.nan
            if n > 1:
                error = float(d.std(ddof=1)) / math.sqrt(n)
                reach = float(scipy.stats.t.ppf(1 - alpha, n - 1)) * error
                if allowed.mean() > 0:
                    p = max(_one_sided_p(allowed - d), _one_sided_p(allowed + d))
            mean = float(d.mean()) if n else math.nan
            rows.append(
                {
                    "measure": column,
                    "arm": arm,
                    "n": n,
                    "difference": mean,
                    "low": mean - reach,
                    "high": mean + reach,
                    "margin": float(np.mean(allowed)) if n else math.nan,
                    "p": p,
                    "equivalent": p < alpha,
                    "baseline": baseline,
                    "alpha": alpha,
                }
            )
    return pd.DataFrame(rows)
