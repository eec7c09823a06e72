"""The spline of signed distances against shapes whose layers are known."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from fibgap.errors import InputError
from fibgap.fillers import fill
from fibgap.fillers.distance import signed_distance
from fibgap.fillers.distance_spline import fill_signed_distance_spline
from fibgap.fillers.interpolation import spline_weights
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack

#: Uneven steps between slices, as the paper's milling gives them.
STEPS = (4, 3, 6, 4, 5, 4, 2, 5)
LAYERS = np.cumsum([0, *STEPS])
DEPTH = np.arange(LAYERS[-1] + 1)[:, None, None]
# On pixels, the depth of a pixel in a shape is known to within sqrt(2) - 1/2: see
# test_shape_based.py. A spline adds up such errors of its slices: on each layer they grow by the
# sum of the magnitudes of its weights at the most.
PIXELS = np.sqrt(2) - 0.5
GROWTH = np.abs(spline_weights(LAYERS, np.arange(LAYERS[-1] + 1))).sum(axis=1)[:, None, None]


def gapped_from(depth, layers=LAYERS):
    """Return the slices of a shape, given by the depth of its voxels, on some layers."""
    return GappedVolume((depth > 0)[layers], layers, 2.5, 0, 2.5, len(layers))


def assert_is_shape(volume, depth, tolerance):
    """Compare a volume with a shape, but for voxels this near to its surface within their layer."""
    assert volume[depth > tolerance].all()
    assert not volume[depth < -tolerance].any()


def in_plane(side=48, centre=(23.5, 23.5)):
    """Return the coordinates of pixels from a centre, (y, x)."""
    y, x = np.mgrid[:side, :side]
    return y - centre[0], x - centre[1]


def misclassified(gapped, depth, filler, **options):
    """Return how many voxels a filler gives to the wrong phase of a shape."""
    return (fill(gapped, filler, **options) != (depth > 0)).sum()


def leaning_edge(slope, side=160):
    """Return the depth below an interface that moves by so many pixels a layer.

    It lies a quarter of a pixel from pixels and from their borders, so that no depth is 0.
    """
    _, x = in_plane(side, ((side - 1) / 2,) * 2)
    return np.broadcast_to(slope * (DEPTH - 16) - x + 0.25, (len(DEPTH), side, side))


@pytest.mark.parametrize("slope", [0, 1, 2, 3])
def test_any_half_space_is_exact(slope):
    """A distance that changes linearly along z is met by the spline, however fast."""
    depth = leaning_edge(slope)
    gapped = gapped_from(depth)
    assert misclassified(gapped, depth, "signed_distance_spline", saturation=np.inf) == 0
    if slope == 0:
        assert misclassified(gapped, depth, "signed_distance_spline") == 0


@pytest.mark.parametrize("slope", [0.5, 1, 1.25])
def test_saturation_leaves_a_half_space_alone(slope):
    """An interface that moves by up to 1.25 pixels a layer is met within a pixel by the default."""
    # Both slices beside a gap show it within the distance that counts, unless the gap is one of
    # the widest; slices farther away have little weight.
    depth = leaning_edge(slope)
    gapped = gapped_from(depth)
    assert_is_shape(fill(gapped, "signed_distance_spline"), depth, 1)
    wrong = misclassified(gapped, depth, "signed_distance_spline")
    assert 0 <= wrong < 0.6 * misclassified(gapped, depth, "nearest")


@pytest.mark.parametrize("shift", [(0.0, 0.6), (0.5, -0.5), (-0.8, 0.0)])
def test_a_tilted_cylinder_is_continued(shift):
    """The section of a leaning cylinder moves evenly from slice to slice."""
    y, x = in_plane()
    along = DEPTH - DEPTH.mean()
    depth = 12.2 - np.hypot(y - shift[0] * along, x - shift[1] * along)
    gapped = gapped_from(depth)
    volume = fill(gapped, "signed_distance_spline", saturation=np.inf)
    # Near its surface the depth bends by shift² / radius, which a line over a gap of 6 layers
    # misses by 6² / 8 of that; a spline by less.
    bend = np.hypot(*shift) ** 2 / 12.2 * 6**2 / 8
    assert_is_shape(volume, depth, GROWTH * PIXELS + bend)
    with pytest.raises(AssertionError):
        assert_is_shape(volume[:, 4:], depth[:, :-4], GROWTH * PIXELS + bend)
    wrong = misclassified(gapped, depth, "signed_distance_spline")
    assert wrong < 0.6 * misclassified(gapped, depth, "nearest")


@pytest.mark.parametrize("slope", [0.5, 1, 2])
def test_a_cone_grows_evenly(slope):
    """The radius of a cone is linear along z, so its distances are, too."""
    y, x = in_plane(180, (89.5, 89.5))
    depth = 8 + slope * DEPTH - np.hypot(y, x)
    gapped = gapped_from(depth)
    volume = fill(gapped, "signed_distance_spline", saturation=np.inf)
    assert_is_shape(volume, depth, GROWTH * PIXELS)
    wrong = misclassified(gapped, depth, "signed_distance_spline")
    assert wrong < 0.6 * misclassified(gapped, depth, "nearest")


def test_a_sphere_is_widest_at_its_equator():
    """Between two equal slices above and below the equator a sphere bulges, symmetrically."""
    y, x = in_plane(40, (19.5, 19.5))
    depth = np.sqrt(14.3**2 - (np.arange(25) - 12.0) ** 2)[:, None, None] - np.hypot(y, x)
    gapped = gapped_from(depth, np.array([0, 8, 16, 24]))
    volume = fill(gapped, "signed_distance_spline")
    np.testing.assert_array_equal(volume, volume[::-1])
    areas, true = volume.sum(axis=(1, 2)), (depth > 0).sum(axis=(1, 2))
    assert areas[12] == areas.max() > areas[8]
    # Linear interpolation knows of no bulge.
    flat = fill(gapped, "shape_based").sum(axis=(1, 2))
    assert flat[12] == flat[8]
    assert abs(areas[12] - true[12]) < abs(flat[12] - true[12])


@pytest.mark.parametrize("radius", [3, 8, 14])
@pytest.mark.parametrize("solid", [True, False])
def test_an_object_that_ends_tapers(radius, solid):
    """Before slices without it an object shrinks; a wide one ends half-way, a small one sooner."""
    y, x = in_plane()
    disc = radius > np.hypot(y, x)
    empty = np.zeros_like(disc)
    slices = np.stack([disc, disc, empty, empty])
    layers = np.array([0, 6, 12, 18])
    gapped = GappedVolume(slices == solid, layers, 2.5, 0, 2.5, 4)
    areas = (fill(gapped, "signed_distance_spline") == solid).sum(axis=(1, 2))[6:13]
    assert all(after <= before for before, after in pairwise(areas))
    assert areas[1] > 0
    assert not areas[4:].any()
    # Saturation is at 1.25 gaps of 6 layers: of the depth of the disc with a radius of 8 or more.
    if radius >= 8:
        assert areas[2] > 0


def test_two_discs_apart_end_half_way():
    """Of two discs that share no pixel, each reaches its half of the gap."""
    lower, upper = (np.hypot(*in_plane(64, (c, c))) < 9 for c in (16.0, 47.0))
    gapped = GappedVolume(np.stack([lower, upper]), np.array([0, 6]), 2.5, 0, 2.5, 2)
    volume = fill(gapped, "signed_distance_spline")
    assert [(layer & lower).any() for layer in volume] == [True] * 4 + [False] * 3
    assert [(layer & upper).any() for layer in volume] == [False] * 3 + [True] * 4


def test_solid_is_where_the_spline_of_cut_distances_is_not_negative():
    """The result is that of scipy's spline through distances that are cut at the limit."""
    rng = np.random.default_rng(4)
    slices = rng.random((9, 20, 24)) < 0.5
    slices[:, 4:15, 6:20] = rng.random(9)[:, None, None] < 0.5
    gapped = GappedVolume(slices, LAYERS, 2.5, 0, 2.5, 9)
    for saturation in (0.5, 1.25, np.inf):
        limit = saturation * LAYERS[-1] / 8
        distances = np.stack([signed_distance(image).astype(float) for image in slices])
        spline = CubicSpline(LAYERS, np.clip(distances, -limit, limit), bc_type="not-a-knot")
        values = spline(gapped.missing_layers)
        clear = np.abs(values) > 1e-3
        assert clear.mean() > 0.9
        volume = fill(gapped, "signed_distance_spline", saturation=saturation)
        np.testing.assert_array_equal(volume[gapped.missing_layers][clear], values[clear] > 0)


@pytest.mark.parametrize("block_voxels", [1, 500, 4000, 2**26])
def test_blocks_change_nothing(block_voxels):
    """However few values are held at once, the result is the same."""
    rng = np.random.default_rng(9)
    layers = np.cumsum([0, *rng.integers(1, 6, 49)])
    gapped = GappedVolume(rng.random((50, 9, 11)) < 0.5, layers, 2.5, 0, 2.5, 50)
    np.testing.assert_array_equal(
        fill_signed_distance_spline(gapped, block_voxels=block_voxels),
        fill_signed_distance_spline(gapped),
    )


def test_slices_between_layers_lie_where_they_lie():
    """With true positions a leaning interface is exact that rounded ones would bend."""
    positions = np.array([0, 3.5, 7, 10.5, 14, 17.5, 21])
    # An edge that moves 2 pixels in 3.5 layers.
    edges = 8 + 2 * np.arange(7)
    slices = np.arange(40)[None, None, :] < (edges[:, None, None] + np.zeros((1, 3, 1)))
    stack = SliceStack(slices, positions, 1.0)
    gapped = place_slices(stack, "repositioned", positions="true")
    expected = np.floor(8 + np.arange(22) * 2 / 3.5 + 0.5)
    missing = gapped.missing_layers
    volume = fill(gapped, "signed_distance_spline", saturation=np.inf)
    found = volume[missing].sum(axis=2)[:, 0]
    # At half a pixel a tie decides.
    between = (np.arange(22) * 4 / 3.5) % 2 != 1
    keep = between[missing]
    np.testing.assert_array_equal(found[keep], expected[missing][keep])


def test_saturation_must_be_positive():
    """A saturation of 0 would leave no distance, and is refused."""
    gapped = GappedVolume(np.eye(2, dtype=bool)[:, None], np.array([0, 3]), 2.5, 0, 2.5, 2)
    with pytest.raises(InputError, match="saturation must be positive, but is 0"):
        fill(gapped, "signed_distance_spline", saturation=0)
