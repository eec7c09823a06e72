"""One dataset under one setting: the main chain where nothing is varied, and known effects."""

import numpy as np
import pytest

from fibgap import seeds
from fibgap.arms import ORIGINAL
from fibgap.experiment.config import levels_of, milling_of
from fibgap.experiment.evaluation import compare_with_truth, measure_volume
from fibgap.experiment.sensitivity.chain import (
    Measuring,
    evaluate_dataset,
    measure_depths,
    within_truth,
)
from fibgap.fillers import fill
from fibgap.holes import fill_holes
from fibgap.placement import place_slices, placement_facts
from fibgap.stack import SliceStack, nearest_layer
from fibgap.synthetic.milling import Milling, mill_volume
from fibgap.synthetic.structure import generate_volume

MEASURING = Measuring(("tpcf", "lpf", "d"), cut=16, max_pixels=19)


def stack_of(depths, seed=0):
    """Return distinguishable slices at the given depths."""
    slices = np.random.default_rng(seed).random((len(depths), 5, 6)) < 0.5
    return SliceStack(slices, np.asarray(depths, float), 2.5)


def truth_of(config, dataset):
    """Return the true volume of a dataset as the rule generate_volumes makes it."""
    structure = config["generate_volumes"]
    return generate_volume(
        structure["shape"],
        levels_of(config),
        voxel_nm=structure["voxel_nm"],
        box_factor=structure["box_factor"],
        seed=seeds.sequence(config["base_seed"], "evaluation_volumes", dataset),
    )


def evaluate(config, dataset=0, truth=None, **changes):
    """Evaluate a dataset under the configuration's own setting, but for some changes."""
    setting = {
        "milling": milling_of(config),
        "nominal_nm": config["place_slices"]["nominal_nm"],
        "depth_error_nm": 0.0,
        "measuring": MEASURING,
        "arms": config["arms"],
        **changes,
    }
    return evaluate_dataset(
        truth_of(config, dataset) if truth is None else truth,
        setting.pop("arms"),
        voxel_nm=config["generate_volumes"]["voxel_nm"],
        base_seed=config["base_seed"],
        dataset=dataset,
        **setting,
    )


def main_chain(config, dataset):
    """Return the records of a dataset, step by step as the rules of the main experiment do."""
    truth = truth_of(config, dataset)
    stack = mill_volume(
        truth,
        milling_of(config),
        voxel_nm=2.5,
        rng=seeds.generator(config["base_seed"], "milling", dataset),
    )
    first, last = nearest_layer(stack.depths_nm[[0, -1]], 2.5)
    original = measure_volume(truth[first : last + 1], MEASURING.names, cut=16, threads=1)
    records = {ORIGINAL: original}
    for arm in config["arms"]:
        gapped = place_slices(stack, arm["placement"], nominal_nm=10)
        volume = fill(gapped, arm["filler"])
        facts = placement_facts(gapped)
        if arm["fill_holes"]:
            volume, count = fill_holes(volume, gapped.missing_layers, max_pixels=19)
            facts |= {"holes": count.holes, "hole_pixels": count.pixels}
        alone = measure_volume(volume, MEASURING.names, cut=16, threads=1)
        record = compare_with_truth(alone, volume, gapped, truth, original)
        record.attributes.update(facts)
        records[arm["name"]] = record
    return records


@pytest.mark.parametrize("dataset", [0, 1])
def test_the_unperturbed_setting_is_the_main_chain(config, dataset):
    """Without an error of depth every curve and every number is the main chain's, bit by bit."""
    small = config()
    ours, expected = evaluate(small, dataset), main_chain(small, dataset)
    assert list(ours) == list(expected) == [ORIGINAL, "RNN-s", "RCS-s", "DNN-s", "SRCS-s"]
    for arm, record in expected.items():
        assert set(ours[arm].arrays) == {"tpcf", "lpf", "d"}
        for name, curve in record.arrays.items():
            assert np.array_equal(ours[arm].arrays[name], curve)
        for name, value in record.attributes.items():
            assert np.array_equal(ours[arm].attributes[name], value, equal_nan=True), (arm, name)


def test_no_error_leaves_depths_as_they_are():
    """An error of 0 changes no bit of a depth; any other changes all of them."""
    stack = stack_of([0.0, 7.3, 9.9, 30.1])
    same = measure_depths(stack, 0.0, np.random.default_rng(1))
    assert np.array_equal(same.depths_nm, stack.depths_nm)
    other = measure_depths(stack, 0.1, np.random.default_rng(1))
    assert not np.any(other.depths_nm == stack.depths_nm)


def test_errors_of_depths_are_independent_and_of_the_given_size():
    """Far apart slices get normal errors of the given standard deviation, and no drift."""
    depths = 1000.0 * np.arange(4000)
    slices = np.arange(4000).reshape(-1, 1, 1) % 2 == 0
    stack = SliceStack(slices, depths, 2.5)
    errors = measure_depths(stack, 5.0, np.random.default_rng(2)).depths_nm - depths
    # Standard errors: of a mean 5/√4000 = 0.08, of an sd 5/√8000 = 0.056, of a correlation of
    # neighbours 1/√4000 = 0.016; a drift would make that correlation 1. Five of each.
    assert abs(errors.mean()) < 0.4
    assert abs(errors.std() - 5) < 0.28
    assert abs(np.corrcoef(errors[1:], errors[:-1])[0, 1]) < 0.08


def test_slices_keep_their_order():
    """However wrong the depths, slices stay in the order in which they were milled."""
    stack = stack_of(2.5 * np.arange(40))
    measured = measure_depths(stack, 20.0, np.random.default_rng(3))
    assert np.array_equal(measured.slices, stack.slices)
    assert np.all(np.diff(measured.depths_nm) > 0)
    gapped = place_slices(measured, "repositioned", check=False)
    # Some meet on a layer, and then one of them is kept.
    assert len(gapped.layers) < 40
    assert gapped.n_given == 40
    assert np.all(np.diff(gapped.layers) >= 1)


def test_points_share_their_random_errors():
    """The same dataset draws the same numbers: twice the sd gives twice the errors."""
    stack = stack_of(100.0 * np.arange(6))
    once, twice = (
        measure_depths(stack, sd, seeds.generator(1, "depth_errors", 4)).depths_nm for sd in (1, 2)
    )
    assert np.allclose(twice - stack.depths_nm, 2 * (once - stack.depths_nm), rtol=0, atol=1e-12)


def test_what_lies_beyond_the_truth_is_not_compared():
    """Of a volume placed from layer -2 to 11 in a truth of 10, known layers 1 to 9 remain."""
    stack = stack_of(2.5 * np.array([-2, 1, 5, 9, 11]))
    gapped = place_slices(stack, "repositioned", nominal_nm=10)
    volume = fill(gapped, "nearest")
    part, inside = within_truth(gapped, volume, 10)
    assert (part.origin_layer, part.layers.tolist()) == (1, [0, 4, 8])
    assert np.array_equal(part.slices, stack.slices[1:4])
    assert np.array_equal(inside, volume[3:12])
    assert len(inside) == part.n_layers


def test_what_lies_inside_is_left_alone():
    """A placement within the truth, or of another geometry, comes back as the same objects."""
    stack = stack_of(2.5 * np.array([0, 3, 8]))
    for placement in ("repositioned", "nominal"):
        gapped = place_slices(stack, placement, nominal_nm=10)
        volume = fill(gapped, "nearest")
        part, inside = within_truth(gapped, volume, 9)
        assert part is gapped
        assert inside is volume


def test_slices_one_voxel_thick_leave_nothing_to_fill(config):
    """Slices of exactly one voxel rebuild the truth: all errors against it are 0."""
    records = evaluate(config(), milling=Milling("normal", 2.5, 0, 2.5), nominal_nm=2.5)
    for arm in ("RNN-s", "RCS-s", "SRCS-s"):
        attributes = records[arm].attributes
        assert attributes["truth_tpcf"] == attributes["truth_lpf"] == attributes["truth_d"] == 0
        assert attributes["anisotropy_tpcf"] == records[ORIGINAL].attributes["anisotropy_tpcf"]
        assert attributes["voxel_error_all"] == 0
        assert attributes["milled_mean_voxels"] == 1
        assert attributes["milled_relative_sd"] == 0


def test_errors_grow_with_thickness(config):
    """Slices twice as thick leave more misclassified voxels; the true volume stays what it is."""
    small = config()
    thin, thick = (
        evaluate(small, milling=Milling("normal", mean, 0, 2.5), nominal_nm=mean)
        for mean in (5, 15)
    )
    for arm in ("RNN-s", "RCS-s"):
        assert thin[arm].attributes["voxel_error"] < 0.7 * thick[arm].attributes["voxel_error"]
    assert thick["RNN-s"].attributes["milled_mean_voxels"] == pytest.approx(6, rel=1e-12)


def test_errors_grow_with_the_error_of_depths(config):
    """Slices placed at wrong depths leave more misclassified voxels, in repositioned arms only."""
    small = config()
    exact, wrong = evaluate(small), evaluate(small, depth_error_nm=7.5)
    for arm in ("RNN-s", "RCS-s"):
        errors = [records[arm].attributes["voxel_error_all"] for records in (exact, wrong)]
        assert errors[1] > 1.2 * errors[0]
    for arm in (ORIGINAL, "DNN-s"):
        for name in ("tpcf", "lpf", "d"):
            assert np.array_equal(wrong[arm].arrays[name], exact[arm].arrays[name])


def test_with_exact_depths_only_filled_layers_are_wrong(config):
    """Then all misclassified voxels lie in filled layers, and DNN-s has neither count."""
    records = evaluate(config())
    for arm in ("RNN-s", "RCS-s", "SRCS-s"):
        facts = records[arm].attributes
        filled = facts["n_layers"] - facts["n_slices"]
        assert facts["voxel_error_all"] * facts["n_layers"] == pytest.approx(
            facts["voxel_error"] * filled, rel=1e-12
        )
    assert np.isnan(records["DNN-s"].attributes["voxel_error_all"])


def test_a_wrong_nominal_thickness_stretches_the_volume(config):
    """Twice the nominal thickness gives DNN-s twice the layers, and repositioned arms nothing."""
    small = config()
    right, wrong = evaluate(small), evaluate(small, nominal_nm=20)
    layers = [r["DNN-s"].attributes["n_layers"] for r in (right, wrong)]
    assert layers[1] - 1 == 2 * (layers[0] - 1)
    assert wrong["DNN-s"].attributes["anisotropy_lpf"] > right["DNN-s"].attributes["anisotropy_lpf"]
    assert np.array_equal(wrong["RNN-s"].arrays["tpcf"], right["RNN-s"].arrays["tpcf"])
