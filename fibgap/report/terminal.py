"""A run's tables and verdict as readable text."""

import textwrap
from pathlib import Path

import pandas as pd

from fibgap.report.results import Results
from fibgap.report.tables.cells import number
from fibgap.report.verdict import verdict
from fibgap.statistics import column


def table_text(frame: pd.DataFrame, title: str) -> list[str]:
    """Return the anisotropy errors of a table as lines of text.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `fibgap.report.tables.select_arms`.
    title : str
        Stands over the names of the arms.

    Returns
    -------
    list of str
        One line per arm: mean ± standard deviation, an asterisk before the best, and the paper's
        mean where the paper has any; 78 columns wide for three measures.

    Examples
    --------
    >>> frame = pd.DataFrame(
    ...     {
    ...         "block": "anisotropy",
    ...         "arm": ["A", "B"],
    ...         "measure": "anisotropy_d",
    ...         "mean": [0.2, 0.1],
    ...         "sd": [0.05, 0.04],
    ...         "best": [False, True],
    ...         "paper_mean": [0.25, float("nan")],
    ...     }
    ... )
    >>> for line in table_text(frame, "Table X"):
    ...     print(line)
    Table X               D  paper
    A         0.2000±0.0500 0.2500
    B        *0.1000±0.0400      –
    """
    frame = frame[frame["block"] == "anisotropy"]
    cells = {(row["arm"], row["measure"]): row for row in frame.to_dict("records")}
    measures = list(dict.fromkeys(frame["measure"]))
    with_paper = bool(frame["paper_mean"].notna().any())
    labels = list(dict.fromkeys(frame["arm"]))
    wide = max(map(len, [title, *labels])) + 2

    def joined(label: str, parts: list[tuple[str, str]]) -> str:
        text = "  ".join(ours + (f"{paper:>7}" if with_paper else "") for ours, paper in parts)
        return f"{label:<{wide}}{text}".rstrip()

    lines = [joined(title, [(f"{column(name).measure:>14}", "paper") for name in measures])]
    for arm in labels:
        parts = []
        for name in measures:
            row = cells[arm, name]
            ours = f"{'*' if row['best'] else ' '}{number(row['mean'])}±{number(row['sd'])}"
            parts.append((f"{ours:>14}", number(row["paper_mean"])))
        lines.append(joined(arm, parts))
    return lines


def run_text(results: Results, folder: Path | str) -> str:
    """Return what a person wants to read at the end of a run.

    Parameters
    ----------
    results : Results
        From `fibgap.report.results.read_results`.
    folder : path
        The folder of the run.

    Returns
    -------
    str
        The published tables with the best arm marked, the verdict, and where the report and the
        tables lie.
    """
    paper = {name: frame for name, frame in results.frames.items() if name.startswith("table_S")}
    lines = []
    for name, frame in (paper or {"all_arms": results.frames["all_arms"]}).items():
        lines += [*table_text(frame, name.replace("table_", "Table ")), ""]
    lines += ["Anisotropy errors, mean ± standard deviation; * the best arm. Lower is better.", ""]
    lines += [textwrap.fill(sentence, 79) for sentence in verdict(results)]
    folder = Path(folder)
    return "\n".join(
        [*lines, "", f"Report: {folder / 'report.html'}", f"Tables: {folder / 'tables'}"]
    )
