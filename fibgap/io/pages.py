"""A stack that has been found but not yet read: what every file format hands over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.units import unit_exponent

#: Images (n, Y, X), and which of their pixels are valid, or None if all are.
Block = tuple[NDArray[Any], NDArray[np.bool_] | None]

#: Called with the number of steps done and the number of all.
Progress = Callable[[int, int], None]

#: Above this a pixel size from dots per inch is what a program wrote that knew no better (72, 96,
#: 300 dots per inch); below it lies every pixel of an electron microscope.
_LARGEST_NM_BY_THE_INCH = 10_000.0

#: More images than this along the axis of channels are slices that a program put there.
_MOST_CHANNELS = 4

#: Pixel sizes that differ by less than this share are the same: files round.
_SAME_SIZE = 1e-3


class Notes:
    """Sentences on what was taken from a file and how it was read, each with its slices."""

    def __init__(self) -> None:
        self.told: dict[str, int] = {}
        self.warnings: dict[str, int] = {}

    def say(self, sentence: str, slices: int = 0) -> None:
        """Note a sentence, on so many slices or (0) on the whole stack."""
        self.told[sentence] = self.told.get(sentence, 0) + slices

    def warn(self, sentence: str, slices: int = 0) -> None:
        """Note something that a user should look at."""
        self.warnings[sentence] = self.warnings.get(sentence, 0) + slices

    def join(self, other: "Notes") -> None:
        """Take over what another file of the same stack says."""
        for sentence, slices in other.told.items():
            self.say(sentence, slices)
        for sentence, slices in other.warnings.items():
            self.warn(sentence, slices)


def sentences(told: dict[str, int], total: int) -> tuple[str, ...]:
    """Return noted sentences for people: with the number of slices where it is not all of them.

    Examples
    --------
    >>> sentences({"palette read": 3, "values inverted": 12, "unit nm": 0}, 12)
    ('3 of 12 slices: palette read', 'values inverted', 'unit nm')
    """
    return tuple(
        sentence if slices in (0, total) else f"{slices} of {total} slices: {sentence}"
        for sentence, slices in told.items()
    )


@dataclass
class Pages:
    """A stack of images, its header read and checked, its pixels not read yet.

    Attributes
    ----------
    shape : tuple of int
        (N, Y, X).
    dtype : numpy.dtype
        Type of the images as `read` returns them.
    read : callable
        `read(start, stop)` returns the images of these slices, (stop - start, Y, X), as a person
        sees them, and which of their pixels are valid, or None if the file marks none as invalid.
    names : tuple of str
        A name per slice (file names, labels), or empty if the source has none.
    pixel_nm : (float, float) or None
        Pixel size (y, x) in nm.
    spacing_nm : float or None
        Distance between slices in nm.
    depths_nm : (N,) float64 or None
        Depth of every slice in nm.
    block : int
        How many slices are best read at once.
    notes : Notes
        What was taken from the file.
    looked_at : int
        How many files were opened to get so far, for the reckoning of progress.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    read: Callable[[int, int], Block]
    names: tuple[str, ...] = ()
    pixel_nm: tuple[float, float] | None = None
    spacing_nm: float | None = None
    depths_nm: NDArray[np.float64] | None = None
    block: int = 1
    notes: Notes = field(default_factory=Notes)
    looked_at: int = 0


def unit_nm(unit: str | None) -> float | None:
    """Return how many nm a unit of length is, or None for pixels, no unit and unknown ones.

    Examples
    --------
    >>> unit_nm("µm"), unit_nm("inch"), unit_nm("pixel"), unit_nm(None)
    (1000.0, 25400000.0, None, None)
    """
    if unit is None:
        return None
    if unit.strip().lower() in ("inch", "inches", "in", '"'):
        return 25.4e6
    exponent = unit_exponent(unit)
    return None if exponent is None else 10.0**exponent


def add_pixel_size(
    pages: Pages,
    sizes: tuple[float, float],
    unit: str | None,
    *,
    spacing: float | None = None,
    spacing_unit: str | None = None,
) -> None:
    """Take a pixel size and a slice spacing from a file's own words, or say why they are not taken.

    Parameters
    ----------
    pages : Pages
        Gets the sizes and the notes.
    sizes : (float, float)
        Pixel size (y, x) in units.
    unit : str or None
        As the file names it.
    spacing : float, optional
        Distance between slices.
    spacing_unit : str, optional
        Its unit, where it has one of its own.
    """
    factor = unit_nm(unit)
    good = all(np.isfinite(size) and size > 0 for size in sizes)
    if factor is None or not good:
        if good and (sizes != (1.0, 1.0) or unit_named(unit)):
            shown = f" '{unit}'" if unit_named(unit) else ""
            pages.notes.say(
                f"the file's pixel size {sizes[0]:g} x {sizes[1]:g} has no unit of length{shown}: "
                "not used"
            )
        return
    # Ten digits: 100/317 pixels per nm are 3.17 nm per pixel.
    y, x = (float(f"{size * factor:.10g}") for size in sizes)
    if factor in (unit_nm("inch"), unit_nm("cm")) and max(x, y) > _LARGEST_NM_BY_THE_INCH:
        pages.notes.say(
            f"the file's resolution of {25.4e6 / x:.4g} dots per inch is that of a screen or "
            "printer, not a pixel size: not used"
        )
        return
    pages.pixel_nm = (y, x)
    pages.notes.say(f"pixel size from the file: {describe_size((y, x))}")
    deep = unit_nm(spacing_unit) if spacing_unit else factor
    if spacing and deep and np.isfinite(spacing):
        pages.spacing_nm = float(abs(spacing) * deep)
        pages.notes.say(f"distance between slices from the file: {pages.spacing_nm:.6g} nm")


def unit_named(unit: str | None) -> bool:
    """Return whether a file names a unit at all, be it one of length or not."""
    return bool(unit and unit.strip().lower() not in ("pixel", "pixels", "px", "none"))


def describe_size(pixel_nm: tuple[float, float]) -> str:
    """Return a pixel size for people.

    Examples
    --------
    >>> describe_size((2.5, 2.5)), describe_size((3.17, 2.5))
    ('2.5 nm', '3.17 nm (y) x 2.5 nm (x)')
    """
    y, x = pixel_nm
    return f"{x:.6g} nm" if abs(y / x - 1) < 1e-6 else f"{y:.6g} nm (y) x {x:.6g} nm (x)"


def same_size(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    """Return whether two pixel sizes are the same, to the rounding of files."""
    if one is None or other is None:
        return one is other
    return all(abs(a / b - 1) <= _SAME_SIZE for a, b in zip(one, other, strict=True))


def one_axis(counts: dict[str, int], source: str) -> tuple[int, str]:
    """Return how many slices a file holds that has axes of these lengths besides y and x.

    Parameters
    ----------
    counts : dict
        Length by the axis' name: "z", "time", "channel", and others.
    source : str
        The file, for messages.

    Returns
    -------
    int
        Number of slices.
    str
        A note, or "" if the slices lie along z.

    Raises
    ------
    InputError
        If more than one axis is longer than 1, or if they are up to four channels of one image.

    Examples
    --------
    >>> one_axis({"z": 12, "channel": 1}, "a.tif")
    (12, '')
    >>> one_axis({"z": 1, "time": 12}, "a.tif")[0]
    12
    """
    long = {name: count for name, count in counts.items() if count > 1}
    if not long:
        return 1, ""
    if len(long) > 1:
        extra = next(name for name in [*long][::-1] if name != "z")
        others = " x ".join(f"{count} along {name}" for name, count in long.items())
        raise InputError(
            f"{source} holds more than a stack ({others}): its {extra} axis has {long[extra]} "
            "entries, save the one to be read as a file of its own."
        )
    name, count = next(iter(long.items()))
    if name == "channel" and count <= _MOST_CHANNELS:
        raise InputError(
            f"{source} holds {count} channels of one image, not a stack: its channel axis has "
            f"{count} entries and z has 1; if they are slices, save them as such."
        )
    if name == "z":
        return count, ""
    return count, f"the file's {count} images lie along its {name} axis: read as slices"


def full_path(path: Path | str) -> Path:
    """Return a path with `~` replaced."""
    return Path(path).expanduser()
