"""One way from slices to a volume."""

import numpy as np
import pytest

from fibgap import Arm, InputError, SliceStack, fill, fill_holes, place_slices, rebuild


@pytest.fixture
def stack():
    """Return six random slices at uneven depths, 2.5 nm voxels."""
    slices = np.random.default_rng(3).random((6, 24, 24)) < 0.6
    return SliceStack(slices, np.array([0.0, 7.0, 19.0, 30.0, 36.0, 52.0]), 2.5)


@pytest.mark.parametrize("placement", ["repositioned", "nominal", "resampled"])
@pytest.mark.parametrize("closing", [False, True])
def test_rebuild_is_its_three_steps(stack, placement, closing):
    """Place, fill, close: what the rules of the workflow do one by one."""
    arm = Arm(placement, "linear", fill_holes=closing)
    rebuilt = rebuild(stack, arm, nominal_nm=10, max_pixels=3)
    gapped = place_slices(stack, placement, nominal_nm=10)
    volume, holes = fill(gapped, "linear"), None
    if closing:
        volume, holes = fill_holes(volume, gapped.missing_layers, max_pixels=3)
        assert holes.holes
    assert np.array_equal(rebuilt.volume, volume)
    assert rebuilt.holes == holes
    assert np.array_equal(rebuilt.gapped.layers, gapped.layers)


def test_options_reach_the_filler(stack):
    """What a filler wants besides is handed on."""
    with pytest.raises(InputError, match="needs a network"):
        rebuild(stack, Arm(filler="network"))
    with pytest.raises(InputError, match="no weights are shipped under the name 'shipped:nobody'"):
        rebuild(stack, Arm(filler="network"), options={"network": "shipped:nobody"})


def test_a_nominal_placement_needs_a_thickness(stack):
    """Without a thickness nothing sensible can follow."""
    with pytest.raises(InputError, match="placement 'nominal' needs nominal_nm"):
        rebuild(stack, Arm("nominal"))


def test_a_row_of_the_arm_table_is_an_arm():
    """Keys that do not say how to rebuild are left out."""
    row = {"name": "X", "placement": "nominal", "filler": "nearest", "fill_holes": True}
    assert Arm.of({**row, "tables": ["S3"]}) == Arm("nominal", "nearest", fill_holes=True)
