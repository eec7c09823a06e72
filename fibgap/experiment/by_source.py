"""Arms that differ in nothing but where their slices are taken to lie, and what that changes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from fibgap.experiment.depth_sources import TRUE
from fibgap.statistics import (
    Bootstrap,
    anisotropy_columns,
    by_dataset,
    column,
    depth_columns,
    describe,
    measured,
    paired_comparisons,
    truth_columns,
)

#: What of an arm's row does not say how it is rebuilt.
_ASIDE = ("name", "depths", "tables")


def source_families(arms: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the arms that differ in their depths alone.

    Parameters
    ----------
    arms : sequence of dict
        The arm table of the configuration.

    Returns
    -------
    list of dict of str to str
        The source of each arm by its name; the arm with true depths first, where there is one, or
        else the first of the table.

    Examples
    --------
    >>> rows = [
    ...     {"name": "A", "filler": "nearest", "depths": "ruler"},
    ...     {"name": "B", "filler": "nearest", "depths": "true"},
    ...     {"name": "C", "filler": "linear", "depths": "true"},
    ... ]
    >>> source_families(rows)
    [{'B': 'true', 'A': 'ruler'}]
    """
    found: dict[str, dict[str, str]] = {}
    for arm in arms:
        alike = repr(sorted((name, arm[name]) for name in arm if name not in _ASIDE))
        found.setdefault(alike, {})[arm["name"]] = arm.get("depths", TRUE)
    return [
        # True depths first; a stable sort keeps the order of the table otherwise.
        dict(sorted(family.items(), key=lambda item: item[1] != TRUE))
        for family in found.values()
        if len({*family.values()}) > 1
    ]


def compared_columns(metrics: pd.DataFrame) -> list[str]:
    """Return what arms are compared by: voxels, anisotropy, and errors against the truth."""
    all_layers = depth_columns()[0]
    along = [name for name in truth_columns() if column(name).of == "Along z"]
    return measured(metrics, [all_layers, "voxel_error", *anisotropy_columns(), *along])


def by_source_frame(
    metrics: pd.DataFrame, arms: Sequence[Mapping[str, Any]], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Compare every filler with itself, where slices lie at other depths.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    arms : sequence of dict
        The arm table of the configuration.
    bootstrap : Bootstrap
        How the intervals are made.

    Returns
    -------
    pandas.DataFrame
        One row per arm of a family and measure: `base` (the family's first arm), `arm`, `depths`,
        `measure`, `n`, `mean`, `sd`, `low`, `high`, `confidence`; of the paired difference to the
        base `difference`, `difference_low`, `difference_high`, `p` (Wilcoxon's signed-rank test)
        and `p_holm` (Holm's correction for the `comparisons` of the family). Errors of depths are
        described and not tested.
    """
    tested = compared_columns(metrics)
    described = [*tested, *(name for name in measured(metrics, depth_columns()[1:]))]
    rows = []
    for family in source_families(arms):
        base, *others = family
        compared = paired_comparisons(
            metrics,
            tested,
            list(family),
            pairs=[(arm, base) for arm in others],
            bootstrap=bootstrap,
        ).rename(columns={"low": "difference_low", "high": "difference_high"})
        found = {
            (row["first"], row["measure"]): {
                name: row[name]
                for name in (
                    "difference",
                    "difference_low",
                    "difference_high",
                    "p",
                    "p_holm",
                    "comparisons",
                )
            }
            for row in compared.to_dict("records")
        }
        for measure in described:
            wide = by_dataset(metrics, measure, list(family))
            for arm, source in family.items():
                numbers = describe(wide[arm], bootstrap)
                numbers.pop("interval")
                rows.append(
                    {
                        "base": base,
                        "arm": arm,
                        "depths": source,
                        "measure": measure,
                        **numbers,
                        "confidence": bootstrap.confidence,
                        **found.get((arm, measure), {}),
                    }
                )
    return pd.DataFrame(rows)
