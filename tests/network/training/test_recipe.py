"""A row of the networks table becomes the training that it describes."""

import numpy as np
import pandas as pd
import pytest
import torch

from fibgap.errors import InputError
from fibgap.io.digests import file_sha256
from fibgap.network.architecture import Architecture
from fibgap.network.module import Network
from fibgap.network.training.recipe import architecture_of, make_trainer
from fibgap.network.weights import save_weights
from fibgap.synthetic.milling import Milling, MillingRange

SETTINGS = {
    "weights": "train",
    "width_factor": 0.05,
    "mask_channel": True,
    "bicubic": "add",
    "sees": "rows",
    "neighbours": 0,
    "training": {
        "epochs": 3,
        "steps_per_epoch": 0,
        "batch_size": 2,
        "patch": 12,
        "stride": 4,
        "margin": 2,
        "schedule": "one_cycle",
        "learning_rate": 0.01,
        "reduce_factor": 0.5,
        "reduce_patience": 3,
        "stop_patience": 7,
        "loss_rows": "missing",
        "precision": "fp32",
        "validation_planes": 1000,
        "budget_minutes": 0,
    },
}


def test_the_architecture_arrives():
    """Width, mask channel and the way of joining are those of the row."""
    assert architecture_of(SETTINGS) == Architecture.from_width(
        0.05, mask_channel=True, bicubic="add"
    )


def test_planes_go_where_the_manifest_puts_them(tmp_path):
    """Training and validation see the rows of their part, family by family, and no other."""
    rng = np.random.default_rng(6)
    planes = {
        "zx": rng.integers(0, 2, (6, 16, 18), dtype=np.uint8),
        "zy": rng.integers(0, 2, (4, 16, 20), dtype=np.uint8),
    }
    parts = {"zx": "tvttvt", "zy": "ttvt"}
    manifest = pd.DataFrame(
        [
            {"family": family, "row": row, "part": {"t": "training", "v": "validation"}[part]}
            for family, own in parts.items()
            for row, part in enumerate(own)
        ]
    )
    # In any order: rows are found by their number.
    manifest = manifest.sample(frac=1, random_state=1)
    trainer = make_trainer(
        SETTINGS,
        planes,
        manifest,
        millings=MillingRange.of(Milling("normal", 8.0, 2.0, 2.5)),
        voxel_nm=2.5,
        base_seed=1,
        folder=tmp_path,
        device=torch.device("cpu"),
        digest="d",
        log=lambda line: None,
    )
    for family, stack in zip(("zx", "zy"), trainer.sampler.planes, strict=True):
        found = sorted(plane.numpy().tobytes() for plane in stack)
        rows = [row for row, part in enumerate(parts[family]) if part == "t"]
        assert found == sorted(planes[family][row].tobytes() for row in rows)
    shown = sorted(batch.truth.numpy().astype(np.uint8).tobytes() for batch in trainer.validation)
    held_back = [planes["zx"][1], planes["zx"][4], planes["zy"][2]]
    assert shown == sorted(plane.tobytes() for plane in held_back)
    assert trainer.run() == "complete"


def test_one_family_alone_will_do(tmp_path):
    """A split that leaves one family without a part's planes trains on the other."""
    planes = {
        family: np.random.default_rng(k).integers(0, 2, (3, 16, 16), dtype=np.uint8)
        for k, family in enumerate(("zx", "zy"))
    }
    manifest = pd.DataFrame(
        {
            "family": ["zx", "zx", "zx", "zy"],
            "row": [0, 1, 2, 0],
            "part": ["training", "training", "training", "validation"],
        }
    )
    trainer = make_trainer(
        SETTINGS,
        planes,
        manifest,
        millings=MillingRange.of(Milling("normal", 8.0, 2.0, 2.5)),
        voxel_nm=2.5,
        base_seed=1,
        folder=tmp_path,
        device=torch.device("cpu"),
        digest="d",
        log=lambda line: None,
    )
    assert [len(stack) for stack in trainer.sampler.planes] == [3]
    assert len(trainer.validation) == 1


def test_training_starts_from_given_weights(tmp_path):
    """The network begins as the weights that are named, and remembers their checksum."""
    start = Network(architecture_of(SETTINGS))
    path = tmp_path / "start.safetensors"
    save_weights(path, start, {})
    trainer = trainer_from(tmp_path, {**SETTINGS, "start_from": str(path)})
    for name, tensor in trainer.network.state_dict().items():
        assert torch.equal(tensor, start.state_dict()[name])
    assert trainer.summary("complete")["started_from_sha256"] == file_sha256(path)


def test_a_mask_channel_may_be_added_to_given_weights(tmp_path):
    """A network with a mask channel begins as the one without it: the same output for any mask."""
    plain = {**SETTINGS, "mask_channel": False, "bicubic": "concatenate"}
    start = Network(architecture_of(plain)).eval()
    path = tmp_path / "start.safetensors"
    save_weights(path, start, {})
    trainer = trainer_from(tmp_path, {**plain, "mask_channel": True, "start_from": str(path)})
    image, bicubic, mask = torch.rand(3, 2, 1, 16, 16).unbind()
    with torch.no_grad():
        before = start(image, bicubic)
        after = trainer.network(torch.cat([image, mask.round()], dim=1), bicubic)
    torch.testing.assert_close(after, before)


def test_a_mask_channel_is_not_taken_away(tmp_path):
    """Weights that know the mask are no start for a network that cannot see it."""
    path = tmp_path / "start.safetensors"
    masked = {**SETTINGS, "mask_channel": True}
    save_weights(path, Network(architecture_of(masked)), {})
    with pytest.raises(InputError, match="cannot be started from"):
        trainer_from(tmp_path, {**SETTINGS, "mask_channel": False, "start_from": str(path)})


def test_neighbours_may_be_added_to_given_weights(tmp_path):
    """A network with neighbours begins as the one without them: it looks at none of them."""
    start = Network(architecture_of(SETTINGS)).eval()
    torch.nn.init.normal_(start.l2.weight)
    path = tmp_path / "start.safetensors"
    save_weights(path, start, {})
    seeing = {**SETTINGS, "neighbours": 1, "start_from": str(path)}
    trainer = trainer_from(tmp_path, seeing)
    assert trainer.sampler.neighbours == 1
    image, bicubic = torch.rand(2, 4, 16, 16), torch.rand(2, 1, 16, 16)
    with torch.no_grad():
        before = start(image[:, [1, 3]], bicubic)
        after = trainer.network(image, bicubic)
    torch.testing.assert_close(after, before)


def test_neighbours_are_not_taken_away(tmp_path):
    """Weights that look at neighbours are no start for a network that cannot see them."""
    path = tmp_path / "start.safetensors"
    save_weights(path, Network(architecture_of({**SETTINGS, "neighbours": 1})), {})
    with pytest.raises(InputError, match="cannot be started from"):
        trainer_from(tmp_path, {**SETTINGS, "start_from": str(path)})


def test_planes_that_see_each_other_stay_together(tmp_path):
    """A split of planes takes the neighbours apart, which is refused by the key that mends it."""
    with pytest.raises(InputError, match=r"neighbours is 1, but .* needs .* split_by: volume"):
        trainer_from(tmp_path, {**SETTINGS, "neighbours": 1}, by="plane")


def test_weights_of_another_architecture_are_no_start(tmp_path):
    """A start that does not fit is refused by its name before anything is trained."""
    path = tmp_path / "start.safetensors"
    save_weights(path, Network(Architecture.from_width(0.05)), {})
    with pytest.raises(InputError, match=f"weights '{path}' cannot be started from"):
        trainer_from(tmp_path, {**SETTINGS, "start_from": str(path)})


def trainer_from(folder, settings, by="volume"):
    """Return a trainer over the random planes of two volumes."""
    rng = np.random.default_rng(3)
    planes = {family: rng.integers(0, 2, (6, 16, 16), dtype=np.uint8) for family in ("zx", "zy")}
    rows = [
        {
            "family": family,
            "row": row,
            "volume": row // 3,
            "part": "validation" if (row % 3 == 0 if by == "plane" else row < 3) else "training",
        }
        for family in planes
        for row in range(6)
    ]
    return make_trainer(
        settings,
        planes,
        pd.DataFrame(rows),
        millings=MillingRange.of(Milling("normal", 10, 3, 2.5)),
        voxel_nm=2.5,
        base_seed=3,
        folder=folder,
        device=torch.device("cpu"),
        digest="",
    )
