"""The extended table: measures of mechanics and transport, by arm."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fibgap.measures import measure_names, measure_symbol, measure_unit
from fibgap.report.tables.cells import DASH, Arm, Cell, Text
from fibgap.report.tables.layout import Table, listing
from fibgap.statistics import Bootstrap, by_dataset, describe, measured

#: What is told of a measure, in the order of the columns of the table.
_QUANTITIES = {
    "z": "Value, or along z",
    "plane": "In the plane",
    "anisotropy": "Anisotropy error",
    "truth": "Error against the truth",
}


def extended_frame(
    metrics: pd.DataFrame, arms: Sequence[str], bootstrap: Bootstrap
) -> pd.DataFrame:
    """Summarise the measures of the extended table over datasets.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    arms : sequence of str
        What to summarise, in this order.
    bootstrap : Bootstrap
        How the intervals of the means are made.

    Returns
    -------
    pandas.DataFrame
        One row per measure, arm and `quantity` that has a value anywhere: "z" (along z, or the
        value of a measure without a direction), "plane" (mean along y and x), "anisotropy" and
        "truth" (errors); with `unit`, `n`, `mean`, `sd`, `low`, `high` and `interval` (its
        method). Empty if no such measure was taken.
    """
    rows = []
    for name in measure_names(extended=True):
        columns = {"z": name, "anisotropy": f"anisotropy_{name}", "truth": f"truth_{name}"}
        values = metrics
        if f"{name}_z" in metrics.columns:
            columns |= {"z": f"{name}_z", "plane": f"{name}_plane"}
            plane = metrics[[f"{name}_y", f"{name}_x"]].mean(axis=1, skipna=False)
            values = metrics.assign(**{f"{name}_plane": plane})
        wide = {
            quantity: by_dataset(values, columns[quantity], arms)
            for quantity in _QUANTITIES
            if quantity in columns and measured(values, [columns[quantity]])
        }
        for arm in arms:
            for quantity, by_arm in wide.items():
                unit = measure_unit(name) if quantity in ("z", "plane") else ""
                numbers = describe(by_arm[arm], bootstrap)
                rows.append(
                    {"measure": name, "arm": arm, "quantity": quantity, "unit": unit, **numbers}
                )
    return pd.DataFrame(rows).assign(confidence=bootstrap.confidence)


def _shown(row: Mapping[Any, Any] | None) -> Cell:
    """Write a mean and its interval with four digits."""
    if row is None or np.isnan(row["mean"]):
        return Text(DASH)
    mean, low, high = (f"{row[key]:.4g}".replace("-", "−") for key in ("mean", "low", "high"))
    return Text(mean if np.isnan(row["low"]) else f"{mean} ({low} to {high})")


def extended_table(frame: pd.DataFrame) -> Table:
    """Arrange the measures of the extended table: arms by what is told of a measure.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `extended_frame`; it becomes the CSV.

    Returns
    -------
    Table
        One block, "extended".
    """
    found = {(row["measure"], row["arm"], row["quantity"]): row for row in frame.to_dict("records")}
    rows: list[tuple[Cell, ...]] = []
    for name, own in frame.groupby("measure", sort=False):
        unit = measure_unit(str(name))
        title = measure_symbol(str(name)) + (f" ({unit})" if unit else "")
        for arm in dict.fromkeys(own["arm"]):
            cells = [_shown(found.get((name, arm, quantity))) for quantity in _QUANTITIES]
            rows.append((Text(title), Arm(arm), *cells))
    percent = f"{100 * float(frame['confidence'].iloc[0]):g} %"
    notes = [
        f"Means over {int(frame['n'].max())} datasets, with intervals of {percent} in brackets. A "
        "measure by direction is compared along z: with the plane (anisotropy error), and with the "
        "true volume (error against the truth). A dash stands where a value is undefined.",
        "Clusters and percolation: connected through faces of voxels. Euler characteristic: of the "
        "solid, so connected. Conventions and bias of every measure: docs/method.md.",
    ]
    header = ["Measure", "Arm", *_QUANTITIES.values()]
    block = listing("extended", "Further measures", header, rows, notes)
    return Table("", "Further measures, for mechanics and transport", (block,), (), frame)
