"""PNG, JPEG, BMP, MRC, NRRD, MetaImage, HDF5 and Zarr: images, sizes, and what is refused."""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import h5py
import imagecodecs
import mrcfile
import nrrd
import numpy as np
import pytest
import zarr
from numpy.typing import NDArray
from PIL import Image

from fibgap.errors import InputError
from fibgap.io.images import read_images

Grey = NDArray[np.uint8]

# mrcfile and pynrrd ask for the time in a way that newer Pythons warn of, when they write.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def save_each(folder: Path, images: Any, ending: str, **options: Any) -> Path:
    """Write images one by one by Pillow."""
    for i, image in enumerate(images):
        picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
        picture.save(folder / f"s{i}{ending}", **options)
    return folder


# -- NumPy ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.bool_])
def test_an_array_of_numpy(tmp_path: Path, grey: Grey, dtype: Any) -> None:
    """Values come as they are; no pixel size is known."""
    np.save(tmp_path / "a.npy", grey.astype(dtype))
    stack = read_images(tmp_path / "a.npy")
    np.testing.assert_array_equal(stack.images, grey.astype(dtype))
    assert stack.pixel_nm is None


def test_an_array_of_numpy_that_is_none(tmp_path: Path, grey: Grey) -> None:
    """A file cut short, a pickled object, an archive, and numbers that are no grey values."""
    np.save(tmp_path / "cut.npy", grey)
    whole = (tmp_path / "cut.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[: len(whole) // 2])
    np.save(tmp_path / "objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "several.npz", grey, grey)
    (tmp_path / "several.npz").rename(tmp_path / "several.npy")
    np.save(tmp_path / "complex.npy", grey * 1j)
    np.save(tmp_path / "line.npy", grey.ravel())
    expected = {
        "cut": "cut.npy is damaged, cut short",
        "objects": "objects.npy is damaged, .*Python objects",
        "several": "several.npy holds no single array",
        "complex": "complex.npy holds no single array of numbers",
        "line": "line.npy has one axis",
    }
    for name, message in expected.items():
        with pytest.raises(InputError, match=message):
            read_images(tmp_path / f"{name}.npy")


# -- PNG, JPEG, BMP -----------------------------------------------------------------------------


def test_png_of_8_and_16_bits(tmp_path: Path, grey: Grey) -> None:
    """Values come as they are, with the pixel size in pixels per metre."""
    save_each(tmp_path, grey, ".png")
    np.testing.assert_array_equal(read_images(tmp_path).images, grey)
    save_each(tmp_path, grey.astype(np.uint16) * 257, ".png", dpi=(25.4e6 / 2.5,) * 2)
    stack = read_images(tmp_path)
    np.testing.assert_array_equal(stack.images, grey.astype(np.uint16) * 257)
    assert stack.pixel_nm == (2.5, 2.5)


def test_png_of_a_screen_has_no_pixel_size(tmp_path: Path, grey: Grey) -> None:
    """72 dots per inch are not a pixel size."""
    stack = read_images(save_each(tmp_path, grey, ".png", dpi=(72, 72)))
    assert stack.pixel_nm is None
    assert "72" in stack.notes[0]


def test_png_of_one_bit_and_of_greys_in_a_palette(tmp_path: Path, grey: Grey) -> None:
    """Two values are 0 and 255; a palette of greys is looked up."""
    save_each(tmp_path, grey > 128, ".png")
    np.testing.assert_array_equal(read_images(tmp_path).images, (grey > 128) * np.uint8(255))
    pictures = [Image.fromarray(255 - image) for image in grey]
    for picture in pictures:
        picture.putpalette([v for i in range(255, -1, -1) for v in (i, i, i)])
    save_each(tmp_path, pictures, ".png")
    np.testing.assert_array_equal(read_images(tmp_path).images, grey)


@pytest.mark.parametrize("depth", [8, 16])
def test_png_in_colours_that_are_greys(tmp_path: Path, grey: Grey, depth: int) -> None:
    """Grey as red, green and blue is grey, 16 bits included; a tinge of colour is refused."""
    values = grey.astype(f"u{depth // 8}") * (257 if depth == 16 else 1)
    for i, image in enumerate(values):
        (tmp_path / f"s{i}.png").write_bytes(imagecodecs.png_encode(np.stack([image] * 3, -1)))
    np.testing.assert_array_equal(read_images(tmp_path).images, values)
    tinge = np.stack([values[3]] * 3, -1)
    tinge[2, 5, 0] ^= 1
    (tmp_path / "s3.png").write_bytes(imagecodecs.png_encode(tinge))
    with pytest.raises(InputError, match=r"s3\.png is in colours .* by up to 1\)"):
        read_images(tmp_path)


def test_png_with_alpha(tmp_path: Path, grey: Grey) -> None:
    """What is transparent is invalid."""
    alpha = np.full_like(grey, 255)
    alpha[2, :3] = 0
    pictures = [
        Image.merge("LA", [Image.fromarray(g), Image.fromarray(a)])
        for g, a in zip(grey, alpha, strict=True)
    ]
    stack = read_images(save_each(tmp_path, pictures, ".png"))
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.valid is not None
    np.testing.assert_array_equal(stack.valid, alpha > 0)


def test_bmp_and_jpeg(tmp_path: Path, grey: Grey) -> None:
    """BMP is exact; JPEG differs by a few grey values on average."""
    (tmp_path / "b").mkdir()
    (tmp_path / "j").mkdir()
    np.testing.assert_array_equal(read_images(save_each(tmp_path / "b", grey, ".bmp")).images, grey)
    stack = read_images(save_each(tmp_path / "j", grey, ".jpg", quality=95))
    # A mix-up of slices or rows would differ by about the standard deviation of the values, 50.
    assert np.abs(stack.images.astype(int) - grey).mean() < 5
    coloured = Image.merge("RGB", [Image.fromarray(grey[i]) for i in (0, 1, 2)])
    coloured.save(tmp_path / "j/s2.jpg")
    with pytest.raises(InputError, match=r"s2\.jpg is in colours"):
        read_images(tmp_path / "j")


@pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_pictures_cut_short(tmp_path: Path, grey: Grey, ending: str, share: float) -> None:
    """Decoders fill up with grey what is missing of a picture."""
    save_each(tmp_path, grey, ending)
    path = tmp_path / f"s4{ending}"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=rf"s4\{ending}"):
        read_images(tmp_path)


# -- MRC ----------------------------------------------------------------------------------------


def save_mrc(path: Path, values: Any, **header: Any) -> Path:
    """Write an MRC stack; keywords set fields of its header."""
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(values)
        for name, value in header.items():
            if name == "voxel_size":
                file.voxel_size = value
            else:
                file.header[name] = value
    return path


def test_mrc_has_voxels_in_angstrom(tmp_path: Path, grey: Grey) -> None:
    """25 Å are 2.5 nm; x, y and z each have their size."""
    path = save_mrc(tmp_path / "s.mrc", grey.astype(np.int16) - 100, voxel_size=(25.0, 30.0, 100.0))
    stack = read_images(path)
    np.testing.assert_array_equal(stack.images, grey.astype(np.int16) - 100)
    assert stack.images.dtype == np.int16
    assert stack.pixel_nm == pytest.approx((3, 2.5))
    assert stack.spacing_nm == pytest.approx(10)
    assert read_images(save_mrc(path, grey.astype(np.float32), voxel_size=1)).pixel_nm is None


def test_mrc_bytes_of_imod_are_unsigned(tmp_path: Path, grey: Grey) -> None:
    """Mode 0 is signed by the format, unsigned in IMOD's files of old and by the header's range."""
    path = save_mrc(tmp_path / "s.mrc", grey.view(np.int8), dmax=255)
    stack = read_images(path)
    np.testing.assert_array_equal(stack.images, grey)
    assert "bytes read as 0 to 255" in stack.notes[0]
    signed = read_images(save_mrc(path, (grey // 2).view(np.int8), dmax=127))
    assert signed.images.dtype == np.int8
    np.testing.assert_array_equal(signed.images, grey // 2)
    content = bytearray(path.read_bytes())
    content[152:160] = struct.pack("<ii", 1146047817, 0)  # IMOD's stamp, flag for signed not set
    path.write_bytes(content)
    assert read_images(path).images.dtype == np.uint8


@pytest.mark.parametrize(
    ("values", "header", "message"),
    [
        (np.zeros((3, 4, 5), np.complex64), {}, "complex numbers"),
        (np.zeros((3, 4, 5), np.int16), {"mapc": 3, "maps": 1}, "another order than x, y, z"),
        (np.zeros((2, 3, 4, 5), np.int16), {}, "no single stack of images, but of 4 axes"),
    ],
)
def test_mrc_that_is_no_stack(tmp_path: Path, values: Any, header: Any, message: str) -> None:
    """Transforms, turned volumes and stacks of volumes are refused."""
    path = save_mrc(tmp_path / "s.mrc", values, **header)
    with pytest.raises(InputError, match=rf"s\.mrc.* {message}|{message}"):
        read_images(path)


# -- NRRD and MetaImage -------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
def test_nrrd_encodings(tmp_path: Path, grey: Grey, encoding: str) -> None:
    """The fastest axis is x."""
    path = tmp_path / "s.nrrd"
    nrrd.write(str(path), grey, {"encoding": encoding}, index_order="C")
    np.testing.assert_array_equal(read_images(path).images, grey)


@pytest.mark.parametrize(
    ("header", "pixel", "spacing"),
    [
        ({"spacings": [2.5, 3.0, 10.0], "units": ["nm", "nm", "nm"]}, (3, 2.5), 10),
        (
            {
                "space": "left-posterior-superior",
                "space directions": np.diag([0.0025, 0.003, -0.01]),
                "space units": ["um", "um", "um"],
            },
            (3, 2.5),
            10,
        ),
        ({"spacings": [2.5, 3.0, 10.0]}, None, None),
        ({}, None, None),
    ],
)
def test_nrrd_sizes(tmp_path: Path, grey: Grey, header: Any, pixel: Any, spacing: Any) -> None:
    """Spacings count with their unit alone; an axis that runs backwards is as long as forwards."""
    path = tmp_path / "s.nrrd"
    nrrd.write(str(path), grey, dict(header), index_order="C")
    stack = read_images(path)
    assert stack.pixel_nm == (None if pixel is None else pytest.approx(pixel))
    assert stack.spacing_nm == (None if spacing is None else pytest.approx(spacing))


def test_nrrd_of_colours_or_times_is_refused(tmp_path: Path, grey: Grey) -> None:
    """An axis of values per voxel is no z."""
    path = tmp_path / "s.nrrd"
    values = np.stack([grey] * 3)
    nrrd.write(str(path), values, {"kinds": ["domain"] * 3 + ["time"]}, index_order="C")
    with pytest.raises(InputError, match="its time axis has 3 entries"):
        read_images(path)
    kinds = ["vector", "domain", "domain", "domain"]
    nrrd.write(str(path), np.moveaxis(values, 0, -1).copy(), {"kinds": kinds}, index_order="C")
    with pytest.raises(InputError, match="channel"):
        read_images(path)


def test_nrrd_whose_data_lie_beside_it(tmp_path: Path, grey: Grey) -> None:
    """A detached header without its data names the file."""
    nrrd.write(str(tmp_path / "s.nhdr"), grey, {"encoding": "raw"}, index_order="C")
    np.testing.assert_array_equal(read_images(tmp_path / "s.nhdr").images, grey)
    (tmp_path / "s.raw").unlink()
    with pytest.raises(InputError, match=r"s\.nhdr"):
        read_images(tmp_path / "s.nhdr")


def mha(data: str, extra: str = "", kind: str = "MET_UCHAR") -> str:
    """Return the header of a MetaImage of 6 x 20 x 24 voxels."""
    return (
        f"ObjectType = Image\nNDims = 3\nBinaryData = True\n{extra}DimSize = 24 20 6\n"
        f"ElementType = {kind}\nElementDataFile = {data}\n"
    )


def test_metaimage_of_other_programs(tmp_path: Path, grey: Grey) -> None:
    """Compressed, big-endian, with data beside it: all of them in other programs' files."""
    path = tmp_path / "s.mha"
    compressed = zlib.compress(grey.tobytes())
    path.write_bytes(
        mha("LOCAL", f"CompressedData = True\nCompressedDataSize = {len(compressed)}\n").encode()
        + compressed
    )
    np.testing.assert_array_equal(read_images(path).images, grey)
    values = grey.astype(np.int16) - 100
    path.write_bytes(
        mha(
            "LOCAL", "BinaryDataByteOrderMSB = True\nElementSpacing = 2.5 3 10\n", "MET_SHORT"
        ).encode()
        + values.astype(">i2").tobytes()
    )
    stack = read_images(path)
    np.testing.assert_array_equal(stack.images, values)
    assert stack.pixel_nm is None  # MetaImage has no unit
    header = tmp_path / "s.mhd"
    header.write_text(mha("s.raw", "ElementSpacing = 2.5 3 10\nDistanceUnits = um\n"))
    with pytest.raises(InputError, match=r"s\.mhd needs the file 's\.raw' beside it"):
        read_images(header)
    (tmp_path / "s.raw").write_bytes(grey.tobytes())
    stack = read_images(header)
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.pixel_nm == (3000, 2500)
    assert stack.spacing_nm == 10_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no header\n",
        mha("LOCAL").replace("24 20 6", "24 x 6").encode(),
        mha("LOCAL").replace("DimSize", "Dim").encode(),
        mha("LOCAL", kind="MET_STRING").encode(),
        mha("LOCAL", "ElementNumberOfChannels = 3\n").encode(),
        b"\xff\xfe" * 50,
    ],
)
def test_what_is_no_metaimage(tmp_path: Path, content: bytes) -> None:
    """A header that makes no sense is told by the file's name."""
    (tmp_path / "s.mha").write_bytes(content)
    with pytest.raises(InputError, match=r"s\.mha"):
        read_images(tmp_path / "s.mha")


# -- HDF5 ---------------------------------------------------------------------------------------


def test_hdf5_with_one_stack(tmp_path: Path, grey: Grey) -> None:
    """The only array of three axes is taken, and said; tables beside it do no harm."""
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["entry/data"] = grey
        file["entry/data"].attrs["element_size_um"] = (0.01, 0.003, 0.0025)
        file["entry/depths"] = np.arange(6.0)
    stack = read_images(tmp_path / "s.h5")
    np.testing.assert_array_equal(stack.images, grey)
    assert "the array '/entry/data' was read" in stack.notes
    assert stack.pixel_nm == pytest.approx((3, 2.5))
    assert stack.spacing_nm == pytest.approx(10)


def test_hdf5_with_several_stacks(tmp_path: Path, grey: Grey) -> None:
    """Of several the name decides, and the message lists them."""
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["raw"] = grey
        file["group/labels"] = (grey > 128).astype(np.uint8)
    with pytest.raises(InputError, match=r"2 arrays .*'group/labels' \(6 x 20 x 24\), 'raw' \(6 x"):
        read_images(tmp_path / "s.h5")
    np.testing.assert_array_equal(read_images(tmp_path / "s.h5", dataset="raw").images, grey)
    assert read_images(tmp_path / "s.h5", dataset="/group/labels").images.max() == 1
    with pytest.raises(InputError, match=r"has no array of images 'grey'; it has 'group/labels', "):
        read_images(tmp_path / "s.h5", dataset="grey")


def test_hdf5_without_a_stack(tmp_path: Path) -> None:
    """A file of tables, and one that is none."""
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["depths"] = np.arange(6.0)
    with pytest.raises(InputError, match="holds no array of numbers with three axes"):
        read_images(tmp_path / "s.h5")
    (tmp_path / "s.h5").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"s\.h5 is damaged, cut short or no HDF5 file"):
        read_images(tmp_path / "s.h5")


@pytest.mark.parametrize(
    ("axes", "shape"),
    [("zyx", (6, 20, 24)), ("tzyxc", (1, 6, 20, 24, 1)), ("xyz", None), ("zcyx", (6, 1, 20, 24))],
)
def test_axes_of_ilastik(tmp_path: Path, grey: Grey, axes: str, shape: Any) -> None:
    """Axes of length 1 are dropped, and the others put in order, as the tags name them."""
    values = grey.reshape(shape) if shape else grey.T
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["exported_data"] = values
        file["exported_data"].attrs["axistags"] = json.dumps({"axes": [{"key": k} for k in axes]})
    stack = read_images(tmp_path / "s.h5")
    np.testing.assert_array_equal(stack.images, grey)
    assert any("axes stored as xyz" in note for note in stack.notes) == (axes == "xyz")


@pytest.mark.parametrize(
    ("axes", "shape", "message"),
    [
        ("zyxc", (6, 20, 24, 2), "its channel axis has 2 entries"),
        (None, (2, 6, 20, 24), "2 along first x 6 along z"),
    ],
)
def test_further_axes_in_hdf5(tmp_path: Path, axes: Any, shape: Any, message: str) -> None:
    """Probabilities of two classes are two stacks."""
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["a"] = np.zeros(shape, np.uint8)
        if axes:
            file["a"].attrs["axistags"] = json.dumps({"axes": [{"key": k} for k in axes]})
    with pytest.raises(InputError, match=message):
        read_images(tmp_path / "s.h5")


# -- Zarr ---------------------------------------------------------------------------------------

AXES = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]


def multiscale(version: str, axes: Any = AXES, scale: Any = (0.01, 0.003, 0.0025)) -> Any:
    """Return metadata of an image of two resolutions."""
    levels = [
        {"path": f"s{i}", "coordinateTransformations": [{"type": "scale", "scale": list(scale)}]}
        for i in range(2)
    ]
    return [{"version": version, "axes": axes, "datasets": levels}]


def save_image(path: Path, grey: Any, version: str, **metadata: Any) -> Path:
    """Write an OME-Zarr image of two resolutions."""
    group = zarr.open_group(str(path), mode="w", zarr_format=3 if version == "0.5" else 2)
    for name, values in (("s0", grey), ("s1", grey[..., ::2, ::2])):
        array = group.create_array(
            name, shape=values.shape, dtype=values.dtype, chunks=values.shape
        )
        array[...] = values
    scales = multiscale(version, **metadata)
    group.attrs.update(
        {"ome": {"multiscales": scales}} if version == "0.5" else {"multiscales": scales}
    )
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("name", ["s.ome.zarr", "s.zarr", "folder without ending"])
def test_ome_zarr(tmp_path: Path, grey: Grey, version: str, name: str) -> None:
    """The highest resolution is read, with its voxels in µm."""
    stack = read_images(save_image(tmp_path / name, grey, version))
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.pixel_nm == pytest.approx((3, 2.5))
    assert stack.spacing_nm == pytest.approx(10)
    assert "the highest resolution of 2 was read" in stack.notes


def test_ome_zarr_with_channels(tmp_path: Path, grey: Grey) -> None:
    """Time and channel of length 1 are dropped, longer ones are named."""
    axes = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}, *AXES]
    scale = (1, 1, 0.01, 0.003, 0.0025)
    path = save_image(tmp_path / "a.zarr", grey[None, None], "0.4", axes=axes, scale=scale)
    stack = read_images(path)
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.pixel_nm == pytest.approx((3, 2.5))
    two = np.stack([grey, grey])[None]
    path = save_image(tmp_path / "b.zarr", two, "0.4", axes=axes, scale=scale)
    with pytest.raises(InputError, match="its channel axis has 2 entries"):
        read_images(path)


@pytest.mark.parametrize("version", [2, 3])
def test_plain_zarr(tmp_path: Path, grey: Grey, version: int) -> None:
    """An array of its own, and one of several in a group by its name."""
    array = zarr.create_array(
        str(tmp_path / "a.zarr"),
        shape=grey.shape,
        dtype="u1",
        chunks=(2, 20, 24),
        zarr_format=version,
    )
    array[:] = grey
    np.testing.assert_array_equal(read_images(tmp_path / "a.zarr").images, grey)
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w", zarr_format=version)
    for name in ("raw", "labels"):
        group.create_array(name, shape=grey.shape, dtype="u1", chunks=(6, 20, 24))[:] = grey
    with pytest.raises(InputError, match="it holds 'labels', 'raw': name the one to be read"):
        read_images(tmp_path / "g.zarr")
    np.testing.assert_array_equal(read_images(tmp_path / "g.zarr", dataset="raw").images, grey)
    with pytest.raises(InputError, match="has no array or image 'grey'; it holds 'labels', 'raw'"):
        read_images(tmp_path / "g.zarr", dataset="grey")


@pytest.mark.parametrize("damage", ["empty", "json", "level"])
def test_a_damaged_zarr(tmp_path: Path, grey: Grey, damage: str) -> None:
    """Metadata that are missing or wrong are told by the folder's name."""
    path = save_image(tmp_path / "s.ome.zarr", grey, "0.4")
    if damage == "empty":
        (path / "s0/.zarray").write_text("")
    elif damage == "json":
        (path / ".zattrs").write_text('{"multiscales": [{"datasets": []}]}')
    else:
        (path / ".zattrs").write_text('{"multiscales": [{"datasets": [{"path": "s9"}]}]}')
    with pytest.raises(InputError, match=r"s\.ome\.zarr is damaged or no Zarr folder"):
        read_images(path)
