"""The table by source of depths."""

from collections.abc import Sequence

import pandas as pd

from fibgap.experiment.depth_sources import DEPTHS
from fibgap.report.tables.cells import DASH, Arm, Cell, Heading, Text, number
from fibgap.report.tables.layout import Block, Group, Table, listing
from fibgap.statistics import column, depth_columns

#: Said wherever anisotropy errors of depths from images are shown.
CIRCULAR = (
    "Depths from images are found by taking the material for isotropic, so a low anisotropy error "
    "of these arms says nothing for their depths: voxels and depths have to judge them."
)
_LAYERS = (
    "Voxel error in all layers: slices and filled layers alike, from the first slice, where both "
    "volumes begin, to the end of the shorter one. A slice at a wrong depth is wrong there, and "
    "hides a layer that would have been filled worse; the voxel error of the layers that are "
    "filled by an arm's own depths misses both."
)
_DEPTHS = (
    "Errors of depths are those of the slices, the first of which is at its place. Drift: of the "
    "last slice, without its sign. Stated: the standard deviation that the source itself gives, as "
    "a root mean square; a ruler states that of each reading, and an error in reading the first "
    "slice moves all others."
)


def _cell(row: pd.Series | None, alpha: float) -> Text:
    """Return a mean and its interval; strong where it differs from that of true depths."""
    if row is None or not row["n"]:
        return Text(DASH)
    decimals = column(str(row["measure"])).decimals
    text = number(row["mean"], decimals)
    if row["high"] > row["low"]:
        text += f" ({number(row['low'], decimals)} to {number(row['high'], decimals)})"
    return Text(text, strong=bool(row["p_holm"] < alpha))


def _block(
    key: str, title: str, frame: pd.DataFrame, measures: Sequence[str], alpha: float
) -> Block:
    """Return one row per arm with some measures."""
    cells = {(row["arm"], row["measure"]): row for _, row in frame.iterrows()}
    labels: list[Cell] = []
    rows: list[tuple[Cell, ...]] = []
    for _, row in frame.drop_duplicates("arm").iterrows():
        labels.append(Arm(row["arm"]))
        values = (_cell(cells.get((row["arm"], name)), alpha) for name in measures)
        rows.append((Text(DEPTHS[row["depths"]].title), *values))
    header: tuple[Cell, ...] = (Text("Depths"), *(Heading(name) for name in measures))
    return Block(key, title, "Arm", tuple(labels), (Group("", header, tuple(rows)),))


def by_source_table(frame: pd.DataFrame, *, alpha: float = 0.05) -> Table:
    """Arrange `by_source_frame` for readers.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `fibgap.experiment.by_source.by_source_frame`; it becomes the CSV.
    alpha : float
        Level of significance of corrected p values.

    Returns
    -------
    Table
        Blocks "voxels" (with depths and anisotropy beside them), "truth" and "depths", which has
        every source once: depths do not hang on the filler.
    """
    present = list(dict.fromkeys(frame["measure"]))
    of = {name: column(name).of for name in present}
    all_layers, rms, *_ = depth_columns()
    beside = [all_layers, "voxel_error", rms, *(n for n in present if of[n] == "Anisotropy")]
    along = [name for name in present if of[name] == "Along z"]
    blocks = [
        _block("voxels", "Voxels, depths and anisotropy", frame, beside, alpha),
        _block("truth", "Against the truth, along z", frame, along, alpha),
        _sources(frame, [name for name in present if of[name] == "Depths"]),
    ]
    counts = [str(each) for each in sorted({*frame["n"]} - {0})]
    percent = 100 * float(frame["confidence"].iloc[0])
    notes = (
        f"Means over {' or '.join(counts)} datasets, with the {percent:g} % interval of the mean "
        "in brackets. Bold: differs from the same filler at true depths on the same datasets "
        f"(Wilcoxon's signed-rank test, two-sided, p below {alpha:g} after Holm's correction for "
        "all comparisons of that filler).",
        CIRCULAR,
        _LAYERS,
        _DEPTHS,
    )
    return Table("", "By source of depths", tuple(blocks), notes, frame)


def _sources(frame: pd.DataFrame, measures: Sequence[str]) -> Block:
    """Return one row per source with the errors of its depths."""
    once = frame.drop_duplicates(["depths", "measure"])
    cells = {(row["depths"], row["measure"]): row for _, row in once.iterrows()}
    rows: list[tuple[Cell, ...]] = [
        (Text(DEPTHS[source].title), *(_cell(cells.get((source, name)), 0) for name in measures))
        for source in dict.fromkeys(frame["depths"])
    ]
    header = ["Depths", *(column(name).title for name in measures)]
    return listing("depths", "Errors of depths", header, rows)
