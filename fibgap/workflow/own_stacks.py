"""Own stacks in the workflow: their files, their sizes, and whose mistake it was."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fibgap.errors import InputError
from fibgap.io.images import open_images
from fibgap.io.pages import full_path
from fibgap.stacks.choice import AUTO
from fibgap.stacks.loading import source_files
from fibgap.stacks.room import parse_size

#: Keys of a stack that are no options of its reading.
_BESIDE = ("path", "fillers", "truth", "memory")
#: Arguments of the library in messages, and the keys that say the same.
_KEYS = {"method='otsu'": "otsu: true", "border='crop'": "crop: true"}


@contextmanager
def of_stack(name: str) -> Iterator[None]:
    """Say of which stack bad input is."""
    try:
        yield
    except InputError as error:
        sentence = str(error)
        for argument, key in _KEYS.items():
            sentence = sentence.replace(argument, key)
        raise InputError(f"stack '{name}': {sentence}") from None


def reading(stack: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options by which a stack is read, see `fibgap.stacks.options.How`."""
    return {name: value for name, value in stack.items() if name not in _BESIDE}


def stack_files(name: str, stack: Mapping[str, Any]) -> list[str]:
    """Return every file that a stack is read from, or say which key names none.

    Parameters
    ----------
    name : str
        Its key in the section `stacks`.
    stack : mapping
        Its section, complete.

    Returns
    -------
    list of str
        Relative to the working directory where the configuration has them so. Of a folder that is
        one file for its reader (OME-Zarr), all files in it.

    Raises
    ------
    InputError
        By the key and the path, if a file is not there or its name has braces.
    """
    with _of_key(name, "path"):
        images = source_files(stack["path"], {})
    found = {"path": list(images)}
    for key, value in reading(stack).items():
        with _of_key(name, key):
            found[key] = list(source_files(stack["path"], {key: value})[len(images) :])  # type: ignore[misc]
    files: list[str] = []
    for key, paths in found.items():
        with _of_key(name, key):
            for path in paths:
                files += map(_for_snakemake, _files_of(path))
    return files


def true_volume(name: str, stack: Mapping[str, Any]) -> list[str]:
    """Return the true volume of a stack where it is known, as `stack_files` returns files."""
    with _of_key(name, "truth"):
        paths = [full_path(stack["truth"])] if "truth" in stack else []
        return [_for_snakemake(path) for path in paths if _files_of(path)]


@contextmanager
def _of_key(name: str, key: str) -> Iterator[None]:
    """Say which key of a stack a mistake is of."""
    try:
        yield
    except InputError as error:
        raise InputError(f"configuration: stacks.{name}.{key}: {error}") from None


def _files_of(path: Path) -> list[Path]:
    """Return a file, or all files of a folder."""
    if not path.exists():
        raise InputError(f"'{path}' does not exist.")
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def _for_snakemake(path: Path) -> str:
    """Return a path as Snakemake wants it."""
    if {"{", "}"} & {*str(path)}:
        raise InputError(f"'{path}' has braces, which Snakemake would replace: rename it.")
    return os.path.normpath(path)


def by_network(filler: Mapping[str, Any]) -> bool:
    """Return whether a filler may be a network, which wants torch and takes a GPU."""
    return filler["filler"] in (AUTO, "network") or "weights" in filler


def image_bytes(stack: Mapping[str, Any]) -> int:
    """Return how many bytes all images of a stack take in memory, from their headers."""
    with open_images(stack["path"], dataset=stack.get("dataset")) as pages:
        return math.prod(pages.shape) * pages.dtype.itemsize


def given_memory(name: str, stack: Mapping[str, Any]) -> int | None:
    """Return how many bytes of memory a stack may take, None if nobody says it.

    Raises
    ------
    InputError
        By the key, if it is no size.
    """
    with _of_key(name, "memory"):
        return parse_size(stack["memory"]) if "memory" in stack else None


def checked_shape(path: str) -> list[int]:
    """Return the shape (Z, Y, X) of the volume that a stack will be, from its check.

    Raises
    ------
    FileNotFoundError
        If it was not checked yet: Snakemake then asks again.
    """
    with open(path, encoding="utf-8") as stream:
        shape: list[int] = json.load(stream)["shape_zyx"]
    return shape
