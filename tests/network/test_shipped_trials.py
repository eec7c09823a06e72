"""Networks that come with the package are tried on materials that they were not trained on.

A network that learned one structure may exchange solid and pore wherever it sees neither ligament
nor interface. So each of them meets balls, half-spaces and laminates of any size, and the gold at
finer pixels.
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from fibgap.fillers import fill
from fibgap.network.module import Network
from fibgap.network.shipped import FOLDER
from fibgap.network.weights import load_weights
from fibgap.stack import GappedVolume
from tests import materials

NAMES = sorted(path.stem for path in FOLDER.glob("*.safetensors"))
#: A milling of the paper's kind whose gaps are as uneven as 1 and 7 voxels.
MILLING = 13

every_network = pytest.mark.parametrize("name", NAMES)


@lru_cache
def network(name: str) -> Network:
    """Return a shipped network."""
    return load_weights(FOLDER / f"{name}.safetensors").network


def filled(
    volume: NDArray[np.bool_], name: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], GappedVolume]:
    """Return the truth, what a network makes of its slices, and the slices."""
    truth, gapped = materials.milled(volume, seed=MILLING)
    return truth, fill(gapped, "network", network=network(name)), gapped


def assert_no_worse_than_nearest(name: str, *volumes: NDArray[np.bool_]) -> None:
    """Hold a network to what it costs to copy the nearest slice, and to safe decisions.

    A network that misclassifies more than a copy of the nearest slice is of no use. And where both
    slices agree, farther from any interface than they are apart, there is nothing to decide.
    """
    total, limit = 0.0, 0.0
    for volume in volumes:
        truth, guess, gapped = filled(volume, name)
        assert materials.decided_against_both(guess, gapped) == 0
        total += materials.misclassified(guess, truth, gapped)
        limit += materials.misclassified(fill(gapped, "nearest"), truth, gapped)
    assert 0 < total <= limit


@every_network
@pytest.mark.parametrize("radius", [5, 12, 24, 60])
def test_balls(name: str, radius: int) -> None:
    """Neither a ball of solid nor one of pore is hollowed out, and together they are well met.

    A network that prefers one phase gains on one ball what it loses on the other, so the two are
    counted together.
    """
    solid = materials.ball(radius)
    assert_no_worse_than_nearest(name, solid, ~solid)


@every_network
@pytest.mark.parametrize("solid", [True, False])
def test_a_ball_in_one_slice_or_two(name: str, solid: bool) -> None:
    """Of a ball of radius 3 little is known: a network loses at most its very voxels."""
    truth, guess, gapped = filled(materials.ball(3, solid=solid), name)
    missing = gapped.missing_layers
    assert materials.decided_against_both(guess, gapped) == 0
    assert (guess != truth)[missing].sum() <= (truth[missing] == solid).sum()


@every_network
@pytest.mark.parametrize("normal", [(1, 1, 1), (1, 0, 2)])
def test_tilted_half_space(name: str, normal: tuple[int, int, int]) -> None:
    """A straight interface that leans is continued between the slices."""
    assert_no_worse_than_nearest(name, materials.half_space(normal))


@every_network
@pytest.mark.parametrize("period", [12, 32])
def test_tilted_laminate(name: str, period: int) -> None:
    """Leaning layers, thin or thick, are continued between the slices."""
    assert_no_worse_than_nearest(name, materials.laminate((1, 0, 1), period))


@every_network
@pytest.mark.parametrize("period", [8, 32])
def test_upright_laminate(name: str, period: int) -> None:
    """Layers along z, the same in every slice, stay so but for one interface voxel in fifty."""
    truth, guess, gapped = filled(materials.laminate((0, 0, 1), period), name)
    # Two voxels of a period lie at each of its two interfaces.
    assert materials.misclassified(guess, truth, gapped) <= 4 / period / 50
    assert materials.decided_against_both(guess, gapped) == 0


@every_network
def test_lying_laminate(name: str) -> None:
    """Between two slices in one layer of 16 voxels there is nothing but that layer."""
    _, guess, gapped = filled(materials.laminate((1, 0, 0), 32), name)
    alike = 0
    for index, (low, high) in enumerate(pairwise(gapped.layers.tolist())):
        lower, upper = gapped.slices[index : index + 2]
        if (lower == upper).all():
            assert (guess[low:high] == lower).all()
            alike += 1
    assert alike > 3


@every_network
@pytest.mark.parametrize("finer", [1, 2, 3, 4])
def test_the_gold_at_finer_pixels(name: str, finer: int) -> None:
    """The paper's structure is filled at its own scale and with up to 4 times wider ligaments."""
    volume = materials.levelled(materials.PAPER_LEVELS, finer=finer, seed=finer)
    assert_no_worse_than_nearest(name, volume)
