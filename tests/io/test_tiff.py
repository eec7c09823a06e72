"""TIFF stacks keep their voxels and say their voxel size to ImageJ."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from fibgap.errors import InputError
from fibgap.io.tiff import read_tiff, write_tiff


def test_a_volume_comes_back(tmp_path: Path) -> None:
    """What is written as gold is above zero when it is read, voxel by voxel."""
    volume = np.random.default_rng(0).random((5, 6, 7)) < 0.4
    write_tiff(tmp_path / "volume.tif", volume, voxel_nm=2.5)
    assert np.array_equal(read_tiff(tmp_path / "volume.tif") > 0, volume)


def test_imagej_is_told_the_voxel_size(tmp_path: Path) -> None:
    """The pixel size lies in the resolution tags and the layer distance in ImageJ's own."""
    write_tiff(tmp_path / "volume.tif", np.ones((3, 4, 4), dtype=bool), voxel_nm=2.5)
    with tifffile.TiffFile(tmp_path / "volume.tif") as file:
        assert file.imagej_metadata is not None
        assert file.imagej_metadata["spacing"] == 2.5
        assert file.imagej_metadata["unit"] == "nm"
        pixels, nm = file.pages[0].tags["XResolution"].value
        assert pixels / nm == pytest.approx(1 / 2.5, rel=1e-6)


@pytest.mark.parametrize("content", [None, b"", b"no TIFF at all", b"II*\0\xff\xff\xff\xff"])
def test_a_file_that_is_no_stack_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing or damaged gives one sentence with its name."""
    path = tmp_path / "broken.tif"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.tif"):
        read_tiff(path)


def test_a_single_image_is_no_stack(tmp_path: Path) -> None:
    """A stack has three axes."""
    tifffile.imwrite(tmp_path / "image.tif", np.zeros((4, 4), dtype=np.uint8))
    with pytest.raises(InputError, match="holds 1 image, but a stack needs at least 2"):
        read_tiff(tmp_path / "image.tif")
