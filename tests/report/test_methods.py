"""What was done, in words: every name in the tables stands for something that is said."""

import pytest

from fibgap.network.architecture import Architecture
from fibgap.network.shipped import resolve_weights
from fibgap.network.training.settings import Training
from fibgap.report.methods import (
    PAPER_TRAINING,
    TABLE_S1,
    footnotes,
    names_frame,
    network_words,
    training_words,
)

TRAINED = {
    "training": dict(PAPER_TRAINING),
    "epochs": 120,
    "steps_per_epoch": 90,
    "precision": "bfloat16",
    "seconds": 600.0,
    "device": "cuda",
    "status": "stopped early",
    "parameters": 368421,
}


def test_the_defaults_of_the_library_are_the_paper() -> None:
    """What the footnote calls Tables S1 and S2 is what the library does unasked."""
    assert Architecture().to_dict() == TABLE_S1
    assert {key: vars(Training())[key] for key in PAPER_TRAINING} == PAPER_TRAINING


def test_the_papers_own_network_is_said_to_be_that() -> None:
    """Table S1 trained by Table S2 to its end needs no reservation."""
    text = network_words(TABLE_S1, TRAINED)
    assert text == (
        "the network of Table S1 (368,421 parameters), trained by Table S2: "
        "10,800 steps of 64 patches, 10 min on a GPU in bf16"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schedule": "one_cycle"}, "not the full training of Table S2 (schedule differs)"),
        ({"batch_size": 32, "loss_rows": "missing"}, "(batch size, loss rows differ)"),
    ],
)
def test_every_deviation_is_named(changes: dict[str, object], said: str) -> None:
    """A training that is not Table S2 says so, and what is different."""
    assert said in training_words({**TRAINED, "training": {**PAPER_TRAINING, **changes}})


def test_a_training_that_did_not_start_afresh_says_so() -> None:
    """Table S2 begins with random weights; what began with others is not Table S2."""
    text = training_words({**TRAINED, "started_from_sha256": "0" * 64})
    assert "starting from other trained weights" in text
    assert "not the full training of Table S2 (start differs)" in text


def test_a_training_that_ran_out_of_time_says_so() -> None:
    """Table S2 cut short is not Table S2."""
    assert "it ended out of budget" in training_words({**TRAINED, "status": "out of budget"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mask_channel": True}, "the network of Table S1 with a mask channel"),
        ({"bicubic": "add"}, "the network of Table S1 with the interpolated layer added"),
        (
            {"mask_channel": True, "neighbours": 3},
            "Table S1 with a mask channel and 3 neighbouring planes on each side (",
        ),
        ({"features": [32, 27, 23, 20, 17, 13, 11]}, "a compact network of 32 to 11 filters"),
        (
            {"bicubic": "add", "sees": "distances"},
            "the network of Table S1 with a correction of interpolated distances (",
        ),
    ],
)
def test_another_network_is_not_called_table_s1_alone(changes: dict, said: str) -> None:
    """Every deviation from Table S1 is in the words."""
    text = network_words({**TABLE_S1, **changes}, TRAINED, "For laptops.")
    assert said in text
    assert text.endswith(". For laptops")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"threshold": "draw"}, "; a draw from its probabilities instead of the most probable"),
        ({"threshold": "keep_fraction"}, "; cut so that the solid fraction is that of the slices"),
        ({"families": "zx"}, "; filled by zx-planes alone"),
    ],
)
def test_a_network_arm_tells_its_cut_and_its_planes(settings: dict, said: str) -> None:
    """Two arms of one network differ in what is said of them."""
    plain = {"name": "A", "filler": "network", "families": "both", "threshold": "half"}
    arms = [plain, {**plain, **settings, "name": "B"}]
    weights = dict.fromkeys("AB", resolve_weights("shipped:general"))
    names = names_frame(arms, weights, {}, tpcf_centred=False)
    first, second = names["stands_for"]
    assert second.startswith(first + said)
    assert said not in first


def test_every_arm_and_a_centred_correlation_are_named() -> None:
    """Classical arms say how slices are placed and gaps filled; only networks need a footnote."""
    arms = [
        {
            "name": "RCS-s",
            "placement": "repositioned",
            "filler": "cubic_spline",
            "fill_holes": True,
        },
        {"name": "DNN-s", "placement": "nominal", "filler": "nearest", "fill_holes": False},
        {"name": "RML-s", "placement": "repositioned", "filler": "network"},
    ]
    weights = {"RML-s": resolve_weights("shipped:table_s1")}
    names = names_frame(arms, weights, {"RML-s": None}, tpcf_centred=True)
    assert names["name"].tolist() == ["TPCF", "RCS-s", "DNN-s", "RML-s"]
    assert names["kind"].tolist() == ["measure", "arm", "arm", "network"]
    said = names.set_index("name")["stands_for"]
    assert said["RCS-s"] == (
        "slices at their measured depths; filler: cubic spline; small holes in filled layers are "
        "closed"
    )
    assert said["DNN-s"].endswith("filler: nearest")
    first, second = footnotes(names, ["RCS-s", "RML-s"])
    assert first == (
        "TPCF stands for the two-point correlation less the square of the solid fraction."
    )
    assert second.startswith("RML-s stands for the network of Table S1 (368,421 parameters), ")
    assert footnotes(names, ["RCS-s"]) == [first]
    uncentred = names_frame(arms, weights, {}, tpcf_centred=False)
    assert footnotes(uncentred, ["DNN-s"]) == []
