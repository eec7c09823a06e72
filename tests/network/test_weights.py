"""Weights come back as they were, and nothing but weights is ever read."""

import hashlib
import json
import pickle
import stat

import pytest
import torch
from safetensors.torch import load_file, save_file

from fibgap.errors import InputError
from fibgap.io.digests import file_sha256
from fibgap.network.weights import FORMAT, load_weights, save_weights


@pytest.fixture
def saved(tmp_path, make_network):
    """A network and the file of its weights."""
    network = make_network(mask_channel=True)
    path = tmp_path / "weights" / "small.safetensors"
    save_weights(path, network, {"status": "complete", "losses": [0.5, 0.25]})
    return network, path


def refused(path, words):
    """Check that a file is refused in one line that names it."""
    with pytest.raises(InputError, match=words) as caught:
        load_weights(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message


def write_changed(path, *, tensors=None, **metadata):
    """Write a weights file again with other tensors or metadata; None removes an entry."""
    found = load_file(path)
    with open(path, "rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        told = json.loads(stream.read(size))["__metadata__"]
    told = {key: value for key, value in {**told, **metadata}.items() if value is not None}
    save_file(found if tensors is None else tensors(found), path, told)


def test_weights_come_back_bit_for_bit(saved):
    """Architecture, every weight and the story of the training survive the disk."""
    network, path = saved
    loaded = load_weights(path)
    assert loaded.network.architecture == network.architecture
    assert not loaded.network.training
    assert loaded.training == {"status": "complete", "losses": [0.5, 0.25]}
    expected, found = network.state_dict(), loaded.network.state_dict()
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert torch.equal(found[name], values)


def test_a_loaded_network_computes_the_same(saved):
    """The output of a loaded network is that of the saved one, bit for bit."""
    network, path = saved
    image, spline = torch.rand(1, 2, 16, 16), torch.rand(1, 1, 16, 16)
    with torch.inference_mode():
        assert torch.equal(load_weights(path).network(image, spline), network(image, spline))


def test_the_checksum_is_that_of_the_file(saved):
    """Weights are known by the SHA-256 of their file."""
    _, path = saved
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_weights(path).sha256 == expected == file_sha256(path)


def test_everybody_may_read_weights(saved):
    """The file can be read by everybody and lies there alone."""
    _, path = saved
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [file.name for file in path.parent.iterdir()] == ["small.safetensors"]


def test_reduced_precision_is_stored_in_full(tmp_path, make_network):
    """A network in bfloat16 is stored as float32, its values unchanged."""
    network = make_network().bfloat16()
    path = tmp_path / "w.safetensors"
    save_weights(path, network, {})
    found = load_weights(path).network.state_dict()
    for name, values in network.state_dict().items():
        assert found[name].dtype == torch.float32
        assert torch.equal(found[name], values.float())


def test_weights_that_cannot_be_written_leave_the_old_ones(saved, monkeypatch):
    """When writing fails the older file stays whole and no temporary one is left."""
    network, path = saved
    before = path.read_bytes()

    def full_disk(tensors, place, metadata):
        place.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr("fibgap.network.weights.save_file", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_weights(path, network, {})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["small.safetensors"]


def test_a_missing_file_is_refused(tmp_path):
    """A weights file that is not there is told by its path."""
    refused(tmp_path / "none.safetensors", "does not exist")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.9, 0.999])
def test_a_truncated_file_is_refused(saved, share):
    """Weights that lost their end are damaged, however much of them is left."""
    _, path = saved
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "damaged or no safetensors file")


@pytest.mark.parametrize("format_", [None, "fibgap-network-0", "pt"])
def test_another_format_is_refused(saved, format_):
    """A safetensors file of another program or version is told by its format."""
    _, path = saved
    write_changed(path, format=format_)
    refused(path, f"has format '{format_}', not '{FORMAT}'")


@pytest.mark.parametrize(
    ("architecture", "words"),
    [
        (None, "architecture"),
        ("not JSON", "no readable architecture"),
        ("[1, 2]", "no readable architecture"),
        ('{"depth": 7}', "unknown key 'depth'"),
        ('{"features": 7}', "no readable architecture"),
        ('{"features": [5, 4.5]}', "at least 1 filter"),
        ('{"features": [5, -4]}', "at least 1 filter"),
        ('{"bicubic": "multiply"}', "multiply"),
    ],
)
def test_an_unreadable_architecture_is_refused(saved, architecture, words):
    """Weights whose architecture cannot be built are refused."""
    _, path = saved
    write_changed(path, architecture=architecture)
    refused(path, words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda found: {**found, "l2.bias": torch.zeros(2)}, r"'l2.bias' has shape \(2,\)"),
        (lambda found: {**found, "extra": torch.zeros(3)}, "'extra' has shape"),
        (
            lambda found: {name: values for name, values in found.items() if name != "a1.0.bias"},
            r"'a1.0.bias' has shape None, but \(1,\) is needed",
        ),
    ],
    ids=["shape", "more", "fewer"],
)
def test_weights_must_fit_their_architecture(saved, change, words):
    """A tensor of another shape, one too many and one too few are told by their names."""
    _, path = saved
    write_changed(path, tensors=change)
    refused(path, words)


def test_weights_of_another_architecture_do_not_fit(saved):
    """Weights of a network with a mask do not pass for those of one without."""
    network, path = saved
    told = {**network.architecture.to_dict(), "mask_channel": False}
    write_changed(path, architecture=json.dumps(told))
    refused(path, r"'features.0.0.weight' has shape \(5, 2, 3, 3\), but \(5, 1, 3, 3\) is needed")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_must_be_numbers(saved, value):
    """One weight that is no number would make every voxel empty; it is told by its layer."""
    _, path = saved

    def spoil(found):
        found["b2.0.bias"][0] = value
        return found

    write_changed(path, tensors=spoil)
    refused(path, "NaN or infinity in 'b2.0.bias'")


@pytest.mark.parametrize("kind", ["pickle", "torch"])
def test_a_pickle_that_passes_for_weights_is_not_executed(tmp_path, malicious, kind):
    """A pickle under the name of a weights file is refused, and what it hides never runs."""
    payload, trace = malicious
    path = tmp_path / "weights.safetensors"
    if kind == "pickle":
        path.write_bytes(pickle.dumps({"l2.bias": payload}))
    else:
        torch.save({"l2.bias": payload}, path)
    refused(path, "damaged or no safetensors file")
    assert not trace.exists()
