"""A folder, a pattern and a list are the slices that a person means, in the order they mean."""

import random
from pathlib import Path

import numpy as np
import pytest
import tifffile

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.images import read_images
from fibgap.io.sources import find_source, natural_key


def fill(folder: Path, names: list[str]) -> Path:
    """Write an image of 4 x 5 pixels under every name; its values are the place in the list."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        tifffile.imwrite(folder / name, np.full((4, 5), place + 1, dtype=np.uint8))
    return folder


@pytest.mark.parametrize(
    "names",
    [
        [f"slice{i}.tif" for i in range(12)],
        [f"Image {i} of 12.tif" for i in range(1, 13)],
        ["IMG_9.TIF", "img_10.tif", "Img_11.tiff"],
        ["a_1_z=0.5um.tif", "a_2_z=0.12um.tif", "a_10_z=0.3um.tif"],
        ["z=-0.2um.tif", "z=0.3460um.tif", "z=0.5um.tif", "z=12.25um.tif"],
        ["run1.9.tif", "run1.10.tif", "run2.1.tif"],
    ],
)
def test_names_are_in_natural_order(names: list[str]) -> None:
    """Numbers in names count by their value, decimals where a unit follows."""
    shuffled = random.Random(0).sample(names, len(names))
    assert sorted(shuffled, key=natural_key) == names


@pytest.mark.parametrize("what", ["folder", "text", "pattern", "list"])
def test_a_folder_a_pattern_and_a_list_are_the_same_stack(tmp_path: Path, what: str) -> None:
    """Slice 2 comes before slice 10, however the slices are pointed at."""
    folder = fill(tmp_path / "my slices", [f"slice{i}.tif" for i in range(12)])
    source = {
        "folder": folder,
        "text": str(folder),
        "pattern": folder / "slice*.tif",
        "list": [folder / f"slice{i}.tif" for i in range(12)],
    }[what]
    stack = read_images(source)
    assert stack.images[:, 0, 0].tolist() == list(range(1, 13))
    assert stack.names[2] == "slice2.tif"


def test_a_list_keeps_its_order(tmp_path: Path) -> None:
    """Who gives a list has an order in mind."""
    folder = fill(tmp_path, ["a.tif", "b.tif", "c.tif"])
    stack = read_images([folder / "c.tif", str(folder / "a.tif")])
    assert stack.images[:, 0, 0].tolist() == [3, 1]


def test_a_list_sorted_by_letters_is_refused(tmp_path: Path) -> None:
    """Python's own sorting puts slice 10 before slice 2, which nobody wants."""
    folder = fill(tmp_path, [f"slice{i}.tif" for i in range(12)])
    with pytest.raises(InputError, match=r"sorted by letters, with 'slice10\.tif' before 'slice2"):
        read_images(sorted(folder.glob("*.tif")))
    backwards = sorted(folder.glob("*.tif"), key=lambda path: natural_key(path.name))[::-1]
    assert read_images(backwards).images[:, 0, 0].tolist() == list(range(12, 0, -1))


def test_what_is_no_slice_is_left_out_and_said(tmp_path: Path) -> None:
    """Hidden files are nobody's; texts, folders and thumbnails are left out by name."""
    folder = fill(tmp_path, ["s1.tif", "s2.tif", "._s1.tif", "Thumbnail.tif", "s1_thumb.tif"])
    (folder / "log.txt").write_text("z")
    (folder / "Thumbs.db").write_bytes(b"")
    (folder / "overview").mkdir()
    stack = read_images(folder)
    assert stack.names == ("s1.tif", "s2.tif")
    assert stack.notes == (
        f"4 entries of the folder '{folder}' are no slices and were left out: "
        "log.txt, overview, s1_thumb.tif, ...",
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["s1.tif", "s2.png"], r"mixes kinds of files, 's1\.tif' \(TIFF\) and 's2\.png' \(PNG\)"),
        (["s1.tif", "s2.tif", "all.mrc"], r"mixes kinds .* 'all\.mrc' \(MRC\)"),
        (
            ["mask_1.tif", "mask_2.tif", "slice_1.tif", "slice_2.tif"],
            r"more than one series of images, such as 'mask_1\.tif' and 'slice_1\.tif'",
        ),
        (["slice_1.tif", "slice_1 copy.tif"], r"more than one series .* 'slice_1\.tif'"),
        (["slice_1.tif", "slice_01.tif", "slice_2.tif"], "have the same number: their order"),
        (["readme.txt"], "holds no images"),
        ([], "holds no images"),
    ],
)
def test_a_folder_of_several_things_is_refused(
    tmp_path: Path, names: list[str], message: str
) -> None:
    """What cannot be one stack is told with the names that show it."""
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=message) as error:
        find_source(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_a_pattern_chooses_one_series(tmp_path: Path) -> None:
    """Of two stacks in a folder a pattern reads one; a pattern may match any names."""
    folder = fill(tmp_path, ["mask_1.tif", "mask_2.tif", "slice_1.tif", "slice_2.tif"])
    assert read_images(folder / "slice*").images[:, 0, 0].tolist() == [3, 4]
    assert len(read_images(folder / "*.tif").images) == 4


def test_a_missing_number_is_a_warning(tmp_path: Path) -> None:
    """A slice may be left out on purpose, with a depth table that knows; so it is told."""
    folder = fill(tmp_path, [f"s{10 * i:04d}.tif" for i in range(12) if i != 7])
    with pytest.warns(FibgapWarning, match=r"1 gaps, the first between 's0060.tif' and 's0080"):
        stack = read_images(folder)
    assert len(stack.warnings) == 1
    # Where no step is usual, none is missing.
    irregular = fill(tmp_path / "other", [f"s{i * i}.tif" for i in range(12)])
    assert read_images(irregular).warnings == ()


def test_a_name_with_brackets_is_a_name(tmp_path: Path) -> None:
    """A folder that exists is no pattern."""
    folder = fill(tmp_path / "sample [1]*", ["s1.tif", "s2.tif"])
    assert len(read_images(folder).images) == 2


def test_a_folder_with_one_stack_is_that_stack(tmp_path: Path) -> None:
    """Fiji users keep a stack in a folder of its own."""
    tifffile.imwrite(tmp_path / "stack.tif", np.arange(120, dtype=np.uint8).reshape(6, 4, 5))
    assert read_images(tmp_path).images.shape == (6, 4, 5)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "'.*nowhere' does not exist"),
        ("nothing*.tif", "no file matches the pattern '.*nothing"),
        ("notes.txt", r"'.*notes\.txt' is of no kind that is read: .*\.tif.*\.nrrd"),
        ([], "the list of images is empty"),
        (["a.tif", "gone.tif"], r"'.*gone\.tif' of the list of images does not exist"),
        (["a.tif", "b.tif", "a.tif"], r"'.*a\.tif' stands in the list of images more than once"),
        (["a.tif", "p.png"], r"mixes kinds of files: 'p\.png' is another one than 'a\.tif'"),
        (["a.tif", "notes.txt"], r"'.*notes\.txt' is of no kind"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, source: str | list[str], message: str) -> None:
    """A source that is missing, empty or of no known kind gives one sentence with its name."""
    fill(tmp_path, ["a.tif", "b.tif"])
    for name in ("notes.txt", "p.png"):
        (tmp_path / name).write_bytes(b"")
    inside = tmp_path / source if isinstance(source, str) else [tmp_path / s for s in source]
    with pytest.raises(InputError, match=message):
        read_images(inside)


def test_one_file_of_many_holds_one_image(tmp_path: Path) -> None:
    """Parts of a stack in several files have no order that a reader may guess."""
    fill(tmp_path, ["s1.tif", "s2.tif"])
    tifffile.imwrite(tmp_path / "s3.tif", np.zeros((2, 4, 5), dtype=np.uint8))
    with pytest.raises(InputError, match=r"s3\.tif' holds 2 images, but as one of 3 files"):
        read_images(tmp_path)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 6), np.uint8), r"s3\.tif' has 4 x 6 pixels, but 's1\.tif' has 4 x 5"),
        (np.zeros((4, 5), np.uint16), r"s3\.tif' has values of type uint16, but .* has uint8"),
        (np.zeros((4, 5, 3), np.uint8) + np.arange(3, dtype=np.uint8), r"s3\.tif is in colours"),
    ],
)
def test_the_first_odd_file_is_named(tmp_path: Path, image: np.ndarray, message: str) -> None:
    """Slices of several sizes, types or colours are no stack."""
    fill(tmp_path, ["s1.tif", "s2.tif", "s4.tif"])
    tifffile.imwrite(
        tmp_path / "s3.tif", image, photometric="rgb" if image.ndim == 3 else "minisblack"
    )
    with pytest.raises(InputError, match=message):
        read_images(tmp_path)


@pytest.mark.parametrize("content", [b"", b"II*\0", b"no image"])
def test_a_file_without_an_image_is_named(tmp_path: Path, content: bytes) -> None:
    """An empty file among slices is not skipped."""
    fill(tmp_path, ["s1.tif", "s2.tif", "s4.tif"])
    (tmp_path / "s3.tif").write_bytes(content)
    with pytest.raises(InputError, match=r"s3\.tif"):
        read_images(tmp_path)


def test_slices_of_two_magnifications_are_refused(tmp_path: Path) -> None:
    """A change of pixel size in mid-stack is no stack of one size."""
    for i, size in enumerate((2.5, 2.5, 5.0)):
        tifffile.imwrite(
            tmp_path / f"s{i}.tif",
            np.zeros((4, 5), np.uint8) + np.uint8(i + 1),
            imagej=True,
            resolution=(1 / size, 1 / size),
            metadata={"unit": "nm"},
        )
    with pytest.raises(
        InputError, match=r"s2\.tif' has a pixel size of 5 nm, but 's0\.tif' .* 2\.5"
    ):
        read_images(tmp_path)


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of permission is told in the system's words."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=f"'{tmp_path}' cannot be read: Permission denied"):
        read_images(tmp_path)
