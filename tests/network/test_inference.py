"""A volume is filled plane by plane in both families, and tiling is not seen in the result."""

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline

from fibgap.errors import InputError
from fibgap.fillers import fill
from fibgap.network.architecture import Architecture
from fibgap.network.engines import make_engine
from fibgap.network.filler import cut, fill_network, network_options
from fibgap.network.inference import PlaneFiller, predict
from fibgap.network.module import Network
from fibgap.network.planes import require_planes
from fibgap.network.weights import save_weights
from fibgap.stack import GappedVolume

LAYERS = np.array([0, 2, 3, 7, 11, 12, 17, 20, 24])


def make_gapped(n_y: int, n_x: int, layers=LAYERS, seed: int = 4) -> GappedVolume:
    """Return a gapped volume with another pattern along every axis."""
    rng, layers = np.random.default_rng(seed), np.asarray(layers)
    z, y, x = np.ogrid[: len(layers), :n_y, :n_x]
    waves = np.cos(0.9 * layers[z] / 2 + 0.4 * y) + np.cos(0.7 * y - 0.3 * x) + np.cos(0.5 * x)
    slices = waves + rng.normal(0, 0.3, waves.shape) > 0.2
    return GappedVolume(slices, layers, 2.5, 0, 2.5, len(layers))


@pytest.fixture(scope="module")
def gapped():
    """A volume of 25 x 23 x 27 voxels with 9 known layers."""
    return make_gapped(23, 27)


@pytest.fixture(scope="module")
def wide():
    """A volume of 25 x 24 x 150 voxels, several tiles of 64 wide."""
    return make_gapped(24, 150)


def spline_network() -> Network:
    """Return an untrained network that gives the interpolation itself."""
    return Network(Architecture.from_width(0.05, bicubic="add")).eval()


def plane_by_plane(network: Network, gapped: GappedVolume) -> np.ndarray:
    """Inpaint one plane after the other and average the two families."""
    grid = gapped.volume().astype(np.float32)
    spline = CubicSpline(gapped.layers, gapped.slices.astype(float))(np.arange(len(grid)))
    known = np.zeros_like(grid)
    known[gapped.layers] = 1
    families = []
    for axis in (1, 2):
        out = np.empty_like(grid)
        reach = network.architecture.neighbours
        for place in range(grid.shape[axis]):
            planes = [np.take(values, place, axis) for values in (known, spline)]
            mask, bicubic = (torch.from_numpy(plane).float()[None, None] for plane in planes)
            # Beyond a face the planes are mirrored at it.
            last = grid.shape[axis] - 1
            seen = [
                abs(p) if p <= last else 2 * last - p
                for p in range(place - reach, place + reach + 1)
            ]
            image = torch.from_numpy(np.stack([np.take(grid, p, axis) for p in seen]))[None]
            if network.architecture.mask_channel:
                image = torch.cat([image, mask], dim=1)
            with torch.inference_mode():
                plane = network(image, bicubic)[0, 0].numpy()
            np.moveaxis(out, axis, 0)[place] = plane
        families.append(out)
    return (families[0] + families[1]) / 2


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mask_channel": True},
        {"bicubic": "add"},
        {"mask_channel": True, "bicubic": "add"},
        {"neighbours": 1},
        {"neighbours": 4, "mask_channel": True},
    ],
    ids=str,
)
def test_prediction_is_the_mean_of_both_families(make_network, gapped, options):
    """The result is that of a loop over all zx-planes and all zy-planes, averaged."""
    network = make_network(**options)
    expected = plane_by_plane(network, gapped)
    found = predict(network, gapped)
    assert found.dtype == np.float32
    assert found.shape == gapped.shape == (25, 23, 27)
    # Eleven layers of sums of at most 200 terms in single precision, taken in another order.
    assert np.allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    assert np.ptp(found) > 0.1


@pytest.mark.parametrize("neighbours", [0, 2])
@pytest.mark.parametrize("batch_pixels", [25 * 64, 25 * 70, 25 * 150, 3 * 25 * 150 + 7])
def test_tiles_and_batches_are_not_seen(make_network, wide, batch_pixels, neighbours):
    """Planes cut into tiles, one at a time or many, give the same volume to the bit."""
    network = make_network(3, width_factor=0.2, neighbours=neighbours)
    whole = predict(network, wide)
    found = predict(network, wide, batch_pixels=batch_pixels)
    assert np.array_equal(found, whole)


def test_tiles_and_batches_change_no_voxel(make_network, wide):
    """After thresholding, tiled and whole planes agree in every voxel."""
    network = make_network(3)
    with torch.no_grad():
        # So that about half of the voxels are gold.
        network.l2.bias += 0.5 - float(np.median(predict(network, wide)))
    expected = fill(wide, "network", network=network)
    filled = expected[wide.missing_layers]
    assert 0.2 < filled.mean() < 0.8
    for batch_pixels in (25 * 64, 25 * 100, 2**19):
        found = fill(wide, "network", network=network, batch_pixels=batch_pixels)
        assert np.array_equal(found, expected)


def test_wide_planes_are_tiled(make_network, wide, monkeypatch):
    """With room for 64 columns a plane of 150 goes through in three pieces and their margins."""
    shapes = []
    engine = make_engine(make_network(), threads=1)
    results = engine.results

    def note(blocks):
        def noted():
            for planes in blocks:
                shapes.append((planes.shape[0], planes.shape[3]))
                yield planes

        return results(noted())

    monkeypatch.setattr(engine, "results", note)
    predict(engine, wide, batch_pixels=25 * 64)
    # Tiles of 50 pixels reach 11 beyond, or 22 on one side at the ends of the plane.
    assert set(shapes[: 3 * 24]) == {(1, 72)}
    # The zy-planes are 24 wide: two of them fit into 64 columns.
    assert set(shapes[3 * 24 :]) == {(2, 24)}
    assert len(shapes) == 3 * 24 + 75


def test_y_and_x_are_treated_alike(make_network, gapped):
    """A volume with y and x swapped is filled to the swapped volume, bit for bit."""
    network = make_network(5)
    swapped = GappedVolume(
        np.ascontiguousarray(gapped.slices.transpose(0, 2, 1)), gapped.layers, 2.5, 0, 2.5, 9
    )
    expected = predict(network, gapped).transpose(0, 2, 1)
    assert np.array_equal(predict(network, swapped), expected)


def test_the_families_differ(make_network, gapped):
    """A voxel sees along y through one family and along x through the other."""
    network = make_network(6)
    plain = predict(network, gapped)
    slices = gapped.slices.copy()
    slices[4, 11, 13] ^= True  # layer 11
    changed = predict(network, GappedVolume(slices, gapped.layers, 2.5, 0, 2.5, 9)) != plain
    _, y, x = np.nonzero(changed)
    # Changes stay in the zx-plane at y = 11 and in the zy-plane at x = 13, and reach both ways.
    assert ((y == 11) | (x == 13)).all()
    assert changed[:, 11, 12].any()
    assert changed[:, 10, 13].any()


def test_known_layers_pass_bit_for_bit(make_network, gapped):
    """Whatever the network says of known layers, they are copied."""
    network = make_network(7)
    # Untrained, it finds next to no solid at one half, which `fill` would refuse.
    volume = fill(gapped, "network", network=network, threshold="keep_fraction")
    assert volume.dtype == np.bool_
    assert volume.shape == gapped.shape
    assert np.array_equal(volume[LAYERS], gapped.slices)
    said = predict(network, gapped)[LAYERS] >= 0.5
    assert not np.array_equal(said, gapped.slices)


def test_the_mean_is_thresholded_at_one_half(make_network, gapped):
    """Filled voxels are gold where the mean of both families is at least one half."""
    network = make_network(8)
    mean = predict(network, gapped)
    with torch.no_grad():
        network.l2.bias += 0.5 - float(np.median(mean))
    mean = predict(network, gapped)
    missing = gapped.missing_layers
    expected = mean[missing] >= 0.5 - 1e-5
    found = fill_network(gapped, network=network)
    assert np.array_equal(found, expected)
    assert found.shape == (16, 23, 27)
    assert found.any()
    assert not found.all()


def test_a_network_that_adds_nothing_is_the_spline(gapped):
    """An untrained network that learns the residual fills as the cubic spline does."""
    by_network = fill(gapped, "network", network=spline_network())
    assert np.array_equal(by_network, fill(gapped, "cubic_spline"))


def test_reduced_precision_is_close(make_network, gapped):
    """In bf16 the prediction differs by the few per cent that 8 bits leave after eleven layers."""
    network = make_network(9)
    exact = predict(network, gapped)
    found = predict(make_engine(network, precision="bf16"), gapped)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert not np.array_equal(found, exact)
    # Each of 11 layers rounds its inputs, weights and outputs to 8 bits: 33 errors of 2**-9 at
    # most, if they all add up.
    assert np.linalg.norm(found - exact) < 33 * 2**-9 * np.linalg.norm(exact)


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_the_network_itself_is_left_alone(make_network, gapped, engine):
    """Inference in another precision changes neither the network's weights nor its mode."""
    network = make_network(10).train()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    predict(make_engine(network, engine=engine, precision="bf16"), gapped)
    assert network.training
    for name, values in network.state_dict().items():
        assert values.dtype == torch.float32
        assert torch.equal(values, before[name])


@pytest.mark.parametrize(("n_z", "n_y", "n_x"), [(22, 30, 30), (30, 22, 30), (30, 30, 22)])
def test_a_volume_must_hold_a_receptive_field(make_network, n_z, n_y, n_x):
    """A side of 22 is too short for a field of 23 pixels, along any axis."""
    small = make_gapped(n_y, n_x, [0, 5, n_z - 1])
    with pytest.raises(InputError, match=rf"{n_z} x {n_y} x {n_x} voxels .* field of 23 pixels"):
        fill(small, "network", network=make_network())
    require_planes(make_gapped(23, 23, [0, 5, 22]), make_network().architecture)


def test_without_gaps_nothing_is_asked(make_network):
    """Where every layer is known the network is not asked, however small the volume."""
    full = make_gapped(5, 6, [0, 1, 2])
    assert np.array_equal(fill(full, "network", network=make_network()), full.slices)


def test_one_family_is_the_zx_planes_alone(make_network, gapped):
    """With families "zx" every plane at constant y is filled by itself."""
    network = make_network(6)
    alone = predict(network, gapped, families="zx")
    slices = gapped.slices.copy()
    slices[4, 11, 13] ^= True
    other = GappedVolume(slices, gapped.layers, 2.5, 0, 2.5, 9)
    _, y, _ = np.nonzero(predict(network, other, families="zx") != alone)
    assert set(y) == {11}
    assert not np.allclose(alone, predict(network, gapped), rtol=0, atol=1e-3)
    with pytest.raises(InputError, match="families 'zy' is unknown"):
        predict(network, gapped, families="zy")


def test_small_planes_share_a_small_batch_on_a_cpu(make_network):
    """On a CPU planes of 25 x 100 go together up to 2^16 pixels, whatever a GPU would take."""
    filler = PlaneFiller(make_engine(make_network(), threads=1), make_gapped(23, 100))
    assert filler.planes_at_once(100) == 2**16 // (25 * 100)
    filler.engine.device = "cuda"
    assert filler.planes_at_once(100) == 2**19 // (25 * 100)


def test_a_threshold_can_keep_the_solid_fraction(make_network, gapped):
    """With keep_fraction, filled layers have as much gold as known ones, the highest values."""
    network = make_network(6)
    mean = predict(network, gapped)[gapped.missing_layers]
    found = fill_network(gapped, network=network, threshold="keep_fraction")
    assert found.sum() == round(gapped.slices.mean() * found.size)
    assert mean[found].min() > mean[~found].max()
    assert found.mean() != pytest.approx(fill_network(gapped, network=network).mean(), abs=0.05)


def test_thresholds_at_their_ends():
    """Slices without gold leave none, slices full of it fill all, and names are checked."""
    values = np.random.default_rng(0).random((3, 4, 5), np.float32)
    assert not cut(values, np.zeros((2, 4, 5), np.bool_), "keep_fraction").any()
    assert cut(values, np.ones((2, 4, 5), np.bool_), "keep_fraction").all()
    with pytest.raises(InputError, match="threshold 'most' is unknown"):
        cut(values, np.ones((2, 4, 5), np.bool_), "most")


def test_each_network_fills_in_its_own_precision(tmp_path):
    """What the rules hand to the filler is decided by the weights, not by the experiment alone."""
    path = tmp_path / "network.safetensors"
    network = Network(Architecture.from_width(0.05))
    save_weights(path, network, {})
    options = network_options(path, "cpu", precision="auto", batch_pixels=4096)
    assert (options["network"].precision, options["batch_pixels"]) == ("fp32", 4096)
    assert options["network"].architecture == network.architecture
