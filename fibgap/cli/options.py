"""Options that commands share."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from fibgap.cli.help import Grouped

Function = Callable[..., Any]

_IMAGES, _DEPTHS, _SOLID = "Images", "Where the slices lie", "What is solid"

#: Options by the names of `fibgap.stacks.options.How`, with what click is told of them.
_READING: list[tuple[str, str, dict[str, Any]]] = [
    (
        _IMAGES,
        "--voxel",
        {"metavar": "LENGTH", "help": "Pixel size with its unit, as in 2.5nm, if no file has it."},
    ),
    (_IMAGES, "--trust-voxel", {"is_flag": True, "help": "Take --voxel though the file differs."}),
    (
        _IMAGES,
        "--tilt",
        {
            "type": float,
            "metavar": "DEGREES",
            "help": "Angle under which slices were imaged, such as 52, if y is not corrected.",
        },
    ),
    (
        _IMAGES,
        "--dataset",
        {"metavar": "NAME", "help": "The array to be read, where a file holds several."},
    ),
    (
        _IMAGES,
        "--mask",
        {
            "metavar": "IMAGES",
            "help": "One image or one per slice (folder, pattern, file): 0 shows no material.",
        },
    ),
    (
        _IMAGES,
        "--crop/--no-crop",
        {
            "default": None,
            "help": "Whether a border of one value shows no material; by default where it is sure.",
        },
    ),
    (_IMAGES, "--correct-drift", {"is_flag": True, "help": "Shift slices back by their drift."}),
    (
        _DEPTHS,
        "--depths",
        {
            "metavar": "FILE",
            "help": "Table of depths or thicknesses (CSV, TSV), or one of the words images "
            "(estimate them), ruler, fused (ruler and images), names (file names), file (the image "
            "file). By default the ruler if there is one, the image file, then the file names.",
        },
    ),
    (
        _DEPTHS,
        "--ruler",
        {
            "metavar": "FILE",
            "help": "Table of a ruler: x, y, width, height and angle of windows around its lines, "
            "which are tracked; or a width per slice.",
        },
    ),
    (
        _DEPTHS,
        "--ruler-angle",
        {"type": float, "metavar": "DEGREES", "help": "Full angle, if the ruler has widths."},
    ),
    (
        _DEPTHS,
        "--ruler-sd",
        {"metavar": "LENGTH", "help": "Reading error of a width, such as 0.5px or 1.2nm."},
    ),
    (
        _DEPTHS,
        "--total",
        {"metavar": "LENGTH", "help": "Known depth of the last slice, for --depths images."},
    ),
    (
        _DEPTHS,
        "--depth-column",
        {"metavar": "NAME", "help": "Column of the table: its name, or number from 1."},
    ),
    (
        _DEPTHS,
        "--depth-kind",
        {"type": click.Choice(["depth", "thickness"]), "help": "What the column holds."},
    ),
    (
        _DEPTHS,
        "--depth-unit",
        {"metavar": "UNIT", "help": "Unit of the column (nm, um, mm, m), if it names none."},
    ),
    (
        _DEPTHS,
        "--decimal",
        {"type": click.Choice([".", ","]), "help": "Decimal mark, if a table can be read twice."},
    ),
    (
        _DEPTHS,
        "--spacing",
        {"metavar": "LENGTH", "help": "One distance for all slices, such as 10nm."},
    ),
    (
        _SOLID,
        "--phase",
        {"type": float, "multiple": True, "help": "Label that is solid; may be given repeatedly."},
    ),
    (_SOLID, "--threshold", {"type": float, "help": "Solid is above this grey value."}),
    (_SOLID, "--otsu", {"is_flag": True, "help": "Find the threshold by Otsu's method."}),
    (_SOLID, "--classes", {"type": int, "help": "Find classes of grey by multi-Otsu."}),
    (
        _SOLID,
        "--solid-class",
        {"type": int, "multiple": True, "help": "Which class is solid, 0 the darkest."},
    ),
    (
        _SOLID,
        "--solid-is",
        {"type": click.Choice(["bright", "dark"]), "help": "Bright (default) or dark."},
    ),
]


def source(function: Function) -> Function:
    """Add the argument that says where the images are."""
    return click.argument("stack", nargs=-1, required=True)(function)


def reading(function: Function) -> Function:
    """Add the options that say how a stack is read."""
    for group, name, about in reversed(_READING):
        function = click.option(name, cls=Grouped, group=group, **about)(function)
    return function


def memory(function: Function) -> Function:
    """Add the option that says how much memory may be taken."""
    return click.option(
        "--memory",
        metavar="SIZE",
        cls=Grouped,
        group="Memory",
        help="How much may be taken, such as 4GB; half of the machine's if it is left out. What "
        "takes more is worked on block by block, on disk.",
    )(function)


def common(function: Function) -> Function:
    """Add the options that every command has."""
    as_json = click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object for scripts."
    )
    quiet = click.option("-q", "--quiet", is_flag=True, help="Nothing but warnings and errors.")
    return as_json(quiet(function))


def said(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that somebody gave, as the library takes them.

    Examples
    --------
    >>> said({"voxel": "2nm", "phase": (2.0,), "solid_class": (), "crop": False, "tilt": None})
    {'voxel': '2nm', 'phase': (2.0,), 'crop': False}
    """
    return {name: value for name, value in options.items() if value is not None and value != ()}


def in_order(stack: tuple[str, ...]) -> str | list[str]:
    """Return what a stack is read from; several images in natural order, which shells do not keep.

    Examples
    --------
    >>> in_order(("slices",)), in_order(("s1.tif", "s10.tif", "s2.tif"))
    ('slices', ['s1.tif', 's2.tif', 's10.tif'])
    """
    if len(stack) == 1:
        return stack[0]
    from fibgap.io.sources import natural_key

    return sorted(stack, key=lambda path: natural_key(Path(path).name))
