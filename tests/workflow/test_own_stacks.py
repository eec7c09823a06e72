"""The files of own stacks as Snakemake is told them, and mistakes by the key that they stand in."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.io.volumes import write_volume
from fibgap.stacks import Simulated, simulate
from fibgap.workflow import own_stacks


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    """Return a stack in the working directory, which is empty otherwise."""
    monkeypatch.chdir(tmp_path)
    return simulate("own", shape=(16, 8, 10))


def test_every_file_that_is_read_is_an_input(own: Simulated) -> None:
    """Images in their order and what options name, by paths as short as they were written."""
    stack = {"path": "./own/slices", "depths": "own/depths.csv", "otsu": True, "fillers": ["a"]}
    images = [f"own/slices/{path.name}" for path in sorted(own.slices.iterdir())]
    assert len(images) > 2
    assert own_stacks.stack_files("own", stack) == [*images, "own/depths.csv"]
    assert own_stacks.stack_files("own", {"path": "own/slices", "depths": "names"}) == images
    assert own_stacks.true_volume("own", stack) == []
    truth = {**stack, "truth": "own//truth.tif"}
    assert own_stacks.true_volume("own", truth) == ["own/truth.tif"]
    assert own_stacks.reading(truth) == {"depths": "own/depths.csv", "otsu": True}


def test_a_folder_that_is_one_file_counts_by_its_files(own: Simulated) -> None:
    """A change within OME-Zarr must be seen, and a folder does not show it."""
    write_volume("own.ome.zarr", np.eye(8, dtype=bool)[None].repeat(4, axis=0), 2.5)
    found = own_stacks.stack_files("own", {"path": "own.ome.zarr"})
    every = sorted(str(path) for path in Path("own.ome.zarr").rglob("*") if path.is_file())
    assert sorted(found) == every
    assert len(every) > 1


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        ({"path": "nowhere"}, "path: 'nowhere' does not exist."),
        ({"path": "own/*.png"}, "path: no file matches the pattern 'own/*.png'."),
        ({"depths": "no.csv"}, "depths: 'no.csv' does not exist."),
        ({"mask": ["no.png"]}, "mask: 'no.png' of the list of images does not exist."),
        ({"truth": "no.tif"}, "truth: 'no.tif' does not exist."),
        ({"path": "a{b}"}, "path: 'a{b}/slice_0000.tif' has braces, which Snakemake would "),
    ],
)
def test_a_file_that_is_not_there_is_told_by_its_key(
    own: Simulated, stack: dict[str, object], said: str
) -> None:
    """One sentence names the stack, the key and the path."""
    shutil.copytree("own/slices", "a{b}")
    wrong = {"path": "own/slices", "depths": "own/depths.csv", **stack}
    find = own_stacks.true_volume if "truth" in stack else own_stacks.stack_files
    with pytest.raises(InputError) as caught:
        find("own", wrong)
    assert str(caught.value).startswith(f"configuration: stacks.own.{said}")


def test_the_size_of_a_stack_is_known_from_its_headers(own: Simulated) -> None:
    """Slices times height times width, without reading a pixel."""
    assert own_stacks.image_bytes({"path": "own/slices"}) == own.stack.slices.size


def test_what_is_not_checked_has_no_size(tmp_path: Path) -> None:
    """Snakemake takes a missing file of a rule's inputs for a size to be told later."""
    with pytest.raises(FileNotFoundError) as caught:
        own_stacks.checked_shape("results/no.json")
    assert caught.value.filename == "results/no.json"
    (tmp_path / "a.json").write_text('{"shape_zyx": [1, 2, 3]}')
    assert own_stacks.checked_shape(str(tmp_path / "a.json")) == [1, 2, 3]


@pytest.mark.parametrize(
    ("filler", "is_one"),
    [
        ({"filler": "nearest"}, False),
        ({"filler": "network", "weights": "a"}, True),
        ({"filler": "auto"}, True),
    ],
)
def test_a_filler_that_may_be_a_network_gets_a_gpu(filler: dict[str, str], is_one: bool) -> None:
    """`auto` may choose one."""
    assert own_stacks.by_network(filler) is is_one


def test_mistakes_are_of_a_stack() -> None:
    """Whoever reads the message of a job knows which stack it was."""
    with pytest.raises(InputError, match=r"^stack 'foam': no\.$"), own_stacks.of_stack("foam"):
        raise InputError("no.")
    with pytest.raises(InputError, match="or otsu: true") as caught, own_stacks.of_stack("foam"):
        raise InputError("pass threshold, a grey value, or method='otsu'.")
    assert "method" not in str(caught.value)
