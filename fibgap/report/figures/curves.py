"""Correlation functions along z beside those in the plane of the slices."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.report.figures.style import GREY, GRID, arm_color, look
from fibgap.statistics import column


def _means(arm: str, measure: str, curves: ArrayLike) -> NDArray[np.float64]:
    """Return the mean curves along z and in the plane, shape (2, lags)."""
    values = np.asarray(curves, dtype=np.float64)
    if values.ndim != 3 or values.shape[1] != 3 or not values.size:
        raise InputError(
            f"{measure} of arm '{arm}' must have shape (n, 3, lags), but has {values.shape}."
        )
    mean = values.mean(axis=0)
    return np.stack([mean[0], (mean[1] + mean[2]) / 2])


def plot_curves(curves: Mapping[str, Mapping[str, ArrayLike]], voxel_nm: float) -> Figure:
    """Plot the mean curves of every arm along z and in the plane of the slices.

    Parameters
    ----------
    curves : mapping of str to mapping of str to (n, 3, lags) array_like
        For every arm its curves by measure ("tpcf", "lpf"): n datasets, axes in the order z, y, x,
        lag 0 first.
    voxel_nm : float
        Length of one lag in nm.

    Returns
    -------
    matplotlib.figure.Figure
        One row per measure: the curves on the left, along z minus in the plane on the right. Lags
        end where all curves of a measure have fallen below a hundredth of their value at lag 0.

    Raises
    ------
    InputError
        If there is no arm, or if an array has another shape.
    """
    measures = list(dict.fromkeys(m for of_arm in curves.values() for m in of_arm))
    if not measures:
        raise InputError("there are no curves to plot.")
    with look():
        figure = Figure(figsize=(9.2, 2.7 * len(measures) + 0.5), layout="constrained")
        panels = figure.subplots(len(measures), 2, squeeze=False)
        for (left, right), measure in zip(panels, measures, strict=True):
            last = 1
            for arm, of_arm in curves.items():
                if measure not in of_arm:
                    continue
                along, across = _means(arm, measure, of_arm[measure])
                lags = np.arange(len(along)) * voxel_nm
                color = arm_color(arm)
                left.plot(lags, along, color=color, lw=1.4)
                left.plot(lags, across, color=color, lw=1.1, ls=(0, (3, 2)))
                right.plot(lags, along - across, color=color)
                seen = np.flatnonzero(np.maximum(along, across) > 0.01 * along[0])
                last = max(last, int(seen.max(initial=0)))
            right.axhline(0, color=GREY, lw=0.8)
            if left.dataLim.y0 >= 0:  # less the square of the solid fraction it is not
                left.set_ylim(bottom=0)
            symbol = column(f"anisotropy_{measure}").measure
            left.set_ylabel(symbol)
            right.set_ylabel(f"{symbol}: z minus plane")
            for axes in (left, right):
                axes.set_xlim(0, last * voxel_nm)
                axes.grid(color=GRID, lw=0.6)
        for axes in panels[-1]:
            axes.set_xlabel("lag / nm")
        handles = [Line2D([], [], color=arm_color(arm), label=arm) for arm in curves]
        handles.append(Line2D([], [], color=GREY, label="solid: along z"))
        handles.append(Line2D([], [], color=GREY, ls=(0, (3, 2)), label="dashed: in the plane"))
        figure.legend(handles=handles, loc="outside upper left", ncols=6)
    return figure
