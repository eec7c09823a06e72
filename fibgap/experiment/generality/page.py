"""The tables of the page on generality: materials by fillers, one table per quantity."""

from pathlib import Path

import numpy as np
import pandas as pd

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.generality.materials import PHANTOMS
from fibgap.experiment.generality.trial import KEYS, is_network
from fibgap.io.files import write_aside
from fibgap.network.shipped import PREFIX

BEGIN, END = "<!-- tables begin -->", "<!-- tables end -->"
#: What is told of phantoms, too.
OF_PHANTOMS = ("voxel_error", "solid_bias")
#: Column, title, factor and decimals of every table.
TABLES = (
    ("voxel_error", "Misclassified voxels of the filled layers, in %", 100, 2),
    ("truth_tpcf", "Error of TPCF along z against the truth, in %", 100, 2),
    ("truth_lpf", "Error of LPF along z against the truth, in %", 100, 2),
    ("truth_d", "Error of D along z against the truth, in %", 100, 2),
    ("anisotropy_tpcf", "Anisotropy error of TPCF", 1, 4),
    ("anisotropy_lpf", "Anisotropy error of LPF", 1, 4),
    ("anisotropy_d", "Anisotropy error of D", 1, 4),
    ("solid_bias", "Solid of the filled layers against the truth, in %", 100, 2),
    ("seconds", "Seconds of one core per volume", 1, 1),
)


def tables(rows: pd.DataFrame) -> str:
    """Return all tables as Markdown.

    Parameters
    ----------
    rows : pandas.DataFrame
        From `fibgap.experiment.generality.trial.try_fillers`.

    Returns
    -------
    str
        A cell is the mean over the volumes that the filler was tried on; the lowest of a row is
        bold where lower is better.
    """
    fillers = [name for name in dict.fromkeys(rows["filler"]) if name != ORIGINAL]
    fillers.sort(key=is_network)
    parts = []
    for column, title, factor, decimals in TABLES:
        told = rows if column in OF_PHANTOMS else rows[~rows["material"].isin(list(PHANTOMS))]
        if not told.get(column, pd.Series(dtype=float)).notna().any():
            continue
        wide = told.pivot_table(index="material", columns="filler", values=column, sort=False)
        shown = [ORIGINAL] if column.startswith("anisotropy") else []
        shown += [name for name in fillers if name in wide.columns]
        lines = [f"## {title}", "", "| material | " + " | ".join(map(_heading, shown)) + " |"]
        lines.append("| --- |" + " ---: |" * len(shown))
        for material, values in (wide.reindex(columns=shown) * factor).iterrows():
            judged = values.drop(ORIGINAL, errors="ignore").abs().round(decimals)
            cells = [
                _cell(value, decimals, strong=bool(name != ORIGINAL and rounded == judged.min()))
                for name, value, rounded in zip(
                    shown, values, values.abs().round(decimals), strict=True
                )
            ]
            lines.append(f"| {material} | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join([_counts(rows, fillers), *parts]) + "\n"


def _counts(rows: pd.DataFrame, fillers: list[str]) -> str:
    """Say how many volumes stand behind a cell."""
    volumes = rows.groupby(["filler", "material"])["volume"].nunique()
    said = []
    for kind, trained in (("Fillers without training", False), ("Networks", True)):
        own = [name for name in fillers if is_network(name) == trained]
        if own:
            counts = volumes.loc[own]
            low, high = int(counts.min()), int(counts.max())
            number = f"{low} to {high}" if low < high else f"{high}"
            said.append(f"{kind}: {number} volume{'s' if high > 1 else ''} per material.")
    return " ".join(said)


def _cell(value: float, decimals: int, *, strong: bool) -> str:
    if np.isnan(value):
        return "–"
    text = f"{value:.{decimals}f}".replace("-", "−")
    return f"**{text}**" if strong else text


def _heading(name: str) -> str:
    """Return what stands above a column: of a weights file its folder, which says what it is."""
    if name == ORIGINAL:
        return f"*{name}*"
    weights, mark, asked = name.removeprefix(PREFIX).partition("?")
    if weights.endswith(".safetensors"):
        weights = Path(weights).parent.name or Path(weights).stem
    return f"`{weights}{mark}{asked}`"


def write_page(path: Path, rows: pd.DataFrame) -> None:
    """Put the tables between the marks of a page; what stands around them stays.

    Raises
    ------
    InputError
        If the page lacks the marks, or there are no rows.
    """
    if rows.duplicated(KEYS).any() or not len(rows):
        raise InputError("the table of rows is empty, or has a material, volume and filler twice.")
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise InputError(f"page '{path}' lacks the marks '{BEGIN}' and '{END}'.")
    head, _, rest = text.partition(BEGIN)
    _, _, foot = rest.partition(END)
    with write_aside(path) as aside:
        aside.write_text(f"{head}{BEGIN}\n\n{tables(rows)}\n{END}{foot}", encoding="utf-8")
