"""How much of the way from a baseline to the true volume an arm goes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fibgap.statistics.intervals import DEFAULT, Bootstrap, Floats, Interval, paired_interval
from fibgap.statistics.metrics import TARGET, by_dataset


@dataclass(frozen=True)
class ClosedShare:
    """Share of the distance from a baseline arm to the target that an arm closes.

    `distance` is mean(baseline) − mean(target); `certain` says whether its own interval leaves out
    zero, for without that the share divides by noise.
    """

    share: float
    interval: Interval
    distance: float
    certain: bool


def _ratio_of_means(gained: Floats, whole: Floats, axis: int = -1) -> Floats:
    """Return mean over mean; a resample whose denominator vanishes gives inf or NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(gained.mean(axis=axis), whole.mean(axis=axis))


def closed_share(
    metrics: pd.DataFrame,
    column: str,
    arm: str,
    baseline: str,
    target: str = TARGET,
    bootstrap: Bootstrap = DEFAULT,
) -> ClosedShare:
    """Return the share of the distance from a baseline to the target that an arm closes.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and `column`.
    column : str
        The measure.
    arm, baseline, target : str
        Names of arms; the target is the true volume unless told otherwise.
    bootstrap : Bootstrap
        How the interval over datasets is made.

    Returns
    -------
    ClosedShare
        1 means that the arm reaches the target, 0 that it is no better than the baseline, below 0
        that it is worse. NaN if the baseline is not worse than the target.

    Raises
    ------
    InputError
        If a column or an arm is missing, or if a dataset and arm come twice.

    Notes
    -----
    (mean(baseline) − mean(arm)) / (mean(baseline) − mean(target)) over the datasets where all three
    are defined; datasets are resampled as a whole. The published means of the lineal path give
    (0.0479 − 0.0341) / (0.0479 − 0.0188) = 0.47 for RML-s against RNN-s.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {"dataset": [0, 0, 0], "arm": ["Original", "A", "B"], "e": [0.1, 0.5, 0.2]}
    ... )
    >>> round(closed_share(metrics, "e", arm="B", baseline="A").share, 3)
    0.75
    """
    wide = by_dataset(metrics, column, list(dict.fromkeys([arm, baseline, target]))).dropna()
    gained = (wide[baseline] - wide[arm]).to_numpy()
    whole = (wide[baseline] - wide[target]).to_numpy()
    n = len(wide)
    distance = float(whole.mean()) if n else math.nan
    if not distance > 0:
        undefined = Interval(math.nan, math.nan, n, "none: the baseline is no worse")
        return ClosedShare(math.nan, undefined, distance, certain=False)
    return ClosedShare(
        share=float(gained.mean() / distance),
        interval=paired_interval([gained, whole], _ratio_of_means, bootstrap),
        distance=distance,
        certain=bool(paired_interval([whole], np.mean, bootstrap).low > 0),
    )


def nearest_baseline(
    metrics: pd.DataFrame, column: str, baselines: Sequence[str], target: str = TARGET
) -> str:
    """Return the better of several baselines: the one whose mean comes nearest to the target's.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and `column`.
    column : str
        The measure.
    baselines : sequence of str
        Arms; of two that are equally near the first is taken.
    target : str
        The true volume unless told otherwise.

    Returns
    -------
    str
        One of the baselines.

    Raises
    ------
    InputError
        If a column or an arm is missing, or if a dataset and arm come twice.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {"dataset": [0, 0, 0], "arm": ["Original", "A", "B"], "e": [0.1, 0.5, 0.2]}
    ... )
    >>> nearest_baseline(metrics, "e", ["A", "B"])
    'B'
    """
    wide = by_dataset(metrics, column, list(dict.fromkeys([*baselines, target]))).dropna()
    away = [abs(float((wide[baseline] - wide[target]).mean())) for baseline in baselines]
    return baselines[int(np.argmin(away))]


def closed_shares(
    metrics: pd.DataFrame,
    columns: Sequence[str],
    arms: Sequence[str],
    baselines: Sequence[str],
    target: str = TARGET,
    *,
    reference: pd.DataFrame | None = None,
    bootstrap: Bootstrap = DEFAULT,
) -> pd.DataFrame:
    """Tabulate `closed_share` over measures and arms, beside what the published means give.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    columns : sequence of str
        The measures.
    arms : sequence of str
        The arms; baseline and target are passed over.
    baselines : sequence of str
        Shares are counted from the first, and from the `nearest_baseline` of all where that is
        another one.
    target : str
        To where.
    reference : pandas.DataFrame, optional
        Published values with columns `arm`, `measure`, `mean`.
    bootstrap : Bootstrap
        How the intervals are made.

    Returns
    -------
    pandas.DataFrame
        One row per measure, baseline and arm: `measure`, `arm`, `baseline`, `target`, `n`, `share`,
        `low`, `high`, `confidence`, `distance`, `certain`, `paper_share` (NaN where not published).

    Raises
    ------
    InputError
        See `closed_share`.
    """
    published: dict[tuple[str, str], float] = {}
    if reference is not None:
        columns_of = "anisotropy_" + reference["measure"].astype(str)
        published = dict(
            zip(zip(columns_of, reference["arm"], strict=True), reference["mean"], strict=True)
        )
    rows = []
    for column in columns:
        best = nearest_baseline(metrics, column, baselines, target)
        goal = published.get((column, target), math.nan)
        for baseline in dict.fromkeys([baselines[0], best]):
            start = published.get((column, baseline), math.nan)
            for arm in (arm for arm in arms if arm not in (baseline, target)):
                closed = closed_share(metrics, column, arm, baseline, target, bootstrap)
                paper = published.get((column, arm), math.nan)
                rows.append(
                    {
                        "measure": column,
                        "arm": arm,
                        "baseline": baseline,
                        "target": target,
                        "n": closed.interval.n,
                        "share": closed.share,
                        "low": closed.interval.low,
                        "high": closed.interval.high,
                        "confidence": bootstrap.confidence,
                        "distance": closed.distance,
                        "certain": closed.certain,
                        "paper_share": (start - paper) / (start - goal)
                        if start > goal
                        else math.nan,
                    }
                )
    return pd.DataFrame(rows)
