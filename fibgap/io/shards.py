"""Shards: one HDF5 file per stage and shard, one group per dataset."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.hdf5 import (
    create_hdf5,
    open_hdf5,
    read_array,
    read_attributes,
    read_member,
    write_array,
    write_attributes,
)

Log = Callable[[str], None]


@dataclass(frozen=True)
class Record:
    """What one stage knows of one dataset.

    Attributes
    ----------
    arrays : dict of numpy.ndarray
        By name; boolean arrays are stored as 0 and 1 and come back boolean.
    attributes : dict
        Numbers and strings by name.
    """

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


def _say(line: str) -> None:
    """Print a line at once: a job's output is a file or a pipe, which would hold it back."""
    print(line, flush=True)


def group_name(dataset: int) -> str:
    """Return the name of a dataset's group.

    Examples
    --------
    >>> group_name(7)
    'dataset_0007'
    """
    return f"dataset_{dataset:04d}"


def process_shard(
    path: Path | str,
    *,
    stage: str,
    datasets: Sequence[int],
    digest: str,
    attributes: Mapping[str, Any],
    compute: Callable[[int], Record],
    label: str = "",
    log: Log = _say,
) -> None:
    """Compute the records of a shard's datasets and write them as one file.

    The file appears when all datasets are done; a job that is killed before loses its shard.

    Parameters
    ----------
    path : path
        The shard.
    stage : str
        The step that computes it.
    datasets : sequence of int
        Indices of the shard's datasets.
    digest : str
        Digest of everything on which the records depend.
    attributes : dict
        Root attributes of the file.
    compute : callable
        Returns the record of a dataset; must depend on its index alone.
    label : str
        What tells this shard's lines from those of others, such as its arm.
    log : callable
        Receives one line per dataset.
    """
    head = " ".join(filter(None, [stage, label]))
    with create_hdf5(path, stage, {**attributes, "digest": digest}) as file:
        for count, dataset in enumerate(datasets, start=1):
            begin = time.monotonic()
            record = compute(dataset)
            group = file.create_group(group_name(dataset))
            for name, values in record.arrays.items():
                write_array(group, name, values)
            write_attributes(group, record.attributes)
            seconds = time.monotonic() - begin
            log(f"{head}: dataset {dataset} ({count}/{len(datasets)}) in {seconds:.1f} s")


def read_record(path: Path | str, dataset: int, stage: str | None = None) -> Record:
    """Read all that a shard holds of one dataset.

    Raises
    ------
    InputError
        If the file cannot be used or lacks the dataset.
    """
    with open_hdf5(path, stage) as file:
        name = group_name(dataset)
        if name not in file:
            raise InputError(f"file {path} holds no dataset {dataset}.")
        group = read_member(file, name)
        arrays = {key: read_array(group, key) for key in group}
        return Record(arrays, read_attributes(group))


def inherited_attributes(path: Path | str) -> dict[str, Any]:
    """Return the root attributes that every file takes over from what it was made from.

    Returns
    -------
    dict
        "voxel_nm" and "base_seed".
    """
    with open_hdf5(path) as file:
        attributes = read_attributes(file)
    return {name: attributes[name] for name in ("voxel_nm", "base_seed")}


def shard_datasets(path: Path | str) -> list[int]:
    """Return the datasets that a shard holds, increasing."""
    with open_hdf5(path) as file:
        names = [name.removeprefix("dataset_") for name in file]
    for name in names:
        if not (name.isascii() and name.isdigit()):
            raise InputError(f"file {path} holds '{name}', which is no dataset.")
    return sorted(map(int, names))
