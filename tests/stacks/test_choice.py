"""Which filler is taken, and which wishes contradict each other."""

import numpy as np
import pytest

from fibgap import fillers
from fibgap.errors import InputError
from fibgap.stack import SliceStack
from fibgap.stacks import choose_filler

STACK = SliceStack(np.eye(3, dtype=bool)[None].repeat(2, axis=0), np.array([0.0, 5.0]), 2.5)


def test_auto_takes_a_classical_filler():
    """No network fills a material that nobody compared it on."""
    assert choose_filler(STACK).filler in ("signed_distance_spline", "cubic_spline")


@pytest.mark.parametrize("registered", [True, False])
def test_auto_takes_the_best_that_there_is(monkeypatch, registered):
    """The spline of signed distances comes first where it is registered."""
    if not registered:
        for name in ("FILLER_HOMES", "_FILLERS"):
            known = {k: v for k, v in getattr(fillers, name).items() if "distance" not in k}
            monkeypatch.setattr(fillers, name, known)
    expected = "signed_distance_spline" if registered else "cubic_spline"
    assert choose_filler(STACK).filler == expected


def test_a_filler_by_its_name():
    """What is asked for is taken."""
    assert choose_filler(STACK, "nearest").filler == "nearest"
    with pytest.raises(InputError, match="filler 'newest' is unknown; choose one of auto, "):
        choose_filler(STACK, "newest")


def test_weights_and_fillers_must_belong_together():
    """Weights are a network's; a network needs weights; a GPU is for a network."""
    with pytest.raises(InputError, match="weights 'shipped:general' are for"):
        choose_filler(STACK, "nearest", weights="shipped:general")
    with pytest.raises(InputError, match="a GPU is for"):
        choose_filler(STACK, "nearest", gpu=True)
    with pytest.raises(InputError, match="needs weights: a file, or one of shipped:"):
        choose_filler(STACK, "network")


def test_weights_mean_the_network():
    """With weights there is nothing left to choose."""
    choice = choose_filler(STACK, weights="shipped:general")
    assert choice.filler == "network"
    assert choice.weights.name == "general.safetensors"
    assert choice.options["network"].device == "cpu"
