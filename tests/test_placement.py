"""Placement against hand-computed layers and a search in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibgap.errors import InputError
from fibgap.placement import PLACEMENTS, place_slices, placement_facts
from fibgap.stack import SliceStack
from fibgap.synthetic.milling import Milling, mill_volume


def stack_at(depths, voxel_nm=2.5):
    """Return a stack each of whose slices says its own number, in binary."""
    bits = (np.arange(len(depths))[:, None] >> np.arange(8)) & 1
    slices = np.concatenate([bits, 1 - bits], axis=1).astype(bool)
    return SliceStack(slices.reshape(-1, 2, 8), np.array(depths, float), voxel_nm)


def kept(gapped):
    """Return the numbers of the slices that a placement kept."""
    return (gapped.slices.reshape(-1, 16)[:, :8] @ (1 << np.arange(8))).tolist()


def place(depths, placement, *, nominal_nm=10.0, voxel_nm=2.5, check=False, **options):
    """Place numbered slices that lie at these depths."""
    return place_slices(
        stack_at(depths, voxel_nm), placement, nominal_nm=nominal_nm, check=check, **options
    )


# Depths in tenths of a nm, increasing, and a voxel size in tenths of a nm.
# Steps are small, so that slices often share a layer.
decimal_depths = st.tuples(
    st.integers(0, 90), st.lists(st.integers(1, 12), min_size=1, max_size=30)
).map(lambda drawn: [drawn[0] + sum(drawn[1][:n]) for n in range(len(drawn[1]) + 1)])
decimal_voxels = st.sampled_from([2, 5, 10, 14, 25])


def search_layers(tenths, voxel):
    """Return slice -> layer by the rules of placement, in exact arithmetic."""
    best = {}
    for number, depth in enumerate(tenths):
        layer = (Fraction(depth, voxel) + Fraction(1, 2)).__floor__()
        distance = abs(Fraction(depth, voxel) - layer)
        if layer not in best or distance < best[layer][0]:
            best[layer] = (distance, number)
    return {number: layer for layer, (_, number) in best.items()}


def search_resampled(tenths, nominal):
    """Return the slices nearest to the planes of a regular grid, in exact arithmetic."""
    planes = range(tenths[0], tenths[-1] + 1, nominal)
    return sorted(
        {min(range(len(tenths)), key=lambda n: (abs(tenths[n] - plane), n)) for plane in planes}
    )


def test_repositioned_by_hand():
    """Slices at 0, 6, 11.3, 30 nm lie on the layers 0, 2, 5, 12 of voxels of 2.5 nm."""
    # 6 / 2.5 = 2.4; 11.3 / 2.5 = 4.52; 30 / 2.5 = 12.
    gapped = place([0, 6, 11.3, 30], "repositioned")
    assert gapped.layers.tolist() == [0, 2, 5, 12]
    assert kept(gapped) == [0, 1, 2, 3]
    assert gapped.n_layers == 13
    assert gapped.missing_layers.tolist() == [1, 3, 4, 6, 7, 8, 9, 10, 11]
    assert gapped.largest_gap == 6
    assert gapped.origin_layer == 0
    assert gapped.n_given == 4
    assert gapped.voxel_nm == 2.5
    assert gapped.effective_voxel_nm == 2.5


def test_grid_starts_at_the_first_slice():
    """Layers count from the first slice at 11 nm, and nothing lies before it."""
    # 11 / 2.5 = 4.4: four steps for 11 nm of depth, and layer 4 of a grid that begins at 0.
    gapped = place([11, 22], "repositioned")
    assert gapped.layers.tolist() == [0, 4]
    assert gapped.origin_layer == 4
    assert gapped.effective_voxel_nm == pytest.approx(11 / 4, rel=1e-15)


def test_a_grid_can_be_given():
    """On the grid of a true volume from 0 on, slices at 11 and 22 nm lie on layers 4 and 9."""
    # 11 / 2.5 = 4.4 and 22 / 2.5 = 8.8: five steps.
    gapped = place([11, 22], "repositioned", grid_start_nm=0)
    assert gapped.layers.tolist() == [0, 5]
    assert gapped.origin_layer == 4
    assert gapped.effective_voxel_nm == pytest.approx(11 / 5, rel=1e-15)
    # On one that has a layer at 1.25 nm they lie 9.75 and 20.75 nm, 3.9 and 8.3 voxels, after it.
    gapped = place([11, 22], "repositioned", grid_start_nm=1.25)
    assert gapped.layers.tolist() == [0, 4]
    assert gapped.origin_layer == 5  # of a grid from 0 on: 1.25 nm is half-way, the deeper one


@given(
    st.lists(st.integers(1, 120), min_size=1, max_size=30),
    st.integers(-9999, 9999),
    st.sampled_from([2, 5, 10, 14, 25]),
    st.sampled_from(["repositioned", "resampled"]),
    st.sampled_from(["rounded", "true"]),
)
def test_where_depths_begin_changes_nothing(steps, shift, voxel, placement, positions):
    """Adding a length to all depths moves no slice: only the distances from the first count."""
    tenths = np.cumsum([0, *steps])
    if tenths[-1] < 15 * voxel:
        return  # too thin a stack for the planes of a nominal spacing
    found = [
        place(
            depths / 10,
            placement,
            nominal_nm=1.5 * voxel,
            voxel_nm=voxel / 10,
            positions=positions,
        )
        for depths in (tenths, tenths + shift)
    ]
    assert found[0].layers.tolist() == found[1].layers.tolist()
    assert kept(found[0]) == kept(found[1])
    # Depths of up to 1100 nm are rounded to 1e-13 nm, a voxel is 0.2 nm or more.
    np.testing.assert_allclose(found[0].positions, found[1].positions, rtol=0, atol=1e-11)


@pytest.mark.parametrize(
    ("depths", "chosen", "layers"),
    [
        ([0, 4.0, 5.5, 20], [0, 2, 3], [0, 2, 8]),  # 1.0 and 0.5 nm from the centre at 5 nm
        ([0, 4.8, 5.5, 20], [0, 1, 3], [0, 2, 8]),  # 0.2 and 0.5 nm
        ([0, 4.5, 5.5, 20], [0, 1, 3], [0, 2, 8]),  # equally near: the shallower one
        ([0, 4.0, 5.25, 6.0, 20], [0, 2, 4], [0, 2, 8]),  # three on one layer
        ([0, 1, 20, 21], [0, 2], [0, 8]),  # at both ends
    ],
)
def test_one_slice_a_layer(depths, chosen, layers):
    """Of slices on one layer the nearest to its centre is kept, and the others are counted."""
    gapped = place(depths, "repositioned")
    assert kept(gapped) == chosen
    assert gapped.layers.tolist() == layers
    assert gapped.n_given == len(depths)
    assert gapped.n_given - len(gapped.layers) == len(depths) - len(chosen)


def test_ties_are_ties_in_decimals():
    """Slices at 0.39 and 0.41 nm are equally near to the layer at 0.4 nm, in spite of binary."""
    # In binary 0.41 is nearer to 2 * 0.2, and 0.41 / 0.2 nearer to 2, than 0.39 is.
    gapped = place([0, 0.39, 0.41, 1], "repositioned", voxel_nm=0.2)
    assert kept(gapped) == [0, 1, 3]
    # And 0.3 and 0.5 nm are equally near to the plane at 0.4 nm.
    gapped = place([0, 0.3, 0.5, 0.8], "resampled", nominal_nm=0.4, voxel_nm=0.1)
    assert kept(gapped) == [0, 1, 3]


@given(decimal_depths, decimal_voxels)
def test_repositioned_agrees_with_exact_search(tenths, voxel):
    """Every layer holds the slice nearest to its centre among those that round to it."""
    expected = search_layers([depth - tenths[0] for depth in tenths], voxel)
    depths = [depth / 10 for depth in tenths]
    if len(expected) < 2:
        with pytest.raises(InputError, match="placement left 1 known layer"):
            place(depths, "repositioned", voxel_nm=voxel / 10)
        return
    gapped = place(depths, "repositioned", voxel_nm=voxel / 10)
    assert dict(zip(kept(gapped), gapped.layers.tolist(), strict=True)) == expected
    assert gapped.origin_layer == (Fraction(tenths[0], voxel) + Fraction(1, 2)).__floor__()
    assert gapped.n_given == len(tenths)
    assert gapped.largest_gap == max(np.diff(sorted(expected.values()))) - 1
    outermost = [depths[min(expected)], depths[max(expected)]]
    steps = max(expected.values())
    assert gapped.effective_voxel_nm == pytest.approx(
        (outermost[1] - outermost[0]) / steps, rel=1e-12
    )


@given(decimal_depths, decimal_voxels, st.integers(25, 120))
def test_resampled_agrees_with_exact_search(tenths, voxel, nominal):
    """Every plane of the regular grid keeps the slice nearest to it, at the slice's own depth."""
    chosen = search_resampled(tenths, nominal)
    layers = search_layers([tenths[n] - tenths[0] for n in chosen], voxel)
    expected = {chosen[n]: layer for n, layer in layers.items()}
    depths = [depth / 10 for depth in tenths]
    if len(expected) < 2:
        with pytest.raises(InputError, match="placement left 1 known layer"):
            place(depths, "resampled", voxel_nm=voxel / 10, nominal_nm=nominal / 10)
        return
    gapped = place(depths, "resampled", voxel_nm=voxel / 10, nominal_nm=nominal / 10)
    assert dict(zip(kept(gapped), gapped.layers.tolist(), strict=True)) == expected
    assert gapped.n_given == len(tenths)
    assert gapped.origin_layer == (Fraction(tenths[0], voxel) + Fraction(1, 2)).__floor__()


def test_resampled_by_hand():
    """Of slices at 0, 4, 9, 14, 19, 31 nm the planes at 0, 10, 20 and 30 nm keep four."""
    gapped = place([0, 4, 9, 14, 19, 31], "resampled")
    assert kept(gapped) == [0, 2, 4, 5]
    # 9 / 2.5 = 3.6; 19 / 2.5 = 7.6; 31 / 2.5 = 12.4: true depths, not those of the planes.
    assert gapped.layers.tolist() == [0, 4, 8, 12]
    assert gapped.n_given == 6
    # 31 nm in 12 steps.
    assert gapped.effective_voxel_nm == pytest.approx(31 / 12, rel=1e-15)


def test_resampled_keeps_one_slice_for_two_planes_once():
    """A slice that is nearest to two planes is still one slice."""
    gapped = place([0, 15, 40], "resampled")  # 15 nm is nearest to 10 and to 20 nm
    assert kept(gapped) == [0, 1, 2]
    assert gapped.layers.tolist() == [0, 6, 16]


def test_resampled_grid_starts_at_the_first_slice():
    """Planes count from the first slice, wherever the depths begin."""
    assert kept(place([103, 108, 113, 118, 123], "resampled")) == [0, 2, 4]


def test_nominal_by_hand():
    """Four slices of nominally 6 nm lie on the layers 0, 2, 5, 7, whatever their depths."""
    # 6, 12, 18 nm are 2.4, 4.8, 7.2 voxels.
    for depths in ([0, 6, 12, 18], [5, 5.1, 90, 110]):
        gapped = place(depths, "nominal", nominal_nm=6)
        assert gapped.layers.tolist() == [0, 2, 5, 7]
        assert kept(gapped) == [0, 1, 2, 3]
        assert gapped.origin_layer is None
        assert gapped.effective_voxel_nm == pytest.approx((depths[-1] - depths[0]) / 7, rel=1e-15)
        assert gapped.n_given == 4


@given(decimal_depths, decimal_voxels, st.integers(0, 100))
def test_nominal_has_no_use_for_depths(tenths, voxel, excess):
    """Nominal placement keeps every slice, at the rounded multiples of the nominal thickness."""
    nominal = voxel + excess
    gapped = place(
        [depth / 10 for depth in tenths], "nominal", nominal_nm=nominal / 10, voxel_nm=voxel / 10
    )
    expected = [
        (Fraction(n * nominal, voxel) + Fraction(1, 2)).__floor__() for n in range(len(tenths))
    ]
    assert gapped.layers.tolist() == expected
    assert kept(gapped) == list(range(len(tenths)))


@pytest.mark.parametrize("seed", range(5))
def test_milled_volume_is_repositioned_without_loss(seed):
    """Slices milled at least a voxel apart never meet, and come back to the layers they show."""
    volume = np.random.default_rng(seed).random((80, 4, 5)) < 0.5
    stack = mill_volume(
        volume, Milling("normal", 6, 3, 2.5), voxel_nm=2.5, rng=np.random.default_rng(seed)
    )
    gapped = place_slices(stack, "repositioned", nominal_nm=6)
    assert gapped.n_given == len(gapped.layers) == len(stack.slices)
    assert gapped.origin_layer == 0
    np.testing.assert_array_equal(gapped.slices, volume[gapped.layers])
    # Both outermost slices are rounded by at most half a voxel.
    steps = gapped.n_layers - 1
    assert abs(gapped.effective_voxel_nm - 2.5) <= 2.5 / steps


@pytest.mark.parametrize("placement", ["nominal", "resampled"])
def test_nominal_thickness_below_a_voxel_fails(placement):
    """Planes closer than the layers of the grid cannot be told apart."""
    with pytest.raises(InputError, match=r"nominal_nm 2\.4 is below the voxel size of 2\.5 nm"):
        place([0, 6, 20], placement, nominal_nm=2.4)


def test_repositioning_needs_no_nominal_thickness():
    """True depths say all: the nominal thickness changes nothing."""
    assert place([0, 6, 20], "repositioned", nominal_nm=0.1).layers.tolist() == [0, 2, 8]


def test_unknown_placement_fails_by_name():
    """A placement has one of three names."""
    assert set(PLACEMENTS) == {"repositioned", "nominal", "resampled"}
    with pytest.raises(InputError, match="'guessed' is unknown; choose one of repositioned, nom"):
        place([0, 6, 20], "guessed")


def test_true_positions_by_hand():
    """With true positions slices at 0, 6, 7.4, 20 nm lie 0, 2.4, 2.96 and 8 voxels deep."""
    gapped = place([0, 6, 7.4, 20.5], "repositioned", positions="true")
    assert gapped.layers.tolist() == [0, 2, 3, 8]
    np.testing.assert_allclose(gapped.positions, [0, 2.4, 2.96, 8.2], rtol=1e-15)
    # The grid is that of the depths: a step is a voxel, and the last slice is 0.2 voxels off it.
    assert gapped.effective_voxel_nm == 2.5
    rounded = place([0, 6, 7.4, 20.5], "repositioned")
    assert rounded.positions.tolist() == rounded.layers.tolist() == [0, 2, 3, 8]
    assert rounded.effective_voxel_nm == pytest.approx(20.5 / 8, rel=1e-15)


def test_true_positions_drop_no_slice():
    """Of slices on one layer the nearest to its centre is shown, and the others are still there."""
    # 0, 1.6, 2.4, 2.2 voxels: three slices round to layer 2, that at 5.5 nm is the nearest.
    gapped = place([0, 4.0, 5.5, 6.0, 20], "repositioned", positions="true")
    assert gapped.layers.tolist() == [0, 2, 8]
    assert kept(gapped) == [0, 2, 4]
    assert gapped.spare_positions.tolist() == [1.6, 2.4]
    positions, slices = gapped.samples()
    np.testing.assert_allclose(positions, [0, 1.6, 2.2, 2.4, 8], rtol=1e-15)
    np.testing.assert_array_equal(slices, stack_at([0, 4.0, 5.5, 6.0, 20]).slices)
    assert placement_facts(gapped) == {
        "n_slices": 3,
        "n_dropped": 0,
        "n_layers": 9,
        "effective_voxel_nm": 2.5,
        "largest_gap_layers": 5,
    }
    assert placement_facts(place([0, 4.0, 5.5, 6.0, 20], "repositioned"))["n_dropped"] == 2


def test_true_positions_of_a_nominal_stack():
    """Slices of nominally 6 nm lie 2.4 voxels apart, and 14 nm of depth are 4.8 such voxels."""
    gapped = place([0, 5, 14], "nominal", nominal_nm=6, positions="true")
    assert gapped.layers.tolist() == [0, 2, 5]
    np.testing.assert_allclose(gapped.positions, [0, 2.4, 4.8], rtol=1e-15)
    assert gapped.effective_voxel_nm == pytest.approx(14 / 4.8, rel=1e-15)


def test_unknown_positions_and_a_missing_thickness_fail_by_name():
    """Positions have one of two names, and a regular grid needs a thickness."""
    with pytest.raises(InputError, match="positions 'exact' are unknown; choose one of rounded, t"):
        place([0, 6, 20], "repositioned", positions="exact")
    for placement in ("nominal", "resampled"):
        with pytest.raises(InputError, match=f"placement '{placement}' needs nominal_nm"):
            place([0, 6, 20], placement, nominal_nm=None)
