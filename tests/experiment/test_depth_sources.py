"""Sources of depths: each tells what it can know, and no more."""

import dataclasses

import numpy as np
import pytest

from fibgap import seeds
from fibgap.depths import Depths
from fibgap.errors import InputError
from fibgap.experiment.config import check
from fibgap.experiment.depth_sources import DEPTHS, depth_errors, estimate_depths, settings_of
from fibgap.placement import place_slices
from fibgap.stack import SliceStack
from fibgap.synthetic.milling import Milling, mill_volume
from fibgap.synthetic.structure import Level, generate_volume

VOXEL_NM = 2.5


@pytest.fixture(scope="module")
def stack():
    """Slices of 10 nm on average, of a structure of 29 nm, at depths that are known."""
    truth = generate_volume(
        (80, 64, 64),
        [Level(0.5, 29, 1)],
        voxel_nm=VOXEL_NM,
        box_factor=1.5,
        seed=seeds.sequence(3, "evaluation_volumes", 0),
    )
    rng = seeds.generator(3, "milling", 0)
    return mill_volume(truth, Milling(), voxel_nm=VOXEL_NM, rng=rng)


@pytest.fixture
def config():
    """Return a function that checks a small configuration with a section `depths`."""

    def make(**depths):
        return check(
            {
                "name": "small",
                "datasets": {"count": 1},
                "generate_volumes": {
                    "shape": [80, 64, 64],
                    "levels": [{"solid_fraction": 0.5, "wavelength_nm": 29}],
                },
                "arms": [{"name": "RNN-s", "placement": "repositioned", "filler": "nearest"}],
                "depths": depths,
            }
        )

    return make


@pytest.fixture
def tell(stack, config):
    """Return a function that tells the depths of the stack by a source."""

    def by(source, dataset=0, **depths):
        settings = settings_of(config(**depths), source)
        return estimate_depths(stack, source, settings, base_seed=3, dataset=dataset)

    return by


def test_true_depths_are_those_of_the_stack(stack, tell):
    """The source `true` changes no bit, and all its errors are 0."""
    told = tell("true")
    assert np.array_equal(told.depths_nm, stack.depths_nm)
    assert set(depth_errors(told, stack.depths_nm).values()) == {0.0}


@pytest.mark.parametrize("source", DEPTHS)
def test_every_source_tells_a_depth_for_every_slice(stack, tell, source):
    """Depths rise, begin with the first slice, and end within a third of the true depth."""
    told = tell(source)
    assert told.depths_nm.shape == stack.depths_nm.shape
    assert told.depths_nm[0] == stack.depths_nm[0] == 0
    assert told.depths_nm[-1] == pytest.approx(stack.depths_nm[-1], rel=1 / 3)


@pytest.mark.parametrize("source", ["ruler", "fused"])
def test_a_perfect_ruler_tells_true_depths(stack, tell, source):
    """Read to a millionth of a nm, it outweighs whatever images say."""
    told = tell(source, ruler={"reading_sd_nm": 1e-6})
    assert np.allclose(told.depths_nm, stack.depths_nm, rtol=0, atol=1e-4)


def test_a_known_total_is_kept(stack, tell):
    """The last slice lies where it was milled, by images and by one thickness alike."""
    for source in ("images_total", "nominal_total"):
        assert tell(source).depths_nm[-1] == pytest.approx(stack.depths_nm[-1], rel=1e-12)
    steps = np.diff(tell("nominal_total").depths_nm)
    assert np.allclose(steps, steps[0], rtol=1e-9)


def test_images_know_more_than_one_thickness(stack, tell):
    """What slices look like tells thick from thin ones: half the error of a constant, or less."""
    errors = [
        depth_errors(tell(source), stack.depths_nm)["thickness_rms_nm"]
        for source in ("images_total", "nominal_total")
    ]
    assert errors[0] < errors[1] / 2


def test_a_ruler_is_as_wrong_as_it_says(stack, tell):
    """Over 40 drawn rulers the error of the last depth is sqrt(2) of what each reading has."""
    errors = [tell("ruler", dataset).depths_nm[-1] - stack.depths_nm[-1] for dataset in range(40)]
    sd = tell("ruler").sd_nm[-1]
    assert sd == pytest.approx(1.25 / (2 * np.tan(np.pi / 6)))
    # The standard error of the spread of 40 is 11 %, four of them are allowed.
    assert np.std(errors) == pytest.approx(np.sqrt(2) * sd, rel=0.45)


def test_readings_belong_to_their_dataset(tell):
    """The same dataset is read alike every time, another one otherwise."""
    assert np.array_equal(tell("ruler").depths_nm, tell("ruler").depths_nm)
    assert not np.array_equal(tell("ruler").depths_nm, tell("ruler", 1).depths_nm)


def test_a_source_is_told_what_it_reads_and_no_more(config):
    """A key of the ruler is none of the images' business, and the other way round."""
    names = {source: [*settings_of(config(), source)] for source in DEPTHS}
    assert names == {
        "true": [],
        "ruler": ["ruler"],
        "images": ["images"],
        "images_total": ["images"],
        "fused": ["ruler", "images"],
        "nominal": ["nominal_nm"],
        "nominal_total": [],
    }
    assert settings_of(config(ruler={"lines": 2}), "ruler")["ruler"]["lines"] == 2
    assert settings_of(config(), "nominal") == {"nominal_nm": 10}


def test_too_few_slices_are_refused(stack, config):
    """Seven slices give no spread of thicknesses to learn from."""
    few = dataclasses.replace(stack, slices=stack.slices[:7], depths_nm=stack.depths_nm[:7])
    with pytest.raises(InputError, match="needs at least 8 slices, but there are 7"):
        estimate_depths(few, "images", settings_of(config(), "images"), base_seed=3, dataset=0)


def test_slices_are_placed_where_a_source_puts_them():
    """By hand: slices of 5, 10 and 15 nm at voxels of 2.5 nm, each by three sources."""
    slices = np.random.default_rng(0).random((4, 6, 6)) > 0.5
    stack = SliceStack(slices, np.array([0.0, 5.0, 15.0, 30.0]), VOXEL_NM)
    layers = {}
    for source, settings in (
        ("true", {}),
        ("nominal", {"nominal_nm": 7.5}),
        ("nominal_total", {}),
        ("ruler", {"ruler": {"angle_deg": 60, "lines": 2, "reading_sd_nm": 1e-3}}),
    ):
        told = estimate_depths(stack, source, settings, base_seed=0, dataset=0)
        placed = dataclasses.replace(stack, depths_nm=told.depths_nm)
        layers[source] = place_slices(placed, check=False).layers.tolist()
    assert layers == {
        "true": [0, 2, 6, 12],
        "nominal": [0, 3, 6, 9],
        "nominal_total": [0, 4, 8, 12],
        "ruler": [0, 2, 6, 12],
    }


def test_what_a_source_does_not_state_is_undefined():
    """One thickness for all has no standard deviation, and no error where it is right."""
    found = depth_errors(Depths([0.0, 10.0], "nominal"), np.array([0.0, 10.0]))
    assert np.isnan(found.pop("depth_sd_nm"))
    assert set(found.values()) == {0.0}
