"""In which arithmetic a network fills: the fastest that costs nothing a scientist would see."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fibgap.errors import FibgapWarning, InputError
from fibgap.network.choices import FILLING_PRECISIONS
from fibgap.network.weights import LoadedNetwork

#: How far voxel error (absolute) and e(LPF) (relative) may lie from those of fp32.
MOST_VOXELS = 0.0003
MOST_LPF = 0.01
#: From the fastest to the exact one.
FASTEST = ("int8", "bf16", "fp32")
#: Flags of a processor that multiplies such numbers in hardware, and adds up without overflow.
_FLAGS = {
    "int8": {"avx512_vnni", "avx_vnni", "amx_int8"},
    "bf16": {"avx512_bf16", "amx_bf16"},
}


def processor_flags() -> set[str]:
    """Return what the processor says it can do, nothing where it cannot be asked."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


def hardware_has(precision: str, device: str = "cpu", engine: str = "openvino") -> bool:
    """Return whether a network can compute in some arithmetic in hardware.

    Parameters
    ----------
    precision : str
        "fp32", "bf16" or "int8".
    device, engine : str
        Where and by what.
    """
    if precision == "fp32":
        return True
    if engine == "torch" and precision == "int8":
        return False
    if device == "cpu":
        return bool(_FLAGS[precision] & processor_flags())
    import torch

    return torch.cuda.is_bf16_supported()


def admitted(card: Mapping[str, Any], precision: str) -> bool:
    """Return whether a card says that a precision costs nothing a scientist would see.

    A network that was measured on several materials has to pass on each.

    Examples
    --------
    >>> card = {
    ...     "voxel_error": {"fp32": 0.04, "bf16": 0.0402, "int8": 0.0405},
    ...     "anisotropy_lpf": {"fp32": 0.05, "bf16": 0.0504, "int8": 0.05},
    ... }
    >>> [admitted({"precisions": card}, name) for name in ("fp32", "bf16", "int8")]
    [True, True, False]
    """
    if precision == "fp32":
        return True
    measured = card.get("precisions", {})
    if precision not in measured.get("voxel_error", {}):
        return False
    return all(
        abs(voxels[precision] - voxels["fp32"]) < MOST_VOXELS
        and abs(lpf[precision] - lpf["fp32"]) < MOST_LPF * lpf["fp32"]
        for each in (measured, *measured.get("materials", {}).values())
        for voxels, lpf in [(each["voxel_error"], each["anisotropy_lpf"])]
    )


def read_card(weights: LoadedNetwork) -> dict[str, Any]:
    """Return the card beside a weights file, an empty one where there is none of these weights."""
    path = weights.path.with_suffix(".json") if weights.path is not None else None
    if path is None or not path.is_file():
        return {}
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"card {path} cannot be read: {error}") from None
    return card if isinstance(card, dict) and card.get("sha256") == weights.sha256 else {}


def inference_precision(precision: str, device: str, engine: str, weights: LoadedNetwork) -> str:
    """Return the arithmetic in which a network fills.

    Parameters
    ----------
    precision : str
        "fp32", "bf16", "int8", or "auto": the fastest that the hardware has and that the card of
        the weights admits, see `admitted`; fp32 for weights without a card.
    device, engine : str
        Where and by what the network computes.
    weights : LoadedNetwork
        Of the network that fills.

    Raises
    ------
    InputError
        If the name is unknown, or bf16 was asked of a GPU that lacks it.

    Warns
    -----
    FibgapWarning
        If the processor does not have what was asked for; it takes the next best.
    """
    if precision not in FILLING_PRECISIONS:
        raise InputError(
            f"precision '{precision}' is unknown; choose one of {', '.join(FILLING_PRECISIONS)}."
        )
    if precision == "auto":
        card = read_card(weights)
        return next(
            each for each in FASTEST if admitted(card, each) and hardware_has(each, device, engine)
        )
    if hardware_has(precision, device, engine):
        return precision
    if device != "cpu":
        raise InputError(f"precision {precision} was asked for, but this GPU does not have it.")
    if precision == "bf16" and engine == "torch":
        return precision  # torch imitates it
    slower = FASTEST[FASTEST.index(precision) + 1 :]
    taken = next(each for each in slower if hardware_has(each, device, engine))
    what = "this processor does not have it" if engine == "openvino" else "torch does not have it"
    warnings.warn(
        f"precision {precision} was asked for, but {what}: {taken} is taken.",
        FibgapWarning,
        stacklevel=2,
    )
    return taken
