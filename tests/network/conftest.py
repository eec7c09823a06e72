"""What the tests of the network share: one thread, small networks, small planes."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from fibgap.network.architecture import Architecture
from fibgap.network.module import Network
from fibgap.network.training.settings import Training
from fibgap.network.training.trainer import Trainer
from fibgap.synthetic.milling import Milling, MillingRange


@pytest.fixture(autouse=True)
def _one_thread():
    """Compute on one thread, so that sums are taken in one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def make_network():
    """Build a small network whose weights depend on a seed alone."""

    def make(seed=0, *, width_factor=0.05, **options):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = Network(Architecture.from_width(width_factor, **options))
            for parameter in network.parameters():
                # Away from zero, where biases start and the last layer of "add" does.
                torch.nn.init.normal_(parameter, 0.05, 0.2)
        return network.eval()

    return make


@pytest.fixture(scope="session")
def waves():
    """Twelve planes of 24 x 24: the positive part of waves of about 12 pixels."""
    rng = np.random.default_rng(3)
    z, x = np.mgrid[:24, :24]
    planes = np.zeros((12, 24, 24))
    for plane in planes:
        for angle, phase in rng.uniform(0, 2 * np.pi, (3, 2)):
            plane += np.cos((z * np.cos(angle) + x * np.sin(angle)) * 2 * np.pi / 12 + phase)
    return (planes > 0).astype(np.uint8)


@pytest.fixture
def make_trainer(tmp_path, waves):
    """Make a trainer of a very small network in a folder of its own."""

    def make(folder="run", *, train=None, validation=None, lines=None, **options):
        special = {
            name: options.pop(name)
            for name in ("base_seed", "digest", "architecture", "millings", "log", "depths")
            if name in options
        }
        small = {
            "epochs": 4,
            "steps_per_epoch": 3,
            "batch_size": 2,
            "patch": 16,
            "stride": 8,
            "margin": 4,
            "precision": "fp32",
            "validation_planes": 2,
        }
        keep = [] if lines is None else lines
        return Trainer(
            special.get("architecture", Architecture.from_width(0.05)),
            Training(**{**small, **options}),
            [waves[:5], waves[5:9]] if train is None else train,
            [waves[9:11], waves[11:]] if validation is None else validation,
            millings=special.get("millings", MillingRange.of(Milling("normal", 8.0, 2.0, 2.5))),
            voxel_nm=2.5,
            base_seed=special.get("base_seed", 1),
            folder=tmp_path / folder,
            device=torch.device("cpu"),
            depths=special.get("depths"),
            digest=special.get("digest", "d"),
            log=special.get("log", keep.append),
        )

    return make


class Malicious:
    """An object that, when it is unpickled, makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def malicious(tmp_path):
    """An object that makes a file when it is unpickled, and the path of that file."""
    trace = tmp_path / "executed"
    # Unpickled carelessly it does so; otherwise the tests that use it could not fail.
    pickle.loads(pickle.dumps(Malicious(trace)))
    assert trace.exists()
    trace.unlink()
    return Malicious(trace), trace
