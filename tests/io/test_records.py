"""Stacks and gapped volumes go to disk and come back as they were."""

import numpy as np
import pytest

from fibgap.io.records import (
    gapped_from_record,
    gapped_to_record,
    stack_from_record,
    stack_to_record,
)
from fibgap.io.shards import Record, process_shard, read_record
from fibgap.placement import PLACEMENTS, place_slices
from fibgap.stack import SliceStack


@pytest.fixture
def stack():
    """Six slices from a depth of 5 nm on, two of them closer together than a voxel."""
    slices = np.random.default_rng(5).random((6, 4, 3)) < 0.5
    return SliceStack(slices, np.array([5.0, 12.3, 25.1, 26.0, 40.0, 52.2]), 2.5)


@pytest.fixture
def through_disk(tmp_path):
    """Write a record as a shard and read it again."""

    def go(record):
        path = tmp_path / "shard.h5"
        process_shard(
            path,
            stage="testing",
            datasets=[0],
            digest="d",
            attributes={},
            compute=lambda dataset: record,
            log=lambda line: None,
        )
        return read_record(path, 0)

    return go


def test_a_stack_comes_back(stack, through_disk):
    """Slices, depths and voxel size survive the disk exactly."""
    found = stack_from_record(through_disk(stack_to_record(stack)))
    assert np.array_equal(found.slices, stack.slices)
    assert found.slices.dtype == np.bool_
    assert np.array_equal(found.depths_nm, stack.depths_nm)
    assert found.voxel_nm == stack.voxel_nm


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_gapped_volume_comes_back(stack, through_disk, placement):
    """Layers, origin and all that placement found out survive the disk exactly."""
    gapped = place_slices(stack, placement, nominal_nm=10, check=False)
    found = gapped_from_record(through_disk(gapped_to_record(gapped)))
    assert np.array_equal(found.slices, gapped.slices)
    assert np.array_equal(found.layers, gapped.layers)
    assert found.layers.dtype == np.int64
    for name in ("voxel_nm", "origin_layer", "effective_voxel_nm", "n_given"):
        assert getattr(found, name) == getattr(gapped, name)


def test_the_origin_tells_true_geometry_from_nominal(stack, through_disk):
    """The first slice, at 5 nm, is layer 2; a nominal placement has no origin, not layer -1."""
    for placement, origin in (("repositioned", 2), ("nominal", None)):
        gapped = place_slices(stack, placement, nominal_nm=10, check=False)
        assert gapped_from_record(through_disk(gapped_to_record(gapped))).origin_layer == origin


def test_what_placement_did_is_noted(stack):
    """The slices at 25.1 and 26.0 nm share layer 10: five of six slices span 20 layers of gold."""
    attributes = gapped_to_record(place_slices(stack, "repositioned", check=False)).attributes
    # Layers 2, 5, 10, (10,) 16, 21.
    assert attributes["n_given"] == 6
    assert attributes["n_kept"] == 5
    assert attributes["n_layers"] == 20
    assert attributes["largest_gap_layers"] == 5


def test_a_stack_that_begins_above_zero_keeps_its_origin(through_disk):
    """A first slice at -5 nm is layer -2, which is an origin like any other."""
    slices = np.random.default_rng(6).random((2, 4, 3)) < 0.5
    gapped = place_slices(
        SliceStack(slices, np.array([-5.0, 5.0]), 2.5), "repositioned", nominal_nm=10
    )
    assert gapped_from_record(through_disk(gapped_to_record(gapped))).origin_layer == -2


def test_true_positions_come_back(stack, through_disk):
    """Positions between layers, and slices that share one, survive the disk exactly."""
    gapped = place_slices(stack, "repositioned", positions="true")
    record = through_disk(gapped_to_record(gapped))
    found = gapped_from_record(record)
    # 25.1 and 26.0 nm are 8.04 and 8.4 voxels below the first slice at 5 nm.
    assert len(found.spare_positions) == 1
    for name in ("positions", "spare_positions", "spare_slices"):
        np.testing.assert_array_equal(getattr(found, name), getattr(gapped, name))
    # A file from before there were positions has none: slices lie at their layers.
    older = {name: record.arrays[name] for name in ("slices", "layers")}
    found = gapped_from_record(Record(older, record.attributes))
    assert found.positions.tolist() == gapped.layers.tolist()
    assert len(found.spare_slices) == 0


def test_rounded_positions_are_not_written(stack):
    """Where slices lie at their layers, a record holds what it held before there were positions."""
    record = gapped_to_record(place_slices(stack, "repositioned", check=False))
    assert set(record.arrays) == {"slices", "layers"}
