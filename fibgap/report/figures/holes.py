"""Hole filling before and after, on a real hole (the supplement's Figure S3)."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy import ndimage

from fibgap.errors import InputError
from fibgap.report.figures.showcase import COLORS, PALETTE, PORE, SOLID, scale_bar_nm
from fibgap.report.figures.style import INK, arm_color, look

#: Filled holes stand out from the solid by their lightness, too.
FILLED = "#7A3B00"


def largest_hole(
    before: NDArray[np.bool_], after: NDArray[np.bool_]
) -> tuple[int, tuple[int, int]] | None:
    """Find the largest hole that was filled in an xy-layer.

    Parameters
    ----------
    before, after : (Z, Y, X) bool
        A volume before and after `fibgap.holes.fill_holes`.

    Returns
    -------
    layer : int
        The first layer with a hole of the largest area.
    middle : (int, int)
        Row and column of its middle.

    Examples
    --------
    >>> before = np.ones((2, 3, 3), dtype=bool)
    >>> before[1, 1, 1] = False
    >>> largest_hole(before, np.ones_like(before))
    (1, (1, 1))
    """
    filled = after & ~before
    in_layers = np.zeros((3, 3, 3), dtype=bool)
    in_layers[1] = ndimage.generate_binary_structure(2, 1)
    labels, count = ndimage.label(filled, structure=in_layers)
    if not count:
        return None
    largest = int(np.argmax(np.bincount(labels.ravel())[1:])) + 1
    places = np.argwhere(labels == largest)
    row, column = places[:, 1:].mean(axis=0).round().astype(int)
    return int(places[0, 0]), (int(row), int(column))


def plot_holes(
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    *,
    voxel_nm: float,
    arm: str,
    window: int = 48,
) -> Figure:
    """Picture the largest hole that was filled, before and after, as Figure S3 does.

    Parameters
    ----------
    before, after : (Z, Y, X) bool
        A volume before and after `fibgap.holes.fill_holes`.
    voxel_nm : float
        Voxel size in nm.
    arm : str
        Name of the volume's arm.
    window : int
        Edge of the pictures in voxels.

    Returns
    -------
    matplotlib.figure.Figure
        Part of an xy-layer before (A) and after (B), what was filled in a colour of its own. Where
        no hole was filled it says so, and shows the middle layer.

    Raises
    ------
    InputError
        If the volumes have different shapes.
    """
    if before.shape != after.shape:
        raise InputError(
            f"before hole filling the shape is {before.shape}, but after it {after.shape}."
        )
    found = largest_hole(before, after)
    layer, middle = found or (len(before) // 2, (before.shape[1] // 2, before.shape[2] // 2))
    cut = tuple(
        slice(start, start + window)
        for start in (
            min(max(0, at - window // 2), max(0, n - window))
            for at, n in zip(middle, before.shape[1:], strict=True)
        )
    )
    first, second = before[layer][cut], after[layer][cut]
    filled = int((after & ~before).sum())
    colors = np.vstack([PALETTE, [[int(FILLED[i : i + 2], 16) / 255 for i in (1, 3, 5)]]])
    kinds = [np.where(image, SOLID, PORE) for image in (first, second)]
    kinds[1][second & ~first] = len(colors) - 1
    titles = ("A  before hole filling", "B  after hole filling")
    with look():
        figure = Figure(figsize=(6.4, 3.9), layout="constrained")
        for panel, image, title in zip(figure.subplots(1, 2), kinds, titles, strict=True):
            panel.imshow(colors[image], interpolation="none")
            panel.set_title(title)
            panel.set_xticks([])
            panel.set_yticks([])
            for spine in panel.spines.values():
                spine.set_visible(True)
                spine.set_linewidth(0.6)
            length = scale_bar_nm(image.shape[1] * voxel_nm)
            ends = [2, 2 + length / voxel_nm]
            below = image.shape[0] + 1.5
            bar = Line2D(ends, [below] * 2, color=INK, lw=2.5, clip_on=False)
            bar.set_solid_capstyle("butt")
            panel.add_line(bar)
            panel.text(ends[1] + 1, below, f"{length:g} nm", fontsize=8, va="center")
        words = f"xy-layer {layer}; in the whole volume {filled} voxels were filled"
        figure.suptitle(f"{arm}: {words}", x=0.01, ha="left", fontsize=9, color=arm_color(arm))
        shown = {"solid": COLORS["solid"], "pore": COLORS["pore"], "filled hole": FILLED}
        patches = [Patch(facecolor=c, edgecolor="#888888", lw=0.5) for c in shown.values()]
        figure.legend(patches, list(shown), loc="outside lower right", ncols=3, handlelength=1.2)
    return figure
