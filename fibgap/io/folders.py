"""Folders that are complete or not there at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fibgap.errors import InputError
from fibgap.io.files import process_lives

_MARKS = (".zgroup", "zarr.json", ".zarray")


@contextmanager
def write_folder_aside(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` and move it into place if all goes well.

    What dead processes left for the same path is removed first; the old folder of one that died
    between two moves comes back.

    Raises
    ------
    InputError
        If something other than a Zarr folder is at `path`: it is not removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{path.name}.*"):
        kind, pid = stale.suffix, stale.stem.rpartition(".")[2]
        if kind not in (".tmp", ".old") or not pid.isdigit() or process_lives(pid):
            continue
        if kind == ".old" and not path.exists():
            os.replace(stale, path)
        else:
            shutil.rmtree(stale, ignore_errors=True)
    if path.exists() and not any((path / mark).is_file() for mark in _MARKS):
        raise InputError(f"'{path}' is there already and no Zarr folder: it is not replaced.")
    aside = path.parent / f".{path.name}.{os.getpid()}.tmp"
    old = path.parent / f".{path.name}.{os.getpid()}.old"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        yield aside
        if path.exists():
            os.replace(path, old)
        try:
            os.replace(aside, path)
        except OSError:
            if old.exists():
                os.replace(old, path)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
