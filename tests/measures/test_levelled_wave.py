"""The levelled wave, whose two-point correlation follows from its spectrum.

The field has Gaussian amplitudes of equal variance, so it is Gaussian to the letter, with variance
M and correlation ``G(r) = sum cos(k r) / M`` over its M modes. Cut at a fixed level, its gold has
exactly the expected S2 below, in any part of the box.
"""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfinv

from fibgap.measures.correlation import lineal_path, two_point_correlation
from fibgap.synthetic.structure import (
    Level,
    Spectrum,
    draw_spectrum,
    evaluate_field,
    field_correlation,
    generate_volume,
)


def directional_curves(volume, max_lag=None, **options):
    """Return TPCF and LPF along z, y and x."""
    options["max_lag"] = max_lag
    return two_point_correlation(volume, **options), lineal_path(volume, **options)


VOXEL_NM = 2.5
BOX = 64
SHAPE = (64, 40, 52)
MAX_LAG = 12
SEEDS = 24


def flattened(spectrum):
    """Keep the modes that are slow along z: a structure that is longer along z than along x."""
    keep = np.abs(spectrum.modes[:, 0]) <= 4
    return Spectrum(spectrum.modes[keep], spectrum.amplitudes[keep], spectrum.box)


def cut_point(fraction):
    """Return the level above which a standard normal number lies with this chance."""
    return math.sqrt(2) * erfinv(1 - 2 * fraction)


def expected_correlation(spectrum, fraction):
    """Return the expected S2 along z, y, x, shape (3, lags), by quadrature.

    S2 - phi² = 1/(2 pi) int_0^G exp(-alpha² / (1 + t)) / sqrt(1 - t²) dt; t = sin(s) takes the
    singularity away.
    """
    equal = Spectrum(spectrum.modes, np.ones(len(spectrum.modes), np.complex64), spectrum.box)
    square = cut_point(fraction) ** 2
    curves = []
    for direction in np.eye(3, dtype=np.int64):
        correlation = field_correlation(equal, np.arange(MAX_LAG + 1)[:, None] * direction)
        angles = np.arcsin(np.clip(correlation, -1, 1))
        excess = [quad(lambda s: math.exp(-square / (1 + math.sin(s))), 0, a)[0] for a in angles]
        curves.append(fraction**2 + np.array(excess) / (2 * np.pi))
    return np.array(curves)


def cut_wave(level, seed, select=lambda spectrum: spectrum):
    """Return a part of a levelled wave, cut at the level of its fraction, and its spectrum."""
    drawn = draw_spectrum(level, BOX, VOXEL_NM, np.random.default_rng(seed))
    spectrum = select(drawn)
    field = np.asarray(evaluate_field(spectrum, SHAPE))
    deviation = math.sqrt(len(spectrum.modes))
    return field > cut_point(level.solid_fraction) * deviation, spectrum


def assert_agree(samples, expected, allowance=0.0):
    """Compare a mean over seeds with its expectation, within five of its standard errors.

    Student's t with 23 degrees of freedom exceeds five with a chance of 5e-5, so that 39
    correlated values together do with less than 0.2 %.
    """
    samples = np.array(samples)
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - expected) <= 5 * error + allowance)
    # Sharp enough: on every axis the curve moved by one lag is far outside the tolerance.
    moved = np.abs(np.diff(expected))[:, 1:]
    assert np.all((moved / (5 * error + allowance)[:, 1:-1]).max(axis=1) > 3)
    return error


@pytest.mark.parametrize("fraction", [0.2, 0.5])
def test_correlation_follows_from_the_spectrum(fraction):
    """S2 of a levelled wave, along each axis, is that of its discrete spectrum."""
    level = Level(fraction, wavelength_nm=6 * VOXEL_NM)
    samples = []
    for seed in range(SEEDS):
        gold, spectrum = cut_wave(level, seed)
        samples.append(directional_curves(gold, MAX_LAG)[0])
    assert_agree(samples, expected_correlation(spectrum, fraction))


def test_axes_are_those_of_the_spectrum():
    """With modes that are slow along z only, S2 falls more slowly along z, as it should."""
    level = Level(0.35, wavelength_nm=6 * VOXEL_NM)
    samples = []
    for seed in range(SEEDS):
        gold, spectrum = cut_wave(level, seed, flattened)
        samples.append(directional_curves(gold, MAX_LAG)[0])
    expected = expected_correlation(spectrum, 0.35)
    error = assert_agree(samples, expected)
    assert expected[0, 2] - expected[2, 2] > 10 * error.max()


def test_intersection_multiplies_correlations():
    """Independent levels: both voxels lie in both of them with the product of the chances."""
    levels = Level(0.5, wavelength_nm=16 * VOXEL_NM), Level(0.4, wavelength_nm=6 * VOXEL_NM)
    samples = []
    for seed in range(SEEDS):
        coarse, coarse_spectrum = cut_wave(levels[0], 2 * seed)
        fine, fine_spectrum = cut_wave(levels[1], 2 * seed + 1)
        samples.append(directional_curves(coarse & fine, MAX_LAG)[0])
    expected = expected_correlation(coarse_spectrum, 0.5) * expected_correlation(fine_spectrum, 0.4)
    assert_agree(samples, expected)


def test_generated_volumes_have_this_correlation():
    """Generated volumes are cut at a quantile: S2 is that of the waves less a known trifle.

    A quantile takes the variance of the volume fraction away. The mean of S2 over all lags is the
    mean square of the volume fraction, so S2 of a level is too low by about that variance.
    """
    levels = Level(0.5, wavelength_nm=16 * VOXEL_NM), Level(0.4, wavelength_nm=6 * VOXEL_NM)
    samples = []
    for seed in range(SEEDS):
        sequence = np.random.SeedSequence(7, spawn_key=(0, seed))
        volume = generate_volume(
            SHAPE, levels, voxel_nm=VOXEL_NM, box_factor=BOX / max(SHAPE), seed=sequence
        )
        assert volume.shape == SHAPE
        samples.append(directional_curves(volume, MAX_LAG)[0])
    expected, allowance = 1.0, 0.0
    for level in levels:
        fraction = level.solid_fraction
        waves = [cut_wave(level, 100 + seed) for seed in range(SEEDS)]
        expected = expected * expected_correlation(waves[0][1], fraction)
        # Twice the variance, times the other level's S2 of at most 0.5.
        allowance += 2 * np.var([gold.mean() for gold, _ in waves]) * 0.5
    assert allowance < 2e-3
    assert_agree(samples, expected, allowance)


def test_correlation_at_half_a_wave():
    """One plane wave along z cut at 0: a laminate of half-waves, whose S2 is a triangle."""
    wave = Spectrum(np.array([[4, 0, 0]]), np.array([1j], np.complex64), BOX)
    # The phase of a quarter wave, less half a voxel, leaves no voxel at the level itself.
    shifted = wave.amplitudes * np.exp(1j * np.pi * 4 / BOX)
    wave = Spectrum(wave.modes, shifted.astype(np.complex64), BOX)
    gold = np.asarray(evaluate_field(wave, (BOX, 4, 4))) > 0
    assert gold.mean() == 0.5
    s2 = two_point_correlation(gold, axis=0, max_lag=16, boundary="periodic")
    assert s2.tolist() == [abs(8 - lag) / 16 for lag in range(17)]
