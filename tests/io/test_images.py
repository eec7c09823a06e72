"""A stack says what was taken from its file, and fits what the user knows of it."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.images import ImageStack, open_images, read_images

Grey = NDArray[np.uint8]


def save(path: Path, images: Any, pixel_nm: float | None = None) -> Path:
    """Write a stack, with its pixel size if it has one."""
    size: dict[str, Any] = {}
    if pixel_nm is not None:
        size = {
            "resolution": (1 / pixel_nm, 1 / pixel_nm),
            "metadata": {"unit": "nm", "axes": "ZYX"},
        }
    tifffile.imwrite(path, images, imagej=pixel_nm is not None, photometric="minisblack", **size)
    return path


@pytest.mark.parametrize("given", [2.5, (2.5, 2.5), 2.5004])
def test_a_size_that_agrees(tmp_path: Path, grey: Grey, given: Any) -> None:
    """File and person agree to the rounding of files, and the person's number is taken."""
    stack = read_images(save(tmp_path / "s.tif", grey, 2.5), pixel_nm=given)
    assert stack.pixel_nm == (given if isinstance(given, tuple) else (given, given))


@pytest.mark.parametrize("given", [5, 2.51, (2.5, 3.17), 0.0025])
def test_a_size_that_differs_is_refused(tmp_path: Path, grey: Grey, given: Any) -> None:
    """Two sizes for one pixel are an error, unless the user insists."""
    path = save(tmp_path / "s.tif", grey, 2.5)
    with pytest.raises(InputError, match=r"s\.tif' has pixels of 2\.5 nm by its own words, but"):
        read_images(path, pixel_nm=given)
    with pytest.warns(FibgapWarning, match=r"the file's pixel size, 2\.5 nm, was not used"):
        stack = read_images(path, pixel_nm=given, trust_given=True)
    assert stack.pixel_nm == (given if isinstance(given, tuple) else (given, given))


def test_a_size_that_the_file_has_not(tmp_path: Path, grey: Grey) -> None:
    """A given size fills the gap; without one it stays open."""
    path = save(tmp_path / "s.tif", grey)
    assert read_images(path).pixel_nm is None
    assert read_images(path, pixel_nm=4).pixel_nm == (4, 4)


@pytest.mark.parametrize("given", [0, -1, float("nan"), float("inf"), (1, 2, 3)])
def test_an_impossible_size(tmp_path: Path, grey: Grey, given: Any) -> None:
    """A pixel has a length, or two."""
    with pytest.raises(InputError, match="pixel_nm must be one or two positive lengths"):
        read_images(save(tmp_path / "s.tif", grey), pixel_nm=given)


@pytest.mark.parametrize("count", [1, 2])
def test_one_slice_is_no_stack(tmp_path: Path, grey: Grey, count: int) -> None:
    """A gap lies between two slices."""
    path = save(tmp_path / "s.tif", grey[:count])
    if count == 2:
        assert len(read_images(path).images) == 2
        return
    with pytest.raises(InputError, match=r"s\.tif' holds 1 image, but a stack needs at least 2"):
        read_images(path)
    assert read_images(path, least=1).images.shape == (1, 20, 24)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_numbers_are_refused(tmp_path: Path, grey: Grey, dtype: Any) -> None:
    """A Fourier transform is no image."""
    with pytest.raises(InputError, match=r"s\.tif' holds complex numbers"):
        read_images(save(tmp_path / "s.tif", grey.astype(dtype)))


def test_what_is_no_number_is_invalid(tmp_path: Path, grey: Grey) -> None:
    """NaN and infinity mark pixels that were never seen."""
    values = grey.astype(np.float32)
    values[1, :4] = np.nan
    values[3, 0, 0] = np.inf
    stack = read_images(save(tmp_path / "s.tif", values))
    assert stack.valid is not None
    np.testing.assert_array_equal(stack.valid, np.isfinite(values))
    assert stack.notes == (
        "2 of 6 slices: pixels that are no number (NaN or infinite) count as invalid",
    )


def test_a_mask_image(tmp_path: Path, grey: Grey) -> None:
    """One mask holds for all slices, or each has its own; 0 is invalid."""
    path = save(tmp_path / "s.tif", grey)
    one = np.ones((20, 24), np.uint8)
    one[:, :6] = 0
    tifffile.imwrite(tmp_path / "mask.tif", one)
    stack = read_images(path, mask=tmp_path / "mask.tif")
    assert stack.valid is not None
    np.testing.assert_array_equal(stack.valid, np.broadcast_to(one > 0, grey.shape))
    assert any(note.endswith("mask.tif': 25.0% of the pixels are invalid") for note in stack.notes)
    many = np.broadcast_to(one, grey.shape).copy()
    many[2] = 1
    stack = read_images(path, mask=save(tmp_path / "masks.tif", many))
    assert stack.valid is not None
    np.testing.assert_array_equal(stack.valid, many > 0)


@pytest.mark.parametrize("shape", [(6, 20, 23), (5, 20, 24)])
def test_a_mask_of_another_size(tmp_path: Path, grey: Grey, shape: tuple[int, ...]) -> None:
    """A mask belongs to its stack."""
    mask = save(tmp_path / "mask.tif", np.arange(np.prod(shape), dtype=np.uint16).reshape(shape))
    with pytest.raises(InputError, match=r"mask\.tif' has shape .* but the stack \(6, 20, 24\)"):
        read_images(save(tmp_path / "s.tif", grey), mask=mask)


def test_a_slice_of_one_value_is_a_warning(tmp_path: Path, grey: Grey) -> None:
    """A slice that was never written looks like pore; a stack of one value is told elsewhere."""
    grey[4] = 0
    with pytest.warns(
        FibgapWarning, match=r"1 of 6 slices hold one single value, .* slice 4 \(all 0"
    ):
        stack = read_images(save(tmp_path / "s.tif", grey))
    assert len(stack.warnings) == 1
    assert read_images(save(tmp_path / "s.tif", np.zeros_like(grey))).warnings == ()


def test_progress_is_told(tmp_path: Path, grey: Grey) -> None:
    """Every slice is counted."""
    calls: list[tuple[int, int]] = []
    read_images(save(tmp_path / "s.tif", grey), progress=lambda *args: calls.append(args))
    assert calls == [(i + 1, 6) for i in range(6)]
    calls.clear()
    (tmp_path / "each").mkdir()
    for i, image in enumerate(grey):
        tifffile.imwrite(tmp_path / f"each/s{i}.tif", image)
    read_images(tmp_path / "each", progress=lambda *args: calls.append(args))
    assert calls == [(i + 1, 12) for i in range(12)]  # the header of every file, then its image


def test_notes_are_kept_along_the_way() -> None:
    """A stack that is worked on keeps what was said of it before."""
    stack = ImageStack(np.zeros((2, 3, 4)), notes=("a",)).noting("b", pixel_nm=(1.0, 2.0))
    assert stack.notes == ("a", "b")
    assert stack.pixel_nm == (1, 2)
    with pytest.warns(FibgapWarning, match="^c$"):
        stack = stack.warning("c")
    assert stack.warnings == ("c",)


@pytest.mark.parametrize("source", ["folder", "file"])
def test_reading_needs_the_memory_of_the_stack(tmp_path: Path, source: str) -> None:
    """A stack of 400 slices is in memory once, and one slice besides."""
    slices = np.random.default_rng(0).integers(1, 256, (400, 64, 64), dtype=np.uint8)
    if source == "file":
        save(tmp_path / "s.tif", slices)
    else:
        for i, image in enumerate(slices):
            tifffile.imwrite(tmp_path / f"s{i}.tif", image)
    read_images(tmp_path)  # what is imported and cached once
    tracemalloc.start()
    try:
        images = read_images(tmp_path).images
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(images, slices)
    # 1.6 MB of images; the headers of 400 pages take some 5 kB each, of large slices next to none.
    assert peak < 1.1 * slices.nbytes + 400 * 8_000


def test_a_stack_is_opened_without_being_read(tmp_path: Path, grey: Grey) -> None:
    """Some slices of a large stack can be had alone, in their order."""
    with open_images(save(tmp_path / "s.tif", grey, 2.5)) as pages:
        assert pages.shape == (6, 20, 24)
        assert pages.pixel_nm == (2.5, 2.5)
        images, valid = pages.read(2, 4)
    np.testing.assert_array_equal(images, grey[2:4])
    assert valid is None
