"""What a TIFF file says of itself: how many images, how large their pixels."""

from pathlib import Path
from typing import Any

from tifffile import TiffFile, TiffPage
from tifffile.tifffile import shaped_description_metadata

from fibgap.io.pages import Pages, add_pixel_size, one_axis

_UNITS = {2: "inch", 3: "cm"}
_THERMO_FISHER = (34680, 34682)  # FEI_SFEG, FEI_HELIOS
_AXES = {"Z": "z", "I": "z", "Q": "z", "T": "time", "C": "channel"}


def announced_images(file: TiffFile, images: list[TiffPage], path: Path) -> tuple[int, str]:
    """Return how many images a file says that it holds (0: it says nothing), and a note.

    ImageJ writes it into the first page, tifffile into the first page of every array.

    Raises
    ------
    InputError
        If it says that they are more than a stack.
    """
    if file.is_imagej:
        meta = file.imagej_metadata or {}
        channels = int(meta.get("channels", 1))
        counts = {
            "channel": 1 if channels == images[0].samplesperpixel else channels,
            "z": int(meta.get("slices", 1)),
            "time": int(meta.get("frames", 1)),
        }
        total, note = one_axis(counts, str(path))
        return (int(meta.get("images", 0)) if total == 1 else total), note
    total = 0
    for page in images:
        if page.shaped_description:
            total += _tifffile_images(
                shaped_description_metadata(page.shaped_description), page, path
            )
    return total, ""


def _tifffile_images(described: dict[str, Any], page: TiffPage, path: Path) -> int:
    """Return how many images one array is that tifffile wrote."""
    shape = [int(n) for n in described.get("shape", ())]
    outer = shape[: len(shape) - len(page.shape)]
    axes = str(described.get("axes", ""))
    names = [_AXES.get(axis, axis) for axis in axes]
    if len(axes) != len(shape):
        names = ["first", "second", "third", "fourth", "fifth", "sixth"][: len(outer)]
        if sum(count > 1 for count in outer) == 1:
            names = ["z"] * len(outer)
    counts: dict[str, int] = {}
    for name, count in zip(names, outer, strict=False):
        counts[name] = counts.get(name, 1) * count
    return one_axis(counts, str(path))[0]


def add_sizes(pages: Pages, file: TiffFile, page: TiffPage) -> None:
    """Take pixel size, slice distance and labels from a file that is no OME-TIFF."""
    for tag in _THERMO_FISHER:
        scan = (page.tags.valueof(tag) or {}).get("Scan", {})
        if scan.get("PixelWidth") and scan.get("PixelHeight"):
            size = float(scan["PixelHeight"]), float(scan["PixelWidth"])
            add_pixel_size(pages, size, "m")
            return
    zeiss = page.tags.valueof(34118) or {}
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        if key in zeiss and len(zeiss[key]) == 3:
            add_pixel_size(pages, (float(zeiss[key][1]),) * 2, str(zeiss[key][2]))
            return
    meta = (file.imagej_metadata if file.is_imagej else None) or {}
    labels = meta.get("Labels")
    if isinstance(labels, list):
        pages.names = tuple(str(label).partition("\n")[0] for label in labels)
    x, y = (_pixels_per_unit(page, tag) for tag in (282, 283))
    if x is None or y is None:
        return
    unit = meta.get("unit") or _UNITS.get(page.tags.valueof(296, default=2))
    spacing = meta.get("spacing")
    sizes = 1 / y, 1 / x
    if "yunit" in meta and meta["yunit"] != unit:
        pages.notes.warn(f"the file has pixels in '{unit}' along x and '{meta['yunit']}' along y")
        return
    add_pixel_size(
        pages,
        sizes,
        None if unit is None else str(unit),
        spacing=float(spacing) if isinstance(spacing, int | float) else None,
        spacing_unit=meta.get("zunit"),
    )


def _pixels_per_unit(page: TiffPage, tag: int) -> float | None:
    """Return a resolution of the first page, or None if it has none that makes sense."""
    value = page.tags.valueof(tag)
    try:
        above, below = value if isinstance(value, tuple) else (value, 1)
        return above / below if above > 0 and below > 0 else None
    except (TypeError, ValueError):
        return None


def image_rows(page: TiffPage) -> int | None:
    """Return the number of rows that are image, where a data bar lies below it, or None.

    The microscope's own header (Thermo Fisher) has the number.
    """
    for tag in _THERMO_FISHER:
        rows = (page.tags.valueof(tag) or {}).get("Image", {}).get("ResolutionY")
        if rows:
            return int(rows)
    return None
