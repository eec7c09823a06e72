"""Depths from a table: a column of depths or of thicknesses, with its unit."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap.depths.columns import (
    KINDS,
    Table,
    choose_column,
    column_unit,
    column_values,
    with_columns,
)
from fibgap.depths.delimited import read_text_table
from fibgap.depths.result import Depths, in_order
from fibgap.depths.titles import Column
from fibgap.depths.written import MEASURED, of_steps, steps_deviations, written_source
from fibgap.errors import InputError
from fibgap.units import require_unit


def read_table(
    path: Path | str,
    *,
    count: int | None = None,
    names: Sequence[str] | None = None,
    column: str | int | None = None,
    kind: str | None = None,
    unit: str | None = None,
    decimal: str | None = None,
) -> Depths:
    """Read the depths of slices from a table of depths or of thicknesses.

    Parameters
    ----------
    path : path
        CSV, TSV or white space; see `fibgap.depths.delimited.read_text_table` for its form. One
        row per slice. The unit stands in the name of the column, such as "z_um" or
        "thickness [nm]", or beside every number.
    count : int, optional
        How many slices there are; another number of depths is refused.
    names : sequence of str, optional
        File names of the slices in the order of the stack. If the table names files, rows are
        taken by name: their order does not matter, and rows of other files are not used.
    column : str or int, optional
        The column to take: its name, with or without unit, or its number, counted from 1. Without
        it the column is found by its name.
    kind : str, optional
        "depth" or "thickness", where the name of the column does not say it.
    unit : str, optional
        The unit of length, where the table does not name it; a table that names another one is
        refused.
    decimal : str, optional
        "." or ",", where a table can be read in both ways.

    Returns
    -------
    Depths
        Source "measured", or the one that `write_table` wrote into the file. Notes say which column
        was taken.

    Raises
    ------
    InputError
        If the file is no table, no column or several could be meant, a unit is missing, a value is
        none, depths neither rise nor fall, depths and thicknesses contradict each other, or their
        number is not that of the slices. The message names the line and the value.

    Notes
    -----
    The thickness of a slice is its distance to the next one: the depth of a slice is the sum of
    the thicknesses before it. So the first thickness counts and the last one does not, and one row
    fewer than slices is enough.
    If depths and thicknesses stand in a table, depths are taken. Thicknesses must then be their
    differences, to the next or from the slice before, within the digits that are written.
    A table whose slice numbers do not rise is sorted by them.
    """
    if kind not in (None, *KINDS):
        raise InputError(f"kind must be one of {', '.join(KINDS)}, but is '{kind}'.")
    if unit is not None:
        require_unit(unit, "the unit of depths")
    table = with_columns(read_text_table(path, decimal=decimal), Path(path))
    notes: list[str] = []
    table = _sorted(table, notes)
    count = len(names) if count is None and names is not None else count
    taken, kind = choose_column(table, column, kind)
    unit_of = column_unit(table, taken, unit)
    values, _ = column_values(table, taken, unit_of)
    how = f"in {unit_of}" if unit_of else "with units beside the numbers"
    notes.insert(0, f"{kind} is column '{taken.title}' of {table.path.name}, {how}.")
    sd = _deviations(table, unit_of)
    if kind == "thickness":
        values, sd = _summed(table, taken, values, sd, count, notes)
    elif column is None:
        _compare(table, taken, unit_of, notes)
    rows = table.rows
    if names is not None:
        table, values, sd = _by_name(table, names, values, sd, notes)
    places = [*map(table.place, range(len(table.rows))), "the end"]
    if count is not None and len(values) != count:
        raise InputError(
            f"file {path} has {len(values)} {'depths' if kind == 'depth' else 'thicknesses'} (the "
            f"last in {places[len(table.rows) - 1]}), but there are {count} slices."
        )
    try:
        depths, turned = in_order(values, places)
    except InputError as error:
        hint = "; if these are thicknesses, say so (kind)" if taken.kind not in KINDS else ""
        raise InputError(f"file {path}: {str(error).removesuffix('.')}{hint}.") from None
    if turned:
        notes.append("depths fall, so they and the slices are turned round.")
        sd = sd[::-1] if sd is not None else None
    if len(depths) < 2:
        raise InputError(f"file {path} has {len(depths)} depth, but at least 2 are needed.")
    source = written_source(path)
    if source != MEASURED:
        notes.append(f"the table says where its depths come from: {source}.")
    steps = None
    if table.rows == rows and not turned:
        steps = steps_deviations(table, unit_of, len(depths))
    return Depths(depths, source, sd, tuple(notes), turned, steps)


def _slice_numbers(table: Table) -> list[list[int]]:
    """Return the numbers of the slices by every column that counts them."""
    found = []
    for column in table.columns:
        cells = table.cells(column)
        if column.kind == "slice" and all(re.fullmatch(r"\d{1,15}", cell) for cell in cells):
            found.append([int(cell) for cell in cells])
    return [numbers for numbers in found if len(set(numbers)) > 1]


def _sorted(table: Table, notes: list[str]) -> Table:
    """Sort rows by slice number where they are not."""
    columns = _slice_numbers(table)
    if not columns or any(all(np.diff(numbers) > 0) for numbers in columns):
        return table
    numbers = next((column for column in columns if len(set(column)) == len(column)), None)
    if numbers is not None:
        notes.append("rows are sorted by their slice numbers.")
        return table.take([int(row) for row in np.argsort(numbers)])
    if len(columns) > 1:
        return table
    (numbers,) = columns
    again = next(row for row, number in enumerate(numbers) if number in numbers[:row])
    raise InputError(
        f"file {table.path} has slice {numbers[again]} in {table.place(again)} and in "
        f"{table.place(numbers.index(numbers[again]))}."
    )


def _deviations(table: Table, unit: str | None) -> NDArray[np.float64] | None:
    """Return the standard deviations that stand beside the values, in nm."""
    found = [
        column
        for column in table.columns
        if column.kind == "sd" and table.numeric(column) and not of_steps(column)
    ]
    if len(found) != 1:
        return None
    values, _ = column_values(table, found[0], found[0].unit or unit)
    if (values < 0).any():
        bad = int(np.flatnonzero(values < 0)[0])
        raise InputError(
            f"file {table.path}, {table.place(bad)}: {found[0].title} is {values[bad]:g} nm, but a "
            "standard deviation is not negative."
        )
    return values


def _summed(
    table: Table,
    column: Column,
    values: NDArray[np.float64],
    sd: NDArray[np.float64] | None,
    count: int | None,
    notes: list[str],
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the depths that thicknesses add up to, and their deviations."""
    if (values <= 0).any():
        bad = int(np.flatnonzero(values <= 0)[0])
        raise InputError(
            f"file {table.path}, {table.place(bad)}: {column.title} is {values[bad]:g} nm, but a "
            "thickness is positive."
        )
    for numbers in _slice_numbers(table):
        steps = np.diff(numbers)
        if (steps != steps.min()).any():
            bad = int(np.flatnonzero(steps != steps.min())[0])
            raise InputError(
                f"file {table.path}: slice {numbers[bad]} ({table.place(bad)}) is followed by "
                f"slice {numbers[bad + 1]}: the thicknesses between them are missing."
            )
    used = slice(None) if count == len(values) + 1 else slice(-1)
    depths = np.concatenate([[0.0], np.cumsum(values[used])])
    last = "" if used.stop is None else f"; the last one, {values[-1]:g} nm, does not count"
    notes.append(f"the depth of a slice is the sum of the thicknesses before it{last}.")
    if sd is not None:
        sd = np.sqrt(np.concatenate([[0.0], np.cumsum(sd[used] ** 2)]))
    return depths, sd


def _compare(table: Table, depth: Column, unit: str | None, notes: list[str]) -> None:
    """Hold thicknesses against the differences of the depths beside them."""
    found = [
        column for column in table.columns if column.kind == "thickness" and table.numeric(column)
    ]
    if len(found) != 1:
        return
    depths, coarse = column_values(table, depth, unit)
    steps, allowed = np.abs(np.diff(depths)), coarse[1:] + coarse[:-1]
    cells = table.cells(found[0])
    wrong: list[tuple[int, str]] = []
    failed: InputError | None = None
    for words, first in (("the next", 0), ("the one before", 1)):
        # One row has no neighbour on that side: the last or the first.
        rows = [row for row in range(len(cells)) if 0 <= row - first < len(steps)]
        part = table.take(rows)
        try:
            values, fine = column_values(part, found[0], found[0].unit or unit)
        except InputError as error:
            failed = failed or error
            continue
        step = steps[[row - first for row in rows]]
        margin = allowed[[row - first for row in rows]] + fine + 1e-9 * np.abs(depths).max()
        off = np.flatnonzero(np.abs(values - step) > margin)
        if not len(off):
            notes.append(f"column '{found[0].title}' agrees with it: distances to {words}.")
            return
        bad = int(off[0])
        wrong.append((len(off), f"{part.place(bad)} has {values[bad]:g} nm for {step[bad]:.6g} nm"))
    if not wrong and failed:
        raise failed
    raise InputError(
        f"file {table.path}: column '{found[0].title}' contradicts the depths in column "
        f"'{depth.title}' ({min(wrong)[1]}); name the one to take (column)."
    )


def _file_name(name: str) -> str:
    """Return a file's name without its folder, of whatever system."""
    return re.split(r"[/\\]", name.strip())[-1].casefold()


def _by_name(
    table: Table,
    names: Sequence[str],
    values: NDArray[np.float64],
    sd: NDArray[np.float64] | None,
    notes: list[str],
) -> tuple[Table, NDArray[np.float64], NDArray[np.float64] | None]:
    """Take rows by the file names in them, if there are any of the stack's."""
    for column in table.columns:
        if table.numeric(column) or len(values) != len(table.rows):
            continue
        for plain in (_file_name, lambda name: _file_name(name).rsplit(".", 1)[0]):
            rows = {plain(cell): row for row, cell in enumerate(table.cells(column))}
            wanted = [plain(name) for name in names]
            missing = [name for name in wanted if name not in rows]
            if len(missing) == len(wanted):
                continue
            if missing:
                raise InputError(
                    f"file {table.path} names no slice '{missing[0]}' in column '{column.title}'."
                )
            order = [rows[name] for name in wanted]
            unused = len(rows) - len(order)
            more = f"; not used: {unused}, of other files" if unused else ""
            notes.append(f"rows are taken by the file names in column '{column.title}'{more}.")
            return table.take(order), values[order], sd[order] if sd is not None else None
    return table, values, sd
