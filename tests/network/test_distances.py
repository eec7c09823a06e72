"""A network that sees distances fills a volume: what it is shown, and where it is not asked."""

import warnings

import numpy as np
import pytest

from fibgap.errors import FibgapWarning
from fibgap.fillers import fill
from fibgap.network import distances
from fibgap.network.architecture import Architecture
from fibgap.network.filler import predict_probability
from fibgap.network.inference import predict
from fibgap.network.module import Network
from fibgap.network.planes import PlanesOfDistances
from fibgap.network.training.batches import whole_planes
from fibgap.network.training.distances import all_distances
from fibgap.network.training.planes import extract_planes
from fibgap.network.weights import LoadedNetwork
from fibgap.stack import GappedVolume
from fibgap.synthetic.materials import draw_material
from tests import materials

torch = pytest.importorskip("torch")


def network(scale: float = 1.0, *, neighbours: int = 1) -> Network:
    """Return a small network with random weights; scale 0: the distances alone."""
    torch.manual_seed(4)
    made = Network(
        Architecture.from_width(
            0.06, mask_channel=True, neighbours=neighbours, bicubic="add", sees="distances"
        )
    )
    torch.nn.init.normal_(made.l2.weight, std=scale)
    torch.nn.init.constant_(made.l2.bias, scale)
    return made.eval()


@pytest.fixture(scope="module")
def sample():
    """A volume and its slices at whole layers."""
    volume = draw_material("rough", (33, 26, 28), np.random.default_rng(8))
    layers = np.array([0, 3, 4, 9, 13, 17, 18, 22, 27, 32])
    return volume, GappedVolume(volume[layers], layers, 1.0, 0, 1.0, len(layers))


def test_without_a_correction_it_is_the_spline_of_distances(sample):
    """A network that adds nothing to the logit cuts where the distance changes its sign."""
    _, gapped = sample
    expected = fill(gapped, "signed_distance_spline")
    guess = fill(gapped, "network", network=network(0.0))
    # A distance within rounding of 0 may fall on either side.
    assert (guess != expected).mean() < 1e-3
    assert (expected[gapped.missing_layers] != gapped.volume()[gapped.missing_layers]).any()


@pytest.mark.parametrize("family", ["zx", "zy"])
def test_planes_are_those_of_the_training(sample, family):
    """What the engine is given of a plane is what training shows of the same plane."""
    volume, gapped = sample
    positions, seen = distances.slice_distances(gapped)
    weights = LoadedNetwork.of(network())
    maker = PlanesOfDistances(weights, gapped, positions)
    turned = seen if family == "zx" else seen.transpose(0, 2, 1)
    columns = np.ascontiguousarray(turned[:, 2:8])
    between = maker.between(columns)
    part = slice(1, 4)  # beside one more plane that is made together with them
    found, own = maker.block(columns, between, part), maker.own(between, part)
    planes = extract_planes(volume, family).view(np.uint8)
    rows, _ = all_distances([planes], [len(planes)], torch.device("cpu"))[0]
    for index in range(3):
        part = slice(3 + index, 6 + index)
        batch = whole_planes(torch.from_numpy(planes[part])[None], gapped.known, rows[None, part])
        given = batch.network_input(weights.architecture)[0].numpy()
        # Training keeps distances in half precision: a 128th of a voxel.
        np.testing.assert_allclose(found[index, :-1], given, atol=2e-3)
        np.testing.assert_allclose(found[index, -1], batch.bicubic[0, 0].numpy(), atol=0.02)
        np.testing.assert_array_equal(own[index].clip(-8, 8), found[index, -1])


def test_far_from_the_interface_it_is_not_asked():
    """A network that calls everything solid does so nowhere beyond the gap."""
    truth, gapped = materials.milled(materials.ball(24, solid=False), seed=3)
    guess = fill(gapped, "network", network=network(50.0, neighbours=0), refuse=False)
    nearest = fill(gapped, "nearest")
    assert materials.decided_against_both(guess, gapped) == 0
    # It is asked near the interface, though, and does its worst there.
    assert (guess & ~truth).sum() > (nearest & ~truth).sum()


def test_probability_is_certain_beyond_reach(sample):
    """Probabilities are 0 or 1 far from the interface, and between them near it."""
    _, gapped = sample
    probability = predict_probability(network(0.1), gapped)
    assert probability.shape == (23, 26, 28)
    assert probability.min() == 0.0
    assert probability.max() == 1.0
    assert ((probability > 0.2) & (probability < 0.8)).any()


def test_reach_is_the_gap():
    """Rows in gaps of 2 and 5 voxels; of the mean gap, 3.5, distances count to 4.375 voxels."""
    known = np.array([True, False, True, False, False, False, False, True])
    reaches = distances.reach(known)[~known]
    np.testing.assert_allclose(reaches, [1.5, 4.375, 4.375, 4.375, 4.375], atol=0.002)


def test_a_gap_wider_than_training_is_answered_by_the_distance(sample):
    """Beyond the widest gap the sign decides everywhere, and that is said."""
    _, gapped = sample
    with pytest.warns(FibgapWarning, match="gaps of up to 5 voxels are wider than the 4 that this"):
        reaches = distances.reach(gapped.known, 4.0)
    gaps = distances.row_gaps(gapped.known)
    assert (reaches[gaps == 5] == 0).all()
    assert (reaches[(gaps > 0) & (gaps < 5)] > 0).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        distances.reach(gapped.known, 5.0)


def test_slices_at_their_true_depths_are_used():
    """A plane that leans by a voxel a layer is met at depths between layers, not at layers.

    Slices at depths 0, 4.4, 7.6 and 12 of the interface x = 10 + depth show columns up to it. The
    interpolated distance in layer 6 is 0 at x = 16, with true depths exactly.
    """
    depths = np.array([0.0, 4.4, 7.6, 12.0, 16.0, 20.0, 24.0])
    columns = np.arange(48)
    slices = np.broadcast_to(columns < 10 + depths[:, None, None], (7, 24, 48)).copy()
    layers = np.array([0, 4, 8, 12, 16, 20, 24])
    gapped = GappedVolume(slices, layers, 1.0, 0, 1.0, 7, depths)
    positions, _ = distances.slice_distances(gapped)
    np.testing.assert_array_equal(positions, depths)
    guess = predict(network(0.0), gapped)
    edge = (guess[6] >= 0.5).sum(axis=1)
    assert (edge == 16).all()


def test_a_slice_of_one_phase_makes_objects_end():
    """Beside an empty slice a rod tapers, beside a full one it widens: its solid is no constant."""
    y, x = np.ogrid[:30, :30]
    rod = (y - 14) ** 2 + (x - 14) ** 2 <= 36
    slices = np.stack([rod] * 7)
    slices[2], slices[4] = False, True
    gapped = GappedVolume(slices, np.arange(0, 28, 4), 1.0, 0, 1.0, 7)
    solid = fill(gapped, "network", network=network(0.0), refuse=False).sum(axis=(1, 2))
    assert solid[4] >= solid[5] > solid[7] == solid[8] == 0
    assert solid[12] <= solid[13] < solid[15] <= solid[16] == 900
