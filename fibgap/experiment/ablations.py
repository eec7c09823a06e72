"""Ablations: arms that differ from a base in one thing, and what that changes."""

from collections.abc import Mapping, Sequence

import pandas as pd

from fibgap.errors import InputError
from fibgap.statistics import (
    Bootstrap,
    anisotropy_columns,
    bootstrap_interval,
    by_dataset,
    column,
    measured,
    truth_columns,
)


def blocks() -> dict[str, list[str]]:
    """Return the columns by which every ablation is judged, by the block of a table."""
    along = [name for name in truth_columns() if column(name).of == "Along z"]
    return {
        "Against the truth": ["voxel_error", *along, "solid_fraction"],
        "Anisotropy": [*anisotropy_columns()],
    }


def ablation_frame(
    metrics: pd.DataFrame,
    ablations: Sequence[Mapping[str, str]],
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Compare every ablation with its base, dataset by dataset.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    ablations : sequence of dict
        "arm", "base" and "change" of each.
    bootstrap : Bootstrap
        How the intervals over datasets are made.

    Returns
    -------
    pandas.DataFrame
        One row per ablation and measure: arm, base, change, measure, mean of the arm, mean of the
        base, difference (arm minus base), low, high, n, method, confidence. Measures that were not
        taken are left out.

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
    >>> frame = ablation_frame(metrics, [row], Bootstrap(resamples=99))
    >>> frame[["mean", "difference", "low", "high"]].round(3).values.tolist()
    [[0.25, 0.1, 0.1, 0.1]]
    """
    if not ablations:
        raise InputError("configuration: ablations is empty, so there is nothing to compare.")
    rows = []
    for ablation in ablations:
        arm, base = ablation["arm"], ablation["base"]
        for name in measured(metrics, (name for names in blocks().values() for name in names)):
            wide = by_dataset(metrics, name, [arm, base]).dropna()
            # Rounded far below any error of a measure, so that equal differences are equal.
            difference = (wide[arm] - wide[base]).round(12)
            interval = bootstrap_interval(difference, bootstrap)
            rows.append(
                {
                    **{key: ablation[key] for key in ("arm", "base", "change")},
                    "measure": name,
                    "mean": wide[arm].mean(),
                    "base_mean": wide[base].mean(),
                    "difference": difference.mean(),
                    "low": interval.low,
                    "high": interval.high,
                    "n": interval.n,
                    "method": interval.method,
                    "confidence": bootstrap.confidence,
                }
            )
    return pd.DataFrame(rows)
