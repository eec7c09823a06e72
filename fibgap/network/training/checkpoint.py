"""The state of a training on disk: written aside, checked when read, bound to its settings."""

import zipfile
from pathlib import Path
from typing import Any

import torch

from fibgap.errors import InputError
from fibgap.io.files import write_aside


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state aside and move it into place.

    Parameters
    ----------
    path : path
        Where it belongs.
    state : dict
        Tensors, numbers and text, "digest" among them: what the state belongs to.
    """
    with write_aside(path) as aside:
        torch.save(state, aside)


def read_checkpoint(path: Path, digest: str, device: torch.device) -> dict[str, Any]:
    """Read a state; nothing that hides in the file is executed.

    Parameters
    ----------
    path : path
        From `write_checkpoint`.
    digest : str
        What it has to belong to.
    device : torch.device
        Where its tensors are wanted.

    Raises
    ------
    InputError
        If the file is damaged or belongs to another configuration.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip():  # torch.load checks no checksum
                raise zipfile.BadZipFile
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        found = state["digest"]
    except Exception as error:  # torch.load reports damage by many exception types
        raise damaged(path, error) from error
    if found != digest:
        raise InputError(
            f"checkpoint {path} belongs to another configuration (digest {found}, not {digest}); "
            "remove it to start afresh."
        )
    return state


def damaged(path: Path, error: Exception) -> InputError:
    """Return the error that names a checkpoint which cannot be used."""
    return InputError(
        f"checkpoint {path} is damaged ({type(error).__name__}); remove it to start afresh."
    )
