"""Euler characteristic, clusters and percolation against bodies whose topology is known."""

import numpy as np
import pytest
from skimage.measure import euler_number

from fibgap.errors import InputError
from fibgap.measures import (
    euler_characteristic,
    pore_clusters,
    pore_percolation,
    solid_clusters,
    solid_percolation,
)


def radii(side=24):
    """Return distances from the middle, and from a circle around it, in voxels."""
    z, y, x = np.indices((side,) * 3) - (side - 1) / 2
    return np.sqrt(z**2 + y**2 + x**2), np.hypot(np.hypot(y, x) - 7, z)


@pytest.mark.parametrize("connectivity", [6, 26])
def test_euler_characteristics_of_bodies(connectivity):
    """A ball has 1, a torus 0, a hollow ball 2, two balls 2, a ball in a torus' hole 1."""
    from_middle, from_circle = radii()
    ball, torus, shell = from_middle < 3, from_circle < 2.6, from_middle < 8
    bodies = {
        1: [ball, ball | torus, from_middle < 11],
        0: [torus, np.zeros_like(ball)],
        2: [shell & (from_middle > 4), ball | np.roll(ball, 7, axis=0)],
    }
    for expected, volumes in bodies.items():
        for volume in volumes:
            assert euler_characteristic(volume, connectivity=connectivity).tolist() == [expected]


def test_connectivities_differ_where_voxels_touch_in_an_edge():
    """Two voxels that share an edge are two parts with 6 neighbours, one with 26."""
    pair = np.zeros((3, 3, 3), bool)
    pair[1, 1, 1] = pair[1, 2, 2] = True
    assert euler_characteristic(pair).tolist() == [2]
    assert euler_characteristic(pair, connectivity=26).tolist() == [1]


@pytest.mark.parametrize("chance", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_random_voxels_agree_with_an_independent_count(chance):
    """scikit-image, by configurations of 2 x 2 x 2 voxels, gives the same whole numbers."""
    volume = np.random.default_rng(3).random((7, 9, 11)) < chance
    assert euler_characteristic(volume).tolist() == [euler_number(volume, 1)]
    assert euler_characteristic(volume, connectivity=26).tolist() == [euler_number(volume, 3)]


def test_clusters_are_counted_by_phase():
    """Three balls, one of them hollow: three clusters of solid, two of pore."""
    from_middle, _ = radii()
    volume = np.zeros((72, 24, 24), bool)
    for index, inner in enumerate((0, 4, 0)):
        volume[24 * index : 24 * (index + 1)] = (from_middle < 8) & (from_middle >= inner)
    assert solid_clusters(volume).tolist() == [3]
    assert pore_clusters(volume).tolist() == [2]
    # Voxels that share an edge do not connect.
    assert solid_clusters(np.eye(4, dtype=bool)[None]).tolist() == [4]


@pytest.mark.parametrize("axis", range(3))
def test_what_percolates_along_an_axis(axis):
    """A rod through the volume and a loose ball: the rod's share, along its axis alone."""
    volume = np.zeros((20, 20, 20), bool)
    volume[:, 2:5, 2:5] = True
    volume[8:12, 12:15, 12:17] = True
    solid = solid_percolation(np.moveaxis(volume, 0, axis))
    expected = np.zeros(3)
    expected[axis] = 180 / (180 + 60)
    assert np.array_equal(solid, expected)
    assert pore_percolation(np.moveaxis(volume, 0, axis)).tolist() == [1, 1, 1]


def test_a_phase_that_is_not_there_has_no_share():
    """Without solid its percolating share is undefined, and all pores percolate."""
    empty = np.zeros((4, 4, 4), bool)
    assert np.isnan(solid_percolation(empty)).all()
    assert pore_percolation(empty).tolist() == [1, 1, 1]
    assert solid_clusters(empty).tolist() == [0]


def test_another_connectivity_is_refused():
    """18 neighbours have no dual."""
    with pytest.raises(InputError, match="connectivity must be 6 or 26, but is 18"):
        euler_characteristic(np.zeros((4, 4, 4), bool), connectivity=18)
