"""Means and intervals of every point."""

from typing import Any

import pandas as pd

from fibgap.statistics import Bootstrap, anisotropy_columns, depth_columns, describe, measured


def summarise_rows(rows: pd.DataFrame, bootstrap: Bootstrap) -> pd.DataFrame:
    """Return mean and interval of every measure at every point for every arm.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `fibgap.experiment.sensitivity.rows.collect_rows`.
    bootstrap : Bootstrap
        How the intervals are made.

    Returns
    -------
    pandas.DataFrame
        Columns `factor`, `value`, `milled_mean_voxels`, `milled_relative_sd`, `arm`, `measure`,
        `n` (datasets where it is defined), `mean`, `sd`, `low`, `high`, `confidence`, in the order
        of the rows. A measure that nobody has is left out, one that an arm lacks is NaN there.
    """
    measures = measured(rows, [*anisotropy_columns(), "voxel_error", *depth_columns()])
    summary: list[dict[str, Any]] = []
    for (factor, value, arm), group in rows.groupby(["factor", "value", "arm"], sort=False):
        milled = {name: group[name].mean() for name in ("milled_mean_voxels", "milled_relative_sd")}
        for measure in measures:
            point = {"factor": factor, "value": value, **milled, "arm": arm, "measure": measure}
            summary.append({**point, **describe(group[measure], bootstrap)})
    return pd.DataFrame(summary).drop(columns="interval").assign(confidence=bootstrap.confidence)
