"""What a network arm stands for: which network, and which training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fibgap.network.shipped import read_training
from fibgap.network.training.settings import Training

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
}


def architecture_words(architecture: Mapping[str, Any], parameters: int) -> str:
    """Say in words which network it is.

    Examples
    --------
    >>> architecture_words(TABLE_S1, 368421)
    'the network of Table S1 (368,421 parameters)'
    """
    # Weights of earlier versions do not name what they do not have.
    architecture = {"neighbours": 0, **architecture}
    if architecture == TABLE_S1:
        return f"the network of Table S1 ({parameters:,} parameters)"
    extras = []
    if architecture["mask_channel"]:
        extras.append("a mask channel")
    if neighbours := architecture["neighbours"]:
        extras.append(f"{neighbours} neighbouring planes on each side")
    if architecture["bicubic"] == "add":
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
    # Earlier weights say None where all steps of the sliding window are meant.
    differs = [key for key, value in PAPER_TRAINING.items() if (settings[key] or 0) != value]
    if training.get("started_from_sha256"):
        what += ", starting from other trained weights"
        differs.append("start")
    if training.get("teacher_sha256"):
        what += ", taught by another network beside the truth"
        differs.append("teacher")
    if not differs and training["status"] in ("complete", "stopped early"):
        return f"trained by Table S2: {what}"
    names = ", ".join(key.replace("_", " ") for key in differs)
    reason = f"{names} {'differs' if len(differs) == 1 else 'differ'}"
    if not differs:
        reason = f"it ended {training['status']}"
    return f"trained for {what}; not the full training of Table S2 ({reason})"


def network_footnote(
    arm: str, label: str | None, architecture: Mapping[str, Any], training: Mapping[str, Any]
) -> str:
    """Return the footnote of a network arm.

    Parameters
    ----------
    arm : str
        Name of the arm.
    label : str or None
        What the configuration says of the network.
    architecture, training : dict
        What its weights remember, see `fibgap.network.shipped.read_training`.
    """
    words = architecture_words(architecture, training["parameters"])
    said = f" {label.rstrip('.')}." if label else ""
    return f"{arm} stands for {words}, {training_words(training)}.{said}"


def network_footnotes(
    weights: Mapping[str, Path | str], labels: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the footnotes of all network arms, from paths of weights and labels by arm."""
    return {
        arm: network_footnote(arm, labels.get(arm), *read_training(path))
        for arm, path in weights.items()
    }
