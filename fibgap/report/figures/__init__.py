"""Figures: plain matplotlib figures of plain frames and arrays, the same on every run."""

from fibgap.report.figures.curves import plot_curves
from fibgap.report.figures.errors import figure_columns, plot_errors
from fibgap.report.figures.history import plot_history
from fibgap.report.figures.holes import plot_holes
from fibgap.report.figures.layers import showcase_layers
from fibgap.report.figures.network import plot_network
from fibgap.report.figures.showcase import Rebuilt, plot_showcase
from fibgap.report.figures.style import arm_color, figure_bytes, save_figure
from fibgap.report.figures.surfaces import plot_surfaces

__all__ = [
    "Rebuilt",
    "arm_color",
    "figure_bytes",
    "figure_columns",
    "plot_curves",
    "plot_errors",
    "plot_history",
    "plot_holes",
    "plot_network",
    "plot_showcase",
    "plot_surfaces",
    "save_figure",
    "showcase_layers",
]
