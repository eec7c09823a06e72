"""Thickness from images, on a structure whose distances are known."""

import numpy as np
import pytest

from fibgap.depths import depths_from_images, estimate_thickness, thickness_depths
from fibgap.depths.similarity import differences, learn_curve, look
from fibgap.errors import InputError
from fibgap.synthetic.materials import draw_material
from fibgap.synthetic.structure import Level, draw_spectrum, field_correlation, generate_volume

SEED = np.random.SeedSequence(4)
#: A wave of 29 nm in voxels of 2.5 nm: correlation falls up to 8 voxels.
LEVEL = Level(0.5, 29)


@pytest.fixture(scope="module")
def volume():
    """A one-level field of 64 layers, half of it solid."""
    return generate_volume((64, 160, 160), [LEVEL], voxel_nm=2.5, seed=SEED)


def mill(volume, seed):
    """Return slices 4 ± 1 voxels apart, and their distances."""
    rng = np.random.default_rng(seed)
    layers = np.cumsum([0, *np.clip(np.rint(rng.normal(4, 1, 99)), 1, 7)]).astype(int)
    layers = layers[layers < len(volume)]
    return volume[layers], np.diff(layers)


def test_the_curve_is_that_of_the_field(volume):
    """For a half-solid Gaussian field pixels differ with a probability of arccos(rho) / pi."""
    # The first level's spectrum, as generate_volume draws it: box 240, child 0 of the seed.
    child = np.random.SeedSequence(SEED.entropy, spawn_key=(*SEED.spawn_key, 0))
    spectrum = draw_spectrum(LEVEL, 240, 2.5, np.random.default_rng(child))
    curve = learn_curve(look(volume, 0))
    for axis in (1, 2):
        lags = np.zeros((10, 3), int)
        lags[:, axis] = np.arange(10)
        exact = np.arccos(np.clip(field_correlation(spectrum, lags), -1, 1)) / np.pi
        # 64 x 160 x 160 voxels hold some 1,000 waves of 11.6³ voxels: 0.5 / sqrt(1000) = 0.016.
        np.testing.assert_allclose(curve.along[axis - 1, :10], exact, rtol=0, atol=0.016)


@pytest.mark.parametrize("spacing", [1, 2, 3, 4])
def test_constant_spacing_is_found(volume, spacing):
    """Every k-th layer lies k voxels apart, with hardly a scatter."""
    found = estimate_thickness(volume[::spacing])
    # One stack's scale is off by some 3 % at this size (a curve from some 1,000 waves).
    assert found.mean.mean() == pytest.approx(spacing, rel=0.06)
    assert found.mean.std() < 0.15
    assert not found.blind.any()
    assert not found.same.any()
    assert found.reach == pytest.approx(8, abs=1)


def test_symmetries(volume):
    """Phases, the axes of the plane, the direction of milling and grey levels have no say."""
    slices, _ = mill(volume, 0)
    mean = estimate_thickness(slices).mean
    np.testing.assert_array_equal(estimate_thickness(~slices).mean, mean)
    np.testing.assert_allclose(estimate_thickness(slices.transpose(0, 2, 1)).mean, mean, atol=1e-12)
    np.testing.assert_allclose(estimate_thickness(slices[::-1]).mean[::-1], mean, atol=1e-12)
    grey = 50 + 100 * slices.astype(np.uint8)
    np.testing.assert_allclose(estimate_thickness(grey).mean, mean, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_uneven_slices_are_found_within_their_deviations(volume, seed):
    """Estimates follow the true distances, and err by about as much as they say."""
    slices, true = mill(volume, seed)
    found = estimate_thickness(slices)
    told = ~found.blind
    # A constant would err by the spread of 1 voxel and have no correlation.
    assert np.corrcoef(found.mean[told], true[told])[0, 1] > 0.9
    assert (found.mean - true)[told].std() < 0.45
    ratio = (found.mean - true)[told] / np.hypot(found.sd, found.scale_sd * found.mean)[told]
    # With 15 distances a ratio of 1 scatters by 1 / sqrt(30); deviations lean to the wide side.
    assert 0.3 < np.sqrt(np.mean(ratio**2)) < 1.5


#: Structures of one wave, of two, and of a few large features.
STRUCTURES = {
    "one wave": lambda seed: generate_volume(
        (96, 96, 96), [LEVEL], voxel_nm=2.5, seed=np.random.SeedSequence(seed)
    ),
    "two levels": lambda seed: generate_volume(
        (96, 96, 96),
        [Level(0.48, 97), Level(0.43, 29)],
        voxel_nm=2.5,
        seed=np.random.SeedSequence(seed),
    ),
    "spheres": lambda seed: draw_material("spheres", (96, 96, 96), np.random.default_rng(seed)),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_errors_are_as_large_as_deviations_say(name):
    """Over many pairs, errors of thicknesses and of depths are those that are stated."""
    steps, sums, held = [], [], []
    for seed in range(4):
        for milling in range(2):
            slices, true = mill(STRUCTURES[name](seed), [seed, milling])
            found = estimate_thickness(slices, hidden_stretch=0)
            depths = thickness_depths(found, 1.0, total_nm=float(true.sum()))
            error = depths.depths_nm - np.cumsum([0, *true])
            steps.append(np.diff(error) / depths.thickness_sd_nm)
            sums.append(error[1:-1] / depths.sd_nm[1:-1])
            held.append(np.abs(steps[-1]) < 1.96)
    # 180 pairs of 4 volumes, whose errors hang together as if there were some 50: a ratio of 1
    # scatters by 0.1, and materials differ by more. Depths lean to the wide side.
    assert 0.7 < np.sqrt(np.mean(np.concatenate(steps) ** 2)) < 1.5
    assert 0.5 < np.sqrt(np.mean(np.concatenate(sums) ** 2)) < 1.5
    # A share of 180 that is 95 % scatters by 1.6 %.
    assert np.concatenate(held).mean() > 0.9


def test_noise_does_not_matter(volume):
    """White noise adds the same at any distance, also at 0, and is taken off."""
    slices, true = mill(volume, 1)
    noise = np.random.default_rng(1).normal(0, 0.3, slices.shape)
    found, plain = estimate_thickness(slices + noise), estimate_thickness(slices)
    # The noise of 160² pixels: a mean squared difference is known to 2 sigma² / 160 = 0.001, and
    # the curve rises by 0.05 and more per voxel; a nugget from two lags is a little too small.
    assert np.abs(found.mean - plain.mean).max() < 0.35
    assert np.abs(found.mean - true).mean() < 0.5


@pytest.mark.parametrize("gap", [8, 12, 16])
def test_a_wide_gap_is_flagged(volume, gap):
    """A gap beyond the reach cannot be told from a narrow one, and is flagged, alone."""
    layers = np.r_[0:24:4, 20 + gap : 64 : 4]
    found = estimate_thickness(volume[layers])
    assert np.flatnonzero(found.blind).tolist() == [5]
    # Its deviation tells how little is known; those of the other ones are far smaller.
    assert abs(found.mean[5] - gap) < 2.5 * found.sd[5]
    assert found.sd[5] > 4 * np.delete(found.sd, 5).max()
    notes = depths_from_images(volume[layers], 2.5).notes
    assert f"1 of {len(layers) - 1} pairs of slices are so dissimilar" in notes[1]
    assert notes[1].endswith("the first is 5 and 6.")


def test_a_repeated_image_is_a_finding(volume):
    """Two identical images lie no distance apart, or one was saved twice: it is said."""
    slices, _ = mill(volume, 2)
    slices = np.insert(slices, 4, slices[4], axis=0)
    found = estimate_thickness(slices)
    assert np.flatnonzero(found.same).tolist() == [4]
    assert found.mean[4] == found.mean.min() < 1
    assert "1 of 16 pairs of slices are identical" in depths_from_images(slices, 2.5).notes[-1]


def test_one_image_saved_many_times(volume):
    """It has no scatter from slice to slice, and lies no distance from itself."""
    found = estimate_thickness(np.repeat(volume[:1], 9, axis=0))
    assert found.same.all()
    assert found.mean.max() < 0.2


def test_a_lasting_difference_of_x_and_y_is_no_noise(volume):
    """A stretch of the plane by 1.25 leaves deviations of single pairs as they are, nearly."""
    slices, _ = mill(volume, 0)
    plain = estimate_thickness(slices)
    stretched = estimate_thickness(slices[:, :, (np.arange(160) / 1.25).astype(int)])
    # Fewer waves along x: sqrt(1.25) = 1.12. As noise, the stretch would add 0.2 of a distance.
    assert np.median(stretched.sd) < 1.6 * np.median(plain.sd)


def test_a_stretch_of_the_plane_is_seen(volume):
    """Structures 1.25 times as long along x show it, and make distances less certain."""
    slices, _ = mill(volume, 0)
    stretched = slices[:, :, (np.arange(160) / 1.25).astype(int)]
    # The logarithm of 1.25 is 0.223; both curves are known to some 3 %.
    for images, expected in ((stretched, 0.223), (stretched.transpose(0, 2, 1), -0.223)):
        found = estimate_thickness(images)
        assert found.stretch_xy == pytest.approx(expected, abs=0.07)
        assert found.scale_sd > np.sqrt(0.75) * 0.15
    assert estimate_thickness(slices).scale_sd < 0.12
    exact = estimate_thickness(slices, hidden_stretch=0).scale_sd
    assert estimate_thickness(slices).scale_sd == pytest.approx(np.hypot(exact, 0.1), rel=1e-9)


def test_shifted_slices_are_laid_over_each_other(volume):
    """Slices that jumped by a pixel are compared where they fit best."""
    slices, true = mill(volume, 0)
    rng = np.random.default_rng(3)
    jumped = np.array([np.roll(image, rng.integers(-1, 2, 2), (0, 1)) for image in slices])
    assert (differences(jumped, 2) <= differences(jumped, 0)).all()
    aside = np.abs(estimate_thickness(jumped, search=2).mean - true).mean()
    assert aside < np.abs(estimate_thickness(jumped).mean - true).mean()
    # One image and the same moved by (1, -2): no difference where both show it.
    pair = np.stack([slices[0], np.roll(slices[0], (1, -2), (0, 1))])
    assert differences(pair[:, 2:-2, 2:-2], 2)[0] == 0
    assert differences(pair[:, 2:-2, 2:-2], 1)[0] > 0


def test_depths_and_their_deviations(volume):
    """Depths are sums of distances; their deviations grow, and vanish at both ends of a total."""
    slices, _ = mill(volume, 1)
    found = estimate_thickness(slices)
    free = depths_from_images(slices, 2.5)
    np.testing.assert_allclose(free.thickness_nm, 2.5 * found.mean, rtol=1e-12)
    assert free.source == "images"
    assert free.sd_nm[0] == 0
    assert (np.diff(free.sd_nm) > 0).all()
    expected = np.hypot(2.5 * found.sd[0], found.scale_sd * free.depths_nm[1])
    assert free.thickness_sd_nm[0] == pytest.approx(expected, rel=1e-12)
    # Errors of neighbours are alike, so those of depths grow by a factor.
    assert found.drift >= 1
    expected = np.hypot(2.5 * found.drift * found.sd[0], found.scale_sd * free.depths_nm[1])
    assert free.sd_nm[1] == pytest.approx(expected, rel=1e-12)
    fixed = depths_from_images(slices, 2.5, total_nm=200)
    assert fixed.depths_nm[[0, -1]] == pytest.approx([0, 200], rel=1e-12)
    assert fixed.sd_nm[[0, -1]] == pytest.approx([0, 0], abs=1e-6)
    assert fixed.sd_nm[1:-1].min() > 0
    ratio = fixed.thickness_nm / free.thickness_nm
    assert ratio == pytest.approx(np.full(len(ratio), 200 / free.depths_nm[-1]), rel=1e-9)


def test_what_images_cannot_tell_fails_by_name(volume):
    """Few slices, small or empty images, and lengths that are none are refused."""
    slices, _ = mill(volume, 0)
    empty = slices.copy()
    empty[3] = False
    gaps = slices.astype(float)
    gaps[2, 0, 0] = np.nan
    for images, message in (
        (slices[:7], "at least 8 slices, but there are 7"),
        (slices[:, 0], r"three axes, but shape \(18, 160\)"),
        (slices[:, :7, :20], "images of 7 x 20 pixels are too small"),
        (empty, "slice 3 shows one value only, 0"),
        (gaps, "slice 2 holds values that are no numbers"),
    ):
        with pytest.raises(InputError, match=message):
            estimate_thickness(images)
    with pytest.raises(InputError, match="search must not be negative, but is -1"):
        estimate_thickness(slices, search=-1)
    with pytest.raises(InputError, match="voxel_nm must be positive, but is 0"):
        depths_from_images(slices, 0)
    with pytest.raises(InputError, match="total_nm must be positive, but is nan"):
        depths_from_images(slices, 2.5, total_nm=np.nan)
