"""Slices of a structure at any depth."""

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.synthetic.continuous import continuous_structure
from fibgap.synthetic.milling import Milling, mill_volume
from fibgap.synthetic.structure import Level, generate_volume

SHAPE = (33, 30, 28)
LEVELS = [Level(0.6, 40), Level(0.5, 25)]
VOXEL = 2.5


def given(seed: int) -> dict:
    """Return what makes the structure of a seed."""
    return {"voxel_nm": VOXEL, "box_factor": 2, "seed": np.random.SeedSequence(seed)}


@pytest.mark.parametrize("seed", range(3))
def test_slices_at_layers_are_the_layers(seed):
    """At whole depths the structure is the volume that was cut from its fields."""
    volume = generate_volume(SHAPE, LEVELS, **given(seed))
    structure = continuous_structure(SHAPE, LEVELS, **given(seed))
    slices = structure.slices(np.arange(len(volume)) * VOXEL)
    # A field in single precision, of two kinds of transform, is rounded to about 1e-6 of its
    # spread: of 27,720 voxels, 0.02 lie so near to a threshold.
    assert np.count_nonzero(slices != volume) <= 1


def test_slices_lie_between_their_neighbours():
    """From layer to layer voxels change one after the other, most of them once."""
    structure = continuous_structure(SHAPE, LEVELS, **given(1))
    fine = structure.slices(np.linspace(0, 32, 32 * 8 + 1) * VOXEL)
    changes = np.diff(fine, axis=0).reshape(32, 8, -1).sum(axis=1)
    differ = fine[:-1:8] != fine[8::8]
    # Where neighbouring layers differ, the phase changes an odd number of times between them.
    assert np.array_equal(changes.reshape(differ.shape) % 2 == 1, differ)
    # A wave of 10 voxels turns back within a voxel only where it touches its threshold: of its
    # swing, the part 1 - cos(π / 10) = 5 % lies so near to an extreme.
    assert 0 < (changes > 1).mean() < 0.05 * (changes > 0).mean()
    # Each eighth of the way brings about an eighth of the changes.
    shares = np.diff(fine, axis=0).reshape(32, 8, -1).sum(axis=(0, 2)) / changes.sum()
    assert np.allclose(shares, 1 / 8, rtol=0.15)


def test_a_sub_voxel_slice_is_a_layer_of_a_finer_volume():
    """Half the voxel, the same waves: its odd layers lie half-way between ours."""
    fine = generate_volume(
        (65, 60, 56), LEVELS, **{**given(2), "voxel_nm": VOXEL / 2, "box_factor": 120 / 65}
    )
    structure = continuous_structure(SHAPE, LEVELS, **{**given(2), "box_factor": 60 / 33})
    half = structure.slices((np.arange(32) + 0.5) * VOXEL)
    # Both boxes are 150 nm and hold the same modes. Thresholds differ a little: they are quantiles
    # over either volume, by some 1 / sqrt(10^2) of a surface that holds a sixth of the voxels.
    assert (half != fine[1::2, ::2, ::2]).mean() < 0.03
    assert (half != fine[:-1:2, ::2, ::2]).mean() > 0.05


def test_milling_takes_the_same_depths():
    """Only what the slices show differs, by less than slices a voxel apart do."""
    volume = generate_volume(SHAPE, LEVELS, **given(3))
    structure = continuous_structure(SHAPE, LEVELS, **given(3))
    layers, true = (
        mill_volume(
            volume,
            Milling("normal", 10, 3, 2.5),
            voxel_nm=VOXEL,
            rng=np.random.default_rng(4),
            structure=each,
        )
        for each in (None, structure)
    )
    assert np.array_equal(layers.depths_nm, true.depths_nm)
    assert np.array_equal(layers.slices[0], true.slices[0])
    differ = (layers.slices[1:] != true.slices[1:]).mean()
    assert 0 < differ < (volume[1:] != volume[:-1]).mean()


@pytest.mark.parametrize("depth", [-0.1, 32 * VOXEL + 0.1, np.nan])
def test_depths_outside_the_volume_are_refused(depth):
    """There is no structure before the first and behind the last layer."""
    structure = continuous_structure((16, 16, 16), [Level(0.5, 20)], **given(0))
    with pytest.raises(InputError, match="do not lie in a volume of 16 layers"):
        structure.slices([0, depth])
