"""Errors against slice thickness, its spread and how well it is known."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.sensitivity.plan import FACTORS
from fibgap.report.figures.style import GREY, GRID, arm_color, look
from fibgap.statistics import column

#: Markers tell arms apart where colours do not.
MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def _row_words(measure: str) -> str:
    """Name a measure on two lines."""
    words = column(measure).words + (" in filled layers" if measure == "voxel_error" else "")
    return (
        (words[0].upper() + words[1:])
        .replace(" anisotropy", "\nanisotropy")
        .replace(" in ", "\nin ")
    )


def _draw_arm(
    axes: Axes, arm: str, points: pd.DataFrame, scale: float, marker: str, shift: float
) -> None:
    """Draw the means of an arm and their intervals, moved sideways so that bars do not overlap."""
    points = points[points["n"] > 0].sort_values("value")
    if points.empty:
        return
    color, x = arm_color(arm), points["value"].to_numpy() * scale
    shifted = x + shift * float(np.ptp(x))
    is_target = arm == ORIGINAL
    axes.vlines(shifted, points["low"], points["high"], color=color, lw=1.1, alpha=0.7)
    axes.plot(
        shifted,
        points["mean"],
        color=color,
        marker="_" if is_target else marker,
        ms=4,
        lw=1.2 if is_target else 1.5,
        ls=(0, (4, 2)) if is_target else "-",
    )


def _top(summary: pd.DataFrame) -> float:
    """Return where a scale ends: above the intervals, unless these dwarf the means."""
    return float(min(1.05 * np.nanmax(summary["high"].fillna(0)), 2.5 * summary["mean"].max()))


def plot_sensitivity(
    summary: pd.DataFrame, *, defaults: Mapping[str, float], voxel_nm: float
) -> Figure:
    """Plot the mean errors of every arm against every factor, with their intervals.

    Parameters
    ----------
    summary : pandas.DataFrame
        From `fibgap.experiment.sensitivity.summary.summarise_rows`.
    defaults : mapping of float
        By factor, its value while the others are varied.
    voxel_nm : float
        Voxel size in nm.

    Returns
    -------
    matplotlib.figure.Figure
        Columns: factors. Rows: measures, each with one scale. Dotted: the value that a factor has
        in the other columns.

    Raises
    ------
    InputError
        If there is nothing to plot.
    """
    if summary.empty:
        raise InputError("there are no points to plot.")
    factors = list(dict.fromkeys(summary["factor"]))
    measures = list(dict.fromkeys(summary["measure"]))
    # The target comes last, as the line to be reached.
    arms = [arm for arm in dict.fromkeys(summary["arm"]) if arm != ORIGINAL] + [ORIGINAL]
    markers = {arm: MARKERS[index % len(MARKERS)] for index, arm in enumerate(arms)}
    with look():
        size = (2.5 * len(factors) + 0.7, 1.85 * len(measures) + 1.0)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(
            len(measures), len(factors), sharex="col", sharey="row", squeeze=False
        )
        for panels, measure in zip(grid, measures, strict=True):
            for axes, factor in zip(panels, factors, strict=True):
                here = summary[(summary["factor"] == factor) & (summary["measure"] == measure)]
                scale = FACTORS[factor][1]
                if factor in defaults:
                    axes.axvline(defaults[factor] * scale, color=GREY, lw=0.9, ls=":")
                for index, arm in enumerate(arms):
                    shift = 0.012 * (index - (len(arms) - 1) / 2)
                    _draw_arm(axes, arm, here[here["arm"] == arm], scale, markers[arm], shift)
                axes.grid(axis="y", color=GRID, lw=0.6)
                axes.set_axisbelow(True)
            panels[0].set_ylabel(_row_words(measure))
            top = _top(summary[summary["measure"] == measure])
            panels[0].set_ylim(0, top if top > 0 else 1)
        for axes, factor in zip(grid[-1], factors, strict=True):
            words, scale = FACTORS[factor]
            in_nm = f"\n(1 voxel = {voxel_nm:g} nm)" if words.endswith("voxels") else ""
            axes.set_xlabel(words + in_nm)
            axes.set_xticks(np.unique(summary.loc[summary["factor"] == factor, "value"]) * scale)
        _add_legend(figure, [arm for arm in arms if arm in set(summary["arm"])], markers, summary)
    return figure


def _add_legend(
    figure: Figure, arms: list[str], markers: Mapping[str, str], summary: pd.DataFrame
) -> None:
    """Name the arms, the intervals and the dotted line above all panels."""
    handles: list[Line2D] = [
        Line2D([], [], color=arm_color(arm), marker=markers[arm], ms=4, label=arm)
        for arm in arms
        if arm != ORIGINAL
    ]
    if ORIGINAL in arms:
        target = Line2D([], [], color=arm_color(ORIGINAL), ls=(0, (4, 2)), lw=1.2)
        target.set_label(f"{ORIGINAL} (true volume)")
        handles.append(target)
    percent = 100 * float(summary["confidence"].iloc[0])
    handles.append(Line2D([], [], color=GREY, ls="", marker="|", ms=10))
    handles[-1].set_label(f"{percent:g} % interval of the mean")
    handles.append(Line2D([], [], color=GREY, ls=":", lw=0.9, label="value in other columns"))
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
