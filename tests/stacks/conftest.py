"""Small stacks on disk."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fibgap.stacks import judging

#: Depths of the slices in nm, uneven, in multiples of a voxel of 2.5 nm.
DEPTHS = np.array([0.0, 5.0, 15.0, 17.5, 30.0, 37.5, 42.5, 55.0, 62.5, 75.0, 80.0, 90.0])
VOXEL = 2.5


@pytest.fixture(autouse=True)
def _classical(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare no networks, which takes time, but where a test names one."""
    monkeypatch.setattr(judging, "shipped_networks", list)


@pytest.fixture(scope="session")
def truth() -> NDArray[np.bool_]:
    """Return a volume of 37 layers, half of it solid, coarse in comparison with its slices."""
    rng = np.random.default_rng(0)
    return gaussian_filter(rng.normal(size=(37, 24, 28)), 2.5, mode="wrap") > 0


@pytest.fixture(scope="session")
def solid(truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the slices at `DEPTHS`."""
    return truth[(DEPTHS / VOXEL).astype(int)]


def write_folder(folder: Path, images: NDArray[np.uint8], pixel_nm: float | None = VOXEL) -> Path:
    """Write images as a folder of single TIFFs whose numbers are not padded."""
    folder.mkdir()
    for index, image in enumerate(images):
        if pixel_nm is None:
            tifffile.imwrite(folder / f"s{index}.tif", image)
        else:
            tifffile.imwrite(
                folder / f"s{index}.tif",
                image,
                imagej=True,
                resolution=(1 / pixel_nm, 1 / pixel_nm),
                metadata={"axes": "YX", "unit": "nm"},
            )
    return folder


def write_table(path: Path, depths: NDArray[np.float64] = DEPTHS, title: str = "depth_nm") -> Path:
    """Write a table of depths."""
    path.write_text("\n".join([title, *(f"{depth:.4f}" for depth in depths)]) + "\n")
    return path


@pytest.fixture
def folder(tmp_path: Path, solid: NDArray[np.bool_]) -> Path:
    """Return a folder of images of 0 and 255 with their pixel size."""
    return write_folder(tmp_path / "slices", solid.astype(np.uint8) * np.uint8(255))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table of the depths."""
    return write_table(tmp_path / "depths.csv")
