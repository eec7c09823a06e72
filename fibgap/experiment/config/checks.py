"""What the model of one section cannot know: names that agree, structures that are possible."""

from collections.abc import Iterator
from contextlib import contextmanager

from fibgap.errors import InputError
from fibgap.experiment.config.objects import Config, levels_of, milling_of, millings_of
from fibgap.experiment.depth_sources import TRUE
from fibgap.experiment.sensitivity.plan import make_plan
from fibgap.network.shipped import TRAIN
from fibgap.synthetic.training_sets import check_structure

#: The sections without which there are no synthetic datasets.
SYNTHETIC = ["datasets", "generate_volumes", "arms"]


def check_tables(config: Config) -> None:
    """Check a complete configuration, whose every value is possible by itself.

    Raises
    ------
    InputError
        By the names or the values that do not fit together.
    """
    _check_stacks(config)
    _check_networks(config)
    if {*SYNTHETIC} & {*config} or not config["stacks"]:
        _check_synthetic(config)
    if not {"tpcf", "lpf"} <= {*config["measure"]["names"]}:
        raise InputError(
            f"configuration: measure.names is {config['measure']['names']}, but it must hold tpcf "
            "and lpf, whose curves are drawn."
        )


def _check_stacks(config: Config) -> None:
    """Check that every own stack is filled by fillers that there are."""
    for name, stack in config["stacks"].items():
        for filler in stack.get("fillers", []):
            if filler not in config["fillers"]:
                raise InputError(
                    f"configuration: stacks.{name}.fillers names '{filler}', which is not in "
                    "fillers."
                )


def _check_synthetic(config: Config) -> None:
    """Check what is needed where there are synthetic datasets."""
    for name in SYNTHETIC:
        if name not in config:
            raise InputError(f"configuration: the top level lacks the key '{name}'.")
    _check_arms(config)
    _check_ablations(config)
    _check_datasets(config)
    with _place("generate_volumes.levels"):
        levels_of(config)
    for name, settings in config["training_sets"].items():
        with _place(f"training_sets.{name}.millings"):
            millings_of(config, name)
        _check_materials(name, settings)
        if "structure" in settings:
            with _place(f"training_sets.{name}.structure"):
                check_structure(settings["structure"])
    if "sensitivity" in config:
        make_plan(config)


def _check_materials(name: str, settings: Config) -> None:
    """Check that the materials of a training set are not more volumes than it has."""
    count = sum(each["volumes"] for each in settings["materials"])
    if count > settings["volumes"]:
        raise InputError(
            f"configuration: training_sets.{name}.volumes is {settings['volumes']}, but its "
            f"materials are {count} volumes."
        )


@contextmanager
def _place(where: str) -> Iterator[None]:
    """Say where it stands in the configuration that an object of the library is impossible."""
    try:
        yield
    except InputError as error:
        raise InputError(f"configuration: {where}: {error}") from None


def _check_arms(config: Config) -> None:
    """Check that arms have names of their own, and what their placement and filler need."""
    names = [arm["name"] for arm in config["arms"]]
    for arm in config["arms"]:
        head = f"configuration: the arm '{arm['name']}'"
        if names.count(arm["name"]) > 1:
            raise InputError(f"{head} appears twice in arms.")
        if (arm["filler"] == "network") != ("network" in arm):
            must = "must not name a" if "network" in arm else "names no"
            raise InputError(f"{head} has the filler '{arm['filler']}' and {must} network.")
        if "network" in arm and arm["network"] not in config["networks"]:
            raise InputError(
                f"{head} names the network '{arm['network']}', which is not in networks."
            )
        if arm["placement"] == "nominal" and arm["depths"] != TRUE:
            raise InputError(
                f"{head} has the placement 'nominal', which asks for no depths, and must not have "
                f"depths: {arm['depths']}."
            )
        if "network" not in arm and (arm["families"], arm["threshold"]) != ("both", "half"):
            raise InputError(
                f"{head} has the filler '{arm['filler']}': families and threshold are for a "
                "network."
            )


def _check_ablations(config: Config) -> None:
    """Check that ablations compare two arms of the arm table."""
    names = [arm["name"] for arm in config["arms"]]
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


def _check_networks(config: Config) -> None:
    """Check that networks that are trained have something to learn from."""
    for name, network in config["networks"].items():
        if network["weights"] != TRAIN:
            continue
        head = f"configuration: the network '{name}' is to be trained"
        if network.get("start_from") == TRAIN:
            raise InputError(f"{head} and must start from a weights file, not from '{TRAIN}'.")
        if "training_set" not in network:
            raise InputError(f"{head} and names no training_set.")
        if network["training_set"] not in config["training_sets"]:
            raise InputError(
                f"{head} on the training set '{network['training_set']}', which is not in "
                "training_sets."
            )
        _check_sight(name, network, config["training_sets"][network["training_set"]])


def _check_sight(name: str, network: Config, training_set: Config) -> None:
    """Check that a network has the keys of its kind, and whole volumes where it needs them."""
    if network["sees"] == "gaps":
        for key, none in (("mask_channel", False), ("neighbours", 0), ("bicubic", "concatenate")):
            if network[key] != none:
                raise InputError(
                    f"configuration: networks.{name}.{key} is {network[key]}, but a network that "
                    "sees gaps has no such key: leave it out."
                )
    if training_set["split_by"] == "plane" and (network["neighbours"] or network["sees"] != "rows"):
        raise InputError(
            f"configuration: training_sets.{network['training_set']}.split_by is plane, but the "
            f"network '{name}' sees more than single planes and needs volume."
        )


def _check_datasets(config: Config) -> None:
    """Check that the showcase exists, that no slice is thinner than a voxel, none too small."""
    datasets, voxel = config["datasets"], config["generate_volumes"]["voxel_nm"]
    if datasets["showcase"] >= datasets["count"]:
        raise InputError(
            f"configuration: datasets.showcase is {datasets['showcase']}, but there are only "
            f"{datasets['count']} datasets, counted from 0."
        )
    for section, key in (("place_slices", "nominal_nm"), ("mill_slices", "floor_nm")):
        if config[section][key] < voxel:
            raise InputError(
                f"configuration: {section}.{key} is {config[section][key]}, below the voxel of "
                f"{voxel} nm."
            )
    if config["mill_slices"]["subvoxel"] and "sensitivity" in config:
        raise InputError(
            "configuration: mill_slices.subvoxel is true, but the study of sensitivity mills "
            "layers of voxels: leave one of the two out."
        )
    with _place("mill_slices"):
        milling_of(config)
    side, shape = config["depths"]["images"]["side"], config["generate_volumes"]["shape"]
    if side > min(shape[1:]):
        raise InputError(
            f"configuration: depths.images.side is {side} pixels, but slices have {shape[1]} x "
            f"{shape[2]}."
        )
