"""What must not pass without a word: wrong units, slice numbers, misread depths, thin slices."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibgap.errors import FibgapWarning, InputError
from fibgap.placement import place_own, place_slices, placement_facts, placement_record
from fibgap.rebuilding import rebuild
from fibgap.stack import SliceStack
from fibgap.suspicion import ABSURD_GAP, WIDE_GAP, check_depths, check_placement

#: 41 slices of 10.4 nm and 9.6 nm in turn, 10 nm on average.
DEPTHS = np.cumsum([0.0, *[10.4, 9.6] * 20])


def stack_at(depths, voxel_nm):
    """Return random slices at these depths."""
    slices = np.random.default_rng(0).random((len(depths), 3, 4)) < 0.5
    return SliceStack(slices, np.array(depths, float), voxel_nm)


@pytest.mark.parametrize("voxel_nm", [0.21, 1.0, 2.5, 9.9])
def test_nothing_is_said_of_an_ordinary_stack(voxel_nm):
    """Slices of 1 to 48 voxels are placed without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gapped = place_own(stack_at(DEPTHS, voxel_nm))
    assert gapped.n_given == 41


@pytest.mark.parametrize(
    ("depths", "voxel_nm", "message"),
    [
        # µm taken for nm, for slices of 10 nm and of 100 nm
        (DEPTHS / 1000, 2.5, r"0\.01 nm thick .* 0\.004 voxels .* depths 1,000 times larger it w"),
        (DEPTHS / 100, 2.5, r"0\.1 nm thick .* 0\.04 voxels .* 1,000 times larger it would be 40"),
        # a stage log in m, and in mm
        (DEPTHS * 1e-9, 2.5, r"1e-08 nm thick .* depths 1,000,000,000 times larger .* be 4, so"),
        (DEPTHS * 1e-6, 2.5, r"1e-05 nm thick .* depths 1,000,000 times larger it would be 4, so"),
        # nm taken for µm; a voxel in µm
        (DEPTHS * 1000, 2.5, r"1e\+04 nm thick .* depths 1,000 times smaller it would be 4, so"),
        (DEPTHS, 0.0025, r"4e\+03 voxels of 0\.0025 nm each: .* times smaller it would be 4, so"),
        # slice numbers taken for µm
        (np.arange(41.0) * 1000, 2.5, "400 voxels .* exactly 1 um .* slice numbers"),
        # no unit makes sense of it
        (DEPTHS * 20, 2.5, r"80 voxels of 2\.5 nm each: check the units of depths and voxel"),
        # one depth out by 5 µm, at the end and within
        (DEPTHS + 5000 * (np.arange(41) > 39), 2.5, r"slices 39 and 40 \(of 41, from 0\) lie 5010"),
        (DEPTHS + 5000 * (np.arange(41) > 19), 2.5, r"slices 19 and 20 .* 482 times the median of"),
    ],
)
def test_where_nothing_sensible_can_follow_it_ends(depths, voxel_nm, message):
    """A unit that is wrong by 1,000 and a gap of hundreds of slices are refused with numbers."""
    with pytest.raises(InputError, match=message):
        check_depths(depths, voxel_nm)
    with pytest.raises(InputError, match=message):
        place_own(stack_at(depths, voxel_nm))


@given(
    voxels=st.floats(0.5, 20),
    spread=st.floats(0, 0.4),
    power=st.sampled_from([3, 6, 9, -3, -6, -9]),
    seed=st.integers(0, 99),
)
def test_no_unit_that_is_wrong_by_a_thousand_passes(voxels, spread, power, seed):
    """For any usual thickness, wrong units are refused, and the right ones are named or pass."""
    steps = np.random.default_rng(seed).normal(1, spread, 60).clip(0.1)
    depths = np.cumsum([0, *steps]) * voxels * 5 / steps.mean()
    check_depths(depths, 5)
    with pytest.raises(InputError) as caught:
        check_depths(depths * 10.0**power, 5)
    word = "larger" if power < 0 else "smaller"
    assert f"depths {10 ** abs(power):,} times {word} it would be {voxels:.3g}" in str(caught.value)


def test_slice_numbers_are_asked_about():
    """Depths of 0, 1, 2, ... nm are most likely no depths."""
    with pytest.warns(FibgapWarning, match="rise by exactly 1 nm .* are these slice numbers"):
        place_own(stack_at(np.arange(41.0) + 100, 1.0))
    assert check_depths(np.arange(41.0), 1.0, constant=True) == []
    assert check_depths(np.arange(41.0) * 2, 1.0) == []
    # Measured depths that happen to be 1 nm apart on average have a spread.
    assert check_depths(DEPTHS / 10, 1.0) == []


def test_thin_slices_are_told():
    """41 slices of 10 nm lie in 21 layers of 20 nm; all are used, or 20 are dropped."""
    # 400 nm are 20 steps.
    thin = r"10 nm thick on average, less than a voxel of 20 nm: 20 of 41 share a layer"
    with pytest.warns(FibgapWarning, match=thin):
        gapped = place_own(stack_at(DEPTHS, 20.0))
    assert placement_record(gapped) == {
        "n_given": 41,
        "n_sharing": 20,
        "n_slices": 21,
        "n_dropped": 0,
        "n_layers": 21,
        "effective_voxel_nm": 20,
        "largest_gap_layers": 0,
    }
    with (
        pytest.warns(FibgapWarning, match=thin),
        pytest.warns(FibgapWarning, match=r"20 of 41 slices \(49%\) are dropped"),
    ):
        gapped = place_own(stack_at(DEPTHS, 20.0), positions="rounded")
    assert placement_facts(gapped)["n_dropped"] == 20


def test_a_wide_gap_is_told():
    """Over 10 times the median a gap is told, over 100 times it is refused."""
    for factor, count in ((WIDE_GAP, 0), (WIDE_GAP + 1, 1), (ABSURD_GAP, 1)):
        depths = np.cumsum([0.0, *[10.0] * 20, 10.0 * factor, *[10.0] * 20])
        found = check_depths(depths, 5)
        assert len(found) == count
    assert "slices 20 and 21 (of 42, from 0) lie 1000 nm apart, 100 times the median" in found[0]
    depths[21:] += 1
    with pytest.raises(InputError, match="1001 nm apart, 100 times the median of 10 nm"):
        check_depths(depths, 5)


@pytest.mark.parametrize(("kept", "told"), [(38, 0), (37, 1), (5, 1)])
def test_dropped_slices_are_told(kept, told):
    """3 of 41 slices are 7 % and told, 2 of 40 are 5 % and not; with 90 % it ends."""
    total = 40 if kept == 38 else 41 if kept == 37 else 48
    steps = [1.0] * (kept - 1)
    # The others follow the first slice within half a voxel.
    extra = np.linspace(0.01, 0.4, total - kept)
    depths = np.sort(np.concatenate([np.cumsum([0, *steps]), extra]))
    gapped = place_slices(stack_at(depths, 1.0), check=False)
    assert len(gapped.layers) == kept
    assert len(check_placement(gapped)) == told
    true = place_slices(stack_at(depths, 1.0), positions="true", check=False)
    assert check_placement(true) == []


def test_most_slices_dropped_is_no_stack():
    """45 of 50 slices on the layers of others leave nothing to fill between."""
    depths = np.sort(np.concatenate([np.arange(5.0), np.linspace(0.01, 0.4, 45)]))
    with pytest.raises(InputError, match=r"45 of 50 slices \(90%\) are dropped, since they share"):
        check_placement(place_slices(stack_at(depths, 1.0), check=False))


def test_every_way_in_looks_at_the_depths():
    """Placing and rebuilding warn and refuse without being asked to, unless told not to."""
    thin, wrong = stack_at(DEPTHS, 10.2), stack_at(DEPTHS / 1000, 2.5)
    for way in (place_slices, rebuild, place_own):
        with pytest.warns(FibgapWarning, match="less than a voxel of 10.2 nm"):
            way(thin)
        with pytest.raises(InputError, match="1,000 times larger"):
            way(wrong)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert place_slices(thin, check=False).n_given == 41
        assert rebuild(thin, check=False).gapped.n_given == 41
        # A nominal placement has no use for depths.
        assert place_slices(wrong, "nominal", nominal_nm=10).n_layers == 161


def test_a_resampled_stack_drops_slices_on_purpose():
    """The slices that no plane of a regular grid chose are no suspicion."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gapped = place_own(stack_at(DEPTHS, 2.5), "resampled", nominal_nm=20)
    assert placement_facts(gapped)["n_dropped"] == 20
