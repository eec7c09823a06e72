"""TIFF stacks of every kind are read as a person sees them, with the sizes that they carry."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from fibgap.errors import FibgapWarning, InputError
from fibgap.io.images import read_images

Grey = NDArray[np.uint8]
Solid = NDArray[np.bool_]


def save_pillow(path: Path, images: NDArray[Any], **options: Any) -> None:
    """Write pages by Pillow, that is by libtiff."""
    pages = [Image.fromarray(image) for image in images]
    pages[0].save(path, save_all=True, append_images=pages[1:], **options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"imagej": True, "metadata": {"axes": "ZYX"}},
        {"imagej": True, "metadata": {"axes": "ZYX"}, "truncate": True},
        {"imagej": True, "metadata": {"axes": "TYX"}},
        {"imagej": True, "metadata": {"axes": "CYX"}},
        {"ome": True},
        {"truncate": True},
        {"metadata": None},
        {"tile": (16, 16)},
        {"tile": (16, 16), "compression": "lzw", "predictor": True},
        {"volumetric": True, "tile": (2, 16, 16)},
        {"rowsperstrip": 3},
        {"rowsperstrip": 7, "compression": "zlib"},
        {"compression": "lzw"},
        {"compression": "zstd"},
        {"compression": "deflate"},
        {"compression": "packbits"},
        {"compression": "lzma"},
        {"compression": "jpeg2000"},
        {"compression": "png"},
    ],
    ids=str,
)
def test_every_layout_gives_the_same_images(
    tmp_path: Path, grey: Grey, options: dict[str, Any]
) -> None:
    """Tiles, strips, byte order, compression and dialect are how it is stored, not what it is."""
    path = tmp_path / ("stack.ome.tif" if options.get("ome") else "stack.tif")
    photometric = {} if options.get("imagej") else {"photometric": "minisblack"}
    tifffile.imwrite(path, grey, **photometric, **options)
    stack = read_images(path)
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.valid is None
    assert stack.pixel_nm is None


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.uint32, np.float32, np.float64])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_values_keep_their_type(tmp_path: Path, grey: Grey, dtype: Any, byteorder: str) -> None:
    """Numbers of 16 bits or with decimals are not scaled."""
    values = grey.astype(dtype) * 3 - (40 if dtype != np.uint16 and dtype != np.uint32 else 0)
    tifffile.imwrite(tmp_path / "stack.tif", values, byteorder=byteorder)
    stack = read_images(tmp_path / "stack.tif")
    assert stack.images.dtype == dtype
    np.testing.assert_array_equal(stack.images, values)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt", "tiff_lzw", "raw"])
def test_one_bit_a_pixel(tmp_path: Path, solid: Solid, compression: str) -> None:
    """Fax codes hold binary stacks."""
    save_pillow(tmp_path / "stack.tif", solid, compression=compression)
    np.testing.assert_array_equal(read_images(tmp_path / "stack.tif").images, solid)


def test_jpeg_inside_tiff(tmp_path: Path, grey: Grey) -> None:
    """JPEG changes values a little: at quality 95, by a few grey values on average."""
    tifffile.imwrite(
        tmp_path / "stack.tif", grey, compression="jpeg", compressionargs={"level": 95}
    )
    images = read_images(tmp_path / "stack.tif").images
    # A mix-up of pages or rows would differ by about the standard deviation of the values, 50.
    assert np.abs(images.astype(int) - grey).mean() < 5


# -- as a person sees it ------------------------------------------------------------------------


def test_white_stored_as_zero_is_white(tmp_path: Path, grey: Grey, solid: Solid) -> None:
    """MinIsWhite is inverted, in 1, 8 and 16 bits, and said."""
    save_pillow(tmp_path / "1.tif", ~solid, tiffinfo={262: 0})
    with Image.open(tmp_path / "1.tif") as image:
        pillow = np.array(image)
    np.testing.assert_array_equal(read_images(tmp_path / "1.tif").images[0], pillow)
    tifffile.imwrite(tmp_path / "8.tif", 255 - grey, photometric="miniswhite")
    tifffile.imwrite(tmp_path / "16.tif", 65535 - grey.astype(np.uint16), photometric="miniswhite")
    for name in ("8.tif", "16.tif"):
        stack = read_images(tmp_path / name)
        np.testing.assert_array_equal(stack.images, grey)
        assert "white is stored as 0 (MinIsWhite): values inverted" in stack.notes[0]


def test_white_as_zero_in_some_slices(tmp_path: Path, grey: Grey) -> None:
    """Every page is read by its own word, and the note counts them."""
    with tifffile.TiffWriter(tmp_path / "stack.tif") as writer:
        for i, image in enumerate(grey):
            white = i in (1, 4)
            writer.write(
                255 - image if white else image,
                photometric="miniswhite" if white else "minisblack",
                contiguous=False,
            )
    stack = read_images(tmp_path / "stack.tif")
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.notes[0].startswith("2 of 6 slices: white is stored as 0")


def test_decimals_with_white_as_lowest_are_refused(tmp_path: Path, grey: Grey) -> None:
    """Numbers without a highest value cannot be inverted."""
    tifffile.imwrite(tmp_path / "s.tif", grey.astype(np.float32), photometric="miniswhite")
    with pytest.raises(InputError, match=r"page 0 of .*s\.tif stores white as the lowest"):
        read_images(tmp_path / "s.tif")


@pytest.mark.parametrize("invert", [False, True])
def test_a_palette_of_greys_is_looked_up(tmp_path: Path, grey: Grey, invert: bool) -> None:
    """An inverted lookup table shows what is stored as 0 as white."""
    ramp = np.arange(256, dtype=np.uint16)[:: -1 if invert else 1] * 257
    tifffile.imwrite(tmp_path / "s.tif", grey, photometric="palette", colormap=np.stack([ramp] * 3))
    stack = read_images(tmp_path / "s.tif")
    np.testing.assert_array_equal(stack.images, 255 - grey if invert else grey)
    assert stack.notes == ("values looked up in the file's palette of greys",)


def test_a_palette_of_colours_is_refused(tmp_path: Path, grey: Grey) -> None:
    """Only the entries that are used count: an unused colour does no harm."""
    ramp = np.stack([np.arange(256, dtype=np.uint16) * 257] * 3)
    ramp[1, 0] = 65535  # grey holds no 0
    tifffile.imwrite(tmp_path / "s.tif", grey, photometric="palette", colormap=ramp)
    np.testing.assert_array_equal(read_images(tmp_path / "s.tif").images, grey)
    ramp[1, grey[2, 3, 4]] = 0
    tifffile.imwrite(tmp_path / "s.tif", grey, photometric="palette", colormap=ramp)
    with pytest.raises(InputError, match=r"s\.tif has a palette of colours: save it as grey"):
        read_images(tmp_path / "s.tif")


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_that_are_greys_are_grey(tmp_path: Path, grey: Grey, planar: str) -> None:
    """Programs for pictures write grey as red, green and blue."""
    axis = -1 if planar == "contig" else 1
    values = np.stack([grey] * 3, axis)
    options: dict[str, Any] = {"photometric": "rgb", "planarconfig": planar}
    tifffile.imwrite(tmp_path / "s.tif", values, **options)
    stack = read_images(tmp_path / "s.tif")
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.notes == ("red, green and blue are equal: read as grey",)
    coloured = values.copy()
    coloured[(3, 0, 0, 2) if axis == -1 else (3, 2, 0, 0)] ^= 64
    tifffile.imwrite(tmp_path / "s.tif", coloured, **options)
    with pytest.raises(InputError, match=r"page 3 of .*s\.tif is in colours .* by up to 64"):
        read_images(tmp_path / "s.tif")


def test_an_alpha_channel_says_what_is_valid(tmp_path: Path, grey: Grey) -> None:
    """Pixels that are not fully opaque are invalid, also the mixed ones at a turned edge."""
    alpha = np.full_like(grey, 255)
    alpha[1, :, :5] = 0
    alpha[1, :, 5] = 128
    tifffile.imwrite(
        tmp_path / "s.tif",
        np.stack([grey, alpha], -1),
        photometric="minisblack",
        extrasamples=["unassalpha"],
    )
    stack = read_images(tmp_path / "s.tif")
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.valid is not None
    np.testing.assert_array_equal(stack.valid, alpha == 255)
    assert stack.notes == (
        "1 of 6 slices: pixels that are not opaque (alpha channel) count as invalid",
    )


def test_channels_in_a_pixel_are_refused(tmp_path: Path, grey: Grey) -> None:
    """Two detectors in one page are not two slices."""
    values = np.stack([grey, grey], -1)
    tifffile.imwrite(tmp_path / "s.tif", values, photometric="minisblack", planarconfig="contig")
    with pytest.raises(InputError, match="has 2 values per pixel, that is channels"):
        read_images(tmp_path / "s.tif")


# -- pages --------------------------------------------------------------------------------------


def test_pages_appended_one_by_one(tmp_path: Path, grey: Grey) -> None:
    """A stack that grew page by page is one stack."""
    for image in grey:
        tifffile.imwrite(tmp_path / "s.tif", image, append=True)
    np.testing.assert_array_equal(read_images(tmp_path / "s.tif").images, grey)


def test_reduced_images_are_left_out(tmp_path: Path, grey: Grey) -> None:
    """A thumbnail that says what it is is no slice; one that does not is refused."""
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        writer.write(grey[0, ::4, ::4], subfiletype=1)
        for image in grey:
            writer.write(image, contiguous=False)
    stack = read_images(tmp_path / "s.tif")
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.notes == ("1 reduced images or masks among the pages were left out",)
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        writer.write(grey[0, ::4, ::4])
        for image in grey:
            writer.write(image, contiguous=False)
    with pytest.raises(InputError, match=r"page 1 .* has 20 x 24 pixels, but page 0 .* has 5 x 6"):
        read_images(tmp_path / "s.tif")


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (lambda image: image[:, :-1], r"page 4 of .* has 20 x 23 pixels, but page 0 of .* 20 x 24"),
        (lambda image: image.T, r"page 4 of .* has 24 x 20 pixels"),
        (
            lambda image: image.astype(np.uint16),
            "page 4 of .* is of type uint16, but page 0 .* uint8",
        ),
    ],
)
def test_the_first_odd_page_is_named(tmp_path: Path, grey: Grey, odd: Any, message: str) -> None:
    """Pages of several sizes or types are no stack, and none of them is dropped."""
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        for i, image in enumerate(grey):
            writer.write(odd(image) if i >= 4 else image, contiguous=False)
    with pytest.raises(InputError, match=message):
        read_images(tmp_path / "s.tif")


@pytest.mark.parametrize(
    ("shape", "axes", "message"),
    [
        ((2, 6), "CZ", "its channel axis has 2 entries"),
        ((6, 2), "ZC", "its channel axis has 2 entries"),
        ((3, 6), "TZ", "its time axis has 3 entries"),
        ((2, 3, 6), "TCZ", "more than a stack .*: its channel axis has 3 entries"),
        ((3,), "C", "holds 3 channels of one image, not a stack"),
    ],
)
@pytest.mark.parametrize("kind", ["imagej", "ome", "plain"])
def test_further_axes_are_named(
    tmp_path: Path, kind: str, shape: tuple[int, ...], axes: str, message: str
) -> None:
    """Channels and times are not slices, in every dialect that can name them."""
    if kind == "imagej" and axes in ("CZ", "TCZ"):
        pytest.skip("ImageJ has one order of axes")
    values = np.zeros((*shape, 4, 5), dtype=np.uint8)
    path = tmp_path / ("s.ome.tif" if kind == "ome" else "s.tif")
    options: dict[str, Any] = {} if kind == "plain" else {kind: True}
    if kind != "imagej":
        options["photometric"] = "minisblack"
    tifffile.imwrite(path, values, metadata={"axes": f"{axes}YX"}, **options)
    with pytest.raises(InputError, match=message):
        read_images(path)


def test_further_axes_without_a_name(tmp_path: Path) -> None:
    """An array of four axes has a first one."""
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((2, 6, 5, 7), np.uint8), photometric="minisblack")
    with pytest.raises(InputError, match="2 along first x 6 along second"):
        read_images(tmp_path / "s.tif")


def test_more_pages_than_announced_are_all_read(tmp_path: Path, grey: Grey) -> None:
    """A description that was not renewed when pages were added hides none of them."""
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        for i, image in enumerate(grey):
            text = "ImageJ=1.54f\nimages=2\nslices=2\n" if i == 0 else None
            writer.write(image, description=text, metadata=None, contiguous=False)
    with pytest.warns(FibgapWarning, match="announces 2 images, but holds 6 pages: all were read"):
        stack = read_images(tmp_path / "s.tif")
    np.testing.assert_array_equal(stack.images, grey)


# -- sizes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "nm"),
    [
        ("nm", 1),
        ("\u00b5m", 1e3),
        ("\u03bcm", 1e3),
        ("\\u00B5m", 1e3),
        ("um", 1e3),
        ("micron", 1e3),
        ("microns", 1e3),
        ("mm", 1e6),
        ("\u00c5", 0.1),
        ("pixel", None),
        ("kV", None),
    ],
)
def test_units_of_imagej(tmp_path: Path, grey: Grey, unit: str, nm: float | None) -> None:
    """A pixel of 0.0025 units and slices 0.01 units apart, in any spelling of the unit."""
    description = f"ImageJ=1.54f\nimages=6\nslices=6\nunit={unit}\nspacing=0.01\nloop=false\n"
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        for i, image in enumerate(grey):
            writer.write(
                image,
                description=description.encode() if i == 0 else None,
                metadata=None,
                resolution=(400, 400),
                resolutionunit="none",
                contiguous=False,
            )
    stack = read_images(tmp_path / "s.tif")
    if nm is None:
        assert stack.pixel_nm is stack.spacing_nm is None
        return
    assert stack.pixel_nm == pytest.approx((0.0025 * nm, 0.0025 * nm))
    assert stack.spacing_nm == pytest.approx(0.01 * nm)
    assert any("pixel size from the file" in note for note in stack.notes)


def test_pixels_that_are_not_square(tmp_path: Path, grey: Grey) -> None:
    """x and y have sizes of their own, and ImageJ's resolutions are in this order."""
    tifffile.imwrite(
        tmp_path / "s.tif",
        grey,
        imagej=True,
        resolution=(1 / 2.5, 1 / 3.17),
        metadata={"axes": "ZYX", "spacing": 10, "unit": "nm"},
    )
    stack = read_images(tmp_path / "s.tif")
    assert stack.pixel_nm == (3.17, 2.5)
    assert stack.spacing_nm == 10
    assert "pixel size from the file: 3.17 nm (y) x 2.5 nm (x)" in stack.notes


@pytest.mark.parametrize(
    ("resolution", "unit", "pixel"),
    [
        (72, "inch", None),
        (300, "inch", None),
        (28.35, "centimeter", None),
        (1e7 / 2.5, "centimeter", 2.5),
        (25.4e6 / 5, "inch", 5),
        (4, "none", None),
    ],
)
def test_dots_per_inch_are_no_pixel_size(
    tmp_path: Path, grey: Grey, resolution: float, unit: str, pixel: float | None
) -> None:
    """72 dots per inch are 353 µm a pixel: a program that had no better wrote it."""
    resolutions = (resolution, resolution)
    tifffile.imwrite(
        tmp_path / "s.tif", grey, resolution=resolutions, resolutionunit=unit, metadata=None
    )
    stack = read_images(tmp_path / "s.tif")
    if pixel is None:
        assert stack.pixel_nm is None
        assert "not used" in stack.notes[0]
    else:
        # Resolutions are ratios of two integers of 32 bits.
        assert stack.pixel_nm == pytest.approx((pixel, pixel), rel=1e-6)


def test_labels_of_slices_are_names(tmp_path: Path, grey: Grey) -> None:
    """ImageJ keeps the file names of an imported sequence as labels."""
    labels = [f"slice_{i}_z={0.01 * i:.3f}um.tif\nmore" for i in range(6)]
    tifffile.imwrite(
        tmp_path / "s.tif", grey, imagej=True, metadata={"axes": "ZYX", "Labels": labels}
    )
    assert read_images(tmp_path / "s.tif").names[1] == "slice_1_z=0.010um.tif"


def test_thermo_fisher_header(tmp_path: Path, grey: Grey) -> None:
    """The microscope's own header has the pixel in m, and tells the data bar from the image."""
    text = (
        "[User]\r\nDate=01/01/2020\r\n\r\n[Scan]\r\nPixelWidth=2.5e-009\r\n"
        "PixelHeight=3.2e-009\r\n\r\n[Image]\r\nResolutionX=24\r\nResolutionY=18\r\n"
    )
    for i, image in enumerate(grey):
        tifffile.imwrite(
            tmp_path / f"s{i}.tif",
            image,
            metadata=None,
            extratags=[(34682, "s", 0, text, True)],
        )
    stack = read_images(tmp_path)
    assert stack.pixel_nm == (3.2, 2.5)
    np.testing.assert_array_equal(stack.images, grey[:, :18])
    assert "data bar of 2 rows below the image cut off" in stack.notes


def test_zeiss_header(tmp_path: Path, grey: Grey) -> None:
    """Zeiss' header has the pixel with its unit."""
    text = "0\r\n0\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 4.5 nm\r\n"
    for i, image in enumerate(grey):
        tifffile.imwrite(
            tmp_path / f"s{i}.tif", image, metadata=None, extratags=[(34118, "s", 0, text, True)]
        )
    assert read_images(tmp_path).pixel_nm == (4.5, 4.5)
