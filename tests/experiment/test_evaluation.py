"""What is measured of an arm, and that a perfect arm has no error."""

import math

import numpy as np
import pytest
import torch

from fibgap.experiment.evaluation import (
    anisotropy_errors,
    compare_with_truth,
    error_in_all_layers,
    measure_volume,
    truth_errors,
    wrong_depths,
)
from fibgap.fillers import fill
from fibgap.placement import place_slices, placement_facts
from fibgap.stack import SliceStack, between_slices, nearest_layer
from fibgap.statistics import depth_columns

VOXEL_NM = 2.5


@pytest.fixture(scope="module")
def truth():
    """A two-phase volume of 24 layers whose structure differs along its axes."""
    noise = np.random.default_rng(1).standard_normal((24, 14, 12))
    for axis, width in ((0, 5), (1, 3), (2, 2)):
        kernel = np.ones(width) / width
        noise = np.apply_along_axis(np.convolve, axis, noise, kernel, mode="same")
    return noise > 0.05


@pytest.fixture(scope="module")
def stack(truth):
    """Slices of the layers 2, 4, 9, 13, 14 and 20, none of them exactly at its layer's depth."""
    layers = np.array([2, 4, 9, 13, 14, 20])
    depths = layers * VOXEL_NM + np.array([0.3, -1.1, 0.9, 0.0, 1.2, -0.6])
    return SliceStack(truth[layers], depths, VOXEL_NM)


@pytest.fixture(scope="module")
def gapped(stack):
    """The slices at their true depths."""
    return place_slices(stack, "repositioned", grid_start_nm=0)


@pytest.fixture(scope="module")
def original(truth):
    """The measures of the true volume between its first and its last slice."""
    return measure_volume(truth[2:21], ["tpcf", "lpf"])


def test_the_truth_is_compared_where_an_arm_lies(truth, stack, gapped):
    """The layers of the truth that a placement rebuilds begin and end with its slices."""
    part = between_slices(truth, gapped)
    assert np.array_equal(part, truth[2:21])
    assert np.array_equal(part[gapped.layers], gapped.slices)
    first, last = nearest_layer(stack.depths_nm[[0, -1]], VOXEL_NM)
    assert (first, last) == (2, 20)


def test_a_perfect_arm_has_no_error(truth, gapped, original):
    """An arm equal to the truth has truth errors 0, voxel error 0 and overlap 1."""
    volume = between_slices(truth, gapped)
    alone = measure_volume(volume, ["tpcf", "lpf"])
    found = compare_with_truth(alone, volume, gapped, truth, original).attributes
    assert found["truth_tpcf"] == 0
    assert found["truth_lpf"] == 0
    assert found["voxel_error"] == 0
    assert found["dice"] == 1
    for name in ("anisotropy_tpcf", "anisotropy_lpf", "solid_fraction"):
        assert found[name] == original.attributes[name]


def test_errors_count_in_missing_layers_only(truth, gapped, original):
    """One misclassified voxel of 13 missing layers of 168 voxels is an error of 1 in 2184."""
    volume = between_slices(truth, gapped).copy()
    volume[1, 0, 0] ^= True  # layer 1 of the grid is missing
    alone = measure_volume(volume, ["tpcf"])
    found = compare_with_truth(alone, volume, gapped, truth, original).attributes
    assert found["voxel_error"] == 1 / (13 * 14 * 12)
    assert 0 < found["truth_tpcf"] < 0.01
    assert "truth_lpf" not in found


def test_a_filled_volume_has_errors(truth, gapped, original):
    """Filling wide gaps by copies of slices is wrong in some voxels, and z shows it."""
    volume = fill(gapped, "nearest")
    alone = measure_volume(volume, ["tpcf", "lpf"])
    found = compare_with_truth(alone, volume, gapped, truth, original).attributes
    part, missing = truth[2:21], gapped.missing_layers
    wrong = np.count_nonzero(volume[missing] != part[missing]) / part[missing].size
    assert found["voxel_error"] == wrong > 0
    assert 0 < found["dice"] < 1
    assert found["truth_lpf"] > 0


def test_another_geometry_has_no_voxel_error(truth, stack, original):
    """At nominal depths no voxel has a partner in the truth, but curves can be compared."""
    nominal = place_slices(stack, "nominal", nominal_nm=10)
    volume = fill(nominal, "nearest")
    found = compare_with_truth(
        measure_volume(volume, ["tpcf"]), volume, nominal, truth, original
    ).attributes
    assert math.isnan(found["voxel_error"])
    assert math.isnan(found["dice"])
    assert found["truth_tpcf"] > 0


def test_without_gaps_there_is_nothing_to_compare(truth):
    """Slices in every layer leave no filled voxel whose error could be counted."""
    stack = SliceStack(truth, np.arange(24) * VOXEL_NM, VOXEL_NM)
    gapped = place_slices(stack, "repositioned", nominal_nm=10)
    alone = measure_volume(truth, ["tpcf"])
    found = compare_with_truth(alone, truth, gapped, truth, alone).attributes
    assert math.isnan(found["voxel_error"])
    assert math.isnan(found["dice"])
    assert found["truth_tpcf"] == 0


def test_errors_are_named_by_measure():
    """f_z = 2 against a mean of 4 is an error of one half; against a true 1 it is 1."""
    curves = {"d": np.array([2.0, 3.0, 5.0]), "tpcf": np.array([[2.0, 0.0]] + [[1.0, 0.0]] * 2)}
    assert anisotropy_errors(curves) == {"anisotropy_d": 0.5, "anisotropy_tpcf": 1.0}
    true_curves = {"d": np.array([1.0, 9.0, 9.0]), "tpcf": np.array([[4.0, 0.0, 3.0]] * 3)}
    assert truth_errors(curves, true_curves) == {"truth_d": 1.0, "truth_tpcf": 0.5}


def test_measures_of_a_volume(truth):
    """Half the shortest side gives the lags, lag 0 the solid fraction, on every axis."""
    record = measure_volume(truth, ["tpcf", "lpf"])
    assert record.arrays["tpcf"].shape == record.arrays["lpf"].shape == (3, 7)
    fraction = np.count_nonzero(truth) / truth.size
    assert record.attributes["solid_fraction"] == fraction
    # Divided once here and once by the number of placements there: a rounding apart.
    assert record.arrays["lpf"][:, 0] == pytest.approx([fraction] * 3, rel=1e-15)


@pytest.mark.parametrize("cut", [0, 8, 500])
def test_diffusivity_is_taken_on_a_central_cut(truth, cut):
    """A cut of 8 is the middle cube of 8; one beyond the shortest side is cut to that side."""
    threads = torch.get_num_threads()
    try:
        found = measure_volume(truth, ["d"], cut=cut, threads=1).arrays["d"]
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    side = {0: None, 8: 8, 500: 12}[cut]
    part = truth
    if side:
        starts = [(length - side) // 2 for length in truth.shape]
        part = truth[tuple(slice(start, start + side) for start in starts)]
    assert np.array_equal(found, measure_volume(part, ["d"]).arrays["d"])


def test_facts_of_a_placement(stack, gapped):
    """Six slices span 19 layers; between layers 14 and 20, five layers are missing."""
    span_nm = stack.depths_nm[-1] - stack.depths_nm[0]
    assert placement_facts(gapped) == {
        "n_slices": 6,
        "n_dropped": 0,
        "n_layers": 19,
        "effective_voxel_nm": span_nm / 18,
        "largest_gap_layers": 5,
    }


def test_a_slice_at_a_wrong_depth_counts_in_all_layers():
    """By hand: of 5 layers, a slice that is put a layer too deep is wrong there, and no gap is.

    Layers 0 to 2 are pore and 3 to 4 solid. Slices show layers 0, 2 and 4, and the one of layer 2
    is put at layer 3: all of layer 3 is wrong. The filled layers 1 and 2 are right.
    """
    truth = np.zeros((5, 2, 2), dtype=bool)
    truth[3:] = True
    stack = SliceStack(truth[[0, 2, 4]], np.array([0.0, 7.5, 10.0]), VOXEL_NM)
    gapped = place_slices(stack, check=False)
    volume = fill(gapped, "nearest", refuse=False)
    assert error_in_all_layers(volume, gapped, truth) == 1 / 5
    assert (
        compare_with_truth(
            measure_volume(volume, ["tpcf"]), volume, gapped, truth, measure_volume(truth, ["tpcf"])
        ).attributes["voxel_error"]
        == 0
    )
    told = {"depth_rms_nm": 1.5, "source": "ruler"}
    found = wrong_depths(volume, gapped, truth, told)
    assert list(found) == list(depth_columns())
    assert (found["voxel_error_all"], found["depth_rms_nm"]) == (1 / 5, 1.5)
    assert set(wrong_depths(volume, gapped, truth, {}).values()) == {1 / 5, 0.0}


def test_another_geometry_has_no_error_in_all_layers(truth, stack):
    """A nominal placement has no true voxel to compare a voxel with."""
    gapped = place_slices(stack, "nominal", nominal_nm=10)
    assert math.isnan(error_in_all_layers(gapped.volume(), gapped, truth))
