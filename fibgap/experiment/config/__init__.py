"""Configurations: read, checked against the closed schema, completed with its defaults."""

import copy
import math
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from fibgap.errors import InputError
from fibgap.experiment.sensitivity.plan import make_plan
from fibgap.network.shipped import TRAIN, weights_sha256
from fibgap.synthetic.milling import Milling, MillingRange
from fibgap.synthetic.structure import Level
from fibgap.synthetic.training_sets import check_structure

Config = dict[str, Any]


@cache
def schema() -> dict[str, Any]:
    """Return the schema of configurations; do not change what it returns."""
    text = (
        files("fibgap.experiment.config").joinpath("config.schema.yaml").read_text(encoding="utf-8")
    )
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def _resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Return a schema node with its reference, if any, laid underneath its own keys."""
    if "$ref" not in node:
        return node
    name = node["$ref"].removeprefix("#/$defs/")
    return {**schema()["$defs"][name], **{k: v for k, v in node.items() if k != "$ref"}}


def with_defaults(values: Any, node: dict[str, Any] | None = None) -> Any:
    """Return a configuration completed with the schema's defaults, leaving its argument alone."""
    node = _resolve(schema() if node is None else node)
    if isinstance(values, dict):
        known = node.get("properties", {})
        other = node.get("additionalProperties")
        complete = {}
        for key, value in values.items():
            inner = known.get(key, other if isinstance(other, dict) else {})
            complete[key] = with_defaults(value, inner)
        for key, inner in known.items():
            if key not in complete and "default" in _resolve(inner):
                complete[key] = with_defaults(copy.deepcopy(_resolve(inner)["default"]), inner)
        return complete
    if isinstance(values, list) and isinstance(node.get("items"), dict):
        return [with_defaults(value, node["items"]) for value in values]
    return values


def _describe(error: Any) -> str:
    """Turn a schema violation into one sentence that names the key and the value."""
    where = ".".join(str(part) for part in error.absolute_path) or "the top level"
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = sorted(set(error.instance) - set(known), key=str)
        return f"unknown key '{unknown[0]}' in {where}; known keys: {', '.join(sorted(known))}."
    if "propertyNames" in error.absolute_schema_path:
        return f"the name {error.instance!r} in {where} is not allowed: {error.message}."
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{where} lacks the key '{missing[0]}'."
    if error.validator == "enum":
        options = ", ".join(map(str, error.validator_value))
        return f"{where} is {error.instance!r}, but must be one of {options}."
    return f"{where} is {error.instance!r}: {error.message}."


def _validator() -> Any:
    """Return the validator of the schema, with numbers as people understand them.

    JSON Schema takes 3.0 for an integer, which no count of anything accepts later, and YAML has
    infinities and NaN, which pass every bound.
    """
    import jsonschema

    def is_integer(_: Any, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def is_number(_: Any, value: Any) -> bool:
        return is_integer(_, value) or (isinstance(value, float) and math.isfinite(value))

    draft = jsonschema.Draft202012Validator
    types = draft.TYPE_CHECKER.redefine_many({"integer": is_integer, "number": is_number})
    return jsonschema.validators.extend(draft, type_checker=types)(schema())


def check(values: Any) -> Config:
    """Check a configuration and complete it with defaults.

    Parameters
    ----------
    values : dict
        What a configuration file holds.

    Returns
    -------
    dict
        A new dictionary with every key that has a default.

    Raises
    ------
    InputError
        For an unknown, missing or out-of-range key, named with its value; and for tables that do
        not fit together.
    """
    if not isinstance(values, dict):
        raise InputError(f"a configuration is a mapping of keys, but this is {values!r}.")
    errors = sorted(_validator().iter_errors(values), key=lambda error: list(map(str, error.path)))
    if errors:
        raise InputError(f"configuration: {_describe(errors[0])}")
    config: Config = with_defaults(values)
    _check_tables(config)
    return config


def _check_tables(config: Config) -> None:
    """Check what a schema cannot say: names that must agree, structures that must be possible."""
    names = [arm["name"] for arm in config["arms"]]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"configuration: the arm '{name}' appears twice in arms.")
    for arm in config["arms"]:
        head = f"configuration: the arm '{arm['name']}'"
        if (arm["filler"] == "network") != ("network" in arm):
            must = "must not name a" if "network" in arm else "names no"
            raise InputError(f"{head} has the filler '{arm['filler']}' and {must} network.")
        if "network" in arm and arm["network"] not in config["networks"]:
            raise InputError(
                f"{head} names the network '{arm['network']}', which is not in networks."
            )
        if "network" not in arm and (arm["families"], arm["threshold"]) != ("both", "half"):
            raise InputError(
                f"{head} has the filler '{arm['filler']}': families and threshold are for a "
                "network."
            )
    for ablation in config["ablations"]:
        for key in ("arm", "base"):
            if ablation[key] not in names:
                raise InputError(
                    f"configuration: ablations names the {key} '{ablation[key]}', which is not in "
                    "arms."
                )
        if ablation["arm"] == ablation["base"]:
            raise InputError(
                f"configuration: ablations compares the arm '{ablation['arm']}' with itself."
            )
    for name, network in config["networks"].items():
        if network["weights"] != TRAIN:
            continue
        head = f"configuration: the network '{name}' is to be trained"
        if network.get("start_from") == TRAIN:
            raise InputError(f"{head} and must start from a weights file, not from '{TRAIN}'.")
        if network.get("distillation", {}).get("teacher") == TRAIN:
            raise InputError(f"{head} and its teacher must be a weights file, not '{TRAIN}'.")
        if "training_set" not in network:
            raise InputError(f"{head} and names no training_set.")
        if network["training_set"] not in config["training_sets"]:
            raise InputError(
                f"{head} on the training set '{network['training_set']}', which is not in "
                "training_sets."
            )
    if config["datasets"]["showcase"] >= config["datasets"]["count"]:
        raise InputError(
            f"configuration: datasets.showcase is {config['datasets']['showcase']}, but there are "
            f"only {config['datasets']['count']} datasets, counted from 0."
        )
    nominal, voxel = config["place_slices"]["nominal_nm"], config["generate_volumes"]["voxel_nm"]
    if nominal < voxel:
        raise InputError(
            f"configuration: place_slices.nominal_nm is {nominal}, below the voxel of {voxel} nm."
        )
    milling_of(config)
    levels_of(config)
    for name, settings in config["training_sets"].items():
        millings_of(config, name)
        if "structure" in settings:
            check_structure(settings["structure"])
    if "sensitivity" in config:
        make_plan(config)


def load(path: Path | str) -> Config:
    """Read, check and complete a configuration file (YAML)."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"configuration file {path} does not exist.")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            f"configuration file {path} is not YAML: {' '.join(str(error).split())}"
        ) from None
    return check(values)


def levels_of(config: Config) -> list[Level]:
    """Return the levels of the evaluation structure."""
    return [Level(**level) for level in config["generate_volumes"]["levels"]]


def milling_of(config: Config) -> Milling:
    """Return the distribution of slice thickness; its floor must be at least a voxel."""
    milling = Milling(**config["mill_slices"])
    voxel = config["generate_volumes"]["voxel_nm"]
    if milling.floor_nm < voxel:
        raise InputError(
            f"configuration: mill_slices.floor_nm is {milling.floor_nm}, below the voxel of "
            f"{voxel} nm."
        )
    return milling


def millings_of(config: Config, training_set: str) -> MillingRange:
    """Return the millings that a training set is masked with."""
    ranges = config["training_sets"][training_set].get("millings")
    if ranges is None:
        return MillingRange.of(milling_of(config))
    return MillingRange(
        tuple(ranges["distributions"]),
        tuple(ranges["mean_nm"]),
        tuple(ranges["relative_sd"]),
        ranges["floor_nm"],
    )


def training_set_of(config: Config, training_set: str) -> dict[str, Any]:
    """Return the keywords of `generate_training_volume` for the volumes of a set."""
    settings = config["training_sets"][training_set]
    structure = config["generate_volumes"]
    return {
        "shape": settings.get("shape", structure["shape"]),
        "levels": structure["levels"],
        "structure": settings.get("structure"),
        "voxel_nm": structure["voxel_nm"],
        "box_factor": structure["box_factor"],
        "base_seed": config["base_seed"],
    }


def training_settings(network: Config) -> Config:
    """Return the part of a row of the networks table on which its trained weights depend.

    The label does not count, and neither does the budget: it decides when training pauses.
    """
    training = {key: value for key, value in network["training"].items() if key != "budget_minutes"}
    settings = {
        **{k: v for k, v in network.items() if k not in ("label", "weights")},
        "training": training,
    }
    if "start_from" in network:
        settings["start_sha256"] = weights_sha256(network["start_from"])
    if "distillation" in network:
        settings["teacher_sha256"] = weights_sha256(network["distillation"]["teacher"])
    return settings
