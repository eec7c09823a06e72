"""Levelled waves against brute-force Fourier sums, and volumes against what they promise."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibgap import seeds
from fibgap.errors import InputError
from fibgap.synthetic.structure import (
    Level,
    Spectrum,
    box_side,
    cut_at_fraction,
    draw_spectrum,
    evaluate_field,
    field_correlation,
    generate_volume,
)

VOXEL_NM = 2.5
FLOAT32 = np.finfo(np.float32).eps
WAVE = Level(0.4, 25)  # ten voxels
LEVELS = (Level(0.5, 50), Level(0.3, 20))


def draw(level=WAVE, box=24, seed=0):
    """Return a spectrum on voxels of 2.5 nm."""
    return draw_spectrum(level, box, VOXEL_NM, np.random.default_rng(seed))


def generate(shape=(20, 18, 16), levels=LEVELS, seed=1, **options):
    """Return a small volume from an integer seed."""
    sequence = np.random.SeedSequence(seed)
    return generate_volume(shape, levels, voxel_nm=VOXEL_NM, seed=sequence, **options)


def fourier_sum(spectrum, shape):
    """Add up the modes one by one at every voxel, in double precision."""
    places = np.indices(shape).reshape(3, -1)
    field = np.zeros(places.shape[1])
    for mode, amplitude in zip(spectrum.modes, spectrum.amplitudes, strict=True):
        phase = 2 * np.pi / spectrum.box * (mode @ places)
        field += amplitude.real * np.cos(phase) - amplitude.imag * np.sin(phase)
    return field.reshape(shape)


def rounding(spectrum):
    """Return a bound on the rounding of three transforms in single precision.

    A transform of `box` points is log2(box) stages deep, and each stage rounds a few times by
    at most one unit of the sum of all magnitudes: 4 operations a stage and 3 axes.
    """
    magnitudes = float(np.abs(spectrum.amplitudes).sum())
    return 12 * math.ceil(math.log2(spectrum.box)) * FLOAT32 * magnitudes


def whole_shell(spectrum):
    """Return every wave vector of the shell, both of each conjugate pair, as a set."""
    half = {tuple(mode) for mode in spectrum.modes.tolist()}
    other = {tuple(-n for n in mode) for mode in half}
    assert not half & other, "a mode and its conjugate are one degree of freedom"
    return half | other


@pytest.mark.parametrize(
    ("box", "shape"),
    [(24, (24, 24, 24)), (24, (13, 7, 10)), (25, (11, 6, 25)), (512, (40, 3, 5))],
    ids=["whole box", "corner", "odd box", "several blocks of layers"],
)
def test_field_is_the_sum_of_its_modes(box, shape):
    """The pruned transforms give at every voxel what adding up the plane waves gives."""
    # In the box of 512 the wave is 100 voxels long, so that it has few modes.
    spectrum = draw(Level(0.4, 25 if box < 100 else 250), box)
    field = evaluate_field(spectrum, shape)
    expected = fourier_sum(spectrum, shape)
    assert field.shape == shape
    assert field.dtype == np.float32
    np.testing.assert_allclose(field, expected, rtol=0, atol=rounding(spectrum))
    # The bound is sharp: a step of one voxel along any axis changes the field by far more.
    for axis in range(3):
        assert np.abs(np.diff(expected, axis=axis)).max() > 20 * rounding(spectrum)


def test_single_mode_runs_along_its_own_axis():
    """The wave number (z, y, x) = (0, 3, 0) is a wave along y with three periods in the box."""
    spectrum = Spectrum(np.array([[0, 3, 0]]), np.array([1 - 1j], np.complex64), 12)
    field = evaluate_field(spectrum, (5, 12, 4))
    phase = 2 * np.pi * 3 * np.arange(12) / 12
    wave = np.cos(phase) + np.sin(phase)
    np.testing.assert_allclose(
        field, np.broadcast_to(wave[:, None], (5, 12, 4)), rtol=0, atol=rounding(spectrum)
    )


def test_correlation_is_that_of_the_field():
    """G from the discrete spectrum is the field's own correlation over the periodic box."""
    spectrum = draw(box=20)
    field = fourier_sum(spectrum, (20, 20, 20))
    lags = np.array(list(itertools.product((-3, 0, 1, 9), (0, 2, 10), (-1, 0, 4))))
    measured = [
        np.mean(field * np.roll(field, tuple(-lag), axis=(0, 1, 2))) / np.mean(field**2)
        for lag in lags
    ]
    # Both are double precision sums of a few hundred terms.
    np.testing.assert_allclose(field_correlation(spectrum, lags), measured, rtol=0, atol=1e-12)


def test_field_has_mean_zero_and_the_power_of_its_modes():
    """Over the whole box the mean vanishes and the mean square is half the modes' power."""
    spectrum = draw(box=20)
    field = evaluate_field(spectrum, (20, 20, 20)).astype(float)
    power = float((np.abs(spectrum.amplitudes) ** 2).sum())
    assert abs(field.mean()) < rounding(spectrum)
    # The error of the mean square is at most twice the field's error times its mean magnitude.
    assert np.mean(field**2) == pytest.approx(
        power / 2, rel=0, abs=2 * rounding(spectrum) * np.abs(field).mean()
    )


@pytest.mark.parametrize(("box", "shell"), [(24, 1.0), (33, 0.6), (48, 2.0)])
def test_no_axis_is_preferred(box, shell):
    """The shell of wave vectors is the same under every exchange and reversal of axes."""
    modes = whole_shell(draw(Level(0.5, 20, shell), box))
    for order in itertools.permutations(range(3)):
        assert {tuple(mode[axis] for axis in order) for mode in modes} == modes
    for axis in range(3):
        assert {(*m[:axis], -m[axis], *m[axis + 1 :]) for m in modes} == modes


@pytest.mark.parametrize(("box", "shell"), [(24, 1.0), (30, 0.5), (25, 3.0)])
def test_shell_holds_every_mode_of_the_wavelength(box, shell):
    """The modes are all wave vectors whose length is the wave's within half a shell width."""
    radius = box * VOXEL_NM / 25
    expected = {
        mode
        for mode in itertools.product(range(-box // 2, box // 2 + 1), repeat=3)
        if any(mode) and abs(math.hypot(*mode) - radius) <= shell / 2
    }
    assert whole_shell(draw(Level(0.5, 25, shell), box)) == expected


def test_modes_have_equal_variance_and_free_phases():
    """Real and imaginary parts are independent standard normal numbers, in every direction."""
    spectrum = draw(Level(0.5, 12.5, 2.0), 96)
    count = len(spectrum.modes)
    assert count > 4_000
    amplitudes = spectrum.amplitudes.astype(complex)
    # Standard errors: 1 for a part, sqrt(2) for its square, 1 for the product; five of them.
    allowed = 5 / math.sqrt(count)
    assert abs(amplitudes.real.mean()) < allowed
    assert abs(amplitudes.imag.mean()) < allowed
    assert abs((amplitudes.real**2).mean() - 1) < math.sqrt(2) * allowed
    assert abs((amplitudes.imag**2).mean() - 1) < math.sqrt(2) * allowed
    assert abs((amplitudes.real * amplitudes.imag).mean()) < allowed
    # Each axis holds a third of the power: the shares' variance is that of n² |A|² / 2.
    shares = spectrum.modes**2 / (spectrum.modes**2).sum(axis=1, keepdims=True)
    power = (np.abs(amplitudes) ** 2 / 2)[:, None] * shares
    error = np.sqrt((shares**2).sum(axis=0)) / count
    assert np.all(np.abs(power.mean(axis=0) - 1 / 3) < 5 * error)


@given(
    st.lists(st.integers(1, 300), min_size=3, max_size=3),
    st.floats(1, 4, allow_nan=False),
)
def test_box_is_large_enough_for_every_side(shape, factor):
    """The box is one number, at least the factor times the longest side of the volume."""
    side = box_side(shape, factor)
    assert side >= max(shape) * factor
    assert side == box_side(shape[::-1], factor)
    # A box of a fast length: no prime factor above 5, hence below twice the asked side.
    for prime in (2, 3, 5):
        while side % prime == 0:
            side //= prime
    assert side == 1


def test_box_factor_below_one_fails():
    """A box smaller than the volume would repeat itself inside it."""
    with pytest.raises(InputError, match=r"box_factor .* 0\.9"):
        box_side((8, 8, 8), 0.9)


@given(
    st.lists(st.integers(-3, 3), min_size=2, max_size=40),
    st.floats(0.05, 0.95),
)
def test_cut_gives_the_highest_voxels(values, fraction):
    """Exactly the asked number of voxels is gold, and none of them lies below a pore voxel."""
    field = np.array(values, np.float32)
    count = round(fraction * field.size)
    if not 0 < count < field.size:
        with pytest.raises(InputError, match="empty or full"):
            cut_at_fraction(field, fraction)
        return
    gold = cut_at_fraction(field, fraction)
    assert np.count_nonzero(gold) == count
    assert field[gold].min() >= field[~gold].max()
    # Among voxels at the threshold the first ones are gold.
    ties = gold[field == field[gold].min()]
    assert np.all(np.diff(ties.astype(int)) <= 0)


@pytest.mark.parametrize("fraction", [0.1, 0.35, 0.5, 0.77])
def test_solid_fraction_is_exact(fraction):
    """One level is gold in exactly its solid fraction, rounded to one voxel."""
    shape = (15, 14, 13)
    volume = generate(shape, [Level(fraction, 25)])
    assert volume.shape == shape
    assert volume.dtype == np.bool_
    assert abs(np.count_nonzero(volume) - fraction * 15 * 14 * 13) <= 0.5


def test_levels_intersect():
    """A hierarchical volume is gold where each of its levels, drawn from its own seed, is gold."""
    together = generate()
    assert 0 < together.mean() < min(level.solid_fraction for level in LEVELS)
    expected = np.ones((20, 18, 16), bool)
    # A level draws from the child of the volume's seed that has its number.
    for level, child in zip(LEVELS, np.random.SeedSequence(1).spawn(2), strict=True):
        spectrum = draw_spectrum(level, 30, VOXEL_NM, np.random.default_rng(child))
        expected &= cut_at_fraction(evaluate_field(spectrum, (20, 18, 16)), level.solid_fraction)
    np.testing.assert_array_equal(together, expected)


def test_equal_seeds_give_equal_volumes():
    """A volume is a function of its seed sequence, which it leaves as it was."""
    seed = np.random.SeedSequence(5)
    first = generate_volume((12, 12, 12), LEVELS, voxel_nm=VOXEL_NM, seed=seed)
    again = generate_volume((12, 12, 12), LEVELS, voxel_nm=VOXEL_NM, seed=seed)
    np.testing.assert_array_equal(first, again)
    assert seed.n_children_spawned == 0


def test_volumes_differ_by_dataset_and_stream():
    """Every dataset, stream and base seed has a volume of its own, as unlike as two draws are."""
    volumes = [
        generate_volume(
            (24, 24, 24),
            [Level(0.5, 20)],
            voxel_nm=VOXEL_NM,
            seed=seeds.sequence(base, stream, index),
        )
        for base, stream, index in [
            (1, "evaluation_volumes", 0),
            (1, "evaluation_volumes", 1),
            (1, "training_volumes", 0),
            (2, "evaluation_volumes", 0),
        ]
    ]
    for one, other in itertools.combinations(volumes, 2):
        # Independent fields at 1/2 agree in half of the voxels. About 24³ / 8³ * 8 = 216
        # independent grains of half a wavelength (4 voxels) give a standard error of 0.034.
        assert abs(np.mean(one == other) - 0.5) < 5 * 0.034


def test_levels_of_one_volume_are_independent():
    """Two equal levels of one volume are two draws: half of the gold of one is lost."""
    volume = generate((24, 24, 24), [Level(0.5, 20), Level(0.5, 20)])
    # P(both) = 1/4, with about 216 independent grains as above: 0.029.
    assert abs(volume.mean() - 0.25) < 5 * 0.029


def test_delivered_volume_is_not_periodic():
    """Opposite faces are neighbours in a box without margin, and strangers in the default box."""
    level = [Level(0.5, 50)]  # 20 voxels

    def unlike(volume, axis, first, second):
        layers = np.moveaxis(volume, axis, 0)
        return np.mean(layers[first] != layers[second])

    for axis in range(3):
        wrapped, cut = generate((40, 40, 40), level, box_factor=1), generate((40, 40, 40), level)
        # Cut at 1/2, voxels of correlation G differ with chance arccos(G) / pi: neighbours with
        # G = 1 - (2 pi / 20)² / 6 = 0.984 in 0.06, strangers in 0.5. Some ten grains on a face
        # leave both far from the line drawn between them.
        assert unlike(wrapped, axis, 0, -1) < 0.2
        assert unlike(cut, axis, 0, 1) < 0.2 < unlike(cut, axis, 0, -1)


def test_smaller_shape_is_the_corner_of_a_larger_one():
    """The field depends on its spectrum alone: asking for less of it changes nothing."""
    spectrum = draw()
    whole = evaluate_field(spectrum, (24, 24, 24))
    part = evaluate_field(spectrum, (5, 9, 11))
    np.testing.assert_allclose(part, whole[:5, :9, :11], rtol=0, atol=rounding(spectrum))


def test_axes_are_statistically_exchangeable():
    """Over many volumes, neighbours differ equally often along z, y and x."""
    changes = []
    for seed in range(24):
        volume = generate((16, 16, 16), [Level(0.5, 15)], seed=seed)
        changes.append(
            [np.abs(np.diff(volume.astype(np.int8), axis=axis)).mean() for axis in range(3)]
        )
    differences = np.array(changes) - np.mean(changes, axis=1, keepdims=True)
    error = differences.std(axis=0, ddof=1) / math.sqrt(len(differences))
    # Student's t with 23 degrees of freedom exceeds five with a chance of 5e-5.
    assert np.all(np.abs(differences.mean(axis=0)) < 5 * error)
    # Sharp: five errors are a small part of the quantity, neighbours differ in arccos(G) / pi.
    assert np.all(5 * error < 0.1 * np.mean(changes))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 25), r"solid_fraction .* 0\."),
        ((1, 25), r"solid_fraction .* 1\."),
        ((-0.1, 25), r"solid_fraction .* -0\.1\."),
        ((math.nan, 25), r"solid_fraction .* nan\."),
        ((0.5, 0), r"wavelength_nm .* 0\."),
        ((0.5, math.nan), r"wavelength_nm .* nan\."),
        ((0.5, 25, 0), r"shell_width .* 0\."),
    ],
)
def test_impossible_level_fails_by_name(arguments, message):
    """A level without gold or pore, without wavelength or without modes is refused."""
    with pytest.raises(InputError, match=message):
        Level(*arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": [Level(1e-5, 25)]}, r"1e-05 leaves 0 of 5760 voxels solid: .* empty or full"),
        ({"levels": [Level(1 - 1e-5, 25)]}, r"0\.99999 leaves 5760 of 5760 voxels solid"),
        ({"levels": [Level(0.5, 4.9)]}, r"wavelength_nm 4\.9 is too short for voxels of 2\.5 nm"),
        ({"levels": [Level(0.5, 1e6)]}, r"wavelength_nm 1000000\.0 is too long: a box of 30"),
        ({"levels": []}, "levels is empty"),
        ({"shape": (20, 18)}, r"shape must be three .* \[20, 18\]"),
        ({"shape": (20, 0, 18)}, r"shape must be three .* \[20, 0, 18\]"),
        ({"box_factor": 0.5}, r"box_factor .* 0\.5"),
        ({"levels": [Level(0.0003, 25)] * 2}, r"do not intersect in shape \[20, 18, 16\]"),
    ],
)
def test_impossible_volume_fails_by_name(changes, message):
    """What cannot be a structure is refused in one sentence with the offending value."""
    with pytest.raises(InputError, match=message):
        generate(**changes)


@pytest.mark.parametrize("voxel_nm", [0, -1, math.nan])
def test_voxel_size_must_be_positive(voxel_nm):
    """A volume has voxels of a positive size."""
    with pytest.raises(InputError, match=f"voxel_nm must be positive, but is {voxel_nm}"):
        generate_volume((8, 8, 8), LEVELS, voxel_nm=voxel_nm, seed=np.random.SeedSequence(0))


def test_length_scale_is_physical():
    """Halving voxel and wavelength together leaves the volume unchanged."""
    seed = np.random.SeedSequence(3)
    coarse = generate_volume((12, 12, 12), [Level(0.5, 25)], voxel_nm=2.5, seed=seed)
    fine = generate_volume((12, 12, 12), [Level(0.5, 12.5)], voxel_nm=1.25, seed=seed)
    np.testing.assert_array_equal(coarse, fine)
