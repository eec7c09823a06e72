"""A network of gaps fills a volume the same in memory and by tiles, with every engine."""

import numpy as np
import pytest
import torch

from fibgap.errors import FibgapWarning, InputError
from fibgap.fillers import fill
from fibgap.io.shards import read_record
from fibgap.network.engines import make_engine
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.gaps.filling import predict_gaps, tiles_of
from fibgap.network.gaps.module import GapNetwork
from fibgap.network.inference import predict
from fibgap.network.streaming import fill_file
from fibgap.network.weights import LoadedNetwork, load_weights, save_weights
from fibgap.stack import GappedVolume
from tests.gapped import LAYERS, make_gapped, write_gapped

ARCHITECTURE = GapArchitecture(widths=(6, 8), blocks=(1, 1))


@pytest.fixture(scope="module")
def network():
    """A small network that corrects something everywhere."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        made = GapNetwork(ARCHITECTURE)
        for values in made.parameters():
            torch.nn.init.normal_(values, 0.0, 0.15)
    return made.eval()


def test_without_a_correction_it_is_the_spline_of_distances():
    """A network that was never trained fills as the filler does whose distances it corrects.

    That filler looks at all slices, and the network at those around a gap: here these are all.
    They differ where both slices decide, and a spline rings between them.
    """
    gapped = make_gapped(40, 33, LAYERS[:7])
    expected = fill(gapped, "signed_distance_spline")
    found = fill(gapped, "network", network=GapNetwork(ARCHITECTURE).eval())
    assert 0.2 < expected[gapped.missing_layers].mean() < 0.8
    assert (found != expected).mean() < 0.001


@pytest.mark.parametrize(
    ("engine", "precision"), [("openvino", "fp32"), ("torch", "bf16"), ("openvino", "bf16")]
)
def test_every_engine_is_the_network(network, engine, precision):
    """In fp32 they agree to rounding; in bf16 as far as eight binary digits go."""
    rng = np.random.default_rng(0)
    images = rng.normal(0, 0.5, (3, ARCHITECTURE.input_channels, 24, 32)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(images)).numpy()
    found = make_engine(network, engine=engine, precision=precision, threads=1)(images)
    assert found.shape == expected.shape
    scale = np.abs(expected).max()
    # Twelve layers in a row, rounded to 24 binary digits, or to 8.
    assert np.abs(found - expected).max() < (1e-5 if precision == "fp32" else 0.05) * scale
    assert expected.std() > 0.05 * scale


def test_tiles_change_no_voxel(network):
    """Layers that are cut into tiles are filled as whole ones are, also at sides of any length."""
    gapped = make_gapped(203, 150)
    engine = make_engine(network, engine="openvino", threads=1)
    assert len(tiles_of((203, 150), ARCHITECTURE, 3000)) > 5
    whole = predict_gaps(engine, gapped)
    assert np.array_equal(predict_gaps(engine, gapped, batch_pixels=3000), whole)
    assert 0.2 < (whole >= 0.5).mean() < 0.8


def test_a_stack_turned_upside_down_is_filled_as_the_turned_volume(network):
    """Every gap is seen from two sides, so half a turn about x does not matter but by rounding."""
    gapped = make_gapped(40, 32)
    engine = make_engine(network, engine="openvino", threads=1)
    order = (slice(None, None, -1), slice(None, None, -1), slice(None))
    layers = LAYERS[-1] - LAYERS[::-1]
    turned = GappedVolume(gapped.slices[order], layers, 2.5, 0, 2.5, len(LAYERS))
    values = predict_gaps(engine, gapped)
    np.testing.assert_allclose(predict_gaps(engine, turned)[order], values, atol=1e-5)


def test_tiles_hold_every_pixel_once():
    """Together the tiles are the layer, and each sees as far as its pixels depend on."""
    counted = np.zeros((203, 150), int)
    reach = ARCHITECTURE.receptive_reach
    for tile in tiles_of((203, 150), ARCHITECTURE, 3000):
        counted[tile.rows, tile.columns] += 1
        for wanted, seen, length in (
            (tile.rows, tile.seen_rows, 203),
            (tile.columns, tile.seen_columns, 150),
        ):
            assert seen.start % ARCHITECTURE.multiple == 0
            assert seen.start == 0 or wanted.start - seen.start >= reach
            assert seen.stop == length or seen.stop - wanted.stop >= reach
    assert (counted == 1).all()


def test_slices_that_lie_between_layers_keep_their_places(network):
    """A slice that is moved by half a voxel changes what is filled beside it."""
    gapped = make_gapped(40, 33)
    moved = GappedVolume(
        gapped.slices, LAYERS, 2.5, 0, 2.5, len(LAYERS), positions=LAYERS + 0.4 * (LAYERS == 7)
    )
    engine = make_engine(network, engine="openvino", threads=1)
    first, second = predict_gaps(engine, gapped), predict_gaps(engine, moved)
    missing = gapped.missing_layers
    assert not np.array_equal(first[missing == 8], second[missing == 8])


def test_known_layers_stay_and_families_are_refused(network):
    """What was imaged is not touched; there are no families of planes to choose from."""
    gapped = make_gapped(24, 24)
    assert np.array_equal(predict(network, gapped)[LAYERS] >= 0.5, gapped.slices)
    with pytest.raises(InputError, match=r"families is zx, but this network fills whole gaps"):
        predict(network, gapped, families="zx")


def test_a_gap_wider_than_its_training_is_left_to_the_distance(network):
    """Where a gap is wider than any it learned from, it is not asked, and that is said."""
    layers = np.array([0, 3, 6, 30, 33])
    gapped = make_gapped(24, 24, layers)
    taught = {"millings": {"mean_nm": [2.5, 10], "relative_sd": [0, 0.5]}, "voxel_nm": 2.5}
    weights = LoadedNetwork.of(network)
    weights.training.update(taught)
    with pytest.warns(FibgapWarning, match=r"gaps of up to 24 voxels are wider than the 8 "):
        values = predict(weights, gapped)
    assert set(np.unique(values[7:30])) <= {0.0, 1.0}
    assert len(np.unique(values[4:6])) > 2


def test_one_phase_alone_stays_what_it_is(network):
    """Slices that are all solid have no interface, and so no network is asked there."""
    slices = np.ones((4, 16, 16), dtype=bool)
    gapped = GappedVolume(slices, np.array([0, 4, 8, 12]), 2.5, 0, 2.5, 4)
    assert fill(gapped, "network", network=network).all()


def test_a_file_is_filled_as_memory_is_and_goes_on_after_a_break(tmp_path, network):
    """Gap by gap from file to file: voxel for voxel the same, and finished gaps are kept."""
    gapped = make_gapped(130, 75)
    expected = fill(gapped, "network", network=network, batch_pixels=3000)
    placed, target = write_gapped(tmp_path / "placed.h5", gapped), tmp_path / "filled.h5"
    lines: list[str] = []

    def stop_at_the_third(line: str) -> None:
        lines.append(line)
        if line.startswith("gaps 3/"):
            raise KeyboardInterrupt

    options = {"batch_pixels": 3000, "memory_mb": 100}
    with pytest.raises(KeyboardInterrupt):
        fill_file(network, placed, target, log=stop_at_the_third, **options)
    assert not target.exists()
    lines.clear()
    fill_file(network, placed, target, log=lines.append, **options)
    assert lines[0] == "gaps 3/6 were filled before"
    assert lines[-1] == "gaps 6/6  about 0.0 min left"
    assert np.array_equal(read_record(target, 0).arrays["volume"], expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["filled.h5", "placed.h5"]


def test_too_little_memory_is_said(tmp_path, network):
    """A bound that does not hold the slices around a gap is refused, with what is needed."""
    placed = write_gapped(tmp_path / "placed.h5", make_gapped(130, 75))
    with pytest.raises(InputError, match=r"memory_mb is 1, but .*placed.h5 needs \d+ MB"):
        fill_file(network, placed, tmp_path / "filled.h5", memory_mb=1)


def test_weights_are_kept_with_half_of_the_digits(tmp_path, network):
    """The file holds numbers of 16 bits; what is read back is the network to their rounding."""
    path = tmp_path / "w.safetensors"
    save_weights(path, network, {"epochs": 3})
    found = load_weights(path)
    assert found.architecture == ARCHITECTURE
    assert found.training == {"epochs": 3}
    numbers = sum(values.numel() for values in network.parameters())
    assert 2 * numbers < path.stat().st_size < 2 * numbers + 6000
    for name, values in network.state_dict().items():
        assert found.tensors[name].dtype == np.float32
        assert np.allclose(found.tensors[name], values.numpy(), rtol=2**-10, atol=1e-7)
