"""A stack is filled from file to file as it is in memory, in bounded memory, and after a kill."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from fibgap.errors import InputError
from fibgap.fillers import fill
from fibgap.io.hdf5 import open_hdf5
from fibgap.io.shards import read_record
from fibgap.network.engines import make_engine
from fibgap.network.inference import predict
from fibgap.network.streaming import fill_file
from fibgap.network.weights import save_weights
from fibgap.stack import GappedVolume
from tests.gapped import LAYERS, make_gapped, write_gapped

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=[0, 3], ids="neighbours{}".format)
def network(request, make_network):
    """A network by which about half of the voxels become gold, with and without neighbours."""
    network = make_network(3, neighbours=request.param)
    with torch.no_grad():
        network.l2.bias += 0.5 - float(np.median(predict(network, make_gapped(23, 27))))
    return network


# Batches of one plane of 27 and of a tile of a plane of 150; blocks of few planes and of all.
@pytest.mark.parametrize(
    ("n_y", "n_x", "batch_pixels", "memory_mb"),
    [(23, 27, 700, 17.15), (23, 27, 2**19, 40), (31, 150, 25 * 70, 18.4)],
)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_file_holds_what_memory_would(
    tmp_path, network, n_y, n_x, batch_pixels, memory_mb, precision
):
    """Every voxel, and the attributes of the file, are as if the volume had been in memory."""
    gapped = make_gapped(n_y, n_x)
    engine = make_engine(network, precision=precision)
    expected = fill(gapped, "network", network=engine, batch_pixels=batch_pixels)
    assert 0.2 < expected[gapped.missing_layers].mean() < 0.8
    placed = write_gapped(tmp_path / "placed.h5", gapped, dataset=3)
    target, lines = tmp_path / "out" / "filled.h5", []
    fill_file(
        engine,
        placed,
        target,
        dataset=3,
        batch_pixels=batch_pixels,
        memory_mb=memory_mb,
        log=lines.append,
    )
    found = read_record(target, 3, "infer").arrays["volume"]
    assert found.dtype == np.bool_
    assert np.array_equal(found, expected)
    with open_hdf5(target) as file:
        assert (file.attrs["voxel_nm"], file.attrs["base_seed"]) == (2.5, 7)
    assert [path.name for path in target.parent.iterdir()] == ["filled.h5"]
    assert lines[-1].startswith(f"zy-planes {n_x}/{n_x}")


def test_little_memory_means_many_blocks(tmp_path, network):
    """With less memory a family goes through in more blocks."""
    placed = write_gapped(tmp_path / "placed.h5", make_gapped(40, 40))

    def blocks(memory_mb: float) -> int:
        lines: list[str] = []
        fill_file(
            network,
            placed,
            tmp_path / "filled.h5",
            batch_pixels=25 * 64,
            memory_mb=memory_mb,
            log=lines.append,
        )
        return len(lines)

    assert blocks(100) == 2
    assert blocks(17.2) > 4


def test_too_little_memory_is_said(tmp_path, network):
    """A bound that does not hold one batch is refused, with what is needed."""
    placed = write_gapped(tmp_path / "placed.h5", make_gapped(40, 40))
    with pytest.raises(InputError, match=r"memory_mb is 10, but .*placed.h5 needs \d+ MB"):
        fill_file(network, placed, tmp_path / "filled.h5", memory_mb=10)
    assert not (tmp_path / "filled.h5").exists()


def test_a_stack_without_gaps_is_copied(tmp_path, network):
    """Where every layer is known the network is not asked, however small the planes."""
    gapped = make_gapped(5, 6, np.arange(4))
    fill_file(network, write_gapped(tmp_path / "placed.h5", gapped), tmp_path / "filled.h5")
    assert np.array_equal(read_record(tmp_path / "filled.h5", 0).arrays["volume"], gapped.slices)


def test_small_planes_and_absent_datasets_are_refused(tmp_path, network):
    """Planes below the receptive field and a dataset that is not there each give one sentence."""
    placed = write_gapped(tmp_path / "placed.h5", make_gapped(22, 30))
    with pytest.raises(InputError, match="25 x 22 x 30 voxels is too small"):
        fill_file(network, placed, tmp_path / "filled.h5")
    with pytest.raises(InputError, match=r"placed.h5 holds no dataset 4"):
        fill_file(network, placed, tmp_path / "filled.h5", dataset=4)


MEASURE = """
import re, sys
from fibgap.network.streaming import fill_file
from fibgap.network.weights import load_weights

def peak():
    status = open("/proc/self/status").read()
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024 / 1e6

weights, small, large, out = sys.argv[1:]
network = load_weights(weights)
options = {"network": network, "batch_pixels": 9600}
for placed in (small, large):  # the first call loads what libraries load late
    before = peak()
    fill_file(source=placed, target=out, memory_mb=30, log=lambda line: None, **options)
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_memory_stays_below_the_bound(tmp_path, make_network):
    """From file to file, a volume takes less memory than allowed, and less than its sums take."""
    weights = tmp_path / "w.safetensors"
    # Untrained, it finds solid everywhere or nowhere, which is refused: it only adds to its spline.
    network = make_network(width_factor=0.01, bicubic="add")
    for parameter in network.l2.parameters():
        torch.nn.init.zeros_(parameter)
    save_weights(weights, network, {})
    small = write_gapped(tmp_path / "small.h5", make_gapped(30, 30))
    large = write_gapped(tmp_path / "large.h5", make_gapped(400, 384))

    result = subprocess.run(
        [sys.executable, "-c", MEASURE, weights, small, large, tmp_path / "out.h5"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    # 3.84 million voxels: two families and their mean in single precision alone are 46 MB.
    assert float(result.stdout) < 30


@pytest.mark.parametrize("network", [3], indirect=True)
def test_a_killed_run_goes_on(tmp_path, network):
    """After a kill in the second family the finished blocks are kept, and the result is whole."""
    weights = tmp_path / "w.safetensors"
    save_weights(weights, network, {})
    gapped = make_gapped(60, 70)
    placed, target = write_gapped(tmp_path / "placed.h5", gapped), tmp_path / "filled.h5"
    command = [sys.executable, "-W", "error", "-m", "fibgap.network", "fill", placed, weights]
    command += [target, "--precision", "fp32", "--batch-pixels", "1750", "--memory-mb", "17.6"]
    command += ["--threads", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if line.startswith("zy-planes"):
                break
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not target.exists()
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "zx-planes 60/60 were done before" in result.stdout
    assert re.search(r"zy-planes \d+/70 were done before", result.stdout)
    assert "zy-planes 70/70  about 0.0 min left" in result.stdout
    expected = fill(gapped, "network", network=network, batch_pixels=1750)
    assert np.array_equal(read_record(target, 0).arrays["volume"], expected)
    assert not list(tmp_path.glob(".filled*"))


def test_distances_are_read_from_a_file_as_from_memory(tmp_path, make_network):
    """A network that sees distances gives the same, with slices that lie between layers, too."""
    network = make_network(3, neighbours=2, mask_channel=True, bicubic="add", sees="distances")
    with torch.no_grad():
        network.l2.weight *= 0.02  # a correction of the distances, no more
        network.l2.bias.zero_()
    plain = make_gapped(23, 27)
    shifts = np.array([0, 0.3, -0.2, 0.4, 0, -0.1, 0.2, 0, 0])
    gapped = GappedVolume(
        plain.slices[1:],
        LAYERS[1:] - LAYERS[1],
        2.5,
        0,
        2.5,
        9,
        LAYERS[1:] - LAYERS[1] + shifts[1:] - shifts[1],
        plain.slices[:1],
        np.array([4.5]),
    )
    expected = fill(gapped, "network", network=network, batch_pixels=700)
    placed = write_gapped(tmp_path / "placed.h5", gapped)
    for memory_mb in (18.5, 100):
        fill_file(
            network,
            placed,
            tmp_path / "filled.h5",
            batch_pixels=700,
            memory_mb=memory_mb,
            log=lambda line: None,
        )
        found = read_record(tmp_path / "filled.h5", 0, "infer").arrays["volume"]
        assert np.array_equal(found, expected)
    rounded = GappedVolume(gapped.slices, gapped.layers, 2.5, 0, 2.5, 9)
    assert (fill(rounded, "network", network=network) != expected).any()
