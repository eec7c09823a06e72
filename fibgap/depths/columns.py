"""Columns of a table: which one is taken, in which unit, and its values in nm."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap.depths.delimited import TextTable, counts_on, is_number
from fibgap.depths.titles import Column, read_title, same_title
from fibgap.errors import InputError
from fibgap.units import length_nm, parse_number, require_unit, split_length, to_nm, unit_exponent

#: What a column of lengths along z can be.
KINDS = ("depth", "thickness")


@dataclass(frozen=True)
class Table:
    """A table with what is known of its columns; rows are those of the slices, in their order."""

    path: Path
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    decimal_comma: bool

    def cells(self, column: Column) -> list[str]:
        """Return the cells of a column."""
        index = self.columns.index(column)
        return [row[index] for row in self.rows]

    def numeric(self, column: Column) -> bool:
        """Return whether most cells of a column are numbers."""
        cells = self.cells(column)
        return sum(map(is_number, cells)) > len(cells) / 2

    def place(self, row: int) -> str:
        """Return where a row stands, for messages."""
        return f"line {self.lines[row]}"

    def take(self, order: Sequence[int]) -> "Table":
        """Return some rows in another order."""
        return replace(
            self,
            rows=tuple(self.rows[row] for row in order),
            lines=tuple(self.lines[row] for row in order),
        )


def with_columns(text: TextTable, path: Path) -> Table:
    """Say what every column is: by its name, or, where it has none, by what it holds.

    Raises
    ------
    InputError
        If two columns have one name.
    """
    columns = []
    for index, cells in enumerate(zip(*text.rows, strict=True)):
        found = read_title(text.titles[index] if text.titles else "")
        title = found.title or f"column {index + 1}"
        if not found.title and (counts_on(cells) or not any(map(is_number, cells))):
            found = replace(found, kind="slice")
        columns.append(replace(found, title=title, base=found.base or title))
    titles = [column.title.casefold() for column in columns]
    for title in titles:
        if titles.count(title) > 1:
            raise InputError(f"file {path} has two columns of the name '{title}'.")
    return Table(path, tuple(columns), text.rows, text.lines, text.decimal_comma)


def _listed(columns: Sequence[Column]) -> str:
    """Return names of columns for a message."""
    return ", ".join(f"'{column.title}'" for column in columns)


def choose_column(table: Table, asked: str | int | None, kind: str | None) -> tuple[Column, str]:
    """Return the column that is taken and whether it is of depths or of thicknesses.

    Parameters
    ----------
    table : Table
        With what is known of its columns.
    asked : str, int or None
        Name or number of a column that a person asked for.
    kind : str or None
        "depth" or "thickness", if a person said which is wanted.

    Raises
    ------
    InputError
        If no column is meant, or more than one could be; the message lists them.
    """
    if asked is not None:
        found = [column for column in table.columns if same_title(str(asked), column)]
        number = str(asked)
        if not found and number.isdecimal() and 1 <= int(number) <= len(table.columns):
            found = [table.columns[int(number) - 1]]
        if len(found) != 1:
            raise InputError(
                f"file {table.path} has {'no' if not found else 'more than one'} column '{asked}'; "
                f"its columns are {_listed(table.columns)}."
            )
        own = found[0].kind if found[0].kind in KINDS else "depth"
        return found[0], kind or own
    numeric = [column for column in table.columns if table.numeric(column)]
    for wanted in KINDS if kind is None else (kind,):
        found = [column for column in numeric if column.kind == wanted]
        if found:
            break
    else:
        found, wanted = [column for column in numeric if column.kind == "unknown"], kind or "depth"
        # Of columns whose names say nothing, numbers of slices and what has no unit come last.
        with_unit = [column for column in found if column.unit]
        uneven = [column for column in found if not counts_on(table.cells(column))]
        found = with_unit or uneven or found
    if len(found) == 1:
        return found[0], wanted
    if found:
        raise InputError(
            f"file {table.path} has more than one column that could be the {wanted}: "
            f"{_listed(found)}; name one (column)."
        )
    raise InputError(
        f"file {table.path} has no column of depths or thicknesses (its columns are "
        f"{_listed(table.columns)}; whole numbers that rise by one count slices); if one of them "
        "holds them, name it (column)."
    )


def column_unit(table: Table, column: Column, given: str | None) -> str | None:
    """Return the unit of a column's bare numbers: in its name, or else the given one.

    Raises
    ------
    InputError
        If the two differ.
    """
    if column.unit and given and unit_exponent(column.unit) != unit_exponent(given):
        raise InputError(
            f"column '{column.title}' of file {table.path} is in {column.unit}, but {given} is "
            "given as its unit."
        )
    return column.unit or given


def column_values(
    table: Table, column: Column, unit: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of a column in nm, and half a unit of the last digit of each.

    Raises
    ------
    InputError
        If a cell is empty or no length, or a unit is missing; the message names the line.
    """
    values, halves = [], []
    for row, cell in enumerate(table.cells(column)):
        where = f"file {table.path}, {table.place(row)}: {column.title}"
        if not cell:
            raise InputError(f"{where} has no value.")
        digits, own = split_length(cell)
        if digits and not own and unit is None:
            raise InputError(
                f"file {table.path}: column '{column.title}' has no unit of length; name it in the "
                "column's title, such as 'depth_nm' or 'thickness [um]', or give it (unit)."
            )
        values.append(length_nm(cell, unit=unit, name=where, decimal_comma=table.decimal_comma))
        halves.append(_half_digit(digits, require_unit(own or str(unit))))
    return np.array(values), np.array(halves)


def _half_digit(digits: str, exponent: int) -> float:
    """Return half a unit of the last digit of a written number in nm."""
    number = parse_number(digits, decimal_comma=True)
    last = number.as_tuple().exponent if number is not None else 0
    return to_nm(Decimal((0, (5,), int(last) - 1)), exponent)
