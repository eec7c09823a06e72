"""Figures, drawn without pyplot and the same on every run."""

from fibgap.figures.curves import plot_curves
from fibgap.figures.errors import plot_errors
from fibgap.figures.history import plot_history
from fibgap.figures.showcase import plot_showcase
from fibgap.figures.style import arm_color, figure_bytes, save_figure

__all__ = [
    "arm_color",
    "figure_bytes",
    "plot_curves",
    "plot_errors",
    "plot_history",
    "plot_showcase",
    "save_figure",
]
