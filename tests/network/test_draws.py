"""A draw is cut from a probability by a random field: right on average, and rough like a truth."""

import numpy as np
import pytest
from scipy.special import ndtr

from fibgap.errors import InputError
from fibgap.network.draws import confidence_percent, draw, random_field

SHAPE = (48, 48, 48)


def test_a_random_field_is_normal_and_smooth():
    """A tenth of the values lies in every tenth of the normal distribution, and neighbours agree.

    With sigma 1.5 about 48³ / (4 pi 1.5²)^1.5 = 735 values are independent, so a share of 0.1 has
    a standard deviation of 0.011: 0.045 are four of them. Neighbours are correlated by
    exp(-1/9) = 0.895.
    """
    field = random_field(SHAPE, np.random.default_rng(1))
    shares = np.histogram(ndtr(field), bins=10, range=(0, 1))[0] / field.size
    assert np.abs(shares - 0.1).max() < 0.045
    for axis in range(3):
        near = np.corrcoef(
            field.take(range(47), axis).ravel(), field.take(range(1, 48), axis).ravel()
        )[0, 1]
        assert near == pytest.approx(0.895, abs=0.02)


def test_white_noise_has_no_width():
    """Without smoothing, neighbours have nothing to do with each other."""
    field = random_field(SHAPE, np.random.default_rng(1), sigma=0)
    near = np.corrcoef(field[1:].ravel(), field[:-1].ravel())[0, 1]
    # 1 / sqrt(110,000 pairs) is 0.003.
    assert abs(near) < 0.012
    with pytest.raises(InputError, match="sigma of a draw must be 0 or more voxels, but is -1"):
        random_field(SHAPE, np.random.default_rng(1), sigma=-1)


def test_draws_are_right_on_average():
    """Where the probability is 0.3, three of ten draws show solid; what is certain stays certain.

    16 draws of about 735 independent values: a standard deviation of 0.0042, four are 0.017.
    """
    probability = np.full(SHAPE, 0.3, dtype=np.float32)
    probability[:8], probability[-8:] = 0, 1
    draws = [draw(probability, number) for number in range(16)]
    assert not any(each[:8].any() for each in draws)
    assert all(each[-8:].all() for each in draws)
    mean = np.mean([each[8:-8].mean() for each in draws])
    assert mean == pytest.approx(0.3, abs=0.021)  # two thirds of the layers


def test_without_strength_a_draw_is_the_cut_at_one_half():
    """Between the two it comes ever closer to the cut: fewer voxels differ at half the strength."""
    probability = np.random.default_rng(2).random((16, 16, 16)).astype(np.float32)
    cut = probability >= 0.5
    assert (draw(probability, strength=0.0) == cut).all()
    differ = [(draw(probability, strength=value) != cut).mean() for value in (0.5, 1.0)]
    assert 0 < differ[0] < differ[1]


def test_a_draw_has_a_number():
    """The same number gives the same volume, another number another one."""
    probability = np.full((12, 12, 12), 0.5, dtype=np.float32)
    assert (draw(probability, 4) == draw(probability, 4)).all()
    assert (draw(probability, 4) != draw(probability, 5)).any()


def test_confidence_is_that_of_the_phase_shown():
    """A voxel that a draw makes pore although it is solid at 80 % deserves 20 %."""
    probability = np.array([[[0.8, 0.8, -0.1]]], dtype=np.float32)
    solid = np.array([[[True, False, False]]])
    assert confidence_percent(probability, solid).tolist() == [[[80, 20, 100]]]
