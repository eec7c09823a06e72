"""Fillers that go by blocks give, block by block and in any order, what they give as a whole."""

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.fillers import fill_blocks
from fibgap.fillers.blocks import find_blocks
from fibgap.on_disk import new_on_disk
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack

CLASSICAL = ["nearest", "linear", "cubic_spline", "shape_based", "signed_distance_spline"]


def make_gapped(slices, *, turned: bool = False) -> GappedVolume:
    """Return slices at uneven depths, some of which share a layer and some nearly coincide."""
    rng = np.random.default_rng(3)
    steps = rng.uniform(0.3, 4, size=len(slices) - 1)
    steps[4], steps[11] = 0.05, 12
    depths = np.concatenate([[0], np.cumsum(steps)])
    stack = SliceStack(slices[::-1] if turned else slices, depths, 1.0)
    return place_slices(stack, positions="true", check=False)


@pytest.fixture(scope="module")
def slices():
    """Return 30 slices of blobs that change from one to the next."""
    rng = np.random.default_rng(8)
    z, y, x = np.ogrid[:30, :17, :22]
    waves = np.cos(0.9 * z + 0.5 * y) + np.cos(0.6 * y - 0.4 * x) + np.cos(0.7 * x + 0.3 * z)
    return waves + rng.normal(0, 0.3, waves.shape) > 0


@pytest.mark.parametrize("filler", CLASSICAL)
@pytest.mark.parametrize("block_voxels", [1, 900, 10**4])
@pytest.mark.parametrize("turned", [False, True])
def test_blocks_from_disk_are_the_whole_in_memory(tmp_path, slices, filler, block_voxels, turned):
    """Every bit is the same, whatever the size and the order of blocks, slices on disk or not."""
    in_memory = make_gapped(slices, turned=turned)
    assert len(in_memory.spare_slices) > 2
    whole = fill_blocks(in_memory, filler).all()
    on_disk = new_on_disk(tmp_path / "room", slices.shape, bool)
    on_disk[:] = slices
    gapped = make_gapped(on_disk, turned=turned)
    blocks = fill_blocks(gapped, filler, block_voxels=block_voxels)
    assert len(blocks.parts) > 1
    found = np.zeros_like(whole)
    touched = np.zeros(whole.shape, dtype=int)
    for layers, rows in [*blocks.parts[::2], *blocks.parts[1::2][::-1]]:
        found[layers, rows] = blocks.fill(layers, rows)
        touched[layers, rows] += 1
    assert (touched == 1).all()
    np.testing.assert_array_equal(found, whole)


def test_a_filler_that_does_not_go_by_blocks(slices):
    """It is refused by its name, and an unknown one as ever."""
    with pytest.raises(InputError, match="'network' does not go by blocks"):
        fill_blocks(make_gapped(slices), "network")
    with pytest.raises(InputError, match="'cubic' is unknown; choose one of"):
        fill_blocks(make_gapped(slices), "cubic")
    assert find_blocks("network") is None
