"""What was done, in words: the experiment's settings, and what every name in the tables stands for.

`fibgap.report.results` has the numbers, `fibgap.report.verdict` what they amount to.
"""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from fibgap import __version__
from fibgap.experiment.depth_sources import DEPTHS, TRUE
from fibgap.network.shipped import read_training
from fibgap.network.training.settings import Training

#: How a placement puts slices on the grid.
PLACEMENTS = {
    "repositioned": "slices at their measured depths",
    "nominal": "slices at a constant nominal distance",
    "resampled": "the slices nearest to a regular grid, at their measured depths",
}
#: What is said of an arm whose network is not cut at one half.
_CUTS = {
    "keep_fraction": "; cut so that the solid fraction is that of the slices",
    "draw": "; a draw from its probabilities instead of the most probable volume",
}
CENTRED = "the two-point correlation less the square of the solid fraction"

#: Table S2, as far as weights remember it.
PAPER_TRAINING = {
    key: getattr(Training(), key)
    for key in (
        "patch",
        "stride",
        "batch_size",
        "epochs",
        "steps_per_epoch",
        "schedule",
        "optimizer",
        "learning_rate",
        "reduce_factor",
        "reduce_patience",
        "stop_patience",
        "loss_rows",
    )
}
TABLE_S1 = {
    "features": [96, 81, 70, 60, 50, 41, 32],
    "a1": 16,
    "b1": 96,
    "b2": 64,
    "b3": 48,
    "l1": 32,
    "mask_channel": False,
    "bicubic": "concatenate",
    "neighbours": 0,
    "sees": "rows",
}


def architecture_words(architecture: Mapping[str, Any], parameters: int) -> str:
    """Say in words which network it is.

    Examples
    --------
    >>> architecture_words(TABLE_S1, 368421)
    'the network of Table S1 (368,421 parameters)'
    """
    if architecture.get("kind") == "gaps":
        return (
            "a network that sees the slices around a gap and corrects the interpolated distances "
            f"in all of its layers ({parameters:,} parameters)"
        )
    # Weights of earlier versions do not name what they do not have.
    architecture = {"neighbours": 0, "sees": "rows", **architecture}
    if architecture == TABLE_S1:
        return f"the network of Table S1 ({parameters:,} parameters)"
    extras = []
    if architecture["mask_channel"]:
        extras.append("a mask channel")
    if neighbours := architecture["neighbours"]:
        extras.append(f"{neighbours} neighbouring planes on each side")
    if architecture["sees"] == "distances":
        extras.append("a correction of interpolated distances")
    elif architecture["bicubic"] == "add":
        extras.append("the interpolated layer added")
    beside = f" with {' and '.join(extras)}" if extras else ""
    if list(architecture["features"]) == TABLE_S1["features"]:
        return f"the network of Table S1{beside} ({parameters:,} parameters)"
    first, last = architecture["features"][0], architecture["features"][-1]
    width = f"of {first} to {last} filters instead of 96 to 32"
    return f"a compact network {width}{',' if extras else ''}{beside} ({parameters:,} parameters)"


def training_words(training: Mapping[str, Any]) -> str:
    """Say in words how it was trained, and whether that is Table S2."""
    settings = training["training"]
    steps = training["epochs"] * training["steps_per_epoch"]
    precision = {"float32": "fp32", "bfloat16": "bf16"}[training["precision"]]
    duration = training["seconds"]
    spent = f"{duration / 60:.0f} min" if duration >= 120 else f"{duration:.0f} s"
    device = "a GPU" if training["device"] == "cuda" else "a CPU"
    patches = settings["batch_size"]
    what = f"{steps:,} steps of {patches} patches, {spent} on {device} in {precision}"
    # Earlier weights say None where all steps of the sliding window are meant, and no optimiser.
    settings = {"optimizer": "adam", **settings}
    differs = [key for key, value in PAPER_TRAINING.items() if (settings[key] or 0) != value]
    if training.get("started_from_sha256"):
        what += ", starting from other trained weights"
        differs.append("start")
    if not differs and training["status"] in ("complete", "stopped early"):
        return f"trained by Table S2: {what}"
    names = ", ".join(key.replace("_", " ") for key in differs)
    reason = f"{names} {'differs' if len(differs) == 1 else 'differ'}"
    if not differs:
        reason = f"it ended {training['status']}"
    return f"trained for {what}; not the full training of Table S2 ({reason})"


def network_words(
    architecture: Mapping[str, Any], training: Mapping[str, Any], label: str | None = None
) -> str:
    """Say what a network arm stands for: which network, and which training.

    Parameters
    ----------
    architecture, training : dict
        What its weights remember, see `fibgap.network.shipped.read_training`.
    label : str or None
        What the configuration says of the network.
    """
    words = architecture_words(architecture, training["parameters"])
    said = f". {label.rstrip('.')}" if label else ""
    return f"{words}, {training_words(training)}{said}"


def names_frame(
    arms: Sequence[Mapping[str, Any]],
    weights: Mapping[str, Path | str],
    labels: Mapping[str, str | None],
    *,
    tpcf_centred: bool,
) -> pd.DataFrame:
    """Say what the names in the tables stand for.

    Parameters
    ----------
    arms : sequence of dict
        The arm table of the configuration.
    weights : mapping of path
        Of every network arm, by name.
    labels : mapping of str
        What the configuration says of the network of an arm.
    tpcf_centred : bool
        Whether the square of the solid fraction was taken off the TPCF.

    Returns
    -------
    pandas.DataFrame
        Columns `name`, `kind` ("measure", "arm" or "network": an arm with one), `stands_for`.
    """
    rows = [("TPCF", "measure", CENTRED)] if tpcf_centred else []
    measured = "their measured depths"
    for arm in arms:
        source = arm.get("depths", TRUE)
        if arm["name"] in weights:
            read = read_training(weights[arm["name"]])
            words = network_words(*read, labels.get(arm["name"]))
            words += "; filled by zx-planes alone" if arm.get("families") == "zx" else ""
            words += _CUTS.get(arm.get("threshold", "half"), "")
            if source != TRUE:
                words += f"; slices at {DEPTHS[source].words}"
            rows.append((arm["name"], "network", words))
            continue
        place = PLACEMENTS[arm["placement"]]
        if source != TRUE:
            place = place.replace(measured, DEPTHS[source].words)
        filled = f"{place}; filler: {arm['filler'].replace('_', ' ')}"
        holes = "; small holes in filled layers are closed" if arm.get("fill_holes") else ""
        rows.append((arm["name"], "arm", filled + holes))
    return pd.DataFrame(rows, columns=["name", "kind", "stands_for"])


def footnotes(names: pd.DataFrame, arms: Sequence[str]) -> list[str]:
    """Return the sentences that a table of some arms cannot do without.

    Parameters
    ----------
    names : pandas.DataFrame
        From `names_frame`.
    arms : sequence of str
        The arms of the table; classical ones need no footnote.
    """
    needed = (names["kind"] == "measure") | (names["kind"].eq("network") & names["name"].isin(arms))
    return [
        f"{name} stands for {words}."
        for name, words in names.loc[needed, ["name", "stands_for"]].to_numpy()
    ]


_PACKAGES = ("numpy", "scipy", "torch", "scikit-image", "snakemake")


def _levels(levels: list[Mapping[str, Any]]) -> str:
    """Say in words what the structure is."""
    return "; ".join(
        f"solid fraction {level['solid_fraction']:g} at {level['wavelength_nm']:g} nm"
        for level in levels
    )


def _package_versions() -> str:
    """Return the versions of the packages that results depend on."""
    found = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def facts_of(experiment: Mapping[str, Any]) -> dict[str, str]:
    """Return what a reader has to know of an experiment, by heading.

    Parameters
    ----------
    experiment : dict
        A checked configuration.
    """
    structure, milling = experiment["generate_volumes"], experiment["mill_slices"]
    datasets = experiment["datasets"]
    shape = " × ".join(map(str, structure["shape"]))
    cut = experiment["measure"]["diffusivity_cut"]
    return {
        "Configuration": f"{experiment['name']}, base seed {experiment['base_seed']}",
        "Datasets": f"{datasets['count']} volumes of {shape} voxels of "
        f"{structure['voxel_nm']:g} nm",
        "Structure": f"levelled waves: {_levels(structure['levels'])}",
        "Milling": f"{milling['distribution']} slice thickness, mean {milling['mean_nm']:g} nm, "
        f"standard deviation {milling['sd_nm']:g} nm, at least {milling['floor_nm']:g} nm; nominal "
        f"thickness {experiment['place_slices']['nominal_nm']:g} nm",
        "Diffusivity": ("on a central cut of " + f"{cut} voxels a side" if cut else "whole volume")
        if "d" in experiment["measure"]["names"]
        else "not measured",
        "Versions": f"fibgap {__version__}, {_package_versions()}",
    }
