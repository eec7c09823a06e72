"""In which arithmetic a network fills."""

from fibgap.errors import InputError
from fibgap.network.architecture import Architecture
from fibgap.network.choices import PRECISIONS
from fibgap.network.device import cpu_has_bfloat16


def inference_precision(precision: str, device: str, architecture: Architecture) -> str:
    """Return the number format in which a network fills.

    Parameters
    ----------
    precision : str
        "fp32", "bf16", or "auto": bf16 where the hardware has it and it changes fewer than 1
        filled voxel in 10,000: for networks as wide as Table S1 that see no neighbouring planes.
    device : str
        Where the arithmetic runs.
    architecture : Architecture
        Of the network that fills.

    Raises
    ------
    InputError
        If the name is unknown, or bf16 was asked of a GPU that lacks it.
    """
    if precision not in PRECISIONS:
        raise InputError(
            f"precision '{precision}' is unknown; choose one of {', '.join(PRECISIONS)}."
        )
    narrow = sum(architecture.features) < sum(Architecture().features)
    if precision == "fp32" or (precision == "auto" and (narrow or architecture.neighbours)):
        return "fp32"
    if device == "cpu":
        return "bf16" if precision == "bf16" or cpu_has_bfloat16() else "fp32"
    import torch

    if torch.cuda.is_bf16_supported():
        return "bf16"
    if precision == "bf16":
        raise InputError("precision bf16 was asked for, but this GPU does not have it.")
    return "fp32"
