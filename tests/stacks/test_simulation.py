"""A simulated stack on disk is what its truth says."""

import json

import numpy as np
import pytest
import tifffile

from fibgap.errors import InputError
from fibgap.io.volumes import read_volume
from fibgap.stacks import load_stack, simulate

SMALL = {"shape": (40, 32, 32), "wavelength": "40nm"}


def test_slices_show_the_truth_at_their_depths(tmp_path):
    """The file of a slice is the layer of the true volume that is nearest to its depth."""
    made = simulate(tmp_path / "s", **SMALL)
    loaded = load_stack(made.slices, depths=made.depths)
    assert np.allclose(loaded.stack.depths_nm, made.stack.depths_nm, rtol=0, atol=5e-4)  # 3 digits
    layers = np.floor(made.stack.depths_nm / 2.5 + 0.5).astype(int)
    truth = read_volume(made.folder / "truth.tif").solid
    assert np.array_equal(truth, made.truth)
    assert np.array_equal(loaded.stack.slices, truth[layers])
    assert len(truth) == layers[-1] + 1
    assert json.loads((made.folder / "simulation.json").read_text())["seed"] == 0


def test_a_seed_is_a_stack(tmp_path):
    """The same seed makes the same files, another one another structure."""
    one, same, other = (
        simulate(tmp_path / name, **SMALL, seed=seed, grey=True)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    for path in one.slices.iterdir():
        assert path.read_bytes() == (same.slices / path.name).read_bytes()
    assert not np.array_equal(one.truth[:20], other.truth[:20])


def test_grey_images_can_be_segmented(tmp_path):
    """Otsu's threshold finds the phases again, but for noise.

    Phases lie 90 grey values apart with a noise of 18: half the distance is 2.5 standard
    deviations, beyond which 0.6 % of pixels lie; the blur of 0.7 pixels adds some at outlines.
    """
    made = simulate(tmp_path / "s", **SMALL, grey=True)
    assert len(np.unique(tifffile.imread(made.slices / "slice_0000.tif"))) > 50
    loaded = load_stack(made.slices, depths=made.depths, otsu=True)
    assert 0.001 < (loaded.stack.slices != made.stack.slices).mean() < 0.05


def test_only_a_simulation_is_replaced(tmp_path):
    """A folder that is there stays, and --force does not reach those of other things."""
    simulate(tmp_path / "s", **SMALL)
    with pytest.raises(InputError, match="there already"):
        simulate(tmp_path / "s", **SMALL)
    simulate(tmp_path / "s", **SMALL, force=True, seed=5)
    assert json.loads((tmp_path / "s/simulation.json").read_text())["seed"] == 5
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="there already"):
        simulate(tmp_path / "mine", **SMALL, force=True)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"voxel": "2.5"}, "voxel '2.5' has no unit"),
        ({"spacing": "0nm"}, "spacing must be greater than 0, but is 0 nm"),
        ({"wavelength": "0nm"}, "wavelength must be greater than 0, but is 0 nm"),
        ({"spacing": "1nm"}, "below its floor of 2.5 nm"),
        ({"spacing": "1um"}, "only 1 fits"),
        ({"solid_fraction": 0.0}, "solid_fraction"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, how, message):
    """Nothing is left of a stack that cannot be."""
    with pytest.raises(InputError, match=message):
        simulate(tmp_path / "s", **SMALL | how)
    assert [*tmp_path.iterdir()] == []
