"""Ablations: arms that differ from a base in one thing, and what that changes."""

from collections.abc import Mapping, Sequence

import pandas as pd

from fibgap.errors import InputError
from fibgap.statistics.intervals import bootstrap_interval
from fibgap.statistics.metrics import by_dataset

#: What every ablation is judged by, in blocks of a table.
COLUMNS = {
    "Against the truth": ("voxel_error", "truth_tpcf", "truth_lpf", "truth_d", "solid_fraction"),
    "Anisotropy": ("anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d"),
}


def ablation_frame(
    metrics: pd.DataFrame,
    ablations: Sequence[Mapping[str, str]],
    *,
    confidence: float,
    n_resamples: int,
    base_seed: int,
) -> pd.DataFrame:
    """Compare every ablation with its base, dataset by dataset.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    ablations : sequence of dict
        "arm", "base" and "change" of each.
    confidence, n_resamples, base_seed
        Of the intervals over datasets, see `fibgap.statistics.intervals.bootstrap_interval`.

    Returns
    -------
    pandas.DataFrame
        One row an ablation and measure: arm, base, change, measure, mean of the arm, mean of the
        base, difference (arm minus base), low, high, n, method. Measures that were not taken are
        left out.

    Raises
    ------
    InputError
        If there are no ablations, or an arm has no rows.

    Examples
    --------
    >>> metrics = pd.DataFrame(
    ...     {"dataset": [0, 1, 0, 1], "arm": list("AABB"), "voxel_error": [0.1, 0.2, 0.2, 0.3]}
    ... )
    >>> row = {"arm": "B", "base": "A", "change": "other"}
    >>> frame = ablation_frame(metrics, [row], confidence=0.95, n_resamples=99, base_seed=0)
    >>> frame[["mean", "difference", "low", "high"]].round(3).values.tolist()
    [[0.25, 0.1, 0.1, 0.1]]
    """
    if not ablations:
        raise InputError("configuration: ablations is empty, so there is nothing to compare.")
    rows = []
    for ablation in ablations:
        arm, base = ablation["arm"], ablation["base"]
        for column in (name for names in COLUMNS.values() for name in names):
            if column not in metrics.columns or metrics[column].isna().all():
                continue
            wide = by_dataset(metrics, column, [arm, base]).dropna()
            # Rounded far below any error of a measure, so that equal differences are equal.
            difference = (wide[arm] - wide[base]).round(12)
            interval = bootstrap_interval(
                difference, confidence=confidence, n_resamples=n_resamples, base_seed=base_seed
            )
            rows.append(
                {
                    **{key: ablation[key] for key in ("arm", "base", "change")},
                    "measure": column,
                    "mean": wide[arm].mean(),
                    "base_mean": wide[base].mean(),
                    "difference": difference.mean(),
                    "low": interval.low,
                    "high": interval.high,
                    "n": interval.n,
                    "method": interval.method,
                }
            )
    return pd.DataFrame(rows)
