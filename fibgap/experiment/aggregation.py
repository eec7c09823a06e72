"""From the measures of shards to one table of datasets and arms."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.io.hdf5 import open_hdf5, read_attributes
from fibgap.io.shards import read_record, shard_datasets
from fibgap.measures import measure_names
from fibgap.statistics import anisotropy_columns, truth_columns

#: Columns that come first, in this order; whatever else was recorded follows.
LEADING = (
    "dataset",
    "arm",
    *anisotropy_columns(),
    *truth_columns(),
    "n_slices",
    "n_dropped",
    "n_layers",
    "effective_voxel_nm",
    "largest_gap_layers",
    "holes",
    "hole_pixels",
)


def shard_arm(path: Path | str) -> str:
    """Return the arm whose measures a shard holds."""
    with open_hdf5(path) as file:
        return str(read_attributes(file).get("arm", ORIGINAL))


def collect_metrics(paths: Iterable[Path | str]) -> pd.DataFrame:
    """Return one row per dataset and arm, sorted, from shards of measures.

    Parameters
    ----------
    paths : iterable of path
        Shards of the rules measure and measure_truth, in any order.

    Returns
    -------
    pandas.DataFrame
        Columns of `LEADING`, NaN where undefined; errors that no arm has are left out.
    """
    rows = []
    for path in paths:
        arm = shard_arm(path)
        for dataset in shard_datasets(path):
            record = read_record(path, dataset)
            values: dict[str, object] = {"dataset": dataset, "arm": arm}
            values.update(record.attributes)
            for name, along in record.arrays.items():
                if along.shape == (3,):  # a number along every axis, no curve
                    values |= {f"{name}_{axis}": float(along[i]) for i, axis in enumerate("zyx")}
                elif along.shape == (1,):  # a number without a direction
                    values[name] = float(along[0])
            rows.append(values)
    table = pd.DataFrame(rows)
    errors = {*anisotropy_columns(), *truth_columns()}
    leading = [name for name in LEADING if name in table.columns or name not in errors]
    table = table.reindex(columns=[*leading, *sorted(set(table.columns) - set(leading))])
    return table.sort_values(["arm", "dataset"], ignore_index=True)


def summarise_shards(metrics: pd.DataFrame, shard_size: int) -> pd.DataFrame:
    """Return mean and standard deviation of every column of `collect_metrics` by shard and arm.

    A shard that stands out from the others tells of a fault that hit one job, which means over
    all datasets would hide.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    shard_size : int
        Datasets of a full shard; dataset ``i`` lies in shard ``i // shard_size``.

    Returns
    -------
    pandas.DataFrame
        Columns shard, arm, datasets (how many), and ``COLUMN_mean`` and ``COLUMN_sd`` of each
        column; the standard deviation is that of a sample (n - 1), NaN for one dataset. NaNs of a
        column are left out. Sorted by arm and shard.
    """
    numbers = [column for column in metrics.columns if column not in ("dataset", "arm")]
    shards = metrics.assign(shard=metrics["dataset"] // shard_size).groupby(["arm", "shard"])
    moments = {"mean": shards[numbers].mean(), "sd": shards[numbers].std()}
    columns = {"datasets": shards.size()}
    columns |= {f"{name}_{of}": moments[of][name] for name in numbers for of in moments}
    table = pd.DataFrame(columns).reset_index()
    return table[["shard", "arm", *columns]]


def require_every_dataset_once(metrics: pd.DataFrame, arms: Sequence[str], datasets: int) -> None:
    """Check that every arm has every dataset exactly once.

    Raises
    ------
    InputError
        With the first arm that lacks a dataset or has one twice.
    """
    for arm in arms:
        found = np.sort(metrics.loc[metrics["arm"] == arm, "dataset"].to_numpy())
        if not np.array_equal(found, np.arange(datasets)):
            raise InputError(
                f"the arm '{arm}' has measures of {len(set(found.tolist()))} datasets in "
                f"{len(found)} rows, but {datasets} datasets once each are needed."
            )


def collect_curves(paths: Iterable[Path | str]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the curves of every arm and measure, cut to the lags that all datasets have.

    Parameters
    ----------
    paths : iterable of path
        Shards of the rules measure and measure_truth.

    Returns
    -------
    dict of str to dict of str to (D, 3, L) float64
        By arm and name of the measure: datasets in order, axes z, y, x. A measure that gives a
        number along every axis has no curve.
    """
    found: dict[str, dict[str, dict[int, NDArray[np.float64]]]] = {}
    for path in paths:
        own = found.setdefault(shard_arm(path), {})
        for dataset in shard_datasets(path):
            for name, values in read_record(path, dataset).arrays.items():
                if values.ndim == 2:
                    own.setdefault(name, {})[dataset] = values
    together: dict[str, dict[str, NDArray[np.float64]]] = {}
    for arm, by_measure in found.items():
        together[arm] = {}
        for name in (name for name in measure_names() if name in by_measure):
            curves = by_measure[name]
            lags = min(curve.shape[1] for curve in curves.values())
            together[arm][name] = np.stack([curves[i][:, :lags] for i in sorted(curves)])
    return together
