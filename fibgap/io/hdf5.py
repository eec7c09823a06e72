"""HDF5 files: complete or not there at all, checked when they are read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from fibgap import __version__
from fibgap.errors import InputError
from fibgap.io.files import write_aside


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
            own = {"stage": stage, "version": __version__, "axis_order": "z y x"}
            write_attributes(file, {**own, **attributes})
            yield file
            file.attrs["complete"] = True
            file.flush()
            image = file.id.get_file_image()
        aside.write_bytes(image)


def open_for_reading(path: Path | str) -> h5py.File:
    """Open an HDF5 file for reading; on a file system that has no locks, without one.

    Raises
    ------
    OSError
        If it cannot be opened, or if another process writes to it.
    """
    try:
        return h5py.File(path, "r", locking="best-effort")
    except BlockingIOError:  # it is locked
        raise
    except OSError as error:
        if "unable to lock file" not in str(error):
            raise
        return h5py.File(path, "r", locking=False)


@contextmanager
def open_hdf5(path: Path | str, stage: str | None = None) -> Iterator[h5py.File]:
    """Open a complete HDF5 file for reading.

    Raises
    ------
    InputError
        If the file is missing, damaged, incomplete, of another program, or of another stage; also
        if damage shows only while it is read.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"file {path} does not exist.")
    try:
        with open_for_reading(path) as file:
            try:
                found = read_attributes(file)
            except (KeyError, RuntimeError) as error:  # so h5py tells of damage here
                raise OSError(error.args[0]) from error
            if "stage" not in found:
                raise InputError(
                    f"file {path} was not written by fibgap: a stack of your own is filled by the "
                    "command fibgap fill."
                )
            if not found.get("complete", False):
                raise InputError(f"file {path} is incomplete: its writing was interrupted.")
            if stage is not None and found.get("stage") != stage:
                raise InputError(f"file {path} is of stage '{found.get('stage')}', not '{stage}'.")
            yield file
    except OSError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"file {path} is damaged or no HDF5 file ({reason}).") from error


def write_attributes(node: h5py.Group, values: Mapping[str, Any]) -> None:
    """Store numbers, texts and lists of texts as attributes.

    Parameters
    ----------
    node : h5py.Group
        Whose attributes they become.
    values : mapping
        By name. Texts get a fixed length: HDF5 keeps the others in a place without checksums.
    """
    for name, value in values.items():
        array = np.asarray(value)
        if array.dtype.kind == "U":
            array = np.char.encode(array, "utf-8")
            text = h5py.string_dtype("utf-8", max(1, array.dtype.itemsize))
            node.attrs.create(name, array, dtype=text)
        else:
            node.attrs[name] = value


def read_attributes(node: h5py.Group) -> dict[str, Any]:
    """Return the attributes of `write_attributes` as Python's own numbers, texts and lists."""
    return {name: _plain(value) for name, value in node.attrs.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain(each) for each in value]
    value = value.item() if isinstance(value, np.generic) else value
    return value.decode("utf-8") if isinstance(value, bytes) else value


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
    dataset = read_member(group, name)
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


def read_member(group: h5py.Group, name: str) -> Any:
    """Return a group or an array of a file.

    Raises
    ------
    InputError
        If the file lacks it, if it is damaged, or if it is a link to elsewhere.
    """
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
