"""The numbers of a run: computed once from its table of datasets, kept as CSV, read back from it.

`fibgap.report.methods` says what was done, `fibgap.report.verdict` what the numbers amount to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from fibgap.arms import BASELINE, CLASSICAL, ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.by_source import by_source_frame, source_families
from fibgap.experiment.depth_sources import TRUE
from fibgap.report.methods import footnotes
from fibgap.report.tables import (
    Table,
    agreement,
    agreement_table,
    by_source_table,
    comparison_table,
    equivalence_table,
    extended_frame,
    extended_table,
    names_table,
    paper_frame,
    paper_table,
    select_arms,
    share_table,
    win_table,
    write_tables,
)
from fibgap.statistics import (
    Bootstrap,
    anisotropy_columns,
    closed_shares,
    count_wins,
    equivalence,
    measured,
    paired_comparisons,
)

CAPTIONS = {
    "S3": "Performance of interpolation techniques on synthetic datasets.",
    "S4": "Performance of interpolation techniques on synthetic datasets, continued.",
}
#: How the frames of findings are arranged as tables.
_ARRANGED = {
    "agreement": agreement_table,
    "shares": share_table,
    "equivalence": equivalence_table,
    "comparisons": comparison_table,
    "wins": win_table,
    "names": names_table,
    "by_source": by_source_table,
    "extended": extended_table,
}
#: Tables that people put into a paper, beside those in the paper's shape.
_FOR_PAPERS = ("by_source", "extended")


@dataclass(frozen=True)
class Results:
    """What a run has to say.

    Attributes
    ----------
    frames : dict of pandas.DataFrame
        "all_arms" (every arm and measure), "table_S3" and "table_S4" where an arm names them,
        "agreement" (every published cell beside this run's), "comparisons", "wins", "names", and
        "shares" and "equivalence" where there is the arm `fibgap.arms.BASELINE` and a network or
        another classical arm to judge; "by_source" where arms differ in their depths alone;
        "extended" where further measures were taken.
    """

    frames: Mapping[str, pd.DataFrame]

    @cached_property
    def tables(self) -> dict[str, Table]:
        """The frames as tables for readers, by the same names."""
        return {name: self._table(name, frame) for name, frame in self.frames.items()}

    def _table(self, name: str, frame: pd.DataFrame) -> Table:
        if name in _ARRANGED:
            return _ARRANGED[name](frame)
        short = name.removeprefix("table_") if name.startswith("table_") else ""
        notes = footnotes(self.frames["names"], list(frame["arm"]))
        caption = CAPTIONS.get(short, "All arms")
        return paper_table(frame, name=short, caption=caption, footnotes=notes)

    def write(self, folder: Path) -> None:
        """Write every table as CSV and Markdown, those for papers also as LaTeX."""
        for name, table in self.tables.items():
            papers = table.name or name in _FOR_PAPERS
            suffixes = ["csv", "md", *(["tex"] if papers else [])]
            write_tables(table, *(folder / f"{name}.{suffix}" for suffix in suffixes))


def table_rows(arms: Sequence[Mapping[str, Any]], table: str) -> list[str]:
    """Return the rows of a table: the true volume, then the arms that name the table, in order."""
    return [ORIGINAL, *(arm["name"] for arm in arms if table in arm["tables"])]


def _families(names: Sequence[str], networks: Sequence[str]) -> list[list[tuple[str, str]] | None]:
    """Return the pairs of arms to compare, in families for Holm's correction.

    The question of the tables is what a network gains over the classical arms. Without a network
    every arm meets every other (None).
    """
    if not networks:
        return [None]
    return [[(one, other) for other in names if other not in networks] for one in networks]


def compute_results(
    metrics: pd.DataFrame,
    arms: Sequence[Mapping[str, Any]],
    reference: pd.DataFrame,
    names: pd.DataFrame,
    bootstrap: Bootstrap,
) -> Results:
    """Compute everything that is said of a run.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm.
    arms : sequence of dict
        The arm table of the configuration: `name`, `filler`, `tables` of each.
    reference : pandas.DataFrame
        Published values, from `fibgap.experiment.reference.read_reference`.
    names : pandas.DataFrame
        What the names stand for, from `fibgap.report.methods.names_frame`.
    bootstrap : Bootstrap
        How all intervals are made.
    """
    # Arms at other depths are compared with themselves at true ones, by source.
    rivals = [arm for arm in arms if arm.get("depths", TRUE) == TRUE] or arms
    every = [arm["name"] for arm in rivals]
    columns = measured(metrics, anisotropy_columns())
    compared = [*columns, *measured(metrics, ["voxel_error"])]
    original = [ORIGINAL] if (metrics["arm"] == ORIGINAL).any() else []
    shown = [*original, *(arm["name"] for arm in arms)]
    summary = paper_frame(metrics, shown, reference=reference, bootstrap=bootstrap)
    frames = {}
    for table in CAPTIONS:
        rows = table_rows(arms, table)
        if len(rows) > 1:
            frames[f"table_{table}"] = select_arms(summary, rows)
    frames["all_arms"] = summary
    frames["agreement"] = agreement(summary, reference)
    networks = [arm["name"] for arm in rivals if arm["filler"] == "network"]
    classical = [arm for arm in CLASSICAL if arm in every]
    judged = [arm for arm in every if arm in (*networks, *CLASSICAL) and arm != BASELINE]
    if original and BASELINE in every and judged:
        frames["shares"] = closed_shares(
            metrics, columns, judged, classical, reference=reference, bootstrap=bootstrap
        )
        along = summary.set_index(["arm", "measure"])["mean"]
        same = equivalence(metrics, columns, every, BASELINE)
        keys = zip(same["arm"], same["measure"].str.replace("anisotropy_", "truth_"), strict=True)
        same["truth_error"] = [along.get(key, float("nan")) for key in keys]
        frames["equivalence"] = same
    frames["comparisons"] = pd.concat(
        [
            paired_comparisons(metrics, compared, every, pairs=pairs, bootstrap=bootstrap)
            for pairs in _families(every, networks)
        ],
        ignore_index=True,
    )
    frames["wins"] = count_wins(metrics, compared, every)
    if source_families(arms):
        frames["by_source"] = by_source_frame(metrics, arms, bootstrap)
    frames["names"] = names
    extended = extended_frame(metrics, [ORIGINAL, *every], bootstrap)
    if len(extended):
        frames["extended"] = extended
    return Results(frames)


def results_of(metrics: pd.DataFrame, *, bootstrap: Bootstrap | None = None) -> Results:
    """Compute what is said of a table of datasets of your own, such as in a notebook.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm: `dataset`, `arm`, and any columns of a run's `datasets.csv`,
        such as `anisotropy_lpf`, `truth_lpf` or `voxel_error`. The arms are taken in their order;
        the rows of "Original", if there are any, say what the true volumes have.
    bootstrap : Bootstrap, optional
        How all intervals are made.

    Returns
    -------
    Results
        Without published values; every arm is compared with every other.

    Raises
    ------
    InputError
        If `dataset` or `arm` is missing, or every column of numbers.
    """
    for name in ("dataset", "arm"):
        if name not in metrics.columns:
            raise InputError(f"the table of datasets has no column '{name}'.")
    if not measured(metrics, [*anisotropy_columns(), "voxel_error"]):
        raise InputError(
            f"the table of datasets has no numbers to compare; its columns are "
            f"{', '.join(map(str, metrics.columns))}."
        )
    names = [arm for arm in dict.fromkeys(metrics["arm"]) if arm != ORIGINAL]
    return compute_results(
        metrics,
        [{"name": name, "filler": "", "tables": []} for name in names],
        pd.DataFrame({"arm": [], "measure": [], "mean": [], "sd": []}).astype(
            {"arm": str, "measure": str}
        ),
        pd.DataFrame({"name": [], "kind": [], "stands_for": []}, dtype=str),
        bootstrap or Bootstrap(),
    )


def read_results(folder: Path | str) -> Results:
    """Read back what `Results.write` wrote.

    Parameters
    ----------
    folder : path
        The folder of the tables.

    Raises
    ------
    InputError
        If a table that every run has is not there.
    """
    folder = Path(folder)
    frames = {}
    for name in (*(f"table_{table}" for table in CAPTIONS), "all_arms", *_ARRANGED):
        path = folder / f"{name}.csv"
        if path.is_file():
            # An arm may be called "NA"; only an empty cell is undefined.
            frames[name] = pd.read_csv(path, keep_default_na=False, na_values=[""])
    for name in ("all_arms", "agreement", "comparisons", "wins", "names"):
        if name not in frames:
            raise InputError(f"'{folder}' holds no {name}.csv; make_tables writes it.")
    return Results(frames)
