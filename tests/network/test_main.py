"""Training without a workflow: one command from a configuration to weights with a card."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from fibgap.io.hdf5 import create_hdf5, write_array
from fibgap.io.records import gapped_to_record
from fibgap.io.shards import group_name
from fibgap.network import __main__ as program
from fibgap.network.architecture import Architecture
from fibgap.network.device import OVERRIDE
from fibgap.network.weights import load_weights, save_weights
from fibgap.stack import GappedVolume

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """
name: nutshell
base_seed: 5
datasets: {count: 1}
generate_volumes:
  shape: [24, 24, 24]
  levels:
    - {solid_fraction: 0.5, wavelength_nm: 22.5}
arms:
  - {name: RML-s, placement: repositioned, filler: network, network: small}
training_sets:
  gold: {volumes: 2, validation_fraction: 0.5}
networks:
  small:
    weights: train
    training_set: gold
    width_factor: 0.05
    training:
      epochs: 2
      steps_per_epoch: 2
      batch_size: 2
      patch: 16
      stride: 8
      margin: 4
      precision: fp32
      validation_planes: 2
"""


@pytest.fixture
def config(tmp_path):
    """The smallest configuration with a network."""
    path = tmp_path / "nutshell.yaml"
    path.write_text(CONFIG)
    return path


def call(monkeypatch, *arguments) -> int:
    """Call the program in this process."""
    monkeypatch.setattr(sys, "argv", ["fibgap.network", *map(str, arguments)])
    return program.main()


def test_one_command_trains_a_network(config, tmp_path):
    """The module, run as a program, writes weights, history and a card with their checksum."""
    out = tmp_path / "out"
    command = [sys.executable, "-W", "error", "-m", "fibgap.network", config, "small"]
    result = subprocess.run(
        [*command, "--out", out, "--threads", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "training volume 2/2" in result.stdout
    assert "epoch 2/2" in result.stdout
    names = {path.name for path in out.iterdir()}
    assert {"small.safetensors", "history.csv", "small.json"} <= names
    assert not [name for name in names if name.endswith(".tmp")]
    weights = out / "small.safetensors"
    card = json.loads((out / "small.json").read_text())
    assert card["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert card["name"] == "small"
    assert card["status"] == "complete"
    assert card["device"] == "CPU"
    assert card["threads"] == 1
    assert card["base_seed"] == 5
    assert card["structure"]["levels"][0]["wavelength_nm"] == 22.5
    assert card["training_set"]["volumes"] == 2
    loaded = load_weights(weights)
    assert loaded.sha256 == card["sha256"]
    assert loaded.training["digest"] == card["digest"]
    history = pd.read_csv(out / "history.csv")
    assert history["epoch"].tolist() == [1, 2]
    assert card["best_validation_loss"] == pytest.approx(
        history["validation_loss"].min(), rel=1e-15
    )


def test_a_paused_training_is_finished_by_the_next_call(config, tmp_path, monkeypatch, capsys):
    """Called again with another budget, training goes on in the same folder."""
    paused, plain = tmp_path / "paused", tmp_path / "plain"
    assert call(monkeypatch, config, "small", "--out", paused, "--budget-minutes", "1e-9") == 0
    card = json.loads((paused / "small.json").read_text())
    assert (card["status"], card["epochs"]) == ("out of budget", 1)
    assert call(monkeypatch, config, "small", "--out", paused) == 0
    assert "resumed after epoch 1 of 2" in capsys.readouterr().out
    assert call(monkeypatch, config, "small", "--out", plain) == 0
    first, second = (
        pd.read_csv(out / "history.csv")[["epoch", "train_loss", "validation_loss"]]
        for out in (paused, plain)
    )
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_another_seed_is_another_training(config, tmp_path, monkeypatch, capsys):
    """It is on the card, gives other weights, and does not go on in the folder of the first."""
    weights = []
    for seed in ("5", "6"):
        out = tmp_path / seed
        assert call(monkeypatch, config, "small", "--out", out, "--seed", seed) == 0
        card = json.loads((out / "small.json").read_text())
        assert card["base_seed"] == int(seed)
        weights.append(card["sha256"])
    assert weights[0] != weights[1]
    assert call(monkeypatch, config, "small", "--out", tmp_path / "5") == 0  # that of the file
    capsys.readouterr()
    assert call(monkeypatch, config, "small", "--out", tmp_path / "5", "--seed", "6") == 2
    assert "another configuration" in capsys.readouterr().err
    assert call(monkeypatch, config, "small", "--out", tmp_path / "7", "--seed", "-1") == 2
    assert "a seed must be 0 or more, but is -1." in capsys.readouterr().err


def test_another_configuration_does_not_go_on_from_there(config, tmp_path, monkeypatch, capsys):
    """A folder with the checkpoint of another configuration is refused in one sentence."""
    out = tmp_path / "out"
    assert call(monkeypatch, config, "small", "--out", out) == 0
    config.write_text(CONFIG.replace("wavelength_nm: 22.5", "wavelength_nm: 25"))
    assert call(monkeypatch, config, "small", "--out", out) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: checkpoint ")
    assert "belongs to another configuration" in told.err
    assert told.out.count("training volume") == 2  # those of the first call


def test_a_start_that_is_impossible_is_refused_before_any_volume_is_made(
    config, tmp_path, monkeypatch, capsys
):
    """Weights that are not there, or of another architecture, cost no minute."""
    for start, words in (("none.safetensors", "none.safetensors"), ("shipped:general", "gaps")):
        config.write_text(
            CONFIG.replace("weights: train", f"weights: train\n    start_from: {start}")
        )
        assert call(monkeypatch, config, "small", "--out", tmp_path / "out") == 2
        told = capsys.readouterr()
        assert words in told.err
        assert "training volume" not in told.out


@pytest.mark.parametrize(
    ("network", "text", "words"),
    [
        ("large", CONFIG, "network 'large' is not in the networks table of"),
        ("small", CONFIG.replace(" train\n", " shipped:general\n"), "nothing to train: only those"),
        ("small", CONFIG.replace("epochs: 2", "epochs: 0"), "training.epochs is 0"),
        ("small", CONFIG.replace("stride: 8", "strides: 8"), "unknown key 'strides'"),
        ("small", CONFIG.replace("patch: 16", "patch: 32"), "24 x 24 are too small for patches"),
    ],
    ids=["name", "shipped", "value", "key", "size"],
)
def test_bad_input_is_one_sentence(config, tmp_path, monkeypatch, capsys, network, text, words):
    """What cannot be trained ends with exit status 2 and one line on what is wrong."""
    config.write_text(text)
    assert call(monkeypatch, config, network, "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_missing_configuration_is_one_sentence(tmp_path, monkeypatch, capsys):
    """A configuration file that does not exist is told by its path."""
    missing = tmp_path / "none.yaml"
    assert call(monkeypatch, missing, "small", "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err == f"error: configuration file {missing} does not exist.\n"


def test_a_gpu_is_used_or_missed(config, tmp_path, monkeypatch, capsys):
    """Asked for a GPU on a machine without CUDA, the program does not train on the CPU."""
    monkeypatch.delenv(OVERRIDE, raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert call(monkeypatch, config, "small", "--out", tmp_path / "out", "--gpus", "1") == 2
    assert "gpu=1 was asked for, but CUDA is not available" in capsys.readouterr().err


def test_a_loss_that_is_no_number_is_one_sentence(config, tmp_path, monkeypatch, capsys):
    """A rate that makes the loss explode stops training; nothing is delivered."""
    config.write_text(
        CONFIG.replace("precision: fp32", "precision: fp32\n      learning_rate: 1.0e+30")
    )
    assert call(monkeypatch, config, "small", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert re.fullmatch(
        r"error: the loss became (nan|inf) in epoch 1; training stopped, and there are no good "
        r"weights yet: try a learning_rate below 1e\+30\.\n",
        error,
    )
    assert not (tmp_path / "out" / "small.safetensors").exists()


def test_a_damaged_checkpoint_is_one_sentence(config, tmp_path, monkeypatch, capsys):
    """A checkpoint that was cut short is told by its path."""
    out = tmp_path / "out"
    assert call(monkeypatch, config, "small", "--out", out, "--budget-minutes", "1e-9") == 0
    checkpoint = out / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    assert call(monkeypatch, config, "small", "--out", out) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: checkpoint {checkpoint} is damaged")
    assert error.count("\n") == 1


@pytest.fixture
def placed(tmp_path):
    """A file of placed slices of 10 x 24 x 22 voxels, whose planes are too small."""
    slices = np.random.default_rng(0).random((4, 24, 22)) < 0.5
    gapped = GappedVolume(slices, np.array([0, 3, 5, 9]), 2.5, 0, 2.5, 4)
    path = tmp_path / "placed.h5"
    with create_hdf5(path, "place_slices", {}) as file:
        group = file.create_group(group_name(0))
        for name, values in gapped_to_record(gapped).arrays.items():
            write_array(group, name, values)
    return path


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("missing", "weights file .* does not exist"),
        ("truncated", "weights file .* is damaged or no safetensors file"),
        ("version", "has format 'fibgap-network-0', not 'fibgap-network-1'"),
        ("architecture", r"does not fit its architecture: '.*' has shape"),
        ("planes", "a volume of 10 x 24 x 22 voxels is too small for this network"),
        ("volumes", "file .* is of stage 'measure', not 'place_slices'"),
        ("dataset", "placed.h5 holds no dataset 1"),
        ("memory", "memory_mb is 1, but"),
    ],
)
def test_what_cannot_be_filled_is_one_sentence(
    placed, tmp_path, monkeypatch, capsys, make_network, bad, words
):
    """Weights and volumes that cannot be used end with exit status 2 and one line."""
    weights, out = tmp_path / "w.safetensors", tmp_path / "filled.h5"
    save_weights(weights, make_network(), {})
    options = ["--precision", "fp32"]
    with safe_open(weights, framework="pt") as stream:
        metadata = stream.metadata()
        tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    if bad == "missing":
        weights.unlink()
    elif bad == "truncated":
        weights.write_bytes(weights.read_bytes()[:-10])
    elif bad == "version":
        save_file(tensors, weights, {**metadata, "format": "fibgap-network-0"})
    elif bad == "architecture":
        other = json.dumps(Architecture.from_width(0.1).to_dict())
        save_file(tensors, weights, {**metadata, "architecture": other})
    elif bad == "volumes":
        with create_hdf5(placed, "measure", {}):
            pass
    elif bad == "dataset":
        options += ["--dataset", "1"]
    elif bad == "memory":
        options += ["--memory-mb", "1"]
        monkeypatch.setattr("fibgap.network.inference.require_planes", lambda *_: None)
    assert call(monkeypatch, "fill", placed, weights, out, *options) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert re.search(words, error)
    assert error.count("\n") == 1
    assert not out.exists()
