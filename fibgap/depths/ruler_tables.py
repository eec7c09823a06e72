"""Rulers in tables: windows around lines, to be tracked, or widths that somebody read."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap.depths.columns import Table, column_unit, column_values, with_columns
from fibgap.depths.delimited import read_text_table
from fibgap.depths.line_follower import RulerLine
from fibgap.depths.titles import Column
from fibgap.errors import InputError
from fibgap.units import parse_number, split_length

#: Columns of a table of lines; "line" or "name" may say what each is called.
LINE_COLUMNS = ("x", "y", "width", "height", "angle")
_PIXELS = {"px", "pixel", "pixels"}


@dataclass(frozen=True)
class RulerWidths:
    """Widths of a ruler that somebody read.

    Attributes
    ----------
    widths : (N,) float64
        Distance of two lines, or width of a wedge, in every slice.
    sd : (N,) float64 or None
        Standard deviations of the readings, where the table has them.
    in_pixels : bool
        Whether these are pixels, not nm.
    """

    widths: NDArray[np.float64]
    sd: NDArray[np.float64] | None
    in_pixels: bool

    def to_nm(self, pixel_nm: float) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Return widths and their deviations in nm."""
        factor = pixel_nm if self.in_pixels else 1.0
        return factor * self.widths, None if self.sd is None else factor * self.sd


def is_ruler(path: Path | str) -> bool:
    r"""Return whether a table has the columns of a ruler and none of depths.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "ruler.csv"
    >>> _ = path.write_text("line,x,y,width,height,angle_deg\nleft,20,0,24,24,15\n")
    >>> is_ruler(path)
    True
    """
    table = with_columns(read_text_table(path), Path(path))
    found = _by_first_word(table)
    depths = any(column.kind in ("depth", "thickness") for column in table.columns)
    return "angle" in found or ("width" in found and not depths)


def read_ruler_table(path: Path | str) -> tuple[RulerLine, ...] | RulerWidths:
    """Read a table of a ruler.

    Parameters
    ----------
    path : path
        Either one row per line, with the columns x, y, width and height (the window around the line
        in the first slice, in pixels, as Fiji shows a rectangle) and angle (to the milling
        direction, in degrees), and a column line or name if you like. Or one row per slice, with a
        column width (in pixels, ``width_px``, or with a unit of length, ``width_nm``), and a column
        sd if you like.

    Raises
    ------
    InputError
        If the file is no table, columns are missing, or a cell holds no number.
    """
    path = Path(path)
    table = with_columns(read_text_table(path), path)
    found = _by_first_word(table)
    if {"x", "y", "height", "angle"} & found.keys():
        return _lines(table, found)
    if "width" in found:
        return _widths(table, found["width"])
    raise InputError(
        f"file {path} is no table of a ruler: it has neither the columns {', '.join(LINE_COLUMNS)} "
        "of lines nor a column 'width'."
    )


def _words(title: str) -> list[str]:
    """Return the words of a title."""
    return re.findall(r"[^\W\d_]+", title.casefold())


def _by_first_word(table: Table) -> dict[str, Column]:
    """Return columns by the first word of their names."""
    found: dict[str, Column] = {}
    for column in table.columns:
        for word in _words(column.title)[:1]:
            found.setdefault({"w": "width", "h": "height", "name": "line"}.get(word, word), column)
    return found


def _lines(table: Table, found: dict[str, Column]) -> tuple[RulerLine, ...]:
    """Return the lines of a table."""
    missing = [name for name in LINE_COLUMNS if name not in found]
    if missing:
        raise InputError(
            f"file {table.path} has no column '{missing[0]}': a ruler of lines needs the columns "
            f"{', '.join(LINE_COLUMNS)}."
        )
    values = {name: _numbers(table, found[name]) for name in LINE_COLUMNS}
    for name in LINE_COLUMNS[:-1]:
        odd = np.flatnonzero(values[name] != np.rint(values[name]))
        if len(odd):
            raise InputError(
                f"file {table.path}, {table.place(int(odd[0]))}: {found[name].title} is "
                f"{values[name][odd[0]]:g}, but a window has whole pixels."
            )
    names = table.cells(found["line"]) if "line" in found else [""] * len(table.rows)
    rows = zip(*(values[name] for name in LINE_COLUMNS), names, strict=True)
    return tuple(
        RulerLine(int(x), int(y), int(width), int(height), float(angle), name or str(index))
        for index, (x, y, width, height, angle, name) in enumerate(rows)
    )


def _numbers(table: Table, column: Column) -> NDArray[np.float64]:
    """Return the numbers of a column, whatever unit stands beside them."""
    found = []
    for row, cell in enumerate(table.cells(column)):
        number = parse_number(split_length(cell)[0], decimal_comma=table.decimal_comma)
        if number is None:
            raise InputError(
                f"file {table.path}, {table.place(row)}: {column.title} is '{cell}', not a number."
            )
        found.append(float(number))
    return np.array(found)


def _widths(table: Table, column: Column) -> RulerWidths:
    """Return the widths of a table, and their deviations if there are any."""
    errors = [each for each in table.columns if each.kind == "sd"]
    error = errors[0] if len(errors) == 1 else None
    if _PIXELS & set(_words(column.title)):
        deviations = None if error is None else _numbers(table, error)
        return RulerWidths(_numbers(table, column), deviations, in_pixels=True)
    unit = column_unit(table, column, None)
    values, _ = column_values(table, column, unit)
    deviations = None if error is None else column_values(table, error, error.unit or unit)[0]
    return RulerWidths(values, deviations, in_pixels=False)
