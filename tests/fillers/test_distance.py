"""Distances to the outline as far as they count are found sooner, and are the same."""

import numpy as np
import pytest

from fibgap.fillers.distance import clipped_distance, signed_distance


@pytest.mark.parametrize("limit", [0.2, 1.25, 2, 4.9, 5, 12.5, 33.1, 150, np.inf])
@pytest.mark.parametrize("solid", [0.003, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("shape", [(7, 9), (40, 23), (3, 90)])
def test_clipped_distances_are_those_of_the_transform(shape, solid, limit):
    """Up to the limit every pixel has its Euclidean distance, to the bit, and beyond the limit."""
    rng = np.random.default_rng(int(1000 * solid) + shape[0])
    image = rng.random(shape) < solid
    image[0, :2] = True, False  # both phases
    expected = np.clip(signed_distance(image), -limit, limit)
    found = clipped_distance(image, limit)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("solid", [True, False])
def test_a_slice_of_one_phase_is_as_far_as_its_diagonal(solid):
    """Without an outline the distance is the diagonal, or the limit where that is less."""
    image = np.full((3, 4), solid)
    sign = 1 if solid else -1
    assert (clipped_distance(image, 9) == 5 * sign).all()
    assert (clipped_distance(image, 2) == 2 * sign).all()
