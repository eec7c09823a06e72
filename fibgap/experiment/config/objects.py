"""Objects of the library, made of a checked configuration."""

from typing import Any

from fibgap.network.shipped import weights_sha256
from fibgap.stacks.choice import AUTO
from fibgap.synthetic.milling import Milling, MillingRange
from fibgap.synthetic.structure import Level

Config = dict[str, Any]


def levels_of(config: Config) -> list[Level]:
    """Return the levels of the evaluation structure."""
    return [Level(**level) for level in config["generate_volumes"]["levels"]]


def milling_of(config: Config) -> Milling:
    """Return the distribution of slice thickness."""
    thickness = {name: value for name, value in config["mill_slices"].items() if name != "subvoxel"}
    return Milling(**thickness)


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
        own=milling_of(config) if ranges["own_share"] else None,
        own_share=ranges["own_share"],
    )


def fillers_of(config: Config) -> dict[str, Config]:
    """Return the ways to fill own stacks by name: "auto" where none are given."""
    return config["fillers"] or {AUTO: {"filler": AUTO}}


def stack_fillers(config: Config) -> dict[str, list[str]]:
    """Return by which fillers every own stack is filled."""
    every = [*fillers_of(config)]
    return {name: stack.get("fillers", every) for name, stack in config["stacks"].items()}


def training_set_of(config: Config, training_set: str) -> dict[str, Any]:
    """Return the keywords of `generate_training_volume` for the volumes of a set."""
    settings = config["training_sets"][training_set]
    structure = config["generate_volumes"]
    return {
        "shape": settings.get("shape", structure["shape"]),
        "levels": structure["levels"],
        "structure": settings.get("structure"),
        "materials": settings["materials"],
        "noisy": settings["noisy"],
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
    return settings
