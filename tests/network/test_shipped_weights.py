"""Weights that come with the package are what their cards say."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from fibgap.io.digests import file_sha256
from fibgap.network.shipped import FOLDER, read_training
from fibgap.network.weights import load_weights

SHIPPED = sorted(FOLDER.glob("*.safetensors"))
ROOT = Path(__file__).resolve().parents[2]
# Shipped networks side by side on the same datasets.
TOGETHER = yaml.safe_load((ROOT / "config/networks.yaml").read_text(encoding="utf-8"))
MEASURED = ROOT / "docs/reproduction/networks/datasets.csv"


def test_the_network_of_table_s1_is_shipped() -> None:
    """Whoever clones the project has weights for RML-s."""
    assert "table_s1" in {path.stem for path in SHIPPED}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_card_describes_the_file_beside_it(path: Path) -> None:
    """Checksum, losses and settings of the card are those of the file and of its history."""
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == file_sha256(path)
    _, training = read_training(path)
    for key in ("training", "millings", "base_seed", "parameters", "digest", "precision"):
        assert card[key] == training[key]
    history = pd.read_csv(path.with_name(f"{path.stem}_history.csv"))
    assert len(history) == card["epochs"]
    assert history["validation_loss"].min() == pytest.approx(card["best_validation_loss"])
    for key in ("command", "commit", "seconds", "device", "structure", "milling", "training_set"):
        assert card[key], key
    # For whom: a material, and how far apart slices may lie.
    assert re.search(r"Material: .*\. Slices \d+ to \d+ voxels apart", card["good_for"])


@pytest.mark.parametrize("name", TOGETHER["networks"])
def test_a_card_has_its_row_of_the_comparison(name: str) -> None:
    """What a card says of errors are the means over the datasets of config/networks.yaml."""
    row = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["row"]
    arm = next(arm for arm in TOGETHER["arms"] if arm.get("network") == name)
    assert TOGETHER["networks"][name]["weights"] == f"shipped:{name}"
    assert (row["configuration"], row["arm"]) == ("config/networks.yaml", arm["name"])
    measured = pd.read_csv(MEASURED).query("arm == @arm['name']")
    assert row["datasets"] == len(measured) == TOGETHER["datasets"]["count"]
    for column in ("anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d", "voxel_error"):
        assert row[column] == pytest.approx(measured[column].mean(), abs=5e-5)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_weights_make_a_network(path: Path) -> None:
    """The file loads, and its weights are neither empty nor those of an untrained network."""
    network = load_weights(path).network
    last = network.get_submodule(network.ends[-1])
    assert np.abs(last.weight.detach().numpy()).max() > 0


def test_weights_stay_small() -> None:
    """All shipped weights together are a few megabytes, half of them those of one network."""
    assert sum(path.stat().st_size for path in SHIPPED) < 9_000_000
