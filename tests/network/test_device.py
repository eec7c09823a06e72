"""A job computes where it was told to, or says that it cannot."""

import re

import pytest
import torch

from fibgap.errors import InputError
from fibgap.network import device, gpus
from fibgap.network.device import OVERRIDE, choose_device, choose_precision

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def _no_override(monkeypatch):
    """Take the stand-in away, should the caller have set it."""
    monkeypatch.delenv(OVERRIDE, raising=False)


@pytest.fixture(params=[False, True], ids=["without CUDA", "with CUDA"])
def cuda(request, monkeypatch, tmp_path):
    """A machine without CUDA, or one with two GPUs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: request.param)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2 * request.param)
    monkeypatch.setattr(torch.cuda, "set_device", lambda index: None)
    monkeypatch.setattr(gpus, "lock_folder", lambda: tmp_path)
    monkeypatch.setattr(gpus, "_held", [])
    return request.param


def test_no_gpu_means_the_cpu(cuda, capsys):
    """A job without a GPU computes on the CPU, silently, whatever the machine has."""
    assert choose_device(0) == "cpu"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("granted", [1, 2])
def test_a_gpu_means_cuda_or_an_error(cuda, granted):
    """A job with a GPU never falls back to the CPU."""
    if cuda:
        assert choose_device(granted) == "cuda:0"
    else:
        with pytest.raises(InputError, match=rf"gpu={granted} was asked for, but CUDA is not"):
            choose_device(granted)


@pytest.mark.parametrize("cuda", [True], indirect=True)
def test_a_job_beside_another_takes_the_other_gpu(cuda, monkeypatch, capsys):
    """Of two GPUs, the second job makes the second one its own and says so."""
    current = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert [choose_device(1) for _ in range(3)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert current == [0, 1, 0]
    assert capsys.readouterr().out.splitlines() == [
        "GPU 4, one of 2 that this job sees",
        "GPU 6, one of 2 that this job sees",
        "GPU 4, one of 2 that this job sees, beside 1 other job(s)",
    ]


@pytest.mark.parametrize("cuda", [True], indirect=True)
def test_a_job_of_a_cluster_keeps_to_what_it_was_granted(cuda, monkeypatch):
    """Where SLURM shows a job one GPU of many, that GPU is CUDA's number 0 for it."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert choose_device(1) == "cuda:0"
    assert [path.name for path in gpus.lock_folder().iterdir()] == ["3.0"]


def test_a_stand_in_is_announced(cuda, monkeypatch, capsys):
    """Told so by the environment, a job with a GPU computes on the CPU and says it."""
    monkeypatch.setenv(OVERRIDE, "cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert OVERRIDE == "FIBGAP_GPU_STAND_IN"
    assert choose_device(1) == "cpu"
    said = capsys.readouterr().out
    assert "FIBGAP_GPU_STAND_IN=cpu: a GPU was granted (CUDA_VISIBLE_DEVICES 0)" in said
    assert "computes on the CPU" in said


def test_only_the_cpu_stands_in(monkeypatch):
    """Any other value of the variable changes nothing."""
    monkeypatch.setenv(OVERRIDE, "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError):
        choose_device(1)


@pytest.mark.parametrize(
    ("precision", "hardware", "expected"),
    [
        ("fp32", True, torch.float32),
        ("fp32", False, torch.float32),
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
        ("bf16", True, torch.bfloat16),
        ("bf16", False, torch.bfloat16),
    ],
)
def test_precision_on_the_cpu(monkeypatch, precision, hardware, expected):
    """The CPU computes in bf16 where it is told to, or where it is free to and has it."""
    monkeypatch.setattr(device, "cpu_has_bfloat16", lambda: hardware)
    assert choose_precision(precision, CPU) == expected


@pytest.mark.parametrize(
    ("precision", "hardware", "expected"),
    [
        ("fp32", True, torch.float32),
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
        ("bf16", True, torch.bfloat16),
    ],
)
def test_precision_on_a_gpu(monkeypatch, precision, hardware, expected):
    """A GPU computes in bf16 only if it has it."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: hardware)
    assert choose_precision(precision, CUDA) == expected


def test_a_gpu_without_bf16_is_told(monkeypatch):
    """Asked for bf16, a GPU that lacks it is an error and not a slower run."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(InputError, match="bf16 was asked for, but this GPU does not have it"):
        choose_precision("bf16", CUDA)


@pytest.mark.parametrize("where", [CPU, CUDA])
def test_an_unknown_precision_is_told(where):
    """A precision that does not exist is told by its name."""
    with pytest.raises(InputError, match="precision 'fp16' is unknown; choose one of fp32, bf16"):
        choose_precision("fp16", where)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : fpu avx2 avx512f avx512_bf16", True),
        ("flags : fpu amx_bf16", True),
        ("flags : fpu avx2 avx512f", False),
        (None, False),
    ],
)
def test_bf16_of_a_cpu_is_read_from_its_flags(tmp_path, monkeypatch, flags, expected):
    """A processor has bf16 if it says so; one that cannot be asked counts as without."""
    path = tmp_path / "cpuinfo"
    if flags is not None:
        path.write_text(f"processor : 0\n{flags}\n")
    monkeypatch.setattr(device, "Path", lambda name: path)
    assert device.cpu_has_bfloat16() is expected


def test_the_error_says_what_to_do(monkeypatch):
    """Whoever asked for a GPU in vain is told how to do without."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=re.escape("--resources gpu=0")):
        choose_device(1)
