"""Configurations: read, checked against the models of their sections, completed with defaults.

Every section has a module of its own here; what must fit together stands in `checks`. The models
need pydantic; a configuration that was resolved beforehand is read without it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fibgap import __version__
from fibgap.errors import InputError
from fibgap.experiment.config.checks import check_tables
from fibgap.experiment.config.objects import (
    Config,
    fillers_of,
    levels_of,
    milling_of,
    millings_of,
    stack_fillers,
    training_set_of,
    training_settings,
)

__all__ = [
    "Config",
    "check",
    "fillers_of",
    "levels_of",
    "load",
    "milling_of",
    "millings_of",
    "resolved_text",
    "stack_fillers",
    "training_set_of",
    "training_settings",
]

#: The key that marks a resolved configuration, with the version that resolved it.
RESOLVED = "resolved by fibgap"


def check(values: Any, typed: Mapping[str, Any] | None = None) -> Config:
    """Check a configuration and complete it with defaults.

    Parameters
    ----------
    values : dict
        What a configuration file holds.
    typed : dict, optional
        The part of it that was typed on a command line, where every value may come as text: there,
        but not in a file, "1" is taken for a number where a number belongs.

    Returns
    -------
    dict
        A new dictionary with every key that has a default.

    Raises
    ------
    InputError
        For an unknown, missing or out-of-range key, named with its value; and for tables that do
        not fit together. Also where pydantic is not installed.
    """
    # Only here, so that a resolved configuration is read where there is no pydantic.
    try:
        from fibgap.experiment.config.validation import validate
    except ModuleNotFoundError as error:
        raise InputError(
            f"a configuration is checked by the package {error.name}, which is not installed here: "
            "take one that was resolved where it is, by python -m fibgap.experiment.config FILE "
            "--resolve."
        ) from None

    if not isinstance(values, dict):
        raise InputError(f"a configuration is a mapping of keys, but this is {values!r}.")
    config = validate(values, typed or {})
    check_tables(config)
    return config


def load(path: Path | str) -> Config:
    """Read, check and complete a configuration file (YAML, or JSON in a file called .json).

    A resolved configuration, see `resolved_text`, is complete and is taken as it is; only what
    must fit together is checked.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"configuration file {path} does not exist.")
    form = "JSON" if path.suffix == ".json" else "YAML"
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = json.loads(text) if form == "JSON" else yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise InputError(
            f"configuration file {path} is not {form} in UTF-8: byte {error.start} is "
            f"0x{error.object[error.start]:02x}; save it as UTF-8."
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(
            f"configuration file {path} is not {form}: {' '.join(str(error).split())}"
        ) from None
    if not isinstance(values, dict) or RESOLVED not in values:
        return check(values)
    if values[RESOLVED] != __version__:
        raise InputError(
            f"configuration file {path} was resolved by fibgap {values[RESOLVED]}, but this is "
            f"fibgap {__version__}: resolve it again."
        )
    config: Config = values["configuration"]
    check_tables(config)
    return config


def resolved_text(config: Config) -> str:
    """Return a checked configuration as JSON that `load` takes without pydantic.

    Parameters
    ----------
    config : dict
        From `check` or `load`.
    """
    return json.dumps({RESOLVED: __version__, "configuration": config}, indent=1) + "\n"
