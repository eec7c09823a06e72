"""Stacks larger than memory: filled block by block as in memory, and gone on with after a kill."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest

from fibgap.errors import FibgapWarning, InputError
from fibgap.fillers.blocks import Blocks
from fibgap.io.drift import Drift
from fibgap.io.volumes import read_volume, write_volume
from fibgap.on_disk import OnDisk
from fibgap.stacks import (
    check_stack,
    excerpts,
    fill_stack,
    judging,
    large,
    load_stack,
    loading,
    measure_volume_file,
    room,
)
from fibgap.stacks.loaded import Findings
from fibgap.stacks.loading import load
from fibgap.stacks.offered import offer
from fibgap.stacks.room import Room

from .conftest import DEPTHS, write_folder, write_table

ROOT = Path(__file__).resolve().parents[2]
CLASSICAL = ["nearest", "linear", "cubic_spline", "shape_based", "signed_distance_spline"]
#: So little that images (12 x 24 x 28) lie on disk and a block has one layer, one row, or the
#: least number of layers.
LITTLE = "20kB"


@pytest.fixture(autouse=True)
def no_least(monkeypatch):
    """Let images of a few pixels have less memory than real ones need."""
    monkeypatch.setattr(room, "_LEAST", 1)


@pytest.fixture
def uneven(tmp_path):
    """Return depths between layers, two slices in one layer, and two that nearly coincide."""
    depths = DEPTHS.copy()
    depths[3], depths[5], depths[8] = 15.15, 38.1, 55.9
    return write_table(tmp_path / "uneven.csv", depths)


def left_over(folder: Path) -> list[str]:
    """Return what work left behind."""
    return sorted(each.name for each in folder.iterdir() if each.name.startswith("."))


@pytest.mark.parametrize("filler", CLASSICAL)
@pytest.mark.parametrize("fill_holes", [False, True])
def test_the_result_is_that_of_memory(folder, uneven, tmp_path, filler, fill_holes):
    """Volume, mask, curves, verdict and record are the same, to the last bit."""
    options = {"depths": uneven, "filler": filler, "fill_holes": fill_holes}
    told = []
    large_one = fill_stack(
        folder,
        tmp_path / "large.h5",
        memory=LITTLE,
        progress=lambda *told_now: told.append(told_now),
        **options,
    )
    small = fill_stack(folder, tmp_path / "small.h5", **options)
    assert isinstance(large_one.volume, OnDisk)
    assert isinstance(large_one.loaded.stack.slices, OnDisk)
    assert len(small.gapped.spare_slices)
    for name in ("volume", "filled"):
        one, two = (
            read_volume(tmp_path / f"{each}.h5", dataset=name) for each in ("large", "small")
        )
        np.testing.assert_array_equal(one.solid, two.solid)
    np.testing.assert_array_equal(np.stack([*large_one.volume]), small.volume)
    for name, curve in small.curves.items():
        np.testing.assert_array_equal(large_one.curves[name], curve)
    assert large_one.verdict[:3] == small.verdict
    assert "37 x 24 x 28 voxels takes about" in large_one.verdict[3]
    assert "20 kB that were given: it was filled block by block" in large_one.verdict[3]
    differ = {key for key in small.record if small.record[key] != large_one.record[key]}
    assert differ == {"command", "options", "volume"}
    assert {**small.record["volume"], "file": 0} == {**large_one.record["volume"], "file": 0}
    assert small.record["holes_closed"] == large_one.record["holes_closed"]
    stages = [each for each in told if each[0] == f"filling by {filler}" and each[2]]
    assert stages[-1][1] == stages[-1][2] == len(stages) > 1
    del large_one
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("ending", [".tif", ".ome.tif", ".ome.zarr", ".h5", ".nrrd", ".mha"])
def test_every_format_is_written_from_disk(folder, table, tmp_path, ending):
    """Formats that are written layer by layer need no more than that; all of them are."""
    fill_stack(folder, tmp_path / f"a{ending}", depths=table, memory=LITTLE, filler="linear")
    fill_stack(folder, tmp_path / f"b{ending}", depths=table, filler="linear")
    one, two = (read_volume(tmp_path / f"{name}{ending}") for name in "ab")
    np.testing.assert_array_equal(one.solid, two.solid)
    assert one.voxel_nm == two.voxel_nm


def grey_images(truth):
    """Return 12 grey images with noise and a black border, alike enough for their drift."""
    rng = np.random.default_rng(5)
    images = np.zeros((12, 30, 36), dtype=np.uint8)
    noise = rng.normal(0, 12, (12, *truth.shape[1:]))
    images[:, 3:27, 4:32] = np.where(truth[:12], 170, 70) + noise
    return images


@pytest.mark.parametrize(
    "how",
    [
        {"otsu": True},
        {"threshold": 120, "solid_is": "dark"},
        {"classes": 3, "solid_class": 1, "crop": False},
        {"otsu": True, "tilt": 52},
        {"otsu": True, "correct_drift": True},
        {"otsu": True, "mask": "mask.tif"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_images_on_disk_are_read_as_in_memory(truth, table, tmp_path, monkeypatch, how, kind):
    """Border, mask, tilt, drift and thresholds give the same slices, notes and histogram."""
    images = grey_images(truth)
    monkeypatch.chdir(tmp_path)
    shown = np.zeros((1, *images.shape[1:]), dtype=bool)
    shown[:, 4:26, 5:31] = True
    write_volume("mask.tif", shown, 2.5)
    stack = images.astype(kind)
    if kind == "float32":
        stack[:, 3, 5] = np.nan
    with h5py.File("stack.h5", "w") as file:
        file.create_dataset("stack", data=stack, chunks=(5, *stack.shape[1:]))
    options = {"depths": table, "voxel": "2.5nm", **how}
    given = Room(10_000, tmp_path / "room")
    found = [load("stack.h5", options, Findings(), lambda *_: None, each) for each in (None, given)]
    small, big = found
    assert isinstance(big.stack.slices, OnDisk)
    np.testing.assert_array_equal(np.stack([*big.stack.slices]), small.stack.slices)
    assert (big.notes, big.facts, big.warnings) == (small.notes, small.facts, small.warnings)
    np.testing.assert_array_equal(big.histogram.counts, small.histogram.counts)
    np.testing.assert_array_equal(big.drift.shifts, small.drift.shifts)


@pytest.mark.filterwarnings("ignore::fibgap.errors.FibgapWarning")  # of its coarse structure
def test_memory_stays_bounded(tmp_path, monkeypatch):
    """Work on 2.6 million voxels takes less than 2 MB of arrays, in memory it takes over 7."""
    rng = np.random.default_rng(2)
    coarse = rng.random((40, 16, 16)) < 0.4
    images = coarse.repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8) * np.uint8(255)
    folder = write_folder(tmp_path / "many", images)
    # The measurement of drift sees two images at a time; it takes most of the seconds.
    still = Drift(np.zeros((40, 2)), 0.05, True, "no drift")
    monkeypatch.setattr(loading, "measure_drift", lambda *_, **__: still)
    peaks = {}
    for memory in ("1GB", "600kB"):  # what is imported, and kept for good, comes with the first
        tracemalloc.start()
        fill_stack(
            folder, tmp_path / f"{memory}.h5", spacing="10nm", filler="nearest", memory=memory
        )
        peaks[memory] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks["600kB"] < 2e6
    assert peaks["1GB"] > 7e6


class Blows(Exception):
    """The power goes off."""


@pytest.fixture
def computed(monkeypatch):
    """Return the list of blocks that were computed; the fourth one fails while it is armed."""
    state = {"blocks": [], "armed": False, "error": Blows()}
    plain = large.fill_blocks

    def watched(*args, **options):
        blocks = plain(*args, **options)

        def fill(layers, rows):
            if state["armed"] and len(state["blocks"]) == 3:
                raise state["error"]
            state["blocks"].append((layers, rows))
            return blocks.fill(layers, rows)

        return Blocks(blocks.shape, blocks.parts, fill)

    monkeypatch.setattr(large, "fill_blocks", watched)
    return state


@pytest.mark.parametrize("filler", ["cubic_spline", "shape_based"])
@pytest.mark.parametrize("error", [Blows(), KeyboardInterrupt()], ids=repr)
def test_what_breaks_off_goes_on(folder, uneven, tmp_path, computed, filler, error):
    """Finished blocks are not computed again, and nothing has the final name before the end."""
    computed |= {"armed": True, "error": error}
    out = tmp_path / "v.tif"
    options = {"depths": uneven, "filler": filler, "memory": LITTLE}
    with pytest.raises(type(error)):
        fill_stack(folder, out, **options)
    assert left_over(tmp_path) == [".v.tif.parts"]
    assert not [each for each in tmp_path.iterdir() if each.name.startswith("v")]
    journal = json.loads((tmp_path / ".v.tif.parts" / "journal.json").read_text())
    assert journal["done"] == [0, 1, 2, 3]  # the known layers, and three blocks
    computed |= {"armed": False}
    filled = fill_stack(folder, out, **options)
    assert len(computed["blocks"]) == len({str(each) for each in computed["blocks"]}) > 6
    expected = fill_stack(folder, tmp_path / "w.tif", depths=uneven, filler=filler)
    np.testing.assert_array_equal(read_volume(out).solid, expected.volume)
    del filled
    assert left_over(tmp_path) == []


def test_other_slices_or_another_filler_begin_anew(folder, table, uneven, tmp_path, computed):
    """What another run left is not used, and that is said."""
    for options in ({"depths": uneven, "filler": "linear"}, {"depths": table, "filler": "nearest"}):
        out = tmp_path / f"{options['filler']}.tif"
        computed |= {"armed": True, "blocks": []}
        with pytest.raises(Blows):
            fill_stack(folder, out, depths=table, filler="linear", memory=LITTLE)
        computed |= {"armed": False, "blocks": []}
        with pytest.warns(
            FibgapWarning, match=r"from other slices or by another filler: it is not"
        ):
            filled = fill_stack(folder, out, memory=LITTLE, **options)
        expected = fill_stack(folder, tmp_path / "w.tif", force=True, **options)
        np.testing.assert_array_equal(read_volume(out).solid, expected.volume)
        assert len(computed["blocks"]) == len(expected.gapped.missing_layers)
        del filled
        assert left_over(tmp_path) == []


def test_a_killed_process_goes_on(folder, table, tmp_path):
    """SIGKILL in the middle: the next process fills the rest, and what is left of it is removed."""
    script = (
        "import os, signal, sys\n"
        "from fibgap.stacks import fill_stack, room\n"
        "room._LEAST = 1\n"
        "def progress(stage, done, total):\n"
        "    if stage == 'filling by linear' and done == 5:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "fill_stack(*sys.argv[1:3], depths=sys.argv[3], filler='linear', memory='20kB',\n"
        "           progress=progress)\n"
    )
    out = tmp_path / "v.ome.zarr"
    command = [sys.executable, "-c", script, str(folder), str(out), str(table)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    died = subprocess.run(command, env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    assert not out.exists()
    parts = tmp_path / ".v.ome.zarr.parts"
    assert len(json.loads((parts / "journal.json").read_text())["done"]) == 6
    assert [*parts.glob("stack-*")]
    told = []
    filled = fill_stack(
        folder,
        out,
        depths=table,
        filler="linear",
        memory=LITTLE,
        progress=lambda *each: told.append(each),
    )
    expected = fill_stack(folder, tmp_path / "w.tif", depths=table, filler="linear")
    np.testing.assert_array_equal(read_volume(out).solid, expected.volume)
    del filled
    assert left_over(tmp_path) == []


def test_a_full_disk_is_one_sentence(folder, table, tmp_path, monkeypatch):
    """Nothing has the final name, and the same call goes on when there is room again."""
    plain = OnDisk.__setitem__
    left = [30]  # 12 images, 12 slices of solid and pore, and some layers of the volume

    def write(stack, key, values):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        plain(stack, key, values)

    monkeypatch.setattr(OnDisk, "__setitem__", write)
    out = tmp_path / "v.h5"
    options = {"depths": table, "filler": "linear", "memory": LITTLE}
    with pytest.raises(InputError, match=r"v\.h5' cannot be written: No space left on device\.$"):
        fill_stack(folder, out, **options)
    assert not out.exists()
    assert left_over(tmp_path) == []
    left[0] = 40  # the known layers are there, and some blocks
    with pytest.raises(InputError, match=r"What was done is kept in '.*\.v\.h5\.parts': the same"):
        fill_stack(folder, out, **options)
    assert not out.exists()
    left[0] = 10**6
    fill_stack(folder, out, **options)
    expected = fill_stack(folder, tmp_path / "w.h5", depths=table, filler="linear")
    np.testing.assert_array_equal(read_volume(out).solid, expected.volume)


def test_wrong_input_leaves_nothing(folder, tmp_path):
    """An error of the input is told as in memory, and no block is kept for it."""
    with pytest.raises(InputError, match="depths"):
        fill_stack(folder, tmp_path / "v.tif", memory=LITTLE)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("memory", ["much", "-4GB", "0", "4XB"])
def test_a_memory_that_is_none(folder, table, tmp_path, memory):
    """It is refused with an example."""
    with pytest.raises(InputError, match=f"memory must be a size such as 4GB, but is '{memory}'"):
        fill_stack(folder, tmp_path / "v.tif", depths=table, memory=memory)


def test_too_little_for_a_block(folder, table, tmp_path, monkeypatch):
    """Blocks need some room, and how much is told."""
    monkeypatch.setattr(room, "_LEAST", 256)
    with pytest.raises(InputError, match=r"20 kB is too little for images of 24 x 28 .*170 kB"):
        fill_stack(folder, tmp_path / "v.tif", depths=table, memory=LITTLE)


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
def test_a_format_that_is_read_as_a_whole(truth, tmp_path, ending):
    """A file of such a format that is larger than the memory is refused with those that are not."""
    source = tmp_path / f"stack{ending}"
    write_volume(source, truth, (10, 2.5, 2.5))
    memory = source.stat().st_size - 1
    message = "read as a whole: save it as TIFF, HDF5 or OME-Zarr"
    with pytest.raises(InputError, match=message):
        fill_stack(source, tmp_path / "v.tif", spacing="10nm", memory=memory)
    with pytest.raises(InputError, match=message):
        measure_volume_file(source, memory=memory)
    assert left_over(tmp_path) == []


@pytest.mark.filterwarnings("ignore::fibgap.errors.FibgapWarning")
def test_a_network_that_memory_is_too_little_for(folder, table, tmp_path, monkeypatch):
    """`auto` leaves it out and says so; asked for, it is refused with what it needs."""
    monkeypatch.setattr(judging, "shipped_networks", lambda: ["shipped:general"])
    needs = r"needs \d+ MB of memory for this stack, more than the 30 kB that were given"
    filled = fill_stack(folder, tmp_path / "v.tif", depths=table, memory="30kB")
    assert filled.choice.name in CLASSICAL
    left_out = "shipped:general was not compared: it " + needs
    assert any(re.fullmatch(left_out + r"\.", line) for line in filled.verdict)
    checked = check_stack(folder, depths=table, memory="30kB", judge=True)
    assert checked.choice.name == filled.choice.name
    assert any(re.fullmatch("  " + left_out, line) for line in checked.lines())
    del filled
    with pytest.raises(InputError, match=f"shipped:general cannot be taken: it {needs}"):
        fill_stack(
            folder, tmp_path / "n.tif", depths=table, memory="30kB", weights="shipped:general"
        )
    assert left_over(tmp_path) == []


@pytest.mark.filterwarnings("ignore::fibgap.errors.FibgapWarning")
@pytest.mark.parametrize("name", ["shipped:general", "shipped:table_s1"])
def test_a_network_fills_from_disk(folder, table, tmp_path, monkeypatch, name):
    """With the memory that it is said to need, it fills as in memory; a byte less is refused."""
    needed = offer(name).least_memory(load_stack(folder, depths=table).stack)
    options = {"depths": table, "weights": name}
    small = fill_stack(folder, tmp_path / "small.h5", **options)
    monkeypatch.setattr(room, "_NETWORK", 10**6)
    with pytest.raises(InputError, match="cannot be taken"):
        fill_stack(folder, tmp_path / "large.h5", memory=needed - 1, **options)
    filled = fill_stack(folder, tmp_path / "large.h5", memory=needed, **options)
    assert isinstance(filled.volume, OnDisk)
    np.testing.assert_array_equal(np.stack([*filled.volume]), small.volume)
    del filled
    assert left_over(tmp_path) == []


def test_the_page_shows_a_box(folder, table, tmp_path):
    """A page gets a part of the volume in memory; the numbers beside it are of the whole."""
    seen = []

    def page(filled):
        seen.append(filled)
        return "page"

    filled = fill_stack(folder, tmp_path / "v.tif", depths=table, memory=LITTLE, page=page)
    (shown,) = seen
    assert isinstance(shown.volume, np.ndarray)
    assert shown.volume.shape == shown.gapped.shape
    np.testing.assert_array_equal(shown.volume[shown.gapped.layers], shown.gapped.slices)
    assert shown.record == filled.record


def test_a_box_lies_around_the_widest_gap(truth):
    """Its gap is the widest one, and it is cut from the middle of the images."""
    from fibgap.stack import GappedVolume

    layers = np.array([0, 2, 3, 12, 14, 20, 36])
    gapped = GappedVolume(truth[layers], layers, 2.5, 0, 2.5, 7)
    box, known = excerpts.box_around_widest_gap(truth, gapped, side=10)
    np.testing.assert_array_equal(box, truth[20:37, 7:17, 9:19])
    assert known.layers.tolist() == [0, 16]


def test_a_volume_larger_than_memory_is_measured(truth, tmp_path):
    """Curves, solid fraction and misclassified voxels are those of memory; D is left out."""
    path, wrong = tmp_path / "v.h5", truth.copy()
    wrong[3] ^= True
    write_volume(
        path, wrong, 2.5, extra={"filled": np.arange(37)[:, None, None] % 3 + 0 * wrong == 0}
    )
    write_volume(tmp_path / "t.tif", truth, 2.5)
    small = measure_volume_file(path, measures=["tpcf", "lpf"], truth=tmp_path / "t.tif")
    with pytest.warns(FibgapWarning, match=r"larger than the 30 kB of memory .*D, which cannot"):
        big = measure_volume_file(path, truth=tmp_path / "t.tif", memory="30kB")
    assert [*big.values] == ["tpcf", "lpf"]
    for name, values in small.values.items():
        np.testing.assert_array_equal(big.values[name], values)
    assert big.solid_fraction == small.solid_fraction
    assert big.misclassified == pytest.approx(1 / 13, rel=1e-12)
    assert big.misclassified == pytest.approx(small.misclassified, rel=1e-12)
    with pytest.raises(InputError, match=r"'d' takes the whole volume in memory.*tpcf and lpf go"):
        measure_volume_file(path, measures=["d"], memory="30kB")
    # A cube of 6 voxels takes 26 kB, one of 8 more than there is.
    small, big = (
        measure_volume_file(path, measures=["tpcf", "d"], cut=6, memory=each)
        for each in (None, "30kB")
    )
    np.testing.assert_array_equal(big.values["d"], small.values["d"])
    assert big.values["d"].min() > 0
    with pytest.raises(InputError, match="'d' takes the whole volume in memory"):
        measure_volume_file(path, measures=["d"], cut=8, memory="30kB")
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("given", [False, True])
def test_a_stack_larger_than_memory_is_checked(folder, table, monkeypatch, given):
    """The check says of it what it says of one that fits, and leaves nothing behind."""
    expected = check_stack(folder, depths=table)
    if given:
        checked = check_stack(folder, depths=table, memory=LITTLE)
    else:
        monkeypatch.setattr(room, "machine_memory", lambda: 40_000)
        checked = check_stack(folder, depths=table)
    assert isinstance(checked.loaded.stack.slices, OnDisk)
    home = checked.loaded.stack.slices.path.parent
    assert [*checked.lines()] == [*expected.lines()]
    assert (checked.facts, checked.placement) == (expected.facts, expected.placement)
    del checked
    assert not home.exists()
