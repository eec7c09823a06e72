"""Names of weights stand for files of the package, or for paths."""

import hashlib

import pytest

from fibgap.errors import FibgapWarning, InputError
from fibgap.network import shipped


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of shipped weights, with a file beside it that is not shipped."""
    inside = tmp_path / "weights"
    inside.mkdir()
    (inside / "gold.safetensors").write_bytes(b"abc")
    (inside / "deeper").mkdir()
    (inside / "deeper" / "hidden.safetensors").write_bytes(b"")
    (tmp_path / "secret.safetensors").write_bytes(b"secret")
    monkeypatch.setattr(shipped, "FOLDER", inside)
    return inside


def test_shipped_name_is_a_file_of_the_package(folder):
    """shipped:gold is the file gold.safetensors among the shipped weights."""
    assert shipped.resolve_weights("shipped:gold") == folder / "gold.safetensors"


@pytest.mark.parametrize(
    "name",
    ["silver", "", ".", "..", "../secret", "deeper/hidden", "deeper/../gold", "gold.safetensors"],
)
def test_shipped_name_cannot_leave_its_folder(folder, name):
    """Names that are not shipped, or lead elsewhere, fail and are told what is shipped."""
    with pytest.raises(InputError, match=r"no weights are shipped .*; shipped: gold"):
        shipped.resolve_weights(f"shipped:{name}")


@pytest.mark.parametrize("name", sorted(shipped.WITHDRAWN))
def test_withdrawn_name_says_what_to_take_instead(name):
    """Weights that were taken back are refused with the reason and the name of others that ship."""
    with pytest.raises(InputError, match=rf"'shipped:{name}' were withdrawn: .*; take ") as caught:
        shipped.resolve_weights(f"shipped:{name}")
    message = str(caught.value)
    assert message.count(".") == 1
    instead = message.rsplit("take '", 1)[1].split("'")[0]
    assert shipped.resolve_weights(instead).is_file()


def test_shipped_name_is_no_absolute_path(folder):
    """An absolute path after the prefix leads out of the package and is refused."""
    with pytest.raises(InputError, match="no weights are shipped"):
        shipped.resolve_weights(f"shipped:{folder.parent / 'secret'}")


def test_nothing_shipped(folder):
    """Without any shipped weights the message says so."""
    (folder / "gold.safetensors").unlink()
    with pytest.raises(InputError, match="shipped: none"):
        shipped.resolve_weights("shipped:gold")


def test_other_names_are_paths(tmp_path):
    """Anything without the prefix is the path of a file, which must exist."""
    path = tmp_path / "own.safetensors"
    with pytest.raises(InputError, match=r"own\.safetensors does not exist"):
        shipped.resolve_weights(str(path))
    with pytest.raises(InputError, match="does not exist"):
        shipped.resolve_weights(str(tmp_path))
    path.write_bytes(b"x")
    assert shipped.resolve_weights(str(path)) == path


def test_checksum_is_sha256(folder):
    """The checksum of "abc" is the one printed in the standard, FIPS 180-2, appendix B.1."""
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert shipped.file_sha256(folder / "gold.safetensors") == expected
    assert shipped.weights_sha256("shipped:gold") == expected
    (folder / "gold.safetensors").write_bytes(b"\x00" * 100_000)
    assert shipped.weights_sha256("shipped:gold") == hashlib.sha256(bytes(100_000)).hexdigest()


def test_weights_of_this_run_have_no_checksum_yet():
    """Weights that are trained in the run are known by the word train alone."""
    assert shipped.weights_sha256("train") == "train"


@pytest.mark.parametrize("name", shipped.RETIRING)
def test_retiring_weights_are_there_and_say_so(name):
    """Arms of earlier tables keep their weights; whoever asks anew is told what to take."""
    assert shipped.resolve_weights(f"shipped:{name}").is_file()
    assert name not in shipped.kept_names()
    with pytest.warns(FibgapWarning, match=f"'shipped:{name}' come .* take 'shipped:general'"):
        shipped.warn_if_retiring(f"shipped:{name}")


def test_kept_weights_are_taken_without_a_word():
    """Two networks stay: the paper's, and the one for any material, which is offered."""
    assert shipped.kept_names() == ["general", "table_s1"]
    assert shipped.offered_names() == ["general"]
    for name in (*shipped.kept_names(), "no_such_network"):
        shipped.warn_if_retiring(f"shipped:{name}")
    shipped.warn_if_retiring("own/compact.safetensors")
