"""From settings to one row per factor, point, arm and dataset."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fibgap import seeds
from fibgap.errors import InputError
from fibgap.experiment.aggregation import LEADING
from fibgap.experiment.sensitivity.chain import Measuring, evaluate_dataset
from fibgap.experiment.sensitivity.plan import Case
from fibgap.io.hdf5 import open_hdf5, read_attributes
from fibgap.io.shards import Record, read_record, shard_datasets
from fibgap.synthetic.milling import Milling
from fibgap.synthetic.structure import Level, generate_volume

#: Columns that come before those of the table of datasets.
CASE_COLUMNS = ("factor", "value", "arm", "dataset", "setting")


def pack_records(records: Mapping[str, Record]) -> Record:
    """Return the numbers of all arms of one dataset as one record.

    Parameters
    ----------
    records : mapping of Record
        By arm, from `fibgap.experiment.sensitivity.chain.evaluate_dataset`.

    Returns
    -------
    Record
        One array a column, with one value an arm in their order, NaN where an arm has none.

    Examples
    --------
    >>> packed = pack_records({"A": Record({}, {"x": 1}), "B": Record({}, {"x": 2, "y": 0.5})})
    >>> {name: values.tolist() for name, values in packed.arrays.items()}
    {'x': [1.0, 2.0], 'y': [nan, 0.5]}
    """
    rows = []
    for record in records.values():
        along = {
            f"d_{axis}": value
            for axis, value in zip("zyx", record.arrays.get("d", ()), strict=False)
        }
        rows.append({**record.attributes, **along})
    names = dict.fromkeys(name for row in rows for name in row)
    return Record(
        {
            name: np.array([row.get(name, np.nan) for row in rows], dtype=np.float64)
            for name in names
        }
    )


def measure_setting(
    structure: Mapping[str, Any],
    setting: Mapping[str, Any],
    arms: Sequence[Mapping[str, Any]],
    measuring: Measuring,
    *,
    base_seed: int,
    fill_options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Callable[[int], Record]:
    """Return the function that measures one dataset under one setting, for `process_shard`.

    Parameters
    ----------
    structure : dict
        The section `generate_volumes` of the configuration.
    setting : dict
        From `fibgap.experiment.sensitivity.plan.Setting.to_dict`.
    arms : sequence of dict
        Rows of the arm table.
    measuring, base_seed, fill_options
        See `fibgap.experiment.sensitivity.chain.evaluate_dataset`.

    Returns
    -------
    callable
        From the index of a dataset to its packed record. The true volume is generated anew: it
        follows from its seed, and costs less than what is measured of it.
    """
    levels = [Level(**level) for level in structure["levels"]]

    def compute(dataset: int) -> Record:
        truth = generate_volume(
            structure["shape"],
            levels,
            voxel_nm=structure["voxel_nm"],
            box_factor=structure["box_factor"],
            seed=seeds.sequence(base_seed, "evaluation_volumes", dataset),
        )
        records = evaluate_dataset(
            truth,
            arms,
            milling=Milling(**setting["milling"]),
            voxel_nm=structure["voxel_nm"],
            nominal_nm=setting["nominal_nm"],
            depth_error_nm=setting["depth_error_nm"],
            depths=setting["depths"],
            measuring=measuring,
            base_seed=base_seed,
            dataset=dataset,
            fill_options=fill_options,
        )
        return pack_records(records)

    return compute


def _rows_of(path: Path | str) -> pd.DataFrame:
    """Return one row per dataset and arm of one setting."""
    with open_hdf5(path) as file:
        arms = read_attributes(file)["arms"]
    frames = []
    for dataset in shard_datasets(path):
        values = read_record(path, dataset).arrays
        frames.append(pd.DataFrame({"arm": arms, "dataset": dataset, **values}))
    return pd.concat(frames, ignore_index=True)


def collect_rows(paths: Mapping[str, Path | str], cases: Sequence[Case]) -> pd.DataFrame:
    """Return one row per factor, point, arm and dataset.

    Parameters
    ----------
    paths : mapping of path
        The file of every setting by its name.
    cases : sequence of Case
        From `fibgap.experiment.sensitivity.plan.make_plan`.

    Returns
    -------
    pandas.DataFrame
        `CASE_COLUMNS`, then those of the table of datasets. Rows of one setting that stand for
        points of several factors are repeated; `setting` tells them.

    Raises
    ------
    InputError
        If a setting lacks an arm that a case takes from it.
    """
    tables = {name: _rows_of(path) for name, path in paths.items()}
    parts = []
    for case in cases:
        table = tables[case.setting]
        own = table[table["arm"] == case.arm]
        if own.empty:
            raise InputError(
                f"file {paths[case.setting]} lacks the arm '{case.arm}' of factor {case.factor}."
            )
        parts.append(own.assign(factor=case.factor, value=case.value, setting=case.setting))
    rows = pd.concat(parts, ignore_index=True)
    leading = [*CASE_COLUMNS, *(c for c in LEADING if c in rows and c not in CASE_COLUMNS)]
    return rows[[*leading, *sorted(set(rows.columns) - set(leading))]]
