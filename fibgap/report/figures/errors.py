"""The errors of every dataset, their means with intervals, and the paper's values beside them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from fibgap.errors import InputError
from fibgap.report.figures.style import GREY, GRID, INK, arm_color, look
from fibgap.statistics import by_dataset, column, measured

#: From this number of datasets on dots and lines are pixels: as vectors they would be megabytes.
MANY = 400


def figure_columns(measure: str) -> list[str]:
    """Return the columns of the table of datasets that the figure of a measure shows.

    Parameters
    ----------
    measure : str
        A name of `fibgap.measures`, or "voxels" for what is counted voxel by voxel.

    Examples
    --------
    >>> figure_columns("lpf"), figure_columns("voxels")
    (['anisotropy_lpf', 'truth_lpf'], ['voxel_error', 'solid_fraction'])
    """
    if measure == "voxels":
        return ["voxel_error", "solid_fraction"]
    return [f"anisotropy_{measure}", f"truth_{measure}"]


def _draw_datasets(axes: Axes, rows: Sequence[str], wide: pd.DataFrame) -> None:
    """Draw the datasets of all arms as dots, those of one dataset joined by a line."""
    many = len(wide) >= MANY
    # Multiples of the golden ratio never bunch, and keep a dataset at one height in all rows.
    shifts = 0.26 * (np.arange(len(wide)) * 0.618034 % 1 - 0.5) - 0.14
    values = wide[list(rows)].to_numpy(dtype=np.float64)
    heights = np.arange(len(rows)) + shifts[:, None]
    defined = ~np.isnan(values)
    paths = [
        np.column_stack([x[seen], y[seen]])
        for x, y, seen in zip(values, heights, defined, strict=True)
        if seen.sum() > 1
    ]
    faint = float(np.clip(5 / len(wide), 0.04, 0.35))
    axes.add_collection(
        LineCollection(paths, colors=GREY, linewidths=0.5, alpha=faint, rasterized=many, zorder=1)
    )
    for row, arm in enumerate(rows):
        axes.scatter(
            values[:, row],
            heights[:, row],
            s=6 if len(wide) >= 60 else 13,
            color=arm_color(arm),
            alpha=0.55,
            linewidths=0,
            rasterized=many,
            zorder=2,
        )


def _draw_means(axes: Axes, rows: Sequence[str], summary: Mapping[str, pd.Series]) -> None:
    """Draw the mean of every arm with its interval below the dots."""
    for row, arm in enumerate(rows):
        if arm not in summary or np.isnan(summary[arm]["mean"]):
            continue
        low, mean, high = (float(summary[arm][key]) for key in ("low", "mean", "high"))
        height = row + 0.13
        if np.isfinite(low):
            axes.plot([low, high], [height] * 2, color=INK, lw=2, zorder=3)
        face = arm_color(arm)
        axes.plot(mean, height, "o", ms=6, mfc=face, mec=INK, mew=1.1, zorder=4)


def _draw_paper(axes: Axes, rows: Sequence[str], paper: pd.DataFrame) -> None:
    """Draw the paper's mean and standard deviation of every arm that it has."""
    axes.errorbar(
        paper["mean"],
        [rows.index(arm) + 0.34 for arm in paper["arm"]],
        xerr=paper["sd"],
        fmt="D",
        ms=4.5,
        color=GREY,
        markerfacecolor="white",
        elinewidth=1.1,
        capsize=2,
    )


def plot_errors(
    metrics: pd.DataFrame,
    summary: pd.DataFrame,
    columns: Sequence[str],
    reference: pd.DataFrame | None = None,
) -> Figure:
    """Plot errors of every dataset by arm, one panel per column.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and the measures.
    summary : pandas.DataFrame
        Means with intervals of the arms to show, from top to bottom: columns `arm`, `measure`,
        `mean`, `low`, `high`, `confidence`, such as from `fibgap.report.tables.paper_frame`.
    columns : sequence of str
        Columns of the metrics; those without any value are passed over.
    reference : pandas.DataFrame, optional
        Published values with columns `arm`, `measure`, `mean`, `sd`.

    Returns
    -------
    matplotlib.figure.Figure
        Dots: datasets, joined by a line where they are the same dataset. Circle and bar: mean and
        interval. Diamond and whisker below: the paper's mean and standard deviation.

    Raises
    ------
    InputError
        If no column has a value.
    """
    rows = list(dict.fromkeys(summary["arm"]))
    shown = measured(metrics, columns)
    if not shown:
        raise InputError(f"none of the columns {', '.join(columns)} has a value to plot.")
    has_paper = False
    with look():
        size = (3.9 * len(shown) + 0.9, 0.5 * len(rows) + 1.2)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, shown, strict=True):
            _draw_datasets(axes, rows, by_dataset(metrics, name, rows))
            own = summary[summary["measure"] == name].set_index("arm")
            _draw_means(axes, rows, {str(arm): row for arm, row in own.iterrows()})
            if reference is not None:
                of_column = "anisotropy_" + reference["measure"] == name
                paper = reference[of_column & reference["arm"].isin(rows)]
                has_paper |= bool(len(paper))
                _draw_paper(axes, rows, paper)
            axes.set_xlabel(column(name).title)
            if column(name).better is not None:
                axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            axes.grid(axis="x", color=GRID, lw=0.6)
            axes.set_axisbelow(True)
        panels[0].set_yticks(range(len(rows)), rows)
        panels[0].set_ylim(len(rows) - 0.4, -0.6)
        percent = 100 * float(summary["confidence"].iloc[0])
        dot = Line2D([], [], color=GREY, alpha=0.55, marker="o", ms=4, lw=0.5, label="one dataset")
        mean = Line2D([], [], color=INK, lw=2, marker="o", mfc="white", ms=6)
        mean.set_label(f"mean and {percent:g} % interval")
        handles = [dot, mean]
        if has_paper:
            handles.append(Line2D([], [], color=GREY, marker="D", mfc="white", ms=4.5))
            handles[-1].set_label("paper: mean ± standard deviation")
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure
