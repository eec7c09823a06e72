"""Hole filling against holes drawn by hand and a flood that spreads pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fibgap.errors import InputError
from fibgap.holes import HoleFilling, fill_holes


def picture(*rows):
    """Return a volume of one layer, # for gold."""
    return np.array([[[pixel == "#" for pixel in row] for row in rows]])


def fill_all(volume, **options):
    """Fill the holes of every layer."""
    return fill_holes(volume, np.arange(len(volume)), **options)


def holes_by_flood(layer, max_pixels):
    """Return the small enclosed sets of pore pixels of one layer, each by flooding it."""
    seen = np.array(layer)
    found = []
    for start in np.ndindex(*layer.shape):
        if seen[start]:
            continue
        flood, todo, open_to_border = set(), [start], False
        while todo:
            y, x = todo.pop()
            if not (0 <= y < layer.shape[0] and 0 <= x < layer.shape[1]):
                open_to_border = True
            elif not seen[y, x]:
                seen[y, x] = True
                flood.add((y, x))
                todo += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
        if not open_to_border and len(flood) <= max_pixels:
            found.append(flood)
    return found


def plate_with_hole(pixels, width=7):
    """Return one layer of gold with a hole of so many pixels, row by row."""
    plate = np.ones((1, 9, width + 2), bool)
    rows, columns = np.divmod(np.arange(pixels), width)
    plate[0, rows + 1, columns + 1] = False
    return plate


@pytest.mark.parametrize(("pixels", "filled"), [(1, True), (19, True), (20, False), (49, False)])
def test_holes_below_twenty_pixels_are_filled(pixels, filled):
    """A hole of 19 pixels is smaller than 20 and is filled; one of 20 stays."""
    plate = plate_with_hole(pixels)
    result, count = fill_all(plate)
    assert result.all() == filled
    assert count == (HoleFilling(1, pixels) if filled else HoleFilling(0, 0))
    if not filled:
        np.testing.assert_array_equal(result, plate)


def test_limit_of_zero_fills_nothing():
    """With no pixel allowed, every hole stays."""
    plate = plate_with_hole(1)
    result, count = fill_all(plate, max_pixels=0)
    np.testing.assert_array_equal(result, plate)
    assert count == HoleFilling(0, 0)


def test_counts_by_hand():
    """Three enclosed holes of 1, 2 and 3 pixels are six pixels; the open pore is no hole."""
    layer = picture(
        "########.",
        "#.##..##.",
        "########.",
        "#.###.#..",
        "#..######",
        "#########",
    )
    result, count = fill_all(layer)
    assert count == HoleFilling(4, 7)
    # Left are the five pore pixels that reach the right border.
    assert np.argwhere(~result[0]).tolist() == [[0, 8], [1, 8], [2, 8], [3, 7], [3, 8]]


def test_pore_leaks_through_edges_only():
    """Gold that meets corner to corner encloses a pore; an opening one pixel wide does not."""
    enclosed = picture(
        "..#..",
        ".#.#.",
        "..#..",
    )
    leaking = picture(
        "..#..",
        ".#.#.",
        ".....",
    )
    result, count = fill_all(enclosed)
    assert result[0, 1, 2]
    assert count == HoleFilling(1, 1)
    result, count = fill_all(leaking)
    np.testing.assert_array_equal(result, leaking)
    assert count == HoleFilling(0, 0)


def test_holes_that_meet_at_a_corner_are_two():
    """Two holes of 15 pixels that touch at a corner only are measured one by one and filled."""
    layer = np.ones((1, 10, 12), bool)
    layer[0, 1:4, 1:6] = layer[0, 4:7, 6:11] = False
    result, count = fill_all(layer)
    assert result.all()
    assert count == HoleFilling(2, 30)


@pytest.mark.parametrize("edge", [(0, 2), (4, 2), (2, 0), (2, 4)], ids=["y0", "y1", "x0", "x1"])
def test_pore_at_the_border_is_no_hole(edge):
    """A pore that touches any of the four borders may go on beyond it and is left open."""
    layer = np.ones((1, 5, 5), bool)
    layer[0, 2, 2] = False
    layer[(0, *edge)] = False
    between = tuple((a + 2) // 2 for a in edge)
    layer[(0, *between)] = False
    result, count = fill_all(layer)
    np.testing.assert_array_equal(result, layer)
    assert count == HoleFilling(0, 0)


def test_only_given_layers_are_touched():
    """Known layers are measurements: their holes stay, those of the filled layers go."""
    ring = plate_with_hole(3)
    volume = np.concatenate([ring] * 4)
    result, count = fill_holes(volume, np.array([1, 2]))
    np.testing.assert_array_equal(result[[0, 3]], volume[[0, 3]])
    assert result[1:3].all()
    assert count == HoleFilling(2, 6)
    # No layer given, nothing done; and the volume that was given is left as it was.
    result, count = fill_holes(volume, np.array([], int))
    np.testing.assert_array_equal(result, volume)
    assert count == HoleFilling(0, 0)
    assert np.count_nonzero(~volume) == 12


def test_holes_are_holes_in_their_layer():
    """A pore channel along z is a hole in every layer that it crosses."""
    volume = np.ones((5, 6, 6), bool)
    volume[:, 2, 3] = False
    result, count = fill_all(volume)
    assert result.all()
    assert count == HoleFilling(5, 5)


@given(hnp.arrays(bool, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 9))),
       st.integers(0, 6))  # fmt: skip
def test_agrees_with_a_flood(volume, max_pixels):
    """Filled are exactly the pores which no flood leaves and whose area is within the limit."""
    kept = volume.copy()
    result, count = fill_all(volume, max_pixels=max_pixels)
    np.testing.assert_array_equal(volume, kept)
    expected = volume.copy()
    found = [(z, hole) for z in range(2) for hole in holes_by_flood(volume[z], max_pixels)]
    for z, hole in found:
        for place in hole:
            expected[(z, *place)] = True
    np.testing.assert_array_equal(result, expected)
    assert count == HoleFilling(len(found), sum(len(hole) for _, hole in found))
    # Once is enough: gold that filled a hole closes no other.
    again, nothing = fill_all(result, max_pixels=max_pixels)
    np.testing.assert_array_equal(again, result)
    assert nothing == HoleFilling(0, 0)


def test_dense_layers_have_holes():
    """In random gold of 70 % there are holes to fill, and all of them are filled."""
    volume = np.random.default_rng(1).random((3, 30, 30)) < 0.7
    result, count = fill_all(volume)
    found = [hole for layer in volume for hole in holes_by_flood(layer, 19)]
    assert count == HoleFilling(len(found), sum(map(len, found)))
    assert count.holes > 50
    assert np.count_nonzero(result != volume) == count.pixels


def test_negative_limit_fails():
    """An area is not negative."""
    with pytest.raises(InputError, match="max_pixels must not be negative, but is -1"):
        fill_all(plate_with_hole(1), max_pixels=-1)
