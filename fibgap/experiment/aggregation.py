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

#: Columns that come first, in this order; whatever else was recorded follows.
LEADING = (
    "dataset",
    "arm",
    "anisotropy_tpcf",
    "anisotropy_lpf",
    "anisotropy_d",
    "truth_tpcf",
    "truth_lpf",
    "truth_d",
    "voxel_error",
    "dice",
    "solid_fraction",
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
    """Return one row a dataset and arm, sorted, from shards of measures.

    Parameters
    ----------
    paths : iterable of path
        Shards of the rules measure and measure_truth, in any order.

    Returns
    -------
    pandas.DataFrame
        Columns of `LEADING`, NaN where undefined.
    """
    rows = []
    for path in paths:
        arm = shard_arm(path)
        for dataset in shard_datasets(path):
            record = read_record(path, dataset)
            values: dict[str, object] = {"dataset": dataset, "arm": arm}
            values.update(record.attributes)
            for axis, along in zip("zyx", range(3), strict=True):
                if "d" in record.arrays:
                    values[f"d_{axis}"] = float(record.arrays["d"][along])
            rows.append(values)
    table = pd.DataFrame(rows)
    table = table.reindex(columns=[*LEADING, *sorted(set(table.columns) - set(LEADING))])
    return table.sort_values(["arm", "dataset"], ignore_index=True)


def summarise_shards(metrics: pd.DataFrame, shard_size: int) -> pd.DataFrame:
    """Return mean and standard deviation of every column of `collect_metrics` by shard and arm.

    A shard that stands out from the others tells of a fault that hit one job, which means over
    all datasets would hide.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row a dataset and arm.
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


def collect_curves(paths: Iterable[Path | str], name: str) -> dict[str, NDArray[np.float64]]:
    """Return the curves of one measure by arm, cut to the lags that all datasets have.

    Parameters
    ----------
    paths : iterable of path
        Shards of the rules measure and measure_truth.
    name : str
        "tpcf" or "lpf".

    Returns
    -------
    dict of str to (D, 3, L) float64
        Datasets in order, axes z, y, x.
    """
    curves: dict[str, list[tuple[int, NDArray[np.float64]]]] = {}
    for path in paths:
        own = curves.setdefault(shard_arm(path), [])
        for dataset in shard_datasets(path):
            own.append((dataset, read_record(path, dataset).arrays[name]))
    together = {}
    for arm, pairs in curves.items():
        ordered = [curve for _, curve in sorted(pairs, key=lambda pair: pair[0])]
        lags = min(curve.shape[1] for curve in ordered)
        together[arm] = np.stack([curve[:, :lags] for curve in ordered])
    return together
