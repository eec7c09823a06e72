"""How a network is trained: Table S2 unless told otherwise."""

import pytest

from fibgap.errors import InputError
from fibgap.network.training.settings import Training


def test_defaults_are_table_s2():
    """Patch 64, stride one half, batch 64, 500 epochs, Adam at 0.001, patience 10 and 25."""
    training = Training()
    assert training.patch == 64
    assert training.stride == 0.5 * training.patch
    assert training.batch_size == 64
    assert training.epochs == 500
    assert training.stop_patience == 25
    assert training.learning_rate == 0.001
    assert training.reduce_factor == 0.1
    assert training.reduce_patience == 10
    assert training.schedule == "plateau"
    assert training.loss_rows == "all"
    assert training.steps_per_epoch == training.budget_minutes == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule": "cosine"}, r"schedule 'cosine' is unknown; choose one of .*one_cycle"),
        ({"loss_rows": "known"}, r"loss_rows 'known' is unknown; choose one of .*missing"),
        ({"epochs": 0}, "epochs must be at least 1, but is 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, but is 0"),
        ({"patch": -1}, "patch must be at least 8, but is -1"),
        ({"stride": 0}, "stride must be at least 1, but is 0"),
        ({"validation_planes": 0}, "validation_planes must be at least 1, but is 0"),
        ({"learning_rate": 0.0}, "learning_rate must be greater than 0, but is 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be greater than 0, but is nan"),
        ({"stop_patience": 0}, "stop_patience must be at least 1, but is 0"),
        ({"margin": -1}, "margin must be at least 0, but is -1"),
        ({"reduce_factor": 1}, "reduce_factor must be greater than 0 and less than 1, but is 1"),
        ({"precision": "fp16"}, "precision 'fp16' is unknown; choose one of fp32, bf16, auto"),
    ],
)
def test_impossible_settings_are_refused(changes, words):
    """Every setting that cannot be trained with is told by its name and value."""
    with pytest.raises(InputError, match=words):
        Training(**changes)
