"""Figures, drawn without pyplot and the same on every run."""

from fibgap.report.figures.curves import plot_curves
from fibgap.report.figures.errors import plot_errors
from fibgap.report.figures.history import plot_history
from fibgap.report.figures.showcase import plot_showcase
from fibgap.report.figures.style import arm_color, figure_bytes, save_figure

__all__ = [
    "arm_color",
    "figure_bytes",
    "plot_curves",
    "plot_errors",
    "plot_history",
    "plot_showcase",
    "save_figure",
]
