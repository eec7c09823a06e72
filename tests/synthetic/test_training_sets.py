"""Training volumes have seeds of their own, and their structures come from their ranges."""

import math

import numpy as np
import pytest
import scipy.stats

from fibgap import seeds
from fibgap.errors import InputError
from fibgap.synthetic.materials import draw_material
from fibgap.synthetic.structure import Level, generate_volume
from fibgap.synthetic.training_sets import check_structure, draw_levels, generate_training_volume

SHAPE = (16, 14, 12)
LEVELS = (
    {"solid_fraction": 0.5, "wavelength_nm": 40},
    {"solid_fraction": 0.4, "wavelength_nm": 15},
)
STRUCTURE = {"levels": [1, 3], "solid_fraction": [0.3, 0.6], "wavelength_nm": [10, 160]}


def generate(index, *, structure=None, levels=LEVELS, base_seed=1):
    """Return a small training volume."""
    return generate_training_volume(
        index,
        shape=SHAPE,
        levels=levels,
        structure=structure,
        voxel_nm=2.5,
        box_factor=1.5,
        base_seed=base_seed,
    )


@pytest.fixture(scope="module")
def drawn():
    """Return the levels of many training volumes."""
    rng = np.random.default_rng(2)
    return [draw_levels(STRUCTURE, rng) for _ in range(3000)]


def test_numbers_of_levels_are_equally_frequent(drawn):
    """From one to three levels, both ends included, each number is drawn in a third of cases."""
    counts = np.bincount([len(levels) for levels in drawn], minlength=4)
    assert counts[0] == 0
    assert len(counts) == 4
    # A share has the standard error sqrt(1/3 * 2/3 / n).
    assert np.all(np.abs(counts[1:] / 3000 - 1 / 3) < 5 * math.sqrt(2 / 9 / 3000))


def test_levels_are_even_in_fraction_and_in_log_wavelength(drawn):
    """Fractions are even over their range, and every doubling of the wavelength is as frequent."""
    levels = [level for levels in drawn for level in levels]
    fractions = [level.solid_fraction for level in levels]
    octaves = [math.log2(level.wavelength_nm / 10) for level in levels]
    for values, low, high in ((fractions, 0.3, 0.6), (octaves, 0, 4)):
        assert low <= min(values) <= max(values) <= high
        distance = scipy.stats.kstest(values, scipy.stats.uniform(low, high - low).cdf).statistic
        # Kolmogorov: a distance above 2.5 has the chance 2 exp(-2 * 2.5²) = 7e-6.
        assert distance * math.sqrt(len(values)) < 2.5
    assert {level.shell_width for level in levels} == {1.0}


def test_training_volume_is_of_the_evaluations_structure():
    """Without ranges, a training volume is the evaluation's structure from the training stream."""
    for index in (0, 3):
        expected = generate_volume(
            SHAPE,
            [Level(**level) for level in LEVELS],
            voxel_nm=2.5,
            box_factor=1.5,
            seed=seeds.sequence(1, "training_volumes", index),
        )
        np.testing.assert_array_equal(generate(index), expected)


def test_training_volumes_are_no_evaluation_volumes():
    """With the same base seed and index, the network never sees a volume that it is judged by."""
    evaluation = [
        generate_volume(
            SHAPE,
            [Level(**level) for level in LEVELS],
            voxel_nm=2.5,
            seed=seeds.sequence(1, "evaluation_volumes", index),
        )
        for index in range(3)
    ]
    for index in range(3):
        training = generate(index)
        assert not any(np.array_equal(training, volume) for volume in evaluation)


def test_training_volumes_differ_and_repeat():
    """Volumes differ by index and base seed, and depend on nothing else, such as their order."""
    volumes = [generate(index, structure=STRUCTURE) for index in range(4)]
    volumes += [generate(0, structure=STRUCTURE, base_seed=2)]
    for one in range(5):
        for other in range(one):
            assert not np.array_equal(volumes[one], volumes[other])
    np.testing.assert_array_equal(generate(2, structure=STRUCTURE), volumes[2])


def test_structures_differ_by_volume():
    """Every volume of a range has a structure of its own: other solid fractions, for one."""
    structure = {"levels": [1, 1], "solid_fraction": [0.2, 0.8], "wavelength_nm": [20, 40]}
    fractions = [generate(index, structure=structure).mean() for index in range(8)]
    fractions += [generate(0, structure=structure, base_seed=2).mean()]
    # A level's fraction is exact to the voxel: equal draws would give equal fractions.
    assert len(set(fractions)) == 9
    assert 0.2 <= min(fractions) < 0.4
    assert 0.6 < max(fractions) <= 0.8


def test_drawing_a_structure_leaves_its_waves_alone():
    """Ranges of no width give the volume of the structure at which they stand."""
    structure = {"levels": [2, 2], "solid_fraction": [0.5, 0.5], "wavelength_nm": [40, 40]}
    level = {"solid_fraction": 0.5, "wavelength_nm": 40}
    # The wavelength goes through a logarithm and back: equal to a part in 1e15, far too little
    # to move a mode of the box into its shell or out of it.
    np.testing.assert_array_equal(
        generate(5, structure=structure), generate(5, levels=[level, level])
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": [3, 1]}, "the range levels .* from 3 to 1"),
        ({"solid_fraction": [0.6, 0.3]}, r"the range solid_fraction .* from 0\.6 to 0\.3"),
        ({"wavelength_nm": [160, 10]}, "the range wavelength_nm .* from 160 to 10"),
        ({"solid_fraction": [0, 0.3]}, r"solid_fraction must be .* but is 0\."),
        ({"solid_fraction": [0.3, 1.2]}, r"solid_fraction must be .* but is 1\.2"),
        ({"wavelength_nm": [0, 10]}, r"wavelength_nm must be greater than 0, but is 0"),
    ],
)
def test_impossible_ranges_fail_by_name(changes, message):
    """Ranges that run backwards or hold an impossible level are refused before any draw."""
    check_structure(STRUCTURE)
    with pytest.raises(InputError, match=message):
        check_structure({**STRUCTURE, **changes})


MATERIALS = [
    {"material": "grains", "volumes": 2},
    {"material": "structure", "volumes": 1},
    {"material": "rough", "volumes": 1},
]


def of_materials(index, **options):
    """Return a training volume of a set of materials."""
    return generate_training_volume(
        index,
        shape=(24, 24, 24),
        levels=[{"solid_fraction": 0.5, "wavelength_nm": 30.0}],
        structure=None,
        voxel_nm=2.5,
        box_factor=1.5,
        base_seed=3,
        materials=MATERIALS,
        **options,
    )


def test_volumes_are_of_the_materials_in_their_order():
    """Two of grains, then the structure, whose wavelength becomes voxels, then a rough field."""
    for index, name in enumerate(("grains", "grains", "structure", "rough")):
        rng = np.random.default_rng(seeds.sequence(3, "training_volumes", index))
        expected = draw_material(name, (24, 24, 24), rng, [Level(0.5, 12.0)])
        np.testing.assert_array_equal(of_materials(index), expected)


def test_noise_comes_on_top_of_a_material():
    """A certain chance of noise changes some voxels of every volume, and fewer than chance would.

    A volume that has nothing to do with a first one of the solid fraction p differs from it in
    2 p (1 - p) of the voxels: 0.32 at the least for .2 to .8.
    """
    for index in range(4):
        changed = (of_materials(index, noisy=1.0) != of_materials(index)).mean()
        assert 0 < changed < 0.3
