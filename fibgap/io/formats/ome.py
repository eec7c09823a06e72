"""OME-XML: which page of which file is which plane, how large its pixels are, where it lies.

The model is that of the Open Microscopy Environment, schema 2016-06.
"""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.io.pages import Pages, add_pixel_size, one_axis, unit_nm


@dataclass
class OmePlanes:
    """The planes of the one image that an OME-TIFF describes.

    Attributes
    ----------
    planes : list of (Path, int)
        File and page of every slice.
    note : str
        On the axis along which they lie, or "".
    pixels : Element
        The part of the XML that describes them.
    """

    planes: list[tuple[Path, int]]
    note: str
    pixels: ElementTree.Element


def _local(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def _children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Return the children of this name, whatever the namespace's version."""
    return [child for child in element if _local(child) == name]


def parse_ome(xml: str, path: Path) -> ElementTree.Element:
    """Return the root of OME-XML.

    Raises
    ------
    InputError
        If it cannot be parsed.
    """
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise InputError(f"the OME-XML of {path} declares entities, which are not read.")
    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise InputError(f"the OME-XML of {path} is damaged ({error}).") from None


def find_pixels(root: ElementTree.Element, path: Path) -> ElementTree.Element:
    """Return the description of the only image.

    Raises
    ------
    InputError
        If there is none, or more than one.
    """
    for only in _children(root, "BinaryOnly"):
        raise InputError(
            f"{path} is one file of a set that is described by '{only.get('MetadataFile')}': "
            "give the folder or the list of the images instead."
        )
    found = [pixels for image in _children(root, "Image") for pixels in _children(image, "Pixels")]
    if len(found) != 1:
        raise InputError(
            f"{path} holds {len(found)} OME images, but one is wanted: save it as a file of its "
            "own."
        )
    return found[0]


def find_planes(xml: str, path: Path, n_pages: int) -> OmePlanes:
    """Return where every slice of an OME-TIFF is stored.

    Parameters
    ----------
    xml : str
        The OME-XML.
    path : Path
        The file that holds it.
    n_pages : int
        Number of pages of that file.

    Raises
    ------
    InputError
        If a file of the set or a plane is missing, or if it is more than one stack.
    """
    root = parse_ome(xml, path)
    pixels = find_pixels(root, path)
    try:
        samples = max(
            (int(c.get("SamplesPerPixel", 1)) for c in _children(pixels, "Channel")), default=1
        )
        counts = {
            "z": int(pixels.attrib["SizeZ"]),
            "time": int(pixels.attrib["SizeT"]),
            "channel": int(pixels.attrib["SizeC"]) // samples,
        }
        total, note = one_axis(counts, str(path))
        planes: dict[int, tuple[Path, int]] = {}
        blocks = _children(pixels, "TiffData")
        files = _Files(root, blocks, path)
        for block in blocks:
            first = sum(int(block.get(f"First{axis}", 0)) for axis in "ZTC")
            page = int(block.get("IFD", 0))
            default = 1 if "IFD" in block.attrib or first else total
            count = int(block.get("PlaneCount", block.get("NumPlanes", default)))
            home = files.of(block)
            planes |= {first + i: (home, page + i) for i in range(count)}
        if not blocks:
            planes = {i: (path, i) for i in range(total)}
    except (KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the OME-XML of {path} is damaged ({error!r}).") from None
    lost = sorted(set(range(total)) - set(planes))
    if lost:
        raise InputError(
            f"{path} describes {total} slices, but slice {lost[0]} is in no file of it "
            f"({len(lost)} are missing)."
        )
    mine = {page for home, page in planes.values() if home == path}
    if mine and n_pages > max(mine) + 1:
        raise InputError(
            f"{path} holds {n_pages} pages, but its OME-XML describes {len(mine)} of them: which "
            "is right cannot be known."
        )
    return OmePlanes([planes[i] for i in range(total)], note, pixels)


class _Files:
    """The files of a set, by what the XML says of them."""

    def __init__(
        self, root: ElementTree.Element, blocks: list[ElementTree.Element], path: Path
    ) -> None:
        self.own = root.get("UUID")
        self.path = path
        self.named = {uuid.get("FileName") for block in blocks for uuid in _children(block, "UUID")}

    def of(self, block: ElementTree.Element) -> Path:
        """Return the file in which a block of planes lies, or refuse if it is not there."""
        for uuid in _children(block, "UUID"):
            name = uuid.get("FileName")
            if name is None or (uuid.text or "").strip() == self.own or name == self.path.name:
                return self.path
            # Its folders are of the machine on which it was written.
            home = self.path.parent / name.replace("\\", "/").rpartition("/")[2]
            if home.is_file():
                return home
            if len(self.named) == 1 and self.own is None:
                return self.path  # one file, renamed by somebody
            raise InputError(f"{self.path} needs the file '{name}' beside it, which is missing.")
        return self.path


def add_ome_sizes(pages: Pages, pixels: ElementTree.Element) -> None:
    """Take pixel size, slice distance and depths from OME-XML."""
    attributes = pixels.attrib
    try:
        y, x = (float(attributes[f"PhysicalSize{axis}"]) for axis in "YX")
    except (KeyError, ValueError):
        return
    x_unit = attributes.get("PhysicalSizeXUnit", "µm")
    y_unit = attributes.get("PhysicalSizeYUnit", "µm")
    if x_unit != y_unit:
        ratio = (unit_nm(y_unit) or float("nan")) / (unit_nm(x_unit) or float("nan"))
        y *= ratio
    try:
        spacing = float(attributes.get("PhysicalSizeZ", "nan"))
    except ValueError:
        spacing = float("nan")
    z_unit = attributes.get("PhysicalSizeZUnit", "µm")
    add_pixel_size(pages, (y, x), x_unit, spacing=spacing, spacing_unit=z_unit)


def ome_depths(pixels: ElementTree.Element) -> dict[int, float]:
    """Return the depth in nm of every plane for which OME-XML has one with a unit of length."""
    depths = {}
    for plane in _children(pixels, "Plane"):
        factor = unit_nm(plane.get("PositionZUnit"))
        try:
            index = sum(int(plane.get(f"The{axis}", 0)) for axis in "ZTC")
            value = float(plane.get("PositionZ", "nan"))
        except ValueError:
            continue
        if factor is not None and np.isfinite(value):
            depths[index] = value * factor
    return depths


def add_depths(pages: Pages, depths: list[float | None]) -> None:
    """Take the depths of all slices, if every one has one and they are not all the same."""
    known: list[float] = [depth for depth in depths if depth is not None]
    if len(known) != len(depths) or len(set(known)) < 2:
        return
    values: NDArray[np.float64] = np.array(known, dtype=np.float64)
    pages.depths_nm = values
    pages.notes.say(
        f"depths from the file's plane positions: {values[0]:.6g} to {values[-1]:.6g} nm"
    )
