"""How a stack is read: the options that loading, checking and filling share."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from fibgap.depths import Depths
from fibgap.io.sources import Source


class How(TypedDict, total=False):
    """How a stack is read; what is left out is found in the files, or is an error that says so.

    Attributes
    ----------
    dataset : str
        The array to be read, where a file holds several (HDF5, Zarr).
    depths : path, str or Depths
        Where slices lie: a table of depths or thicknesses, "names" (the names of the image files),
        "file" (what the image file says), "images" (estimated from the images, see
        `fibgap.depths.estimate_thickness`), "ruler", "fused" (the ruler and the images together),
        a table of a ruler, or depths that were found elsewhere. Without it the ruler is taken if
        one is given, then the file's own depths, then those in the names.
    depth_column : str or int
        The column of the table: its name, or its number from 1.
    depth_kind : str
        "depth" or "thickness", where the name of the column does not say it.
    depth_unit : str
        Unit of length, where the table has none.
    decimal : str
        "." or ",", where the table can be read in both ways.
    spacing : str
        One distance for all slices, such as "10nm", where nobody measured their depths.
    total : str
        Depth of the last slice below the first, such as "240nm", where it is known: distances from
        images are multiplied to it.
    ruler : path
        A table of a ruler: windows around its lines, which are tracked in the images, or widths
        that somebody read; see `fibgap.depths.read_ruler_table`.
    ruler_angle : float
        Full angle between the lines in degrees, where the table holds widths.
    ruler_sd : str
        Standard deviation of one reading, such as "0.5px" or "1.2nm", where the table holds widths
        and does not say it.
    voxel : str
        Pixel size with its unit, such as "2.5nm", where the file has none.
    trust_voxel : bool
        Take `voxel` even where the file says otherwise.
    tilt : float
        Angle in degrees under which slices were imaged without correction, such as 52.
    mask : path, str, or sequence of them
        One image or one per slice: 0 where the slices show no material.
    crop : bool
        True: a border of one value around the images shows no material. False: it is pore. Without
        it a border is cropped where it can be nothing else.
    correct_drift : bool
        Shift slices back by what they drifted.
    phase : number or sequence of numbers
        The label, or labels, that are solid.
    threshold : float
        Solid is above this grey value.
    otsu : bool
        Find the threshold by Otsu's method.
    classes : int
        Find thresholds between so many classes by multi-Otsu.
    solid_class : int or sequence of int
        Which of these classes are solid, from 0, the darkest; the brightest if it is not given.
    solid_is : str
        "bright", or "dark" where solid lies at or below the threshold.
    """

    dataset: str | None
    depths: Path | str | Depths | None
    depth_column: str | int | None
    depth_kind: str | None
    depth_unit: str | None
    decimal: str | None
    spacing: str | None
    total: str | None
    ruler: Path | str | None
    ruler_angle: float | None
    ruler_sd: str | None
    voxel: str | None
    trust_voxel: bool
    tilt: float | None
    mask: Source | None
    crop: bool | None
    correct_drift: bool
    phase: float | Sequence[float] | None
    threshold: float | None
    otsu: bool
    classes: int | None
    solid_class: int | Sequence[int] | None
    solid_is: str


def require_known(how: Mapping[str, Any]) -> None:
    """Refuse an option that there is not, as Python does for a keyword argument."""
    for name in how:
        if name not in How.__annotations__:
            raise TypeError(
                f"there is no option '{name}'; there are {', '.join(How.__annotations__)}"
            )


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say something."""
    return {
        name: value for name, value in options.items() if value is not None and value is not False
    }


def plain(value: Any) -> Any:
    """Return an option as JSON can hold it."""
    if isinstance(value, Depths):
        return f"depths of the source '{value.source}'"
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def command(name: str, arguments: Sequence[str], options: Mapping[str, Any]) -> str:
    """Return the command line that does the same.

    Examples
    --------
    >>> command("fill", ["a b.tif"], {"voxel": "2.5nm", "otsu": True, "phase": (1, 2)})
    "fibgap fill 'a b.tif' --voxel 2.5nm --otsu --phase 1 --phase 2"
    """
    words = ["fibgap", name, *arguments]
    for key, value in options.items():
        flag = f"--{key.replace('_', '-')}"
        if value is True:
            words.append(flag)
        elif value is False:
            words += ["--no-crop"] if key == "crop" else []
        elif value is not None:
            several = isinstance(value, Sequence) and not isinstance(value, str)
            for each in value if several else [value]:
                words += [flag, f"{each:g}" if isinstance(each, float) else str(plain(each))]
    return shlex.join(words)
