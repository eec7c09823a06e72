"""Slice thickness against the moments and the laws of its distributions; slices by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from fibgap.errors import InputError
from fibgap.stack import nearest_layer
from fibgap.synthetic.milling import (
    DISTRIBUTIONS,
    Milling,
    MillingRange,
    draw_depths,
    draw_thicknesses,
    mill_volume,
)

MEAN, SD = 10.0, 3.0
COUNT = 200_000


def law(distribution, mean=MEAN, sd=SD):
    """Return scipy's distribution with this mean and standard deviation."""
    if distribution == "normal":
        return scipy.stats.norm(mean, sd)
    if distribution == "gamma":
        return scipy.stats.gamma((mean / sd) ** 2, scale=sd**2 / mean)
    # Of exp(N(m, s²)): mean exp(m + s²/2), variance mean² (exp(s²) - 1).
    width = math.sqrt(math.log(1 + (sd / mean) ** 2))
    return scipy.stats.lognorm(width, scale=mean * math.exp(-(width**2) / 2))


def numbered_volume(layers=60):
    """Return a volume each of whose layers says its own number, in binary."""
    bits = (np.arange(layers)[:, None] >> np.arange(8)) & 1
    return bits.astype(bool).reshape(layers, 2, 4)


def numbers_of(slices):
    """Return which layers of the numbered volume slices show."""
    return slices.reshape(len(slices), 8) @ (1 << np.arange(8))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_moments_without_truncation(distribution):
    """Far above the floor, mean and standard deviation of the thickness are those asked for."""
    # Below 0 lies 4e-4 of the normal law at sd 3: at sd 2 it is 3e-7, nothing in 2e5 draws.
    sd = 2.0
    drawn = draw_thicknesses(Milling(distribution, MEAN, sd, 0), COUNT, np.random.default_rng(1))
    assert drawn.shape == (COUNT,)
    excess = float(law(distribution, sd=sd).stats("k"))
    # Standard errors sd / sqrt(n) and sd / 2 sqrt((2 + excess kurtosis) / n); five of them.
    assert abs(drawn.mean() - MEAN) < 5 * sd / math.sqrt(COUNT)
    assert abs(drawn.std() - sd) < 5 * sd / 2 * math.sqrt((2 + excess) / COUNT)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("floor", [0.0, 2.5, 7.5, 10.0])
def test_thickness_follows_its_truncated_law(distribution, floor):
    """Below the floor there is nothing, above it the law itself, raised by what is cut off."""
    count = 100_000
    drawn = draw_thicknesses(
        Milling(distribution, MEAN, SD, floor), count, np.random.default_rng(2)
    )
    # Drawn again, not raised to the floor: there is no spike.
    assert drawn.min() > floor

    def distance_to(other):
        cut = law(other).cdf(floor)
        result = scipy.stats.kstest(drawn, lambda x: (law(other).cdf(x) - cut) / (1 - cut))
        return result.statistic * math.sqrt(count)

    # Kolmogorov: a distance above 2.5 has the chance 2 exp(-2 * 2.5²) = 7e-6.
    assert distance_to(distribution) < 2.5
    # Sharp: the other two laws are farther away.
    others = [distance_to(other) for other in DISTRIBUTIONS if other != distribution]
    if floor < 5:
        assert min(others) > 2.5


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_constant_thickness(distribution):
    """A standard deviation of 0 mills slices of one thickness."""
    rng = np.random.default_rng(0)
    assert draw_thicknesses(Milling(distribution, 7.5, 0, 2.5), 4, rng).tolist() == [7.5] * 4
    assert draw_depths(Milling(distribution, 7.5, 0, 2.5), 22.5, rng).tolist() == [0, 7.5, 15, 22.5]
    assert draw_depths(Milling(distribution, 7.5, 0, 2.5), 22.4, rng).tolist() == [0, 7.5, 15]


@given(
    st.sampled_from(DISTRIBUTIONS),
    st.floats(3, 20),
    st.just(0.0) | st.floats(0.01, 1.5),
    st.floats(0, 300),
    st.integers(0, 2**32 - 1),
)
def test_depths_fill_the_length(distribution, mean, spread, length, seed):
    """Depths start at 0, end within the length, and lie at least the floor apart."""
    milling = Milling(distribution, mean, spread * mean, 2.5)
    depths = draw_depths(milling, length, np.random.default_rng(seed))
    assert depths[0] == 0
    assert depths[-1] <= length
    # A sum of depths up to 300 is rounded by at most 300 * 2^-53 < 1e-13.
    assert np.all(np.diff(depths) >= 2.5 - 1e-12)


def test_number_of_slices_is_that_of_renewal_theory():
    """A length L holds L / mean + (1 + (sd / mean)²) / 2 slices on average, the first included."""
    runs, length, sd = 2000, 1000.0, 2.0
    rng = np.random.default_rng(3)
    milling = Milling("normal", MEAN, sd, 0.0)
    counts = [len(draw_depths(milling, length, rng)) for _ in range(runs)]
    expected = length / MEAN + (1 + (sd / MEAN) ** 2) / 2
    # The count has variance L sd² / mean³: five standard errors, a quarter of one slice.
    error = math.sqrt(length * sd**2 / MEAN**3 / runs)
    assert 5 * error < 0.25
    assert abs(np.mean(counts) - expected) < 5 * error


def test_thickness_has_no_memory():
    """Successive thicknesses of one stack are independent of each other."""
    steps = np.diff(draw_depths(Milling("gamma", 10, 3, 2.5), 4e5, np.random.default_rng(4)))
    # The correlation of n independent pairs has the standard error 1 / sqrt(n).
    correlation = np.corrcoef(steps[:-1], steps[1:])[0, 1]
    assert abs(correlation) < 5 / math.sqrt(len(steps))


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 3, 5, 7, 25]))
def test_depth_in_decimals_rounds_as_on_paper(tenths, voxel_tenths):
    """A depth half-way between two layers goes to the deeper one, whatever binary makes of it."""
    layer = math.floor(Fraction(tenths, voxel_tenths) + Fraction(1, 2))
    assert nearest_layer(np.array([tenths / 10]), voxel_tenths / 10).tolist() == [layer]


def test_slices_by_hand():
    """Slices of 6 nm in voxels of 2.5 nm show the layers 0, 2, 5, 7, 10 and 12 of thirteen."""
    # Depths 0, 6, 12, 18, 24, 30 nm are 0, 2.4, 4.8, 7.2, 9.6 and 12 voxels.
    stack = mill_volume(
        numbered_volume(13), Milling("normal", 6, 0, 2.5), voxel_nm=2.5,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert stack.depths_nm.tolist() == [0, 6, 12, 18, 24, 30]
    assert numbers_of(stack.slices).tolist() == [0, 2, 5, 7, 10, 12]
    assert stack.voxel_nm == 2.5


@given(st.sampled_from(DISTRIBUTIONS), st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_slices_are_layers_at_their_depths(distribution, layers, seed):
    """Every slice is the volume's layer whose centre is nearest to the slice's depth."""
    milling = Milling(distribution, 3.0, 1.0, 2.5)
    try:
        stack = mill_volume(
            numbered_volume(layers), milling, voxel_nm=2.5, rng=np.random.default_rng(seed)
        )
    except InputError:
        assert layers < 6  # 12.5 nm hold two slices but for a thickness seven sd above the mean
        return
    shown = numbers_of(stack.slices)
    centres = np.arange(layers) * 2.5
    for depth, number in zip(stack.depths_nm, shown, strict=True):
        assert abs(centres[number] - depth) <= np.abs(centres - depth).min() + 1e-8
    # Slices at least a voxel thick show layers of their own.
    assert np.all(np.diff(shown) >= 1)
    assert shown[0] == 0


def test_milling_depends_on_its_seed_alone():
    """Equal seeds mill equal slices, other seeds other ones, and the volume is left alone."""
    volume = numbered_volume()
    kept = volume.copy()
    depths = [
        mill_volume(
            volume, Milling("normal", 10, 3, 2.5), voxel_nm=2.5, rng=np.random.default_rng(seed)
        ).depths_nm.tolist()
        for seed in (0, 0, 1)
    ]
    assert depths[0] == depths[1] != depths[2]
    np.testing.assert_array_equal(volume, kept)


@pytest.mark.parametrize(
    ("layers", "milling", "message"),
    [
        (60, Milling("normal", 10, 3, 2.4), r"floor_nm 2\.4 allows .* a voxel of 2\.5 nm"),
        (4, Milling("normal", 10, 0, 2.5), r"4 layers of 2\.5 nm is too small .* 10 nm: only 1"),
    ],
)
def test_impossible_milling_of_a_volume_fails(layers, milling, message):
    """Slices thinner than a voxel, and volumes that hold a single slice, are refused."""
    with pytest.raises(InputError, match=message):
        mill_volume(numbered_volume(layers), milling, voxel_nm=2.5, rng=np.random.default_rng(0))


def test_smallest_volume_that_can_be_milled():
    """Five layers of 2.5 nm hold exactly two slices of 10 nm: the first and the last layer."""
    stack = mill_volume(
        numbered_volume(5), Milling("normal", 10, 0, 2.5), voxel_nm=2.5,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert numbers_of(stack.slices).tolist() == [0, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("weibull", 10, 3, 2.5), "'weibull' is unknown; choose one of normal, lognormal, gamma"),
        (("normal", 0, 3, 0), "mean_nm must be greater than 0, but is 0"),
        (("normal", 10, -1, 2.5), "sd_nm must be at least 0, but is -1"),
        (("normal", 10, 3, -2), "floor_nm must be at least 0, but is -2"),
        (("normal", math.nan, 3, 2.5), "mean_nm must be greater than 0, but is nan"),
        (("normal", 10, math.nan, 2.5), "sd_nm must be at least 0, but is nan"),
        (("normal", 2, 1, 2.5), r"mean slice thickness of 2 nm lies below its floor of 2\.5 nm"),
    ],
)
def test_impossible_distribution_fails_by_name(arguments, message):
    """A distribution that is unknown, negative or below its own floor is refused."""
    with pytest.raises(InputError, match=message):
        Milling(*arguments)


def test_range_of_one_milling_draws_that_milling():
    """A range made of one milling holds nothing else."""
    milling = Milling("gamma", 10, 3, 2.5)
    drawn = MillingRange.of(milling).draw(np.random.default_rng(0))
    assert (drawn.distribution, drawn.mean_nm, drawn.floor_nm) == ("gamma", 10, 2.5)
    assert drawn.sd_nm == pytest.approx(3, rel=1e-15)


def test_range_draws_evenly():
    """Means and relative deviations are even over their ranges, distributions equally frequent."""
    span = MillingRange(("normal", "gamma"), (8, 12), (0.1, 0.5), 2.5)
    rng = np.random.default_rng(5)
    count = 4000
    drawn = [span.draw(rng) for _ in range(count)]
    mean = np.array([milling.mean_nm for milling in drawn])
    relative = np.array([milling.sd_nm for milling in drawn]) / mean
    # Kolmogorov distance as above.
    for values, low, high in ((mean, 8, 12), (relative, 0.1, 0.5)):
        distance = scipy.stats.kstest(values, scipy.stats.uniform(low, high - low).cdf).statistic
        assert distance * math.sqrt(count) < 2.5
    share = np.mean([milling.distribution == "gamma" for milling in drawn])
    assert abs(share - 0.5) < 5 * 0.5 / math.sqrt(count)
    assert {milling.floor_nm for milling in drawn} == {2.5}
    assert span.to_dict() == {
        "distributions": ("normal", "gamma"),
        "mean_nm": (8, 12),
        "relative_sd": (0.1, 0.5),
        "floor_nm": 2.5,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean_nm": (12, 8)}, r"mean_nm .* 12 to 8"),
        ({"relative_sd": (0.5, 0.1)}, r"relative_sd .* 0\.5 to 0\.1"),
        ({"mean_nm": (2, 8)}, r"mean slice thickness of 2 nm lies below its floor of 2\.5 nm"),
        ({"mean_nm": (0, 8)}, "mean_nm must be greater than 0, but is 0"),
        ({"relative_sd": (-0.1, 0.1)}, "sd_nm must be at least 0, but is -0.8"),
        ({"distributions": ("normal", "weibull")}, "'weibull' is unknown"),
        ({"distributions": ()}, "distributions is empty"),
    ],
)
def test_impossible_range_fails_at_once(changes, message):
    """A range that holds an impossible milling is refused before anything is drawn from it."""
    possible = {
        "distributions": ("normal",),
        "mean_nm": (8, 12),
        "relative_sd": (0.1, 0.5),
        "floor_nm": 2.5,
    }
    with pytest.raises(InputError, match=message):
        MillingRange(**{**possible, **changes})
