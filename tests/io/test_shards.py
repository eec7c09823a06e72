"""Shards are complete or not there at all, and say what is wrong with them in one sentence."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.io.hdf5 import create_hdf5, open_hdf5, read_array, read_attributes, write_array
from fibgap.io.shards import Record, group_name, process_shard, read_record, shard_datasets

ROOT = Path(__file__).resolve().parents[2]
#: A number whose eight bytes occur nowhere else in a file.
STRANGE = 2.718281828459045


class Stopped(Exception):
    """The power goes off."""


def one_record(dataset: int) -> Record:
    """Return what depends on the number of a dataset alone."""
    rng = np.random.default_rng(dataset)
    return Record(
        {"volume": rng.random((5, 8, 9)) < 0.5, "curve": rng.random(40)},
        {"voxel_nm": STRANGE, "count": dataset, "name": f"number {dataset}"},
    )


def write_shard(path, datasets=(0, 1, 2), *, digest="d", compute=one_record, log=lambda line: None):
    """Write a small shard."""
    process_shard(
        path,
        stage="testing",
        datasets=datasets,
        digest=digest,
        attributes={"arm": "RNN-s"},
        compute=compute,
        log=log,
    )


def assert_same(found: Record, expected: Record) -> None:
    """Compare two records bit by bit."""
    assert set(found.arrays) == set(expected.arrays)
    for name, values in expected.arrays.items():
        assert found.arrays[name].dtype == values.dtype
        assert np.array_equal(found.arrays[name], values)
    assert dict(found.attributes) == dict(expected.attributes)


def left_over(folder: Path) -> list[str]:
    """Return the hidden files and folders of a folder."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def run_until_ready_and_kill(script: str, *arguments: str) -> int:
    """Start a Python process, wait for its line "ready", kill it and return its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    finally:
        process.kill()
        process.stdout.close()
        code = process.wait()
    assert code == -signal.SIGKILL
    return process.pid


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).random((3, 4, 5)) < 0.5,
        np.array([True, False, True]),
        (np.random.default_rng(2).random((3, 4, 5)) < 0.5).transpose(2, 0, 1),
        np.array(True),
        np.array([0, 1, 1], dtype=np.uint8),
        np.array([0.5, np.nan, -np.inf]),
        np.array([-(2**62), 7], dtype=np.int64),
        np.array(1.5),
    ],
    ids=lambda values: f"{values.dtype}{list(values.shape)}",
)
def test_arrays_come_back_as_they_were(tmp_path, values):
    """Values, shape and type survive the disk; bool stays bool, 0 and 1 stay numbers."""
    path = tmp_path / "shard.h5"
    with create_hdf5(path, "testing", {}) as file:
        write_array(file, "values", values)
    with open_hdf5(path) as file:
        found = read_array(file, "values")
    assert found.dtype == values.dtype
    assert found.shape == values.shape
    assert np.array_equal(found, values, equal_nan=values.dtype.kind == "f")


def test_binary_layers_are_compressed(tmp_path):
    """A volume of one phase takes less than a fiftieth of a byte a voxel, layer by layer."""
    path = tmp_path / "shard.h5"
    volume = np.ones((64, 64, 64), dtype=bool)
    with create_hdf5(path, "testing", {}) as file:
        write_array(file, "volume", volume)
        stored = file["volume"].id.get_storage_size()
        assert file["volume"].chunks == (1, 64, 64)
    assert stored < volume.size / 50


def test_attributes_come_back_as_plain_values(tmp_path):
    """Numbers and texts are Python's own again, so that they go into JSON and tables."""
    attributes = {"count": 3, "size_nm": 2.5, "name": "gold µ", "known": True, "arms": ["a", "µ-s"]}
    attributes["none"] = ""
    path = tmp_path / "shard.h5"
    write_shard(path, [4], compute=lambda dataset: Record({}, attributes))
    found = read_record(path, 4, "testing").attributes
    assert found == attributes
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in attributes.items()
    }


def test_a_file_says_what_it_is(tmp_path):
    """Stage, axis order, digest and the caller's attributes are at the root."""
    path = tmp_path / "shard.h5"
    write_shard(path, [0], digest="abc")
    with open_hdf5(path, "testing") as file:
        told = read_attributes(file)
    wanted = {"stage": "testing", "axis_order": "z y x", "digest": "abc", "arm": "RNN-s"}
    assert wanted.items() <= told.items()


def test_a_file_appears_when_it_is_complete(tmp_path):
    """While a file is written it is neither in its place nor marked complete."""
    path = tmp_path / "new folder" / "shard.h5"
    with create_hdf5(path, "testing", {}) as file:
        write_array(file, "values", np.arange(3))
        assert not path.exists()
        assert "complete" not in file.attrs
    assert path.exists()
    assert left_over(path.parent) == []


def test_a_failure_leaves_nothing_behind(tmp_path):
    """An exception in the middle of writing leaves neither a file nor a temporary one."""
    path = tmp_path / "shard.h5"

    def write_half():
        with create_hdf5(path, "testing", {}) as file:
            write_array(file, "values", np.arange(3))
            raise Stopped

    with pytest.raises(Stopped):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_no_output(tmp_path):
    """SIGKILL in the middle leaves a temporary file only, and the next run removes it."""
    path = tmp_path / "shard.h5"
    # A file goes to the disk in one piece: the stand-in for a slow disk stops half-way.
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from fibgap.io.hdf5 import create_hdf5, write_array\n"
        "def write_half(path, content):\n"
        "    with open(path, 'wb') as stream:\n"
        "        stream.write(content[:len(content) // 2])\n"
        "        stream.flush()\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(600)\n"
        "Path.write_bytes = write_half\n"
        "with create_hdf5(sys.argv[1], 'testing', {}) as file:\n"
        "    write_array(file, 'values', np.arange(1000))\n"
    )
    pid = run_until_ready_and_kill(script, str(path))
    assert left_over(tmp_path) == [f".shard.h5.{pid}.tmp"]
    assert not path.exists()
    # What it left is refused, should anybody read it.
    with pytest.raises(InputError), open_hdf5(next(tmp_path.iterdir())):
        pass
    write_shard(path)
    assert [file.name for file in tmp_path.iterdir()] == ["shard.h5"]


def test_the_temporary_file_of_a_living_process_stays(tmp_path):
    """Two writers of one file may live at once; neither removes what the other is writing."""
    other = tmp_path / f".shard.h5.{os.getppid()}.tmp"
    unknown = tmp_path / ".shard.h5.somebody.tmp"
    other.write_text("busy")
    unknown.write_text("busy")
    write_shard(tmp_path / "shard.h5")
    assert left_over(tmp_path) == sorted([other.name, unknown.name])


def refused(path: Path, words: str, dataset: int = 0, stage: str | None = "testing") -> None:
    """Check that a shard is refused in one line that names it."""
    with pytest.raises(InputError, match=words) as caught:
        read_record(path, dataset, stage)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message


def test_a_missing_file_is_refused(tmp_path):
    """A file that is not there is told by its path."""
    refused(tmp_path / "none.h5", "does not exist")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file_is_refused(tmp_path, share):
    """A file that lost its end is damaged, however much of it is left."""
    path = tmp_path / "shard.h5"
    write_shard(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "is damaged or no HDF5 file")


def test_another_kind_of_file_is_refused(tmp_path):
    """A text file is no HDF5 file."""
    path = tmp_path / "shard.h5"
    path.write_text("depth_nm,slice\n" * 100)
    refused(path, "is damaged or no HDF5 file")


@pytest.mark.parametrize("name", ["volume", "curve"])
def test_flipped_bits_in_data_are_found(tmp_path, name):
    """Every chunk carries a checksum: wrong data is refused, not measured."""
    path = tmp_path / "shard.h5"
    write_shard(path)
    with open_hdf5(path) as file:
        chunk = file[group_name(0)][name].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 0x10
    path.write_bytes(content)
    refused(path, "damaged")
    assert_same(read_record(path, 1), one_record(1))


@pytest.mark.parametrize("stored", [np.float64(STRANGE).tobytes(), b"number 0"])
def test_flipped_bits_in_attributes_are_found(tmp_path, stored):
    """Attributes carry checksums as well: a wrong voxel size or text is refused, not used."""
    path = tmp_path / "shard.h5"
    write_shard(path, [0])
    content = bytearray(path.read_bytes())
    content[content.index(stored) + 3] ^= 0x10
    path.write_bytes(content)
    refused(path, "damaged")


def test_flipped_bits_at_the_root_are_found(tmp_path):
    """The root's own record carries a checksum: a mark that may be wrong is not believed."""
    path = tmp_path / "shard.h5"
    write_shard(path, [0])
    content = bytearray(path.read_bytes())
    content[content.index(b"complete")] ^= 0x01
    path.write_bytes(content)
    refused(path, "damaged")


def test_a_file_without_its_mark_is_refused(tmp_path):
    """A file that was not finished opens as HDF5, but is not used."""
    path = tmp_path / "shard.h5"
    write_shard(path)
    with h5py.File(path, "r+") as file:
        del file.attrs["complete"]
    refused(path, "is incomplete: its writing was interrupted")


def test_a_file_of_another_program_is_refused(tmp_path):
    """It is whole, so nothing was interrupted; what reads it is said."""
    path = tmp_path / "own.h5"
    with h5py.File(path, "w") as file:
        file["slices"] = np.zeros((3, 4, 5), dtype=np.uint8)
    refused(path, r"was not written by fibgap: .* filled by the command fibgap fill")


def test_another_stage_is_refused(tmp_path):
    """A file of another step is told by both names."""
    path = tmp_path / "shard.h5"
    write_shard(path)
    refused(path, "is of stage 'testing', not 'fill_gaps'", stage="fill_gaps")


def test_a_dataset_that_is_not_there_is_refused(tmp_path):
    """A shard without the wanted dataset is told by the dataset's number."""
    path = tmp_path / "shard.h5"
    write_shard(path)
    refused(path, "holds no dataset 17", dataset=17)


def test_an_array_that_is_not_there_is_refused(tmp_path):
    """A file without the wanted array is told by the array's name."""
    path = tmp_path / "shard.h5"
    write_shard(path, [0])
    with (
        pytest.raises(InputError, match="lacks 'planes'") as caught,
        open_hdf5(path) as file,
    ):
        read_array(file, "planes")
    assert str(path) in str(caught.value)


def test_a_shard_holds_its_datasets(tmp_path):
    """All records of a shard come back, and its datasets are listed in order."""
    path = tmp_path / "shard.h5"
    write_shard(path, [12, 3, 7])
    assert shard_datasets(path) == [3, 7, 12]
    for dataset in (3, 7, 12):
        assert_same(read_record(path, dataset, "testing"), one_record(dataset))
    assert [file.name for file in tmp_path.iterdir()] == ["shard.h5"]


def test_every_dataset_has_its_line(tmp_path):
    """Whoever waits for a shard sees which dataset is done and how many are left."""
    lines: list[str] = []
    write_shard(tmp_path / "shard.h5", [3, 4], log=lines.append)
    assert [line.rsplit(" in ")[0] for line in lines] == [
        "testing: dataset 3 (1/2)",
        "testing: dataset 4 (2/2)",
    ]


def test_a_shard_is_there_whole_or_not_at_all(tmp_path):
    """A dataset that fails takes the shard with it, and what was there before stays."""
    path = tmp_path / "shard.h5"

    def compute(dataset):
        if dataset == 2:
            raise Stopped
        return one_record(dataset + 10)

    for before in (None, [0]):
        if before:
            write_shard(path, before)
        with pytest.raises(Stopped):
            write_shard(path, compute=compute)
        assert left_over(tmp_path) == []
        assert path.exists() == bool(before)
    assert_same(read_record(path, 0), one_record(0))


def test_a_second_writer_does_no_harm(tmp_path):
    """A second process that writes the same shard meanwhile leaves a whole one, as the first."""
    path = tmp_path / "shard.h5"
    script = (
        "import sys\n"
        "from fibgap.io.shards import Record, process_shard\n"
        "process_shard(sys.argv[1], stage='testing', datasets=[0, 1, 2], digest='d',\n"
        "              attributes={}, compute=lambda k: Record({}, {'count': k}), log=str)\n"
    )

    def compute(dataset):
        if dataset == 2:
            command = [sys.executable, "-c", script, str(path)]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
            assert read_record(path, 2).attributes == {"count": 2}
            assert left_over(tmp_path) == []
        return one_record(dataset)

    write_shard(path, compute=compute)
    for dataset in range(3):
        assert_same(read_record(path, dataset), one_record(dataset))
    assert left_over(tmp_path) == []


def test_any_flipped_byte_is_found_or_harmless(tmp_path):
    """Wherever one byte of a shard is wrong, the file is refused, or says what it said before."""
    path = tmp_path / "shard.h5"
    write_shard(path, [0, 1])
    content = path.read_bytes()
    rng = np.random.default_rng(8)
    refusals = 0
    for place in rng.integers(0, len(content), size=300):
        forged = bytearray(content)
        forged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(forged)
        try:
            found = [read_record(path, dataset, "testing") for dataset in shard_datasets(path)]
        except InputError as error:
            refusals += 1
            told = str(error)
            assert str(path) in told
            continue
        assert len(found) == 2, f"byte {place} takes a dataset away"
        for dataset, record in enumerate(found):
            assert_same(record, one_record(dataset))
    assert refusals > 100


@pytest.mark.parametrize("room", [0, 2000, 20_000])
def test_a_file_without_room_is_told_by_name(tmp_path, room):
    """Where no file may grow further, nothing takes the shard's name, and one sentence says why."""
    path = tmp_path / "shard.h5"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(InputError, match=r"cannot be written: File too large\.$") as caught:
            write_shard(path, compute=lambda k: Record({"curve": np.arange(9000.0) + k}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(tmp_path) in str(caught.value)
    assert not list(tmp_path.rglob("*.h5"))
    assert not list(tmp_path.rglob("*.tmp"))
    write_shard(path)
    assert left_over(tmp_path) == []
