"""The errors of every dataset, their means, and the paper's values beside them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.report.figures.style import GREY, arm_color, look
from fibgap.statistics import (
    ANISOTROPY_COLUMNS,
    RESAMPLES,
    bootstrap_interval,
    by_dataset,
    column_words,
)


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vertical offsets in [-0.5, 0.5) that keep neighbouring values apart."""
    offsets = np.empty(len(values))
    # Multiples of the golden ratio never bunch, and depend on the ranks alone.
    offsets[np.argsort(values, kind="stable")] = np.arange(len(values)) * 0.618034 % 1 - 0.5
    return offsets


def _draw_arm(
    axes: Axes, row: int, arm: str, values: NDArray[np.float64], n_resamples: int, base_seed: int
) -> None:
    """Draw the datasets of an arm as dots and their mean with its interval."""
    color = arm_color(arm)
    many = len(values) >= 60
    axes.scatter(
        values,
        row - 0.2 + 0.3 * _spread(values),
        s=6 if many else 14,
        color=color,
        alpha=0.5,
        linewidths=0,
        rasterized=many,  # thousands of circles would make a heavy SVG
    )
    mean = float(values.mean())
    interval = bootstrap_interval(values, n_resamples=n_resamples, base_seed=base_seed)
    if np.isfinite(interval.low):
        axes.plot([interval.low, interval.high], [row + 0.07] * 2, color="black", lw=2)
    axes.plot(mean, row + 0.07, "o", ms=6, markerfacecolor=color, markeredgecolor="black", mew=1.1)


def plot_errors(
    metrics: pd.DataFrame,
    reference: pd.DataFrame | None = None,
    *,
    arms: Sequence[str] | None = None,
    columns: Sequence[str] = ANISOTROPY_COLUMNS,
    n_resamples: int = RESAMPLES,
    base_seed: int = 0,
) -> Figure:
    """Plot the errors of every dataset by arm, one panel per measure.

    Parameters
    ----------
    metrics : pandas.DataFrame
        One row per dataset and arm, with columns `dataset`, `arm` and the measures.
    reference : pandas.DataFrame, optional
        Published values with columns `arm`, `measure`, `mean`, `sd`.
    arms : sequence of str, optional
        From top to bottom; by default all, in the order in which they first appear.
    columns : sequence of str
        The measures; those without any value are passed over.
    n_resamples, base_seed
        Of the 95 % intervals of the means, see `fibgap.statistics.bootstrap_interval`.

    Returns
    -------
    matplotlib.figure.Figure
        Dots: datasets. Circle and bar: mean and interval. Diamond and whisker below: the paper's
        mean and standard deviation.

    Raises
    ------
    InputError
        If no measure has a value.
    """
    rows = list(dict.fromkeys(metrics["arm"])) if arms is None else list(arms)
    shown = [c for c in columns if c in metrics.columns and metrics[c].notna().any()]
    if not shown:
        raise InputError(f"none of the columns {', '.join(columns)} has a value to plot.")
    with look():
        size = (3.1 * len(shown) + 0.9, 0.56 * len(rows) + 1.3)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        published = reference is not None
        for axes, column in zip(panels, shown, strict=True):
            wide = by_dataset(metrics, column, rows)
            for row, arm in enumerate(rows):
                values = wide[arm].dropna().to_numpy()
                if values.size:
                    _draw_arm(axes, row, arm, values, n_resamples, base_seed)
            if reference is not None:
                of_column = "anisotropy_" + reference["measure"] == column
                paper = reference[of_column & reference["arm"].isin(rows)]
                axes.errorbar(
                    paper["mean"],
                    [rows.index(arm) + 0.3 for arm in paper["arm"]],
                    xerr=paper["sd"],
                    fmt="D",
                    ms=4.5,
                    color=GREY,
                    markerfacecolor="white",
                    elinewidth=1.1,
                    capsize=2,
                )
            words = column_words(column)
            axes.set_xlabel(words[0].upper() + words[1:])
            axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            axes.grid(axis="x", color="#DDDDDD", lw=0.6)
            axes.set_axisbelow(True)
        panels[0].set_yticks(range(len(rows)), rows)
        panels[0].set_ylim(len(rows) - 0.45, -0.55)
        handles = [
            Line2D([], [], ls="", marker="o", ms=4, color=GREY, alpha=0.5, label="one dataset"),
            Line2D([], [], color="black", lw=2.2, marker="o", markerfacecolor="white", ms=6),
        ]
        handles[1].set_label("mean and 95 % interval")
        if published:
            paper_mark = Line2D([], [], color=GREY, marker="D", markerfacecolor="white", ms=4.5)
            paper_mark.set_label("paper: mean ± standard deviation")
            handles.append(paper_mark)
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
    return figure
