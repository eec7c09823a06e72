"""What a column is, by its name: depth, thickness, slice number or none of these."""

import re
from dataclasses import dataclass

from fibgap.units import unit_exponent

#: Words by which columns are recognised, of every kind, in the order in which they are looked for.
_WORDS = {
    "other": {"x", "y", "xpos", "ypos", "time", "date", "working", "wd", "pixel", "voxel", "width"}
    | {"error", "err"},
    "sd": {"sd", "std", "stdev", "sigma", "uncertainty"},
    "number": {"index", "idx", "number", "num", "no", "nr", "id"},
    "thickness": {"thickness", "thicknesses", "dz", "deltaz", "δz", "increment", "increments"}
    | {"spacing"},
    "depth": {"depth", "depths", "z", "zpos", "zposition", "position", "positions", "pos"},
    "slice": {"slice", "slices", "section", "image", "frame", "layer", "file", "filename", "name"}
    | {"filenames", "path", "label", "n", "i", "k"},
}
#: A step is a thickness if it has a unit or a direction; else it counts slices.
_STEPS = {"step", "steps"}
#: A thickness that is added up is a depth.
_SUMS = {"cumulative", "cumulated", "accumulated", "cum", "total", "sum", "summed"}

_BRACKETS = re.compile(r"^(.*?)[\s_.,:-]*[\[({<]\s*([^\])}>]*?)\s*[\])}>]\s*$")
_SUFFIX = re.compile(r"^(.*?)[\s_.,:/-]+(?:in[\s_]+)?([^\s_.,:/-]+)$")


@dataclass(frozen=True)
class Column:
    """What the name of a column says.

    Attributes
    ----------
    title : str
        The name as it is written.
    base : str
        Without the unit.
    kind : str
        "depth", "thickness", "sd" (standard deviation of a depth), "slice" (numbers or names of
        slices), "other" (none of these) or "unknown" (the name says nothing).
    unit : str or None
        Unit of length as it is written; a unit of something else counts as none.
    """

    title: str
    base: str
    kind: str
    unit: str | None


def read_title(title: str) -> Column:
    """Return what the name of a column says.

    Examples
    --------
    >>> read_title("z (µm)").kind, read_title("z (µm)").unit
    ('depth', 'µm')
    >>> [read_title(t).kind for t in ("slice thickness_nm", "slice no.", "X [mm]", "sd_nm")]
    ['thickness', 'slice', 'other', 'sd']
    """
    title = title.strip()
    base, unit = title, None
    for pattern in (_BRACKETS, _SUFFIX):
        match = pattern.match(title)
        if match and unit_exponent(match[2]) is not None:
            base, unit = match[1], match[2]
            break
    # A change from small to capital letters begins a word: zPosition, SliceNumber.
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", base)
    words = set(re.findall(r"[^\W\d_]+", spaced.lower())) | {re.sub(r"[\W_]", "", base.lower())}
    if re.fullmatch(r"\W*(?:delta|δ|d)[\s_]*z\W*", base.lower()):
        words = {"dz"}
    if words & _STEPS:
        words |= {"thickness" if unit or words & {"z", "size"} else "number"}
    kind = next((kind for kind, known in _WORDS.items() if words & known), "unknown")
    if kind == "thickness" and words & _SUMS:
        kind = "depth"
    if kind == "number" or base.strip() == "#":
        kind = "slice"
    return Column(title, base.strip(), kind, unit)


def same_title(asked: str, column: Column) -> bool:
    """Return whether a name that a person gave means this column: with or without its unit."""
    plain = asked.strip().casefold()
    return plain in (column.title.casefold(), column.base.casefold())
