"""Devices and precision: what was asked for, or an error; never a silent fall-back."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fibgap.errors import InputError, has
from fibgap.network.choices import PRECISIONS
from fibgap.network.gpus import claim_gpu, visible_gpus

if TYPE_CHECKING:
    import torch

#: Set to "cpu" to let a run that asks for GPUs compute on the CPU all the same: for testing the
#: scheduling of GPU rules where there is none. It is announced wherever it takes effect.
OVERRIDE = "FIBGAP_GPU_STAND_IN"


def cuda_is_available() -> bool:
    """Return whether torch is installed and finds a GPU."""
    if not has("torch"):
        return False
    import torch

    return torch.cuda.is_available()


def require_cuda(gpus: int) -> None:
    """Check that there are GPUs where some were asked for.

    Parameters
    ----------
    gpus : int
        How many were asked for.

    Raises
    ------
    InputError
        If there is no CUDA and nothing stands in for it (see `OVERRIDE`).
    """
    if gpus > 0 and os.environ.get(OVERRIDE) != "cpu" and not cuda_is_available():
        raise InputError(
            f"gpu={gpus} was asked for, but CUDA is not available on this machine; run with "
            "--resources gpu=0 to compute on the CPU."
        )


def choose_device(gpus: int) -> str:
    """Return the device for a job that was granted a number of GPUs.

    A job computes on one GPU. Where it sees several, it takes the one that fewest of this user's
    jobs have taken, and keeps it until its process ends; see `fibgap.network.gpus`.

    Parameters
    ----------
    gpus : int
        0 means the CPU, 1 or more means CUDA or an error.

    Returns
    -------
    str
        "cpu", or "cuda:" and an index; that GPU is then the process's current one as well.

    Raises
    ------
    InputError
        If a GPU was asked for and CUDA is not available.
    """
    if gpus <= 0:
        return "cpu"
    if os.environ.get(OVERRIDE) == "cpu":
        granted = os.environ.get("CUDA_VISIBLE_DEVICES", "not set")
        print(
            f"{OVERRIDE}=cpu: a GPU was granted (CUDA_VISIBLE_DEVICES {granted}), but this job "
            "computes on the CPU.",
            flush=True,
        )
        return "cpu"
    require_cuda(gpus)
    import torch

    visible = visible_gpus(torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    claim = claim_gpu(visible)
    index = visible.index(claim.gpu)
    beside = f", beside {claim.others} other job(s)" if claim.others else ""
    print(f"GPU {claim.gpu}, one of {len(visible)} that this job sees{beside}", flush=True)
    torch.cuda.set_device(index)
    return f"cuda:{index}"


def cpu_has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 in hardware."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def choose_precision(precision: str, device: "torch.device") -> "torch.dtype":
    """Return the number format in which a network is trained.

    Parameters
    ----------
    precision : str
        "fp32", "bf16", or "auto": bf16 where the hardware has it, else fp32.
    device : torch.device
        Where the arithmetic runs.

    Raises
    ------
    InputError
        If the name is unknown, or bf16 was asked of a GPU that lacks it.
    """
    import torch

    if precision == "fp32":
        return torch.float32
    if precision not in PRECISIONS:
        raise InputError(
            f"precision '{precision}' is unknown; choose one of {', '.join(PRECISIONS)}."
        )
    if device.type == "cuda":
        supported = torch.cuda.is_bf16_supported()
        if precision == "bf16" and not supported:
            raise InputError("precision bf16 was asked for, but this GPU does not have it.")
    else:
        supported = precision == "bf16" or cpu_has_bfloat16()
    return torch.bfloat16 if supported else torch.float32
