"""The arithmetic is the fastest that costs nothing, and that the processor has."""

import json

import numpy as np
import pytest

from fibgap.errors import FibgapWarning, InputError
from fibgap.network import precision
from fibgap.network.engines import make_engine
from fibgap.network.precision import admitted, hardware_has, inference_precision, read_card
from fibgap.network.quantisation import (
    Quantisation,
    load_quantisation,
    nncf_graph,
    quantise,
    quantised_path,
    save_quantisation,
)
from fibgap.network.shipped import FOLDER, resolve_weights, shipped_names
from fibgap.network.weights import LoadedNetwork, load_weights, save_weights

ALL = {"avx512_bf16", "avx512_vnni"}
QUANTISED = sorted(path.stem for path in (FOLDER / "int8").glob("*.safetensors"))


def card_of(**errors) -> dict:
    """Return what a card says: errors in fp32, bf16 and int8."""
    names = ("fp32", "bf16", "int8")
    return {"precisions": {key: dict(zip(names, row, strict=True)) for key, row in errors.items()}}


@pytest.fixture
def processor(monkeypatch):
    """Give the processor flags of one's own."""

    def give(flags):
        monkeypatch.setattr(precision, "processor_flags", lambda: set(flags))

    return give


@pytest.fixture
def weights(tmp_path, make_network):
    """Weights in a file, with a card that admits everything."""
    path = tmp_path / "w.safetensors"
    save_weights(path, make_network(width_factor=0.1, mask_channel=True), {})
    loaded = load_weights(path)
    card = card_of(voxel_error=(0.04, 0.04, 0.04), anisotropy_lpf=(0.05, 0.05, 0.05))
    path.with_suffix(".json").write_text(json.dumps({**card, "sha256": loaded.sha256}))
    return loaded


@pytest.mark.parametrize(
    ("voxels", "lpf", "expected"),
    [
        # 0.0003 of the voxels and 1 % of e(LPF) are the bounds, in both directions.
        ((0.04, 0.0402, 0.0398), (0.05, 0.0504, 0.0496), ["bf16", "int8"]),
        ((0.04, 0.0404, 0.0396), (0.05, 0.05, 0.05), []),
        ((0.04, 0.04, 0.04), (0.05, 0.0506, 0.0496), ["int8"]),
    ],
)
def test_a_precision_is_admitted_by_what_it_costs(voxels, lpf, expected):
    """Voxel error and e(LPF) must both lie near those of fp32."""
    card = card_of(voxel_error=voxels, anisotropy_lpf=lpf)
    assert [each for each in ("bf16", "int8") if admitted(card, each)] == expected
    assert admitted(card, "fp32")
    assert not admitted({}, "int8")


def test_a_precision_that_fails_on_one_material_is_not_admitted():
    """What a network for any material costs is what it costs on the worst."""
    lpf = (0.05, 0.05, 0.05)
    card = card_of(voxel_error=(0.04, 0.04, 0.04), anisotropy_lpf=lpf)
    worse = card_of(voxel_error=(0.04, 0.0402, 0.0404), anisotropy_lpf=lpf)["precisions"]
    both = {"precisions": {**card["precisions"], "materials": {"layers": worse}}}
    assert [admitted(card, name) for name in ("bf16", "int8")] == [True, True]
    assert [admitted(both, name) for name in ("bf16", "int8")] == [True, False]


@pytest.mark.parametrize(
    ("flags", "engine", "expected"),
    [
        (ALL, "openvino", "int8"),
        ({"avx_vnni"}, "openvino", "int8"),
        ({"avx512_bf16"}, "openvino", "bf16"),
        ({"avx2"}, "openvino", "fp32"),
        (ALL, "torch", "bf16"),
    ],
)
def test_auto_takes_the_fastest_that_is_there(processor, weights, flags, engine, expected):
    """Left free, a network takes what its card admits and its processor has."""
    processor(flags)
    assert inference_precision("auto", "cpu", engine, weights) == expected


def test_without_a_card_of_its_own_a_network_is_not_rounded(processor, weights):
    """Weights without a card, or with one of others, fill in fp32."""
    processor(ALL)
    other = LoadedNetwork(weights.architecture, weights.tensors, {}, "0" * 64, weights.path)
    assert read_card(other) == {}
    assert inference_precision("auto", "cpu", "openvino", other) == "fp32"
    bare = LoadedNetwork(weights.architecture, weights.tensors, {}, "")
    assert inference_precision("auto", "cpu", "openvino", bare) == "fp32"


@pytest.mark.parametrize(
    ("asked", "flags", "engine", "expected"),
    [
        ("int8", {"avx512_bf16"}, "openvino", "bf16"),
        ("int8", {"avx2"}, "openvino", "fp32"),
        ("bf16", {"avx2"}, "openvino", "fp32"),
        ("int8", ALL, "torch", "bf16"),
    ],
)
def test_what_the_processor_lacks_is_said(processor, weights, asked, flags, engine, expected):
    """A processor that lacks what was asked for takes the next best, and says so."""
    processor(flags)
    with pytest.warns(FibgapWarning, match=f"{asked} was asked for, but .*: {expected} is taken"):
        assert inference_precision(asked, "cpu", engine, weights) == expected


def test_what_the_processor_has_is_taken(processor, weights):
    """What is asked for and there is taken without a word, whatever the card says."""
    processor(ALL)
    weights.path.with_suffix(".json").unlink()
    for asked in ("fp32", "bf16", "int8"):
        assert inference_precision(asked, "cpu", "openvino", weights) == asked
    with pytest.raises(InputError, match="precision 'fp16' is unknown; choose one of fp32, bf16"):
        inference_precision("fp16", "cpu", "openvino", weights)


def test_flags_are_read_from_the_processor(tmp_path, monkeypatch):
    """A processor that cannot be asked has nothing."""
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(precision, "Path", lambda name: path)
    assert not hardware_has("int8")
    path.write_text("processor : 0\nflags : fpu avx2 avx_vnni\n")
    assert hardware_has("int8")
    assert not hardware_has("bf16")


def unit_scales(weights: LoadedNetwork) -> Quantisation:
    """Return an eight-bit form with 127 steps to the largest weight of each filter."""
    arrays = {}
    for name, values in weights.tensors.items():
        if name.endswith(".bias"):
            layer = name.removesuffix(".bias")
            largest = np.abs(weights.tensors[f"{layer}.weight"]).max(axis=(1, 2, 3))
            arrays |= {name: values, f"{layer}.scale": (largest / 127).astype(np.float32)}
    return Quantisation(arrays, weights.sha256)


def test_eight_bits_of_weights_are_close(weights):
    """With weights of eight bits and activations in full the result is near that of fp32."""
    save_quantisation(quantised_path(weights.path), unit_scales(weights))
    rng = np.random.default_rng(0)
    given = rng.random((2, weights.architecture.engine_channels, 24, 30), np.float32)
    exact = make_engine(weights, engine="openvino")(given)
    found = make_engine(weights, engine="openvino", precision="int8")(given)
    # Each of 11 layers rounds its weights by half a step of 1/127 of the largest at most.
    assert 0 < np.linalg.norm(found - exact) < 11 * 0.5 / 127 * np.linalg.norm(exact)


def test_an_eight_bit_form_of_other_weights_is_refused(weights):
    """A file that was made for other weights is an error that names it, and so is none at all."""
    path = quantised_path(weights.path)
    with pytest.raises(InputError, match=r"no eight-bit form: .*w.safetensors does not exist"):
        make_engine(weights, engine="openvino", precision="int8")
    save_quantisation(path, Quantisation(unit_scales(weights).arrays, "1234567890abcdef"))
    with pytest.raises(InputError, match=r"int8.w.safetensors was made for .*1234567890ab"):
        make_engine(weights, engine="openvino", precision="int8")
    arrays = unit_scales(weights).arrays
    for broken in (
        {**arrays, "b2.0.scale": arrays["b2.0.scale"][:-1]},
        {**arrays, "b2.0.scale": arrays["b2.0.scale"] * np.float32(np.nan)},
    ):
        save_quantisation(path, Quantisation(broken, weights.sha256))
        with pytest.raises(InputError, match=r"no usable 'b2\.0\.scale'"):
            make_engine(weights, engine="openvino", precision="int8")
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="damaged or no safetensors file"):
        make_engine(weights, engine="openvino", precision="int8")


@pytest.mark.parametrize("name", QUANTISED)
def test_the_eight_bit_form_belongs_to_the_weights_and_the_card(name):
    """What is shipped fits the weights; the card names its checksum and at least five volumes."""
    from fibgap.io.digests import file_sha256

    loaded = load_weights(resolve_weights(f"shipped:{name}"))
    load_quantisation(quantised_path(loaded.path), loaded)
    measured = read_card(loaded)["precisions"]
    assert measured["volumes"] >= 5
    assert measured["int8_sha256"] == file_sha256(quantised_path(loaded.path))
    assert quantised_path(loaded.path).stat().st_size < 60_000


@pytest.mark.parametrize("name", QUANTISED)
def test_what_the_cards_admit(processor, name):
    """bf16 costs no network anything; int8 changes e(LPF) by more than 1 %."""
    processor(ALL)
    loaded = load_weights(resolve_weights(f"shipped:{name}"))
    assert [each for each in ("bf16", "int8") if admitted(read_card(loaded), each)] == ["bf16"]
    assert inference_precision("auto", "cpu", "openvino", loaded) == "bf16"


def test_the_networks_of_the_tables_have_an_eight_bit_form():
    """Networks that the tables use are shipped in eight bits, and nothing that is not there."""
    assert (
        {"table_s1", "compact_neighbours", "general_small", "general_large"}
        <= set(QUANTISED)
        <= set(shipped_names())
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compact_neighbours"])
def test_the_eight_bit_form_is_made_again_from_the_weights(name):
    """NNCF finds again, from the fp32 weights, what is shipped."""
    pytest.importorskip("nncf", reason="NNCF makes eight-bit networks")
    from fibgap.experiment import config as configuration
    from fibgap.experiment.precisions import calibrated

    loaded = load_weights(resolve_weights(f"shipped:{name}"))
    shipped = loaded.quantised().arrays
    found = calibrated(loaded, configuration.load(FOLDER.parents[2] / "config/paper.yaml")).arrays
    assert found.keys() == shipped.keys()
    for key, values in found.items():
        # On another processor sums differ in their last bits; ranges are those of values near 1.
        assert np.allclose(values, shipped[key], rtol=1e-3, atol=1e-4), key


def test_the_graph_in_eight_bits_is_that_of_nncf(weights):
    """Rebuilt from its file, a network gives what NNCF's own graph gives."""
    pytest.importorskip("nncf", reason="NNCF makes eight-bit networks")
    from fibgap.network.engines.openvino import core

    rng = np.random.default_rng(1)
    shape = (1, weights.architecture.engine_channels, 24, 30)
    planes = [(rng.random(shape) > 0.6).astype(np.float32) for _ in range(4)]
    theirs = nncf_graph(weights, planes)
    save_quantisation(quantised_path(weights.path), quantise(weights, planes))
    found = make_engine(weights, engine="openvino", precision="int8", threads=1)(planes[0])
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    expected = core().compile_model(theirs, "CPU", options)([planes[0][:, :-1], planes[0][:, -1:]])
    # The same whole numbers, steps and biases in the same layers.
    assert np.array_equal(found, expected[0])
    assert np.ptp(found) > 0
