"""A file that is cut short is refused: what is returned is the whole stack or nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import mrcfile
import nrrd
import numpy as np
import pytest
import tifffile
import zarr
from numpy.typing import NDArray
from PIL import Image

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.images import read_images
from fibgap.io.volumes import write_volume

Grey = NDArray[np.uint8]

# mrcfile and pynrrd ask for the time in a way that newer Pythons warn of, when they write.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def by_tifffile(name: str = "s.tif", **options: Any) -> Callable[[Path, Grey], Path]:
    """Return a writer of a TIFF stack."""

    def write(folder: Path, images: Grey) -> Path:
        if not options.get("imagej"):
            options.setdefault("photometric", "minisblack")
        tifffile.imwrite(folder / name, images, **options)
        return folder / name

    return write


def by_pillow(compression: str) -> Callable[[Path, Grey], Path]:
    """Return a writer of a TIFF stack of 1 bit per pixel."""

    def write(folder: Path, images: Grey) -> Path:
        pages = [Image.fromarray(image > 128) for image in images]
        path = folder / "s.tif"
        pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)
        return path

    return write


def as_mrc(folder: Path, images: Grey) -> Path:
    """Write an MRC stack."""
    with mrcfile.new(folder / "s.mrc") as file:
        file.set_data(images.astype(np.int16))
    return folder / "s.mrc"


def by_nrrd(encoding: str) -> Callable[[Path, Grey], Path]:
    """Return a writer of NRRD."""

    def write(folder: Path, images: Grey) -> Path:
        nrrd.write(str(folder / "s.nrrd"), images, {"encoding": encoding}, index_order="C")
        return folder / "s.nrrd"

    return write


def as_hdf5(**options: Any) -> Callable[[Path, Grey], Path]:
    """Return a writer of HDF5."""

    def write(folder: Path, images: Grey) -> Path:
        with h5py.File(folder / "s.h5", "w") as file:
            file.create_dataset("images", data=images, **options)
        return folder / "s.h5"

    return write


def by_fibgap(ending: str) -> Callable[[Path, Grey], Path]:
    """Return a writer of a volume."""

    def write(folder: Path, images: Grey) -> Path:
        return write_volume(folder / f"s{ending}", images > 128, 2.5)[0]

    return write


WRITERS = {
    "pages": by_tifffile(),
    "big": by_tifffile(bigtiff=True),
    "strips": by_tifffile(rowsperstrip=3),
    "tiles": by_tifffile(tile=(16, 16)),
    "imagej": by_tifffile(imagej=True, metadata={"axes": "ZYX"}),
    "imagej, one page": by_tifffile(imagej=True, metadata={"axes": "ZYX"}, truncate=True),
    "tifffile, one page": by_tifffile(truncate=True),
    "volumetric": by_tifffile(volumetric=True, tile=(2, 16, 16)),
    "ome": by_tifffile("s.ome.tif", ome=True),
    "lzw": by_tifffile(compression="lzw"),
    "lzw tiles": by_tifffile(compression="lzw", predictor=True, tile=(16, 16)),
    "zlib": by_tifffile(compression="zlib"),
    "zstd": by_tifffile(compression="zstd"),
    "packbits": by_tifffile(compression="packbits"),
    "jpeg": by_tifffile(compression="jpeg"),
    "group3": by_pillow("group3"),
    "group4": by_pillow("group4"),
    "mrc": as_mrc,
    "nrrd": by_nrrd("raw"),
    "nrrd gzip": by_nrrd("gzip"),
    "nrrd bzip2": by_nrrd("bzip2"),
    "nrrd text": by_nrrd("ascii"),
    "hdf5": as_hdf5(),
    "hdf5 chunks": as_hdf5(chunks=(1, 20, 24), compression="gzip"),
    "our tif": by_fibgap(".tif"),
    "our ome.tif": by_fibgap(".ome.tif"),
    "our nrrd": by_fibgap(".nrrd"),
    "our mha": by_fibgap(".mha"),
    "our h5": by_fibgap(".h5"),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.filterwarnings("ignore::fibgap.errors.FibgapWarning")
def test_whole_or_refused(tmp_path: Path, grey: Grey, kind: str) -> None:
    """Wherever a file ends too early, the stack comes back whole, or the file is named.

    It can come back whole where nothing but padding was cut.
    """
    path = WRITERS[kind](tmp_path, grey)
    content = path.read_bytes()
    whole = read_images(path).images
    assert whole.shape == grey.shape
    messages = []
    for share in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.999):
        path.write_bytes(content[: int(share * len(content))])
        try:
            np.testing.assert_array_equal(read_images(path).images, whole)
        except InputError as error:
            messages.append(str(error))
    assert all(path.name in message for message in messages)
    assert len(messages) >= 5


@pytest.mark.parametrize("kind", ["lzw", "zlib", "zstd", "jpeg", "group3", "group4", "nrrd gzip"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.filterwarnings("ignore::fibgap.errors.FibgapWarning")
def test_a_copy_that_left_zeros(tmp_path: Path, grey: Grey, kind: str, share: float) -> None:
    """A copy that made room for all and stopped leaves zeros, which no compressed stack ends in."""
    path = WRITERS[kind](tmp_path, grey)
    content = path.read_bytes()
    begin = int(share * len(content))
    path.write_bytes(content[:begin] + bytes(len(content) - begin))
    with pytest.raises(InputError, match=path.name):
        read_images(path)


@pytest.mark.parametrize(
    "kind", ["imagej, one page", "tifffile, one page", "mrc", "nrrd", "our mha"]
)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_zeros_in_plain_data_are_told(tmp_path: Path, grey: Grey, kind: str, share: float) -> None:
    """Plain data that end in zeros may be black: it is a warning."""
    path = WRITERS[kind](tmp_path, grey)
    content = path.read_bytes()
    begin = int(share * len(content))
    path.write_bytes(content[:begin] + bytes(len(content) - begin))
    with pytest.warns(FibgapWarning, match="written to the end"):
        read_images(path)


def test_announced_images_that_are_not_there(tmp_path: Path, grey: Grey) -> None:
    """ImageJ's description and tifffile's say how many images a file had when it was whole."""
    for text, told in (("ImageJ=1.54f\nimages=9\nslices=9\n", 9), ('{"shape": [8, 20, 24]}', 8)):
        with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
            for i, image in enumerate(grey):
                writer.write(
                    image, description=text if i == 0 else None, metadata=None, contiguous=False
                )
        with pytest.raises(InputError, match=rf"s\.tif is cut short: it announces {told} images"):
            read_images(tmp_path / "s.tif")


def test_a_page_without_data_is_not_black(tmp_path: Path, grey: Grey) -> None:
    """A sparse page has no data; libraries fill it with zeros."""
    tifffile.imwrite(tmp_path / "s.tif", grey, metadata=None, photometric="minisblack")
    with tifffile.TiffFile(tmp_path / "s.tif", mode="r+") as file:
        page = file.pages[3]
        page.tags["StripByteCounts"].overwrite(0)
    with pytest.raises(InputError, match=r"page 3 of .*s\.tif holds no data in a part"):
        read_images(tmp_path / "s.tif")


def test_hdf5_that_was_never_written_to_the_end(tmp_path: Path, grey: Grey) -> None:
    """HDF5 makes zeros of blocks that were never written."""
    path = tmp_path / "s.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", grey.shape, grey.dtype, chunks=(1, 20, 24))[:4] = grey[:4]
    with pytest.raises(
        InputError, match=r"'/a' of .*s\.h5 was never written .*: 2 of its 6 blocks"
    ):
        read_images(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("a", grey.shape, grey.dtype)
    with pytest.raises(InputError, match=r"'/a' of .* was never written to the end"):
        read_images(path)


def test_hdf5_whose_data_lie_elsewhere(tmp_path: Path, grey: Grey) -> None:
    """HDF5 makes zeros of a virtual array whose files are missing."""
    layout = h5py.VirtualLayout(shape=grey.shape, dtype=grey.dtype)
    layout[:] = h5py.VirtualSource(tmp_path / "gone.h5", "a", shape=grey.shape)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.create_virtual_dataset("a", layout)
    with pytest.raises(InputError, match=r"'/a' of .* lies in other files"):
        read_images(tmp_path / "s.h5")


@pytest.mark.parametrize("version", [2, 3])
def test_zarr_blocks_that_are_not_there(tmp_path: Path, grey: Grey, version: int) -> None:
    """Zarr leaves out blocks of zeros on purpose, so that a missing one is told, not refused."""
    path = tmp_path / "s.zarr"
    array = zarr.create_array(
        str(path), shape=grey.shape, chunks=(1, 20, 24), dtype="uint8", zarr_format=version
    )
    with pytest.raises(InputError, match=r"s\.zarr holds no data"):
        read_images(path)
    array[:4] = grey[:4]
    with pytest.warns(FibgapWarning) as told:
        stack = read_images(path)
    assert "2 of 6 blocks of s.zarr are not there" in stack.warnings[0]
    assert len(told) == len(stack.warnings) == 2  # and the empty slices themselves


def test_a_zarr_block_that_is_damaged(tmp_path: Path, grey: Grey) -> None:
    """A block that cannot be unpacked is named by its slices."""
    (path,) = write_volume(tmp_path / "s.ome.zarr", grey > 128, 2.5)
    block = path / "0/0/0/0"
    block.write_bytes(block.read_bytes()[:20])
    with pytest.raises(InputError, match=r"s\.ome\.zarr in slices 0 to 5 is damaged"):
        read_images(path)
