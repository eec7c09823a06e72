"""Which weights file a name in a configuration stands for."""

import json
import warnings
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.digests import file_sha256

#: Where the shipped weights and their cards lie.
FOLDER = Path(__file__).resolve().parent
PREFIX = "shipped:"
#: Weights that come with this release for the last time: `SUCCESSOR` took their place. The arms of
#: earlier tables are still made with them.
RETIRING = (
    "compact",
    "compact_any",
    "compact_any_neighbours",
    "compact_neighbours",
    "general_large",
    "general_small",
    "table_s1_mask",
)
SUCCESSOR = "general"
TRAIN = "train"
#: Why weights that once came with the package do so no longer, and what to take instead.
WITHDRAWN = {
    "table_s1_neighbours": "away from interfaces, in grains and pores wider than about 20 voxels, "
    "it exchanges solid and pore; take 'shipped:general' instead",
    "table_s1_thin": "away from interfaces it exchanges solid and pore where slices lie 6 voxels "
    "or more apart; take 'shipped:table_s1' instead",
}


def shipped_names() -> list[str]:
    """Return the names of all shipped weights."""
    return sorted(file.stem for file in FOLDER.glob("*.safetensors"))


def kept_names() -> list[str]:
    """Return the names of the shipped weights that will be in later releases, too."""
    return [name for name in shipped_names() if name not in RETIRING]


def offered_names() -> list[str]:
    """Return the names of the shipped weights that are tried where nobody names a filler."""
    return [SUCCESSOR]


def warn_if_retiring(name: str) -> None:
    """Say so if weights come with the package for the last time.

    Parameters
    ----------
    name : str
        As for `resolve_weights`.

    Warns
    -----
    FibgapWarning
        With what to take instead.
    """
    if name.startswith(PREFIX) and name.removeprefix(PREFIX) in RETIRING:
        warnings.warn(
            f"the weights '{name}' come with this release for the last time: take "
            f"'{PREFIX}{SUCCESSOR}' instead.",
            FibgapWarning,
            stacklevel=2,
        )


def resolve_weights(name: str) -> Path:
    """Return the path of weights that are not trained in this run.

    Parameters
    ----------
    name : str
        ``shipped:NAME`` for a file of this package, else a path.

    Raises
    ------
    InputError
        If there is no such file, or weights of this name were withdrawn.
    """
    if name.startswith(PREFIX):
        if reason := WITHDRAWN.get(name.removeprefix(PREFIX)):
            raise InputError(f"the weights '{name}' were withdrawn: {reason}.")
        path = FOLDER / f"{name.removeprefix(PREFIX)}.safetensors"
        if path.parent != FOLDER or not path.is_file():
            names = ", ".join(kept_names()) or "none"
            raise InputError(f"no weights are shipped under the name '{name}'; shipped: {names}.")
        return path
    path = Path(name)
    if not path.is_file():
        raise InputError(f"weights file {path} does not exist.")
    return path


def weights_sha256(name: str) -> str:
    """Return the checksum of weights by their name in a configuration; "train" for "train"."""
    return TRAIN if name == TRAIN else file_sha256(resolve_weights(name))


def read_training(path: Path | str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a weights file says of its architecture and of its training.

    Raises
    ------
    InputError
        If the file is damaged or says nothing.
    """
    try:
        with safe_open(path, framework="np") as stream:
            metadata = stream.metadata() or {}
        return json.loads(metadata["architecture"]), json.loads(metadata["training"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(f"weights file {path} cannot be read: {error}") from None
