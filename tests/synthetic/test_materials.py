"""Materials to learn from: each one is what its name says, and follows from its generator alone."""

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from fibgap.errors import InputError
from fibgap.synthetic.materials import (
    direction,
    draw_material,
    material_names,
    power_law_field,
    with_segmentation_noise,
)
from fibgap.synthetic.structure import Level

SHAPE = (32, 32, 32)
LEVELS = (Level(0.5, 20), Level(0.5, 9))
#: Least and greatest solid fraction that a material's ranges allow; where solid and pore change
#: places, both ends do. A ball, a fibre or a wall added last takes the fraction beyond its range.
FRACTIONS = {
    "structure": (0.1, 0.4),
    "structure_finer": (0.02, 0.5),
    "one_level": (0.05, 0.95),
    "rough": (0.2, 0.8),
    "grains": (0.5, 0.9),
}


def drawn(name, seed, shape=SHAPE):
    """Return a volume of a material."""
    return draw_material(name, shape, np.random.default_rng(seed), LEVELS)


@pytest.mark.parametrize("name", material_names())
def test_a_material_is_a_volume_of_two_phases(name):
    """Of its shape, neither empty nor full, and with interfaces between its voxels, not noise.

    In white noise of this fraction p, neighbours differ in 2 p (1 - p) of the pairs; in a
    structure they differ in less than three quarters of that.
    """
    for seed in range(3):
        volume = drawn(name, seed, (24, 32, 28))
        assert volume.shape == (24, 32, 28)
        assert volume.dtype == np.bool_
        solid = volume.mean()
        low, high = FRACTIONS.get(name, (0, 1))
        assert low - 1e-3 <= solid <= high + 1e-3
        assert 0 < solid < 1
        differ = (volume[1:] != volume[:-1]).mean()
        assert differ < 0.75 * 2 * solid * (1 - solid)


@pytest.mark.parametrize("name", material_names())
def test_a_material_follows_from_its_generator(name):
    """The same generator gives the same volume, another one another."""
    assert (drawn(name, 5) == drawn(name, 5)).all()
    assert (drawn(name, 5) != drawn(name, 6)).any()


@pytest.mark.parametrize("seed", range(4))
def test_sheets_are_thin(seed):
    """Three erosions take away what is up to 6 voxels thick: sheets of 4, but for where they cross.

    A seventh may be left, where two or three families cross or a sheet bends. Of layers that are
    thick, as the first three are, a fifth and more is left.
    """
    left = {}
    for name in ("sheets", "layers"):
        volume = drawn(name, seed, (48, 48, 48))
        left[name] = min(
            binary_erosion(phase, iterations=3, border_value=1).sum() / phase.sum()
            for phase in (volume, ~volume)
        )
    assert left["sheets"] < 1 / 7
    if seed < 3:
        assert left["layers"] > 0.2


def test_an_unknown_material_is_refused():
    """By its name, with those that there are."""
    with pytest.raises(InputError, match="material 'cheese' is unknown; choose one of cells"):
        drawn("cheese", 0)


def test_a_power_law_field_has_its_exponent():
    """Power falls by twice the exponent: from waves 4 to 12 times along the box, by 3^4 for 2.

    The mean power over a shell of M modes has a relative standard deviation of sqrt(1/M): 0.07
    for the 200 modes near 4, which is 0.015 in the exponent; four of them, and the width of the
    shells, are 0.15.
    """
    side = 48
    field = power_law_field((side,) * 3, 2.0, np.random.default_rng(2))
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-5)
    waves = np.abs(np.fft.fftn(field)) ** 2
    axes = np.fft.fftfreq(side) * side
    length = np.sqrt(sum(axis**2 for axis in np.meshgrid(axes, axes, axes, indexing="ij")))
    power = [waves[np.abs(length - radius) < 0.5].mean() for radius in (4, 12)]
    assert np.log(power[0] / power[1]) / np.log(3) / 2 == pytest.approx(2, abs=0.15)


def test_directions_are_even():
    """Of 4,000 directions a third of the squared length lies along each axis.

    The square of a component has a standard deviation of 0.298; four of 0.298 / sqrt(4000) are
    0.019.
    """
    rng = np.random.default_rng(3)
    squares = np.mean([direction(rng) ** 2 for _ in range(4000)], axis=0)
    np.testing.assert_allclose(squares, 1 / 3, atol=0.019)


def test_segmentation_noise_stays_at_interfaces():
    """Of a half-space, voxels change at the interface; far from it nearly none.

    Blurred by a voxel at most, it is below 0.02 or above 0.98 from 2.5 voxels on. There a change
    takes noise of 0.48, at least 2.6 standard deviations of 0.18: fewer than 0.5 % of the voxels.
    """
    volume = np.zeros(SHAPE, dtype=bool)
    volume[16:] = True
    noisy = [with_segmentation_noise(volume, np.random.default_rng(seed)) for seed in range(6)]
    changed = np.mean([each != volume for each in noisy], axis=(0, 2, 3))
    assert changed[15:17].mean() > 0.01
    assert changed[3:12].max() < 0.01
    assert changed[20:29].max() < 0.01
