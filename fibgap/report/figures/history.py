"""The course of a training."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from fibgap.errors import InputError
from fibgap.report.figures.style import ARM_COLORS, GREY, GRID, INK, look


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
        Logarithmic losses, with a circle at the lowest validation loss, whose weights are kept;
        below them the learning rate as steps.

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
    rates = rows["learning_rate"].to_numpy(dtype=np.float64) if "learning_rate" in rows else None
    with look():
        figure = Figure(figsize=(6.4, 3.4 if rates is None else 4.2), layout="constrained")
        ratios = [1] if rates is None else [4, 1]
        panels = figure.subplots(
            len(ratios), sharex=True, squeeze=False, gridspec_kw={"height_ratios": ratios}
        )[:, 0]
        axes = panels[0]
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
                markeredgecolor=INK,
                label=f"lowest: {validation[best]:.3g} in epoch {epoch[best]:.0f}",
            )
        axes.set_ylabel("mean squared error")
        if rates is not None:
            panels[1].step(epoch, rates, where="mid", color=GREY)
            panels[1].set_yscale("log")
            panels[1].yaxis.set_minor_formatter(NullFormatter())
            panels[1].set_ylabel("learning rate")
        for panel in panels:
            panel.grid(color=GRID, lw=0.6)
        panels[-1].set_xlabel("epoch")
        figure.legend(loc="outside upper left", ncols=3)
    return figure
