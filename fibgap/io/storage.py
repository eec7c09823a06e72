"""HDF5 shards: one file a stage and shard, one group a dataset, complete or not there at all."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fibgap import __version__
from fibgap.errors import InputError
from fibgap.io.files import write_aside

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


@contextmanager
def create_hdf5(path: Path | str, stage: str, attributes: Mapping[str, Any]) -> Iterator[h5py.File]:
    """Yield a new HDF5 file that appears at `path` only when it is complete.

    Parameters
    ----------
    path : path
        Where the file goes.
    stage : str
        The step that writes it.
    attributes : dict
        Root attributes: voxel size, seed, digest.
    """
    # From HDF5 1.10 on, groups and attributes carry checksums as well; in the oldest format a
    # flipped bit there gives wrong values or ends the process. The file is built in memory, as
    # large as it is compressed: HDF5 writes some chunks only when it closes, and h5py swallows the
    # errors there, so that on a full disk a file with holes would pass for a complete one.
    options = {"libver": "v110", "driver": "core", "backing_store": False, "block_size": 2**22}
    with write_aside(path) as aside:
        with h5py.File(aside, "w", **options) as file:
            file.attrs["stage"] = stage
            file.attrs["version"] = __version__
            file.attrs["axis_order"] = "z y x"
            for name, value in attributes.items():
                file.attrs[name] = value
            yield file
            file.attrs["complete"] = True
            file.flush()
            image = file.id.get_file_image()
        aside.write_bytes(image)


@contextmanager
def open_hdf5(path: Path | str, stage: str | None = None) -> Iterator[h5py.File]:
    """Open a complete HDF5 file for reading.

    Raises
    ------
    InputError
        If the file is missing, damaged, incomplete, or of another stage; also if damage shows
        only while it is read.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"file {path} does not exist.")
    try:
        with h5py.File(path, "r") as file:
            try:
                complete, found = file.attrs.get("complete", False), file.attrs.get("stage")
            except (KeyError, RuntimeError) as error:  # so h5py tells of damage here
                raise OSError(error.args[0]) from error
            if not complete:
                raise InputError(f"file {path} is incomplete: its writing was interrupted.")
            if stage is not None and found != stage:
                raise InputError(f"file {path} is of stage '{found}', not '{stage}'.")
            yield file
    except OSError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"file {path} is damaged or no HDF5 file ({reason}).") from error


def write_array(group: h5py.Group, name: str, values: NDArray[Any]) -> None:
    """Store one array; binary data is compressed, and every chunk carries a checksum."""
    values = np.asarray(values)
    options: dict[str, Any] = {}
    if values.ndim:
        options["fletcher32"] = True
    if values.dtype == np.bool_:
        # One layer a chunk: slices are read and written as images. Level 1: on binary data the
        # higher levels cost several times as much and save a tenth.
        chunks = (1, *values.shape[1:]) if values.ndim == 3 else None
        if values.ndim:
            options |= {"compression": "gzip", "compression_opts": 1, "chunks": chunks or True}
        dataset = group.create_dataset(name, data=values.view(np.uint8), **options)
        dataset.attrs["boolean"] = True
    else:
        group.create_dataset(name, data=values, **options)


def read_array(group: h5py.Group, name: str) -> NDArray[Any]:
    """Read one array of `write_array`.

    Raises
    ------
    InputError
        If the file lacks the array, if it is damaged, or if it is no array of numbers that lie in
        this very file: HDF5 can take arrays from elsewhere on the disk.
    """
    dataset = _member(group, name)
    if (
        not isinstance(dataset, h5py.Dataset)
        or dataset.dtype.kind not in "buif"
        or dataset.is_virtual
        or dataset.external
    ):
        raise InputError(
            f"file {group.file.filename} has no array of numbers of its own under '{name}'."
        )
    values = np.asarray(dataset[()])
    return values.view(np.bool_) if dataset.attrs.get("boolean", False) else values


def _member(group: h5py.Group, name: str) -> Any:
    """Return a group or an array of a file, or say which one cannot be had."""
    try:
        if isinstance(group.get(name, getlink=True), h5py.SoftLink | h5py.ExternalLink):
            raise InputError(
                f"file {group.file.filename} has a link to elsewhere under '{name}', which is not "
                "followed."
            )
        return group[name]
    except KeyError as error:
        reason = " ".join(str(error.args[0]).split())
        raise InputError(
            f"file {group.file.filename} lacks '{name}' or is damaged there ({reason})."
        ) from error


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
        group = _member(file, name)
        arrays = {key: read_array(group, key) for key in group}
        return Record(arrays, {key: _plain(value) for key, value in group.attrs.items()})


def _plain(value: Any) -> Any:
    """Return a numpy scalar as a Python one."""
    return value.item() if isinstance(value, np.generic) else value


def inherited_attributes(path: Path | str) -> dict[str, Any]:
    """Return the root attributes that every file takes over from what it was made from.

    Returns
    -------
    dict
        "voxel_nm" and "base_seed".
    """
    with open_hdf5(path) as file:
        return {name: _plain(file.attrs[name]) for name in ("voxel_nm", "base_seed")}


def shard_datasets(path: Path | str) -> list[int]:
    """Return the datasets that a shard holds, increasing."""
    with open_hdf5(path) as file:
        names = [name.removeprefix("dataset_") for name in file]
    for name in names:
        if not (name.isascii() and name.isdigit()):
            raise InputError(f"file {path} holds '{name}', which is no dataset.")
    return sorted(map(int, names))


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

    Every finished dataset is kept in a part file at once; a run that was killed goes on with the
    datasets that are not there yet. Parts belong to a digest and are gone when the shard is done.

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
        Receives one line a dataset.
    """
    path = Path(path)
    parts = path.parent / f".{path.name}.parts"
    home = parts / digest
    if parts.exists():
        for stale in parts.iterdir():
            if stale.name != digest:
                shutil.rmtree(stale)
    home.mkdir(parents=True, exist_ok=True)

    def make_part(part: Path, dataset: int) -> None:
        record = compute(dataset)
        with create_hdf5(part, stage, {"digest": digest}) as file:
            group = file.create_group(group_name(dataset))
            for name, values in record.arrays.items():
                write_array(group, name, values)
            for name, value in record.attributes.items():
                group.attrs[name] = value

    for count, dataset in enumerate(datasets, start=1):
        part = home / f"{group_name(dataset)}.h5"
        head = f"{' '.join(filter(None, [stage, label]))}: dataset {dataset} "
        head += f"({count}/{len(datasets)})"
        if part.exists() and _usable(part, dataset):
            log(f"{head} was done before")
            continue
        begin = time.monotonic()
        make_part(part, dataset)
        log(f"{head} in {time.monotonic() - begin:.1f} s")
    with create_hdf5(path, stage, {**attributes, "digest": digest}) as file:
        for dataset in datasets:
            part = home / f"{group_name(dataset)}.h5"
            if not part.exists():
                # A script whose workflow was killed lives on; it finished this shard meanwhile.
                make_part(part, dataset)
            with open_hdf5(part) as part_file:
                part_file.copy(group_name(dataset), file)
    shutil.rmtree(parts, ignore_errors=True)


def _usable(part: Path, dataset: int) -> bool:
    """Return whether all of a part can be read; one that cannot is computed again."""
    try:
        read_record(part, dataset)
    except InputError:
        part.unlink()
        return False
    return True
