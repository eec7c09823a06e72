"""Specific surface and mean chords against closed forms."""

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.measures import measure, pore_chord, solid_chord, specific_surface
from fibgap.measures.interfaces import _SHARES, DIRECTIONS


def ball(side, radius, centre):
    """Return a ball in a cube of pore."""
    grid = np.indices((side,) * 3) - np.asarray(centre)[:, None, None, None]
    return (grid**2).sum(axis=0) < radius**2


@pytest.fixture(scope="module")
def boolean_model():
    """Overlapping balls of 6 voxels in radius at a known density: four samples of 72^3."""
    radius, side, density = 6.0, 72, 0.8 / (4 / 3 * np.pi * 6**3)
    samples = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        volume = np.zeros((side,) * 3, bool)
        wide = side + 2 * radius
        grid = np.arange(side)
        for centre in rng.uniform(-radius, side + radius, (rng.poisson(density * wide**3), 3)):
            near = [grid[np.abs(grid - c) <= radius] for c in centre]
            z, y, x = np.ix_(*near)
            square = (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2
            volume[np.ix_(*near)] |= square < radius**2
        samples.append(volume)
    return density, radius, samples


@pytest.mark.parametrize("radius", [10, 20])
def test_the_surface_of_a_ball(radius):
    """A ball has 4 π r², wherever its centre lies in a voxel."""
    side = 2 * radius + 24
    centre = side / 2 + np.array([0.1, -0.3, 0.4])
    found = specific_surface(ball(side, radius, centre))[0] * side**3
    # Each direction counts pairs that fit, (n - 1)^k n^(3 - k) of n^3, where a ball that touches no
    # face needs none of those that do not: at most (n / (n - 1))^3 too much. A digital ball of 10
    # voxels has 0.2 % less, with a spread of 0.25 % by its centre: three of these are allowed.
    assert 0.99 < found / (4 * np.pi * radius**2) < (side / (side - 1)) ** 3 * 1.01


@pytest.mark.parametrize("normal", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1)])
def test_the_surface_of_a_laminate(normal):
    """Flat layers come out within the bias that the documentation names, whatever their normal."""
    length = np.linalg.norm(normal)
    grid = np.indices((61, 61, 61))
    depth = sum(n * axis for n, axis in zip(normal, grid, strict=True)) / length
    found = specific_surface((depth % 12) < 6)[0]
    # From -7.3 % to +2.3 % by orientation; slanted layers end within a period: 2 % more.
    assert 0.927 - 0.02 < found * 6 < 1.023 + 0.02


def test_weights_cover_the_sphere():
    """The 13 directions share the whole sphere, each with what is nearest to it."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((200_000, 3))
    units = np.array(DIRECTIONS) / np.linalg.norm(DIRECTIONS, axis=1)[:, None]
    nearest = np.abs(points @ units.T).argmax(axis=1)
    counted = np.bincount(nearest, minlength=13) / len(points)
    # A share p of n points has the standard deviation sqrt(p / n) < 7e-4: five of these.
    shares = [_SHARES[int(np.abs(step).sum())] for step in DIRECTIONS]
    assert len(DIRECTIONS) == 13
    assert np.allclose(counted, shares, rtol=0, atol=3.5e-3)
    assert sum(shares) == pytest.approx(1, abs=1e-6)


def test_overlapping_balls_have_their_surface_and_chords(boolean_model):
    """The Boolean model: pores at both ends of a lag are exp(-ρ V), V being that of two balls."""
    density, radius, samples = boolean_model

    def pores(lag):
        two = 4 / 3 * np.pi * radius**3 * (1 + 3 * lag / (4 * radius) - lag**3 / (16 * radius**3))
        return np.exp(-density * two)

    def crossings(lag):  # of the interface over the length, as points a lag apart see it
        return 2 * (pores(0) - pores(lag)) / lag

    lags = np.linalg.norm(DIRECTIONS, axis=1)
    shares = np.array([_SHARES[round(lag**2)] for lag in lags])
    expected = {
        "surface": 2 * np.sum(shares * crossings(lags)),
        "pore_chord": 2 * pores(0) / crossings(1),
        "solid_chord": 2 * (1 - pores(0)) / crossings(1),
    }
    # The limit of small voxels is S = ρ 4πr² exp(-ρ 4πr³/3), and chords of pores 1 / (ρ π r²).
    assert expected["surface"] == pytest.approx(4 * np.pi * radius**2 * density * pores(0), rel=0.1)
    assert expected["pore_chord"] == pytest.approx(1 / (density * np.pi * radius**2), rel=0.1)
    found = [measure(sample, expected) for sample in samples]
    for name, exact in expected.items():
        values = np.array([each[name].mean() for each in found])
        # Five standard errors, themselves known from four samples only.
        error = 5 * values.std(ddof=1) / np.sqrt(len(values))
        assert error < 0.15 * exact
        assert values.mean() == pytest.approx(exact, abs=error), name


def test_chords_of_a_ball_by_direction():
    """A ball has 4/3 of its radius along every axis; stretched along z, twice that along z."""
    found = solid_chord(ball(64, 16, (31.3, 31.9, 31.6)))
    # Pairs that do not fit: a 64th. A ball of 10 voxels or more is 0.2 % off beyond that.
    assert np.allclose(found, 4 / 3 * 16 * 63 / 64, rtol=0.01)
    z, y, x = (np.indices((64, 64, 64)) - 31.6) / np.array([2, 1, 1])[:, None, None, None]
    stretched = solid_chord(z**2 + y**2 + x**2 < 14**2)
    assert stretched[0] / stretched[1:].mean() == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize("axis", range(3))
def test_chords_of_a_laminate(axis):
    """Across the layers, whole periods: the thickness; along them there is no interface."""
    # From the middle of a layer, so that the ends cut the same share off both phases.
    layers = ((np.arange(51) + 2) % 10 < 4).reshape(np.roll([51, 1, 1], axis))
    volume = np.broadcast_to(layers, np.roll([51, 6, 7], axis))
    solid, pore = solid_chord(volume, voxel_nm=2.5), pore_chord(volume, voxel_nm=2.5)
    along = [other for other in range(3) if other != axis]
    assert np.isnan([solid[along], pore[along]]).all()
    # 10 crossings on 50 steps; 21 solid voxels of 51 are 4 of 10 but for half a voxel a face.
    assert solid[axis] == pytest.approx(2 * 21 / 51 * 5 * 2.5, rel=1e-12)
    assert solid[axis] == pytest.approx(10, rel=0.03)
    assert solid[axis] + pore[axis] == pytest.approx(25, rel=1e-12)


def test_lengths_scale_with_the_voxel():
    """Twice the voxel: twice the chords, half the surface over the volume."""
    volume = np.random.default_rng(1).random((12, 13, 14)) < 0.4
    small, large = (
        measure(volume, ["surface", "solid_chord", "pore_chord"], voxel_nm=side) for side in (2, 4)
    )
    assert np.allclose(large["surface"] * 2, small["surface"], rtol=1e-14)
    for name in ("solid_chord", "pore_chord"):
        assert np.allclose(large[name], 2 * small[name], rtol=1e-14)


def test_bad_options_are_named():
    """A voxel without a size, and a volume of one layer, are refused with their values."""
    volume = np.ones((4, 4, 4), bool)
    for function in (specific_surface, solid_chord, pore_chord):
        with pytest.raises(InputError, match=r"voxel_nm .* is 0"):
            function(volume, voxel_nm=0)
    with pytest.raises(InputError, match=r"two voxels or more .* \(1, 4, 4\)"):
        specific_surface(volume[:1])
