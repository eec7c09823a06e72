"""Tables of depths that this library wrote: what it writes, and what it finds there again."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.depths.columns import Table, column_values
from fibgap.depths.delimited import read_text
from fibgap.depths.result import Depths
from fibgap.depths.titles import Column
from fibgap.errors import InputError
from fibgap.io.files import write_aside

MEASURED = "measured"
#: Sources by which a table may say that its depths come from.
_WRITTEN = (MEASURED, "ruler", "images", "fused", "nominal")
_FIRST_LINE = "# depths of slices; source: "


def write_table(path: Path | str, depths: Depths, names: Sequence[str] | None = None) -> None:
    """Write depths as a CSV file that `read_table` reads.

    Parameters
    ----------
    path : path
        The file; it appears when it is complete.
    depths : Depths
        One row per slice, in the order in which slices were delivered, with columns "slice",
        "depth_nm" and, where they are known, "sd_nm", and, for the distance to the next slice,
        "thickness_nm" and "thickness_sd_nm". Source and notes stand above as comments.
    names : sequence of str, optional
        File names of the slices as delivered; their numbers from 0 on without it.
    """
    count = len(depths.depths_nm)
    labels = list(range(count)) if names is None else list(names)
    if len(labels) != count:
        raise InputError(f"{len(labels)} names came for {count} slices.")
    columns: list[Any] = [labels, _numbers(depths.order(depths.depths_nm))]
    titles = ["slice", "depth_nm"]
    if depths.sd_nm is not None:
        columns.append(_numbers(depths.order(depths.sd_nm)))
        titles.append("sd_nm")
    if depths.thickness_sd_nm is not None:
        turn = slice(None, None, -1 if depths.turned else 1)
        for title, values in (
            ("thickness_nm", depths.thickness_nm),
            ("thickness_sd_nm", depths.thickness_sd_nm),
        ):
            columns.append([*_numbers(values[turn]), ""])
            titles.append(title)
    with write_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{_FIRST_LINE}{depths.source}\n")
        file.writelines(f"# {note}\n" for note in depths.notes)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(titles)
        writer.writerows(zip(*columns, strict=True))


def _numbers(values: NDArray[np.float64]) -> list[str]:
    """Return numbers as text with all of their digits."""
    return [repr(float(value)) for value in values]


def written_source(path: Path | str) -> str:
    """Return the source of depths that `write_table` wrote into a table, "measured" of others."""
    first = read_text(path).split("\n", 1)[0].strip()
    source = first.removeprefix(_FIRST_LINE)
    return source if source != first and source in _WRITTEN else MEASURED


def of_steps(column: Column) -> bool:
    """Return whether a column of deviations is that of thicknesses, not of depths."""
    return "thickness" in column.base.casefold()


def steps_deviations(table: Table, unit: str | None, count: int) -> NDArray[np.float64] | None:
    """Return the standard deviations of thicknesses that stand beside depths, in nm."""
    found = [column for column in table.columns if column.kind == "sd" and of_steps(column)]
    if len(found) != 1 or len(table.rows) != count:
        return None
    part = table.take(range(count - 1))
    values, _ = column_values(part, found[0], found[0].unit or unit)
    return values
