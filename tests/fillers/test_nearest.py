"""The nearest filler against a search by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fibgap.fillers import fill
from fibgap.stack import GappedVolume


def numbered(steps):
    """Return a gapped volume each of whose slices says its own number, in binary."""
    layers = np.cumsum([0, *steps])
    bits = (np.arange(len(layers))[:, None] >> np.arange(4)) & 1
    slices = bits.astype(bool).reshape(-1, 2, 2)
    return GappedVolume(slices, layers, 2.5, 0, 2.5, len(layers))


def numbers_of(volume):
    """Return which slice every layer shows."""
    return (volume.reshape(-1, 4) @ (1 << np.arange(4))).tolist()


def test_ties_go_to_the_lower_layer():
    """Half-way between slices on layers 0, 2 and 6, layers 1 and 4 show the lower slice."""
    assert numbers_of(fill(numbered([2, 4]), "nearest")) == [0, 0, 1, 1, 1, 2, 2]


def test_odd_gap_is_shared_evenly():
    """Of four missing layers two show the slice below and two the slice above."""
    assert numbers_of(fill(numbered([5]), "nearest")) == [0, 0, 0, 1, 1, 1]


@given(st.lists(st.integers(1, 7), min_size=1, max_size=10))
def test_every_layer_shows_its_nearest_slice(steps):
    """No slice is nearer than the one shown, and of two equally near the lower one is shown."""
    gapped = numbered(steps)
    expected = [
        min(range(len(steps) + 1), key=lambda n: (abs(int(gapped.layers[n]) - layer), n))
        for layer in range(gapped.n_layers)
    ]
    assert numbers_of(fill(gapped, "nearest")) == expected


@given(st.lists(st.integers(1, 7), min_size=1, max_size=10))
def test_reversal_along_z_changes_ties_only(steps):
    """Milled from the other end, only layers half-way between two slices show another slice."""
    gapped, mirrored = numbered(steps), numbered(steps[::-1])
    shown = np.array(numbers_of(fill(gapped, "nearest")))
    again = len(steps) - np.array(numbers_of(fill(mirrored, "nearest")))[::-1]
    halfway = [
        (low + high) // 2
        for low, high in zip(gapped.layers[:-1], gapped.layers[1:], strict=True)
        if (low + high) % 2 == 0
    ]
    assert np.flatnonzero(shown != again).tolist() == halfway
