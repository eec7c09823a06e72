"""Volumes open in other programs: their libraries read the same voxels, sizes and units."""

import json
import math
import os
import zlib
from pathlib import Path
from typing import Any

import h5py
import imageio.v3
import nrrd
import numpy as np
import pytest
import tifffile
import zarr
from numpy.typing import NDArray
from PIL import Image
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOImage import vtkMetaImageReader, vtkNrrdReader

from fibgap.errors import InputError
from fibgap.io.formats import FORMATS
from fibgap.io.volumes import read_volume, write_volume

Solid = NDArray[np.bool_]
ENDINGS = [".tif", ".ome.tif", ".ome.zarr", ".h5", ".nrrd", ".mha"]
VOXEL = (10.0, 3.0, 2.5)


def volume(shape: tuple[int, ...] = (5, 6, 7)) -> Solid:
    """Return a random binary volume."""
    return np.random.default_rng(0).random(shape) < 0.4


def as_written(solid: Solid) -> NDArray[np.uint8]:
    """Return 0 and 255."""
    return solid * np.uint8(255)


def test_every_format_that_writes_is_tested() -> None:
    """A new format is to be opened here by another library, too."""
    modules = {form.module for form in FORMATS if form.writes}
    assert modules == {"tiff", "ome_zarr", "hdf5", "nrrd_file", "metaimage"}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5])
def test_a_volume_comes_back(tmp_path: Path, ending: str, layers: int) -> None:
    """Voxels and sizes, of any number of layers; three are no colours."""
    solid = volume((layers, 6, 7))
    (path,) = write_volume(tmp_path / f"v{ending}", solid, VOXEL)
    assert path == tmp_path / f"v{ending}"
    back = read_volume(path)
    np.testing.assert_array_equal(back.solid, solid)
    assert back.voxel_nm == pytest.approx(VOXEL)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("high", [1, 255])
def test_binary_data_are_0_and_255(tmp_path: Path, ending: str, dtype: Any, high: int) -> None:
    """Whatever two values come in."""
    solid = volume()
    (path,) = write_volume(tmp_path / f"v{ending}", (solid * high).astype(dtype), 2.5)
    np.testing.assert_array_equal(plain(path), as_written(solid))


def plain(path: Path) -> NDArray[Any]:
    """Return the values of a file as the format's usual library reads them."""
    if path.name.endswith(".tif"):
        return np.asarray(tifffile.imread(path))
    if path.suffix == ".zarr":
        return np.asarray(zarr.open_array(str(path / "0"), mode="r")[...])
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return np.asarray(file["volume"][...])
    if path.suffix == ".nrrd":
        return np.asarray(nrrd.read(str(path), index_order="C")[0])
    return np.asarray(by_vtk(path)[0])


def by_vtk(path: Path) -> tuple[NDArray[Any], tuple[float, ...]]:
    """Return values and spacing (z, y, x) as ParaView's library reads them."""
    reader = vtkMetaImageReader() if path.suffix == ".mha" else vtkNrrdReader()
    reader.SetFileName(str(path))
    reader.Update()
    image = reader.GetOutput()
    values = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    return values, image.GetSpacing()[::-1]


# -- by other libraries -------------------------------------------------------------------------


def test_imagej_tiff_by_pillow_and_imageio(tmp_path: Path) -> None:
    """Fiji takes unit and spacing from the description, x and y from the resolution."""
    solid = volume()
    write_volume(tmp_path / "v.tif", solid, VOXEL)
    with Image.open(tmp_path / "v.tif") as image:
        assert image.n_frames == 5
        for z in range(5):
            image.seek(z)
            np.testing.assert_array_equal(np.asarray(image), as_written(solid)[z])
        image.seek(0)
        lines = dict(line.split("=", 1) for line in image.tag_v2[270].splitlines() if "=" in line)
        assert lines["unit"] == "nm"
        assert float(lines["spacing"]) == 10
        assert lines["slices"] == "5"
        assert (float(image.tag_v2[282]), float(image.tag_v2[283])) == pytest.approx(
            (1 / 2.5, 1 / 3)
        )
    np.testing.assert_array_equal(imageio.v3.imread(tmp_path / "v.tif"), as_written(solid))


def test_ome_tiff_by_pillow_and_imageio(tmp_path: Path) -> None:
    """Bio-Formats takes sizes and units from the XML."""
    solid = volume()
    write_volume(tmp_path / "v.ome.tif", solid, VOXEL)
    np.testing.assert_array_equal(imageio.v3.imread(tmp_path / "v.ome.tif"), as_written(solid))
    with Image.open(tmp_path / "v.ome.tif") as image:
        xml = image.tag_v2[270]
    for axis, size in zip("XYZ", VOXEL[::-1], strict=True):
        assert f'PhysicalSize{axis}="{size}"' in xml
        assert f'PhysicalSize{axis}Unit="nm"' in xml
    assert 'SizeZ="5"' in xml


def test_ome_zarr_by_json_and_zlib(tmp_path: Path) -> None:
    """napari reads multiscale metadata; blocks are plain zlib, found by their path."""
    solid = volume((130, 6, 140))
    write_volume(tmp_path / "v.ome.zarr", solid, VOXEL)
    root = tmp_path / "v.ome.zarr"
    assert json.loads((root / ".zgroup").read_text()) == {"zarr_format": 2}
    (image,) = json.loads((root / ".zattrs").read_text())["multiscales"]
    assert image["version"] == "0.4"
    assert [axis["name"] for axis in image["axes"]] == ["z", "y", "x"]
    assert {axis["unit"] for axis in image["axes"]} == {"nanometer"}
    scales = [level["coordinateTransformations"][0]["scale"] for level in image["datasets"]]
    assert scales == [[10, 3, 2.5], [20, 6, 5]]
    meta = json.loads((root / "0/.zarray").read_text())
    assert meta["shape"] == [130, 6, 140]
    result = np.zeros((256, 6, 256), np.uint8)
    for z in range(2):
        for x in range(2):
            data = zlib.decompress((root / f"0/{z}/0/{x}").read_bytes())
            block = np.frombuffer(data, np.uint8).reshape(meta["chunks"])
            result[128 * z : 128 * z + 128, :, 128 * x : 128 * x + 128] = block
    np.testing.assert_array_equal(result[:130, :, :140], as_written(solid))


def test_nrrd_and_metaimage_by_paraview(tmp_path: Path) -> None:
    """ParaView's readers give the voxels and the spacing in nm."""
    solid = volume((5, 6, 20))  # an x axis of under ten voxels is a vector to one of them
    for ending in (".nrrd", ".mha"):
        write_volume(tmp_path / f"v{ending}", solid, VOXEL)
        values, spacing = by_vtk(tmp_path / f"v{ending}")
        np.testing.assert_array_equal(values, as_written(solid))
        assert spacing == pytest.approx(VOXEL)


def test_hdf5_has_sizes_for_fiji_and_ilastik(tmp_path: Path) -> None:
    """The attribute that their plugins read is in µm, z first."""
    write_volume(tmp_path / "v.h5", volume(), VOXEL)
    with h5py.File(tmp_path / "v.h5") as file:
        assert file["volume"].attrs["element_size_um"] == pytest.approx((0.01, 0.003, 0.0025))
        assert file["volume"].attrs["voxel_nm"] == pytest.approx(VOXEL)


# -- coarser levels -----------------------------------------------------------------------------


def test_levels_of_ome_zarr_stay_binary(tmp_path: Path) -> None:
    """A coarse voxel is what most of its eight are, a tie solid; nothing is lost at odd ends."""
    solid = volume((3, 5, 300))
    write_volume(tmp_path / "v.ome.zarr", solid, 2.5)
    group = zarr.open_group(str(tmp_path / "v.ome.zarr"), mode="r")
    fine, coarse = (np.asarray(group[level][...]) for level in ("0", "1"))  # type: ignore[index]
    assert coarse.shape == (2, 3, 150)
    assert set(np.unique(coarse)) <= {0, 255}
    padded = np.pad(fine, [(0, 1), (0, 1), (0, 0)], mode="edge")
    for z in range(2):
        for y in range(3):
            for x in range(0, 150, 7):
                eight = padded[2 * z : 2 * z + 2, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
                assert coarse[z, y, x] == (255 if (eight > 0).sum() >= 4 else 0)
    assert "2" in group
    assert "3" not in group  # 75 voxels fit into one block


# -- further volumes ----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_masks_and_confidences(tmp_path: Path, ending: str) -> None:
    """In the same file where it can hold them, beside it elsewhere; floats stay floats."""
    solid = volume()
    filled = np.zeros(solid.shape, dtype=bool)
    filled[1::2] = True
    sure = np.random.default_rng(1).random(solid.shape)
    level = (sure * 200).astype(np.uint8)
    extra = {"filled": filled, "confidence": sure, "level": level}
    paths = write_volume(tmp_path / f"v{ending}", solid, VOXEL, extra=extra)
    if ending in (".h5", ".ome.zarr"):
        assert paths == (tmp_path / f"v{ending}",)
        names = {name: name for name in extra}
        if ending == ".ome.zarr":
            names = {name: f"{name}/0" for name in extra}
        back = {}
        for name, key in names.items():
            if ending == ".h5":
                with h5py.File(paths[0]) as file:
                    back[name] = file[key][...]
            else:
                back[name] = np.asarray(zarr.open_array(str(paths[0] / key), mode="r")[...])
    else:
        names = {name: f"v_{name}{ending}" for name in extra}
        assert [path.name for path in paths] == [f"v{ending}", *names.values()]
        back = {name: plain(tmp_path / file) for name, file in names.items()}
    np.testing.assert_array_equal(back["filled"], as_written(filled))
    np.testing.assert_array_equal(back["level"], level)
    np.testing.assert_allclose(back["confidence"], sure.astype(np.float32), rtol=0)
    np.testing.assert_array_equal(read_volume(paths[0]).solid, solid)


def test_a_volume_of_a_file_is_read_by_layers(tmp_path: Path) -> None:
    """A volume larger than memory lies in a file, of which some layers are read at a time."""
    solid = volume((40, 6, 7))
    with h5py.File(tmp_path / "big.h5", "w") as file:
        file["v"] = solid
        for ending in ENDINGS:
            (path,) = write_volume(tmp_path / f"v{ending}", file["v"], 2.5)
            np.testing.assert_array_equal(read_volume(path).solid, solid)


# -- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "voxel", "extra", "message"),
    [
        ("v.raw", volume(), 2.5, {}, r"'.*v\.raw' cannot be written .*\.ome\.zarr.*\.tif.*\.nrrd"),
        ("v.png", volume(), 2.5, {}, r"v\.png' cannot be written as its name ends"),
        ("v", volume(), 2.5, {}, "cannot be written as its name ends"),
        ("v.tif", volume() * 7, 2.5, {}, "layer 0 holds the value 7: segment it first"),
        ("v.tif", volume()[0], 2.5, {}, r"three axes, but shape \(6, 7\)"),
        ("v.tif", volume()[:0], 2.5, {}, r"three axes, but shape \(0, 6, 7\)"),
        ("v.tif", volume(), 0, {}, "one or three positive lengths, but is 0"),
        ("v.tif", volume(), (2.5, 2.5), {}, "one or three positive lengths"),
        ("v.tif", volume(), math.nan, {}, "one or three positive lengths"),
        ("v.h5", volume(), 2.5, {"a": volume()[:2]}, r"'a' has shape \(2, 6, 7\), but the volume"),
        ("v.h5", volume(), 2.5, {"a/b": volume()}, "'a/b' cannot be the name of a volume"),
        ("v.h5", volume(), 2.5, {"volume": volume()}, "'volume' cannot be the name"),
        ("v.h5", volume(), 2.5, {"a": volume().astype(int)}, "bool, uint8 or float, but was int64"),
    ],
)
def test_what_cannot_be_written(
    tmp_path: Path, name: str, values: Any, voxel: Any, extra: Any, message: str
) -> None:
    """An ending, a volume or a size that makes no sense leaves nothing behind."""
    with pytest.raises(InputError, match=message):
        write_volume(tmp_path / name, values, voxel, extra=extra)
    assert os.listdir(tmp_path) == []


class Failing:
    """A volume that breaks off in mid-way."""

    shape, dtype = (300, 6, 7), np.dtype(bool)

    def __getitem__(self, key: slice) -> Solid:
        if (key.stop or 0) > 150:
            raise KeyboardInterrupt
        return volume((key.stop - key.start, 6, 7))


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_breaks_off_leaves_what_was_there(tmp_path: Path, ending: str) -> None:
    """Ctrl-C in mid-way: the old file is whole, and nothing half-written lies beside it."""
    solid = volume()
    (path,) = write_volume(tmp_path / f"v{ending}", solid, 2.5)
    with pytest.raises(KeyboardInterrupt):
        write_volume(path, Failing(), 2.5)
    assert os.listdir(tmp_path) == [path.name]
    np.testing.assert_array_equal(read_volume(path).solid, solid)
    (again,) = write_volume(path, ~solid, 2.5)
    np.testing.assert_array_equal(read_volume(again).solid, ~solid)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_place_that_cannot_be_written(tmp_path: Path, ending: str) -> None:
    """A file where a folder should be."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match=r"file/v.* cannot be written"):
        write_volume(tmp_path / f"file/v{ending}", volume(), 2.5)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_cannot_be_moved_into_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old folder comes back when the new one cannot take its place."""
    solid = volume()
    (path,) = write_volume(tmp_path / "v.ome.zarr", solid, 2.5)
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        if str(source).endswith(".tmp"):
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match=r"v\.ome\.zarr cannot be written: Permission denied"):
        write_volume(path, ~solid, 2.5)
    assert os.listdir(tmp_path) == [path.name]
    np.testing.assert_array_equal(read_volume(path).solid, solid)


def test_what_a_killed_process_left(tmp_path: Path) -> None:
    """Half a folder of a dead process goes; a whole one that it had moved away comes back."""
    solid = volume()
    dead = 2**22 + 1  # above the highest number that Linux gives a process
    (path,) = write_volume(tmp_path / "v.ome.zarr", solid, 2.5)
    path.rename(tmp_path / f".v.ome.zarr.{dead}.old")
    (tmp_path / f".v.ome.zarr.{dead}.tmp").mkdir()
    with pytest.raises(KeyboardInterrupt):
        write_volume(path, Failing(), 2.5)
    assert os.listdir(tmp_path) == [path.name]
    np.testing.assert_array_equal(read_volume(path).solid, solid)


def test_a_folder_of_the_user_is_not_replaced(tmp_path: Path) -> None:
    """A name that is taken by something else stays as it is."""
    (tmp_path / "v.ome.zarr").mkdir()
    (tmp_path / "v.ome.zarr/notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is there already and no Zarr folder"):
        write_volume(tmp_path / "v.ome.zarr", volume(), 2.5)
    assert (tmp_path / "v.ome.zarr/notes.txt").read_text() == "mine"


def test_a_volume_of_grey_values_is_refused(tmp_path: Path) -> None:
    """A volume has two phases; a mask may have one."""
    values = np.random.default_rng(0).integers(0, 9, (5, 6, 7), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "v.tif", values, photometric="minisblack")
    with pytest.raises(InputError, match="holds 9 grey values"):
        read_volume(tmp_path / "v.tif")
    (path,) = write_volume(tmp_path / "one.tif", np.zeros((3, 4, 5), bool), 2.5)
    assert not read_volume(path).solid.any()
