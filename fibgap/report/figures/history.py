"""The course of a training."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from fibgap.errors import InputError
from fibgap.report.figures.style import ARM_COLORS, GREY, GRID, look


def plot_history(history: pd.DataFrame) -> Figure:
    """Plot training and validation loss over the epochs, after Figure S2 of the supplement.

    Parameters
    ----------
    history : pandas.DataFrame
        One row per epoch with columns `epoch`, `train_loss`, `validation_loss` and, if at hand,
        `learning_rate`. Losses are mean squared errors. The order of the rows does not matter.

    Returns
    -------
    matplotlib.figure.Figure
        Logarithmic losses; a circle at the lowest validation loss, whose weights are kept, and a
        dotted line wherever the learning rate falls.

    Raises
    ------
    InputError
        If a column is missing, if there is no epoch, or if a loss is not positive.
    """
    for column in ("epoch", "train_loss", "validation_loss"):
        if column not in history.columns:
            raise InputError(f"the history has no column '{column}'.")
    if history.empty:
        raise InputError("the history has no epoch.")
    rows = history.sort_values("epoch", ignore_index=True)
    losses = rows[["train_loss", "validation_loss"]].to_numpy(dtype=np.float64)
    if (losses <= 0).any():
        raise InputError(f"a loss is {np.nanmin(losses)}, but losses are positive.")
    epoch = rows["epoch"].to_numpy(dtype=np.float64)
    validation = rows["validation_loss"].to_numpy(dtype=np.float64)
    with look():
        figure = Figure(figsize=(6.4, 3.4), layout="constrained")
        axes = figure.subplots()
        marker = "." if len(rows) < 30 else ""
        train, valid = ARM_COLORS["SRCS-s"], ARM_COLORS["RML-s"]
        axes.plot(epoch, rows["train_loss"], color=train, marker=marker, label="training")
        axes.plot(epoch, validation, color=valid, marker=marker, label="validation")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        if np.isfinite(validation).any():
            best = int(np.nanargmin(validation))
            axes.plot(
                epoch[best],
                validation[best],
                "o",
                ms=8,
                markerfacecolor="none",
                markeredgecolor="black",
                label=f"lowest: {validation[best]:.3g} in epoch {epoch[best]:.0f}",
            )
        if "learning_rate" in rows:
            rate = rows["learning_rate"].to_numpy(dtype=np.float64)
            for index in np.flatnonzero(np.diff(rate) < 0) + 1:
                axes.axvline(epoch[index], color=GREY, lw=0.9, ls=":")
                axes.annotate(
                    f"learning rate {rate[index]:.2g}",
                    (epoch[index], 1.0),
                    xycoords=("data", "axes fraction"),
                    xytext=(3, -2),
                    textcoords="offset points",
                    ha="left",
                    va="top",
                    rotation=90,
                    fontsize=7,
                    color=GREY,
                )
        axes.set_xlabel("epoch")
        axes.set_ylabel("mean squared error")
        axes.grid(color=GRID, lw=0.6)
        figure.legend(loc="outside upper left", ncols=3)
    return figure
