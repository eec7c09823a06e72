"""A ruler of a stack: tracked in its images, or read by somebody and written into a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.depths import Depths, RulerLine, is_ruler, read_ruler, read_ruler_table, track_lines
from fibgap.depths.ruler_lines import ordered_depths
from fibgap.depths.ruler_tables import RulerWidths
from fibgap.errors import InputError
from fibgap.io.images import ImageStack
from fibgap.units import length_nm, parse_number

#: What `depths` may be besides a table, and the sources among them that need a ruler or images.
NAMES, FILE, IMAGES, RULER, FUSED = "names", "file", "images", "ruler", "fused"
WORDS = (NAMES, FILE, IMAGES, RULER, FUSED)


@dataclass(frozen=True)
class RulerReadings:
    """Depths as a ruler told them.

    Attributes
    ----------
    readings_nm, sd_nm : (N,) float64
        Depths and their standard deviations; NaN and infinite where there is no reading.
    notes : tuple of str
        How they were read.
    """

    readings_nm: NDArray[np.float64]
    sd_nm: NDArray[np.float64]
    notes: tuple[str, ...]

    def depths(self) -> Depths:
        """Return the depths in the order of milling."""
        found = ordered_depths(self.readings_nm, self.sd_nm)
        notes = (*self.notes, *found.notes)
        return Depths(found.depths_nm, RULER, found.sd_nm, notes, False, found.thickness_sd_nm)


def with_ruler(how: Mapping[str, Any]) -> dict[str, Any]:
    """Return options in which a table of a ruler that was given as `depths` is the ruler.

    A ruler without a word on `depths` says where slices lie.
    """
    depths, ruler = how.get("depths"), how.get("ruler")
    named = isinstance(depths, str | Path) and str(depths) not in WORDS
    if ruler is None and named and Path(str(depths)).is_file() and _is_ruler(Path(str(depths))):
        return {**how, "ruler": depths, "depths": RULER}
    if ruler is not None and depths is None and how.get("spacing") is None:
        return {**how, "depths": RULER}
    return dict(how)


def _is_ruler(path: Path) -> bool:
    """Return whether a file is a table of a ruler; what is no table is told elsewhere."""
    try:
        return is_ruler(path)
    except InputError:
        return False


def ruler_of(images: ImageStack, how: Mapping[str, Any]) -> RulerReadings | None:
    """Return what the ruler of a stack tells, if there is one.

    Parameters
    ----------
    images : ImageStack
        As they were delivered: windows count from the corner of the whole image.
    how : mapping
        With `ruler`, `ruler_angle` and `ruler_sd`: see `fibgap.stacks.options.How`.

    Raises
    ------
    InputError
        If the table is no ruler, something of it is missing, or it cannot be followed.
    """
    path = how.get("ruler")
    if path is None:
        for name in ("ruler_angle", "ruler_sd"):
            if how.get(name) is not None:
                raise InputError(f"{name} {how[name]} is given, but no table of a ruler (ruler).")
        return None
    if images.pixel_nm is None:
        return None  # which is a problem of its own
    table, pixel_nm = read_ruler_table(path), images.pixel_nm[1]
    if isinstance(table, RulerWidths):
        return _of_widths(table, len(images.images), pixel_nm, how)
    return _of_lines(images, table, pixel_nm, how)


def _of_lines(
    images: ImageStack, lines: tuple[RulerLine, ...], pixel_nm: float, how: Mapping[str, Any]
) -> RulerReadings:
    """Track lines in the images."""
    for name in ("ruler_angle", "ruler_sd"):
        if how.get(name) is not None:
            raise InputError(
                f"{name} {how[name]} is given, but the lines of the ruler in {how['ruler']} have "
                "angles of their own, and their reading error is measured."
            )
    tracked = track_lines(images.images, lines)
    readings, sd = tracked.readings(pixel_nm)
    errors = ", ".join(
        f"{line.name} to {value:.2g}" for line, value in zip(lines, tracked.sd, strict=True)
    )
    note = f"lines of the ruler were tracked in the images: {errors} pixels (sd)."
    return RulerReadings(readings, sd, (note, *tracked.notes))


def _of_widths(
    table: RulerWidths, count: int, pixel_nm: float, how: Mapping[str, Any]
) -> RulerReadings:
    """Take widths that somebody read."""
    path, angle = how["ruler"], how.get("ruler_angle")
    widths, sd = table.to_nm(pixel_nm)
    if len(widths) != count:
        raise InputError(f"file {path} has {len(widths)} widths, but there are {count} slices.")
    if angle is None:
        raise InputError(
            f"file {path} holds widths of a ruler: give the full angle between its lines "
            "(ruler_angle), such as 60."
        )
    if how.get("ruler_sd") is not None:
        sd = np.full(count, _error(str(how["ruler_sd"]), pixel_nm))
    if sd is None:
        raise InputError(
            f"file {path} does not say how well its widths were read: give the standard deviation "
            "of one reading (ruler_sd), such as 0.5px or 1.2nm."
        )
    narrowing = bool(widths[-1] < widths[0])
    readings, deviations = read_ruler(widths, angle, sd_nm=sd, narrowing=narrowing)
    word = "come together" if narrowing else "part"
    note = f"widths of the ruler are in {Path(path).name}; its lines {word} at {angle:g} degrees."
    return RulerReadings(readings, deviations, (note,))


def _error(text: str, pixel_nm: float) -> float:
    """Return a reading error in nm that is given in pixels or with a unit of length.

    Examples
    --------
    >>> _error("0.5px", 2.5), _error("1.2 nm", 2.5)
    (1.25, 1.2)
    """
    for unit in ("pixels", "pixel", "px"):
        if text.strip().endswith(unit):
            number = parse_number(text.strip().removesuffix(unit).strip())
            if number is not None and number > 0:
                return float(number) * pixel_nm
    return length_nm(text, name="ruler_sd")
