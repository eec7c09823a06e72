"""From a stack to its files: slices stay, gaps are filled, and the record says what was done."""

import hashlib
import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
import tifffile

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.volumes import read_volume
from fibgap.stacks import fill_stack

from .conftest import DEPTHS, VOXEL, write_table


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"filler": "newest"}, "filler 'newest' is unknown"),
        ({"filler": "network"}, "needs weights"),
        (
            {"weights": "shipped:newest"},
            r"under the name 'shipped:newest'; shipped: general, table_s1",
        ),
        ({"weights": "missing.safetensors"}, "weights file missing.safetensors does not exist"),
        ({"depths": "missing.csv"}, "file missing.csv does not exist"),
        ({"ruler": "missing.csv"}, "file missing.csv does not exist"),
        ({"filler": "nearest", "learn": True}, "done by the filler network, not nearest"),
    ],
)
def test_a_slip_of_the_pen_is_told_before_images_are_read(folder, table, tmp_path, wish, message):
    """Reading a large stack takes minutes, which a misspelt name should not cost."""
    stages = []
    with pytest.raises(InputError, match=message):
        fill_stack(
            folder,
            tmp_path / "v.tif",
            progress=lambda stage, *_done: stages.append(stage),
            **{"depths": table} | wish,
        )
    assert stages == []


LAYERS = (DEPTHS / VOXEL).astype(int)


def test_slices_stay_and_gaps_are_filled(folder, table, tmp_path, solid):
    """Every slice stands at its layer; nearest copies the nearer one; the mask names the rest."""
    filled = fill_stack(folder, tmp_path / "v.tif", depths=table, filler="nearest")
    written = tifffile.imread(tmp_path / "v.tif")
    assert np.unique(written).tolist() == [0, 255]
    assert np.array_equal(written > 0, filled.volume)
    assert np.array_equal(filled.volume[LAYERS], solid)
    # Layer 1 lies half-way between slices on layers 0 and 2: the lower one is taken.
    assert np.array_equal(filled.volume[1], solid[0])
    assert np.array_equal(filled.volume[3], solid[1])
    mask = tifffile.imread(tmp_path / "v_filled.tif")
    known = np.zeros(37, dtype=bool)
    known[LAYERS] = True
    assert np.array_equal(mask == 0, np.broadcast_to(known[:, None, None], mask.shape))
    assert [path.name for path in filled.outputs] == ["v.tif", "v_filled.tif", "v.json"]
    assert read_volume(tmp_path / "v.tif").voxel_nm == (VOXEL, VOXEL, VOXEL)


def test_slices_lie_at_their_true_depths(folder, tmp_path, solid):
    """A layer takes the slice that is nearer in nm, not in layers.

    Slices 0 and 1 at 0 and 11 nm lie on layers 0 and 4 (of 2.5 nm). Layer 2, at 5 nm, is as far
    from both layers, but nearer to the slice at 0 nm. At 9 nm (layer 4, too) slice 1 is nearer.
    """
    for depth, nearer in ((11.0, 0), (9.0, 1)):
        depths = DEPTHS.copy()
        depths[1] = depth
        one = write_table(tmp_path / f"{depth}.csv", depths)
        filled = fill_stack(folder, tmp_path / f"{depth}.tif", depths=one, filler="nearest")
        assert filled.gapped.layers[1] == 4
        assert np.array_equal(filled.volume[2], solid[nearer])


def test_the_record_says_everything(folder, table, tmp_path):
    """Versions, options, checksums, slices, gap, voxel: and the command makes the same volume."""
    filled = fill_stack(
        folder, tmp_path / "v.tif", depths=table, filler="cubic_spline", fill_holes=True
    )
    record = json.loads((tmp_path / "v.json").read_text())
    assert record == filled.record
    assert record["slices"]["n_given"] == 12
    assert record["slices"]["n_slices"] == 12
    assert record["slices"]["n_dropped"] == 0
    assert record["slices"]["largest_gap_layers"] == 4
    assert record["volume"]["largest_gap_nm"] == 4 * VOXEL
    assert record["volume"]["voxel_nm"] == VOXEL
    assert record["options"] == {
        "depths": str(table),
        "filler": "cubic_spline",
        "fill_holes": True,
    }
    assert record["depths_nm"] == DEPTHS.tolist()
    for each in record["inputs"]:
        with open(each["path"], "rb") as file:
            assert each["sha256"] == hashlib.sha256(file.read()).hexdigest()
    assert [each["path"] for each in record["inputs"]][-1] == str(table)
    volume = (tmp_path / "v.tif").read_bytes()
    words = record["command"].split()
    assert words[0] == "fibgap"
    again = [sys.executable, "-m", "fibgap.cli", *words[1:], "--force", "--quiet"]
    subprocess.run(again, check=True)
    assert (tmp_path / "v.tif").read_bytes() == volume
    assert json.loads((tmp_path / "v.json").read_text())["inputs"] == record["inputs"]


def test_formats_that_hold_several_hold_the_mask(folder, table, tmp_path):
    """HDF5 and OME-Zarr need no second file."""
    for name in ("v.h5", "w.ome.zarr"):
        filled = fill_stack(folder, tmp_path / name, depths=table, filler="nearest")
        assert len(filled.outputs) == 2
        assert np.array_equal(read_volume(tmp_path / name).solid, filled.volume)
    with h5py.File(tmp_path / "v.h5") as file:
        assert (file["filled"][:, 0, 0] == 255).sum() == 25


def test_nothing_is_overwritten_unasked(folder, table, tmp_path):
    """Any of the files that is there stops the whole, before anything is read."""
    (tmp_path / "v.json").write_text("mine")
    with pytest.raises(InputError, match=r"v\.json' is there already"):
        fill_stack("not even there", tmp_path / "v.tif", depths=table)
    fill_stack(folder, tmp_path / "v.tif", depths=table, force=True)
    assert (tmp_path / "v.json").read_text() != "mine"


def test_a_page_that_fails_leaves_nothing(folder, table, tmp_path):
    """The volume does not appear without the page that belongs to it."""

    def page(filled):
        raise RuntimeError("no ink")

    before = sorted(tmp_path.iterdir())
    with pytest.raises(RuntimeError, match="no ink"):
        fill_stack(folder, tmp_path / "v.tif", depths=table, page=page)
    assert sorted(tmp_path.iterdir()) == before


def test_a_page_is_made_from_the_result(folder, table, tmp_path):
    """It gets everything but the list of files, and appears beside the volume."""
    fill_stack(folder, tmp_path / "v.tif", depths=table, page=lambda filled: filled.verdict[0])
    text = (tmp_path / "v.html").read_text()
    assert text.startswith("12 slices at their measured depths make a volume of 37 x 24 x 28 ")


def test_an_ending_that_no_format_has(folder, tmp_path):
    """It is refused before anything is read."""
    with pytest.raises(InputError, match="cannot be written as its name ends"):
        fill_stack("not even there", tmp_path / "v.jpg")


def test_a_stack_without_gaps_is_told(folder, tmp_path, solid):
    """Slices one voxel apart leave nothing to fill."""
    with pytest.warns(FibgapWarning):
        filled = fill_stack(folder, tmp_path / "v.tif", spacing="2.5nm")
    assert np.array_equal(filled.volume, solid)
    assert "nothing was filled" in filled.warnings[0]
    assert "nothing was filled" in filled.verdict[1]


def test_depths_that_are_wrong_by_a_factor_look_anisotropic(folder, tmp_path):
    """Three times as thick, the structure is stretched along z, and that is asked about."""
    stretched = write_table(tmp_path / "d.csv", 3 * DEPTHS)
    with pytest.warns(FibgapWarning, match="or are the depths or the pixel size"):
        fill_stack(folder, tmp_path / "v.tif", depths=stretched)


def test_a_network_fills(folder, table, tmp_path):
    """A shipped network is taken by its name, and its file is one of the inputs."""
    filled = fill_stack(folder, tmp_path / "v.tif", depths=table, weights="shipped:general")
    assert filled.record["filler"]["name"] == "network"
    assert filled.record["inputs"][-1]["path"].endswith("general.safetensors")
    assert "openvino" in filled.record["versions"]


def test_a_network_says_how_sure_it_is(folder, table, tmp_path):
    """Confidence is in percent: 100 in known layers, at least 50 where a cut at one half decides.

    It lies beside the volume, as the mask of filled layers does.
    """
    filled = fill_stack(folder, tmp_path / "v.tif", depths=table, weights="shipped:general")
    confidence = filled.confidence
    assert confidence is not None
    assert (confidence[filled.gapped.layers] == 100).all()
    missing = confidence[filled.gapped.missing_layers]
    assert missing.min() in (50, 51, 52)
    assert missing.max() == 100
    written = tifffile.imread(tmp_path / "v_confidence.tif")
    np.testing.assert_array_equal(written, confidence)
    assert tmp_path / "v_confidence.tif" in filled.outputs
    drawn = fill_stack(folder, tmp_path / "d.tif", depths=table, weights="shipped:general", draw=3)
    # Where a draw shows the less likely phase, it says so.
    assert drawn.confidence.min() < 50
    differ = drawn.volume != filled.volume
    assert differ.any()
    assert (drawn.confidence[differ] <= 50).all()
    assert "--draw 3" in drawn.record["command"]
    with pytest.raises(InputError, match="draw is 3, but a draw is made by the filler network"):
        fill_stack(folder, tmp_path / "e.tif", depths=table, filler="nearest", draw=3)
    other = fill_stack(folder, tmp_path / "w.tif", depths=table, filler="nearest")
    assert other.confidence is None
    assert not (tmp_path / "w_confidence.tif").exists()


def test_the_same_stack_elsewhere_gives_the_same_volume(folder, table, tmp_path):
    """The result depends on what is in the files, not on where they lie."""
    first = fill_stack(folder, tmp_path / "a.nrrd", depths=table)
    shutil.copytree(folder, tmp_path / "an other (folder)")
    second = fill_stack(tmp_path / "an other (folder)", tmp_path / "b.nrrd", depths=table)
    assert (tmp_path / "a.nrrd").read_bytes() == (tmp_path / "b.nrrd").read_bytes()
    assert first.directions == second.directions


@pytest.fixture
def regular(tmp_path):
    """A stack of a regular material: sixteen slices some four voxels apart, of 64 x 60 pixels."""
    layers = np.cumsum([0, 4, 5, 4, 3, 5, 4, 4, 5, 3, 4, 5, 4, 4, 3, 5])
    z, y, x = np.ogrid[: layers[-1] + 1, :64, :60]
    truth = sum(np.cos(2 * np.pi * axis / 18) for axis in (z, y, x)) > 0.1
    tifffile.imwrite(tmp_path / "regular.tif", truth[layers].astype(np.uint8) * 255)
    return tmp_path / "regular.tif", write_table(tmp_path / "regular.csv", layers * VOXEL), truth


@pytest.mark.filterwarnings("ignore:drift from slice to slice")
def test_a_network_learns_from_the_stack(regular, tmp_path, monkeypatch):
    """It fills better then, the record says what it learned, and it can be taken once more."""
    from fibgap.network.training import own

    monkeypatch.setattr(own, "STEPS", 100)
    stack, depths, truth = regular
    how = {"depths": depths, "voxel": f"{VOXEL}nm", "crop": False}
    stages = []
    plain = fill_stack(stack, tmp_path / "p.tif", weights="shipped:general", **how)
    filled = fill_stack(
        stack,
        tmp_path / "v.tif",
        weights="shipped:general",
        learn=True,
        progress=lambda stage, done, total: stages.append((stage, done, total)),
        **how,
    )
    missing = filled.gapped.missing_layers
    wrong = [(each.volume != truth)[missing].mean() for each in (plain, filled)]
    assert wrong[1] < 0.9 * wrong[0]
    assert plain.lesson is None
    assert plain.record["filler"]["learned"] is None
    learned = filled.record["filler"]["learned"]
    assert learned["taken"]
    assert (learned["steps"], learned["slices"], learned["held_back"]) == (100, 12, 4)
    assert "--learn" in filled.record["command"]
    assert filled.lesson.sentence() in filled.verdict
    assert ("learning from the stack", 100, 100) in stages
    network = tmp_path / "v_network.safetensors"
    assert network in filled.outputs
    again = fill_stack(stack, tmp_path / "w.tif", weights=network, **how)
    # It computes in fp32 here, since it has no card that admits less.
    assert (again.volume != filled.volume).mean() < 1e-3
    assert (again.volume != plain.volume).mean() > 0.005


@pytest.mark.filterwarnings("ignore::fibgap.errors.FibgapWarning")
def test_learning_is_for_networks(regular, tmp_path):
    """A filler that learns nothing, or a material that shows nothing, is one sentence."""
    stack, depths, _ = regular
    how = {"depths": depths, "voxel": f"{VOXEL}nm", "crop": False, "learn": True}
    short = tmp_path / "short.tif"
    tifffile.imwrite(short, tifffile.imread(stack)[:7])
    few = {**how, "depths": write_table(tmp_path / "short.csv", np.arange(7) * 10.0)}
    # Of fewer than eight slices nothing is hidden: "auto" takes the spline.
    with pytest.raises(InputError, match=r"learn is true, but .* network; this filler is signed_"):
        fill_stack(short, tmp_path / "v.tif", **few)
    with pytest.raises(InputError, match="only a network that corrects distances can learn"):
        fill_stack(stack, tmp_path / "v.tif", weights="shipped:table_s1", **how)
    stretched = np.repeat(np.repeat(tifffile.imread(stack)[:, :20, :20], 3, 1), 3, 2)
    tifffile.imwrite(stack, stretched)
    with pytest.raises(InputError, match="the material changes along neither y nor x as it does"):
        fill_stack(stack, tmp_path / "v.tif", weights="shipped:general", **how)
    assert not list(tmp_path.glob("v*"))
