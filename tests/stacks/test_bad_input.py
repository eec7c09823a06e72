"""Bad input to the command: one sentence that names what is wrong, exit code 2, nothing written."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import imageio.v3
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import fibgap
from fibgap.cli import main

SOLID = gaussian_filter(np.random.default_rng(0).normal(size=(33, 30, 32)), 2)[::4] > 0
IMAGES = SOLID.astype(np.uint8) * np.uint8(255)
DEPTHS = [f"{10 * index}" for index in range(9)]


def folder(at: Path, images: list[NDArray], ending: str = "tif") -> Path:
    """Write images as single files."""
    (at / "s").mkdir()
    for index, image in enumerate(images):
        imageio.v3.imwrite(at / f"s/s{index}.{ending}", image)
    return at / "s"


def stack(at: Path, images: NDArray) -> Path:
    """Write images as one file."""
    tifffile.imwrite(at / "s.tif", images)
    return at / "s.tif"


def halved(path: Path, file: str = ".") -> Path:
    """Cut a file short."""
    content = (path / file).read_bytes()
    (path / file).write_bytes(content[: len(content) // 2])
    return path


def written(at: Path, name: str, content: str) -> Path:
    """Write a text under a name."""
    (at / name).write_text(content)
    return at / name


def with_other(at: Path, name: str) -> Path:
    """Write good images, and a file of another kind among them."""
    written(folder(at, [*IMAGES]), name, "")
    return at / "s"


def missing_values(slices: slice) -> NDArray[np.float32]:
    """Return images some of which are NaN throughout."""
    images = SOLID.astype(np.float32)
    images[slices] = np.nan
    return images


NOISE = [*np.random.default_rng(1).integers(0, 255, (6, 60, 60)).astype(np.uint8)]

#: What is given, by what is wrong with it, and words of the sentence.
STACKS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing": (lambda at: at / "s", "does not exist"),
    "empty folder": (lambda at: folder(at, []), "holds no images"),
    "empty file": (lambda at: written(at, "s.tif", ""), "s.tif is damaged or no TIFF file"),
    "text": (lambda at: written(at, "s.tif", "hello"), "s.tif is damaged or no TIFF file"),
    "mixed sizes": (
        lambda at: folder(at, [*IMAGES[:5], IMAGES[5][:-1]]),
        "s5.tif' has 29 x 32 pixels, but 's0.tif' has 30 x 32",
    ),
    "mixed types": (
        lambda at: folder(at, [*IMAGES[:5], IMAGES[5].astype(np.uint16)]),
        "s5.tif' has values of type uint16, but 's0.tif' has uint8",
    ),
    "mixed kinds": (lambda at: with_other(at, "s9.png"), "mixes kinds of files"),
    "a TIFF cut short": (
        lambda at: halved(folder(at, NOISE), "s3.tif"),
        "s3.tif is cut short",
    ),
    "a PNG cut short": (
        lambda at: halved(folder(at, NOISE, "png"), "s3.png"),
        "s3.png is damaged",
    ),
    "a stack cut short": (lambda at: halved(stack(at, IMAGES)), "s.tif is cut short"),
    "NaN everywhere": (lambda at: stack(at, missing_values(slice(None))), "is valid in all 9"),
    "a slice of NaN": (lambda at: stack(at, missing_values(slice(3, 4))), "is valid in all 9"),
    "one slice": (lambda at: folder(at, [IMAGES[0]]), "holds 1 image, but"),
    "one image": (lambda at: stack(at, IMAGES[0]), "holds 1 image, but"),
    "no solid": (lambda at: stack(at, 0 * IMAGES), "there is no structure in it"),
}


def refused(at: Path, source: Path, *how: object, out: str = "v.tif") -> str:
    """Return the one sentence with which filling ends, and see that nothing was written."""
    before = sorted(at.rglob("*"))
    words = ["fill", source, *how, "--voxel", "2.5nm", "--filler", "nearest", "-q", "-o", at / out]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert sorted(at.rglob("*")) == before
    return result.stderr


@pytest.mark.parametrize("kind", STACKS)
def test_a_stack_that_is_wrong(tmp_path: Path, kind: str) -> None:
    """Filling and checking end with the same sentence, which names the file or the number."""
    make, words = STACKS[kind]
    source = make(tmp_path)
    how = ["--spacing", "10nm", *(["--otsu"] if "cut short" in kind else [])]
    sentence = refused(tmp_path, source, *how)
    assert words in sentence
    checked = CliRunner().invoke(main, ["check", str(source), *how, "--voxel", "2.5nm", "-q"])
    assert checked.exit_code == 2
    assert sentence in checked.stderr


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (DEPTHS[:6], "has 6 depths (the last in line 7), but there are 9 slices"),
        ([*DEPTHS, "90", "100"], "has 11 depths (the last in line 12), but there are 9 slices"),
        ([*DEPTHS[:4], "nan", *DEPTHS[5:]], "line 6: z_nm 'nan' is no number"),
        ([*DEPTHS[:4], "", *DEPTHS[5:]], "d.csv"),
    ],
    ids=["fewer", "more", "NaN", "a gap"],
)
def test_depths_that_are_wrong(tmp_path: Path, rows: list[str], words: str) -> None:
    """The table is named, with the line where there is one."""
    source = folder(tmp_path, [*IMAGES])
    table = written(tmp_path, "d.csv", "\n".join(["z_nm", *rows]) + "\n")
    sentence = refused(tmp_path, source, "--depths", table)
    assert str(table) in sentence
    assert words in sentence


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("nowhere/v.tif", "there is no folder"),
        ("a file/v.tif", "there is no folder"),
        ("a folder.tif", "is a folder that is there already"),
        ("v.jpg", "cannot be written as its name ends"),
    ],
)
def test_where_nothing_can_be_written(tmp_path: Path, out: str, words: str) -> None:
    """It is said before anything is read."""
    written(tmp_path, "a file", "")
    (tmp_path / "a folder.tif").mkdir()
    assert words in refused(tmp_path, tmp_path / "not even there", "--spacing", "9nm", out=out)


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also as one sentence, before anything is read."""
    monkeypatch.setattr("fibgap.stacks.outputs.os.access", lambda *how: False)
    sentence = refused(tmp_path, tmp_path / "not even there", "--spacing", "9nm")
    assert "no permission to write" in sentence


@pytest.mark.parametrize(
    "surroundings",
    [
        {"HOME": "/proc"},
        {"HDF5_USE_FILE_LOCKING": "FALSE"},
        {"HDF5_USE_FILE_LOCKING": "BEST_EFFORT"},
    ],
    ids=["a home that cannot be written", "no locks", "locks where there are"],
)
def test_surroundings_that_do_not_matter(tmp_path: Path, surroundings: dict[str, str]) -> None:
    """From HDF5 to HDF5, with the page: it works, and says nothing of it."""
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["images"] = IMAGES
    caches = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR")
    kept = {name: value for name, value in os.environ.items() if name not in caches}
    words = ["fill", "s.h5", "--spacing", "10nm", "--voxel", "2.5nm", "--filler", "nearest"]
    done = subprocess.run(
        [sys.executable, "-m", "fibgap.cli", *words, "-q", "-o", "v.h5"],
        cwd=tmp_path,
        env={**kept, "PYTHONPATH": str(Path(fibgap.__file__).parents[1]), **surroundings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "v.html").stat().st_size
    with h5py.File(tmp_path / "v.h5") as file:
        assert np.array_equal(file["volume"][::4] > 0, SOLID)
