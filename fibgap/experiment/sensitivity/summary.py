"""Means and intervals of every point."""

from typing import Any

import pandas as pd

from fibgap.statistics import ANISOTROPY_COLUMNS, RESAMPLES, bootstrap_interval

#: What is shown of every point, in this order.
MEASURES = (*ANISOTROPY_COLUMNS, "voxel_error", "voxel_error_all")


def summarise_rows(
    rows: pd.DataFrame,
    *,
    confidence: float = 0.95,
    n_resamples: int = RESAMPLES,
    base_seed: int = 0,
) -> pd.DataFrame:
    """Return mean and interval of every measure at every point for every arm.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `fibgap.experiment.sensitivity.rows.collect_rows`.
    confidence, n_resamples, base_seed
        Of the intervals, see `fibgap.statistics.bootstrap_interval`.

    Returns
    -------
    pandas.DataFrame
        Columns `factor`, `value`, `milled_mean_voxels`, `milled_relative_sd`, `arm`, `measure`,
        `n` (datasets where it is defined), `mean`, `sd`, `low`, `high`, `confidence`, in the order
        of the rows. A measure that nobody has is left out, one that an arm lacks is NaN there.
    """
    measures = [name for name in MEASURES if name in rows and rows[name].notna().any()]
    summary: list[dict[str, Any]] = []
    for (factor, value, arm), group in rows.groupby(["factor", "value", "arm"], sort=False):
        milled = {name: group[name].mean() for name in ("milled_mean_voxels", "milled_relative_sd")}
        for measure in measures:
            values = group[measure].dropna()
            interval = bootstrap_interval(
                values.to_numpy(),
                confidence=confidence,
                n_resamples=n_resamples,
                base_seed=base_seed,
            )
            summary.append(
                {
                    "factor": factor,
                    "value": value,
                    **milled,
                    "arm": arm,
                    "measure": measure,
                    "n": len(values),
                    "mean": values.mean(),
                    "sd": values.std(ddof=1),
                    "low": interval.low,
                    "high": interval.high,
                    "confidence": confidence,
                }
            )
    return pd.DataFrame(summary)
