"""OME-TIFF: planes where the XML says they are, in one file or several, none of them missing."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.images import read_images

Grey = NDArray[np.uint8]
NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def ome(
    data: str, *, pixels: str = "", axes: str = 'SizeZ="6" SizeC="1" SizeT="1"', uuid: str = ""
) -> bytes:
    """Return OME-XML of one image of 20 x 24 pixels."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{NAMESPACE}" {uuid}>'
        f'<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" '
        f'SizeX="24" SizeY="20" {axes} '
        f'{pixels}><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{data}</Pixels></Image></OME>'
    ).encode()


def write(path: Path, images: Grey, xml: bytes) -> None:
    """Write pages, the first of which carries the XML."""
    with tifffile.TiffWriter(path) as writer:
        for i, image in enumerate(images):
            description = xml if i == 0 else None
            writer.write(image, description=description, metadata=None, contiguous=False)


def one_by_one(files: list[str]) -> str:
    """Return where each plane lies: as many planes per file as there are in the list."""
    seen: dict[str, int] = {}
    text = ""
    for z, name in enumerate(files):
        page = seen.get(name, 0)
        seen[name] = page + 1
        text += (
            f'<TiffData FirstZ="{z}" IFD="{page}" PlaneCount="1">'
            f'<UUID FileName="{name}">urn:uuid:{name}</UUID></TiffData>'
        )
    return text


def save_set(folder: Path, grey: Grey) -> None:
    """Write a stack as two files of three planes each, that know each other."""
    names = ["a.ome.tif"] * 3 + ["b.ome.tif"] * 3
    for k, name in enumerate(("a.ome.tif", "b.ome.tif")):
        xml = ome(one_by_one(names), uuid=f'UUID="urn:uuid:{name}"')
        write(folder / name, grey[3 * k : 3 * k + 3], xml)


@pytest.mark.parametrize("start", ["a.ome.tif", "b.ome.tif"])
def test_a_set_of_files_is_one_stack(tmp_path: Path, grey: Grey, start: str) -> None:
    """Whichever file is given, all planes come in their order."""
    save_set(tmp_path, grey)
    stack = read_images(tmp_path / start)
    np.testing.assert_array_equal(stack.images, grey)
    assert "OME-TIFF of 2 files" in stack.notes


@pytest.mark.parametrize(("start", "gone"), [("a", "b"), ("b", "a")])
def test_a_missing_file_is_named(tmp_path: Path, grey: Grey, start: str, gone: str) -> None:
    """Planes of a file that is not there are not black."""
    save_set(tmp_path, grey)
    (tmp_path / f"{gone}.ome.tif").unlink()
    with pytest.raises(InputError, match=rf"needs the file '{gone}\.ome\.tif' beside it"):
        read_images(tmp_path / f"{start}.ome.tif")


def test_another_file_is_checked_too(tmp_path: Path, grey: Grey) -> None:
    """A file of the set that is cut short, or holds too few pages, is refused by its name."""
    save_set(tmp_path, grey)
    second = tmp_path / "b.ome.tif"
    content = second.read_bytes()
    second.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"b\.ome\.tif is cut short or damaged"):
        read_images(tmp_path / "a.ome.tif")
    write(second, grey[:2], ome(""))
    with pytest.raises(InputError, match=r"b\.ome\.tif is cut short: a\.ome\.tif looks for page 2"):
        read_images(tmp_path / "a.ome.tif")


def test_planes_lie_where_the_xml_says(tmp_path: Path, grey: Grey) -> None:
    """Pages may be stored in another order than slices."""
    order = [3, 0, 5, 1, 4, 2]
    data = "".join(f'<TiffData FirstZ="{z}" IFD="{order.index(z)}"/>' for z in range(6))
    write(tmp_path / "s.ome.tif", grey[order], ome(data))
    np.testing.assert_array_equal(read_images(tmp_path / "s.ome.tif").images, grey)


@pytest.mark.parametrize(
    "data",
    [
        "<TiffData/>",
        "",
        '<TiffData IFD="0" PlaneCount="6"/>',
        '<TiffData FirstZ="0" PlaneCount="2"/><TiffData FirstZ="2" IFD="2" PlaneCount="4"/>',
        # Renamed by somebody: its own identifier, or it is the only file of which the XML knows.
        '<TiffData PlaneCount="6"><UUID FileName="old name.ome.tif">urn:uuid:me</UUID></TiffData>',
    ],
)
def test_short_forms_of_the_list_of_planes(tmp_path: Path, grey: Grey, data: str) -> None:
    """Entries may speak of many planes, or say nothing where nothing needs to be said."""
    write(tmp_path / "s.ome.tif", grey, ome(data, uuid='UUID="urn:uuid:me"'))
    np.testing.assert_array_equal(read_images(tmp_path / "s.ome.tif").images, grey)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('<TiffData FirstZ="0" IFD="0" PlaneCount="5"/>', "slice 5 is in no file of it"),
        ('<TiffData FirstZ="1" IFD="0" PlaneCount="5"/>', r"slice 0 is in no file of it \(1 are"),
        ('<TiffData FirstZ="0" IFD="0" PlaneCount="x"/>', r"OME-XML of .* is damaged"),
        ('<TiffData IFD="2" FirstZ="0" PlaneCount="6"/>', "looks for page 6 in it"),
    ],
)
def test_a_missing_plane_is_named(tmp_path: Path, grey: Grey, data: str, message: str) -> None:
    """A plane that is nowhere is not black."""
    write(tmp_path / "s.ome.tif", grey, ome(data))
    with pytest.raises(InputError, match=message):
        read_images(tmp_path / "s.ome.tif")


def test_pages_that_the_xml_does_not_know_are_refused(tmp_path: Path, grey: Grey) -> None:
    """Six pages for a description of four: either may be wrong."""
    xml = ome("<TiffData/>", axes='SizeZ="4" SizeC="1" SizeT="1"')
    write(tmp_path / "s.ome.tif", grey, xml)
    with pytest.raises(InputError, match="holds 6 pages, but its OME-XML describes 4"):
        read_images(tmp_path / "s.ome.tif")


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (ome("<TiffData/>").replace(b"</Image>", b"<oops></Image>"), "OME-XML of .* is damaged"),
        (ome("").replace(b"<OME", b"<!DOCTYPE x [<!ENTITY y 'z'>]><OME"), "declares entities"),
        (ome("").replace(b'SizeZ="6"', b""), "OME-XML of .* is damaged"),
        (re.sub(rb"(<Image.*</Image>)", rb"\1\1", ome("<TiffData/>")), "holds 2 OME images"),
        (
            re.sub(rb"<Image.*</Image>", b'<BinaryOnly MetadataFile="x.companion.ome"/>', ome("")),
            r"described by 'x\.companion\.ome'",
        ),
    ],
)
def test_xml_that_is_no_stack(tmp_path: Path, grey: Grey, xml: bytes, message: str) -> None:
    """Damage, several images and a description elsewhere are told."""
    write(tmp_path / "s.ome.tif", grey, xml)
    with pytest.raises(InputError, match=message):
        read_images(tmp_path / "s.ome.tif")


@pytest.mark.parametrize(
    ("pixels", "size", "spacing"),
    [
        ('PhysicalSizeX="0.0025" PhysicalSizeY="0.003" PhysicalSizeZ="0.01"', (3, 2.5), 10),
        (
            'PhysicalSizeX="2.5" PhysicalSizeXUnit="nm" PhysicalSizeY="0.003" '
            'PhysicalSizeYUnit="µm" PhysicalSizeZ="100" PhysicalSizeZUnit="Å"',
            (3, 2.5),
            10,
        ),
        (
            'PhysicalSizeX="1" PhysicalSizeXUnit="pixel" PhysicalSizeY="1" '
            'PhysicalSizeYUnit="pixel"',
            None,
            None,
        ),
        ('PhysicalSizeX="2.5" PhysicalSizeXUnit="nm"', None, None),
        (
            'PhysicalSizeX="25" PhysicalSizeXUnit="Å" PhysicalSizeY="25" PhysicalSizeYUnit="Å"',
            (2.5, 2.5),
            None,
        ),
    ],
)
def test_physical_sizes(
    tmp_path: Path, grey: Grey, pixels: str, size: Any, spacing: float | None
) -> None:
    """Sizes are in µm unless they say otherwise, each axis for itself."""
    write(tmp_path / "s.ome.tif", grey, ome("<TiffData/>", pixels=pixels))
    stack = read_images(tmp_path / "s.ome.tif")
    assert stack.pixel_nm == (None if size is None else pytest.approx(size))
    assert stack.spacing_nm == (None if spacing is None else pytest.approx(spacing))


def planes(unit: str, depths: list[float | None]) -> str:
    """Return plane positions."""
    return "".join(
        f'<Plane TheZ="{z}" TheC="0" TheT="0" PositionZ="{depth}" PositionZUnit="{unit}"/>'
        for z, depth in enumerate(depths)
        if depth is not None
    )


def test_plane_positions_are_depths(tmp_path: Path, grey: Grey) -> None:
    """Every slice has its own depth in a unit of length, or none has."""
    depths = [0.0, 0.011, 0.019, 0.030, 0.041, 0.052]
    write(tmp_path / "s.ome.tif", grey, ome("<TiffData/>" + planes("µm", depths)))
    stack = read_images(tmp_path / "s.ome.tif")
    np.testing.assert_allclose(stack.depths_nm, [0, 11, 19, 30, 41, 52])
    assert "depths from the file's plane positions: 0 to 52 nm" in stack.notes
    for data in (
        planes("reference frame", depths),
        planes("µm", [0.0] * 6),
        planes("µm", [*depths[:5], None]),
        planes("µm", [*depths[:5], float("nan")]),
    ):
        write(tmp_path / "s.ome.tif", grey, ome("<TiffData/>" + data))
        assert read_images(tmp_path / "s.ome.tif").depths_nm is None


def test_a_folder_of_planes(tmp_path: Path, grey: Grey) -> None:
    """One file per plane, each describing the whole: its pixels, its size and its depth count."""
    for i, image in enumerate(grey):
        xml = ome(
            f'<TiffData FirstZ="{i}"/>' + planes("nm", [10.0 * i]),
            pixels='PhysicalSizeX="0.0025" PhysicalSizeY="0.0025"',
        )
        write(tmp_path / f"s{i}.ome.tif", image[None], xml)
    stack = read_images(tmp_path)
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.pixel_nm == (2.5, 2.5)
    np.testing.assert_allclose(stack.depths_nm, 10 * np.arange(6))


def test_time_points_are_slices_where_there_is_nothing_else(tmp_path: Path, grey: Grey) -> None:
    """A stack that was exported as a time series is one, and it is said."""
    xml = ome("<TiffData/>", axes='SizeZ="1" SizeC="1" SizeT="6"')
    write(tmp_path / "s.ome.tif", grey, xml)
    stack = read_images(tmp_path / "s.ome.tif")
    np.testing.assert_array_equal(stack.images, grey)
    assert stack.notes == ("the file's 6 images lie along its time axis: read as slices",)
