"""The network as it is built (the supplement's Figure S1)."""

from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from fibgap.network.architecture import Architecture
from fibgap.network.gaps.architecture import ANCHORS, BLOCK, GapArchitecture
from fibgap.report.figures.style import ARM_COLORS, AXIS, INK, TEXT, look

#: Fill of the boxes by what they do.
FEATURES, RECONSTRUCTION, LAST, PLAIN = "#CFE3F2", "#F6DFC9", "#D6EADF", "#F2F2F2"


def _box(
    axes: Axes, place: tuple[float, float], name: str, words: str, fill: str, width: float = 1.15
) -> None:
    """Draw a layer about a place."""
    x, y = place
    corner = (x - width / 2, y - 0.42)
    style = "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch(corner, width, 0.84, boxstyle=style, fc=fill, ec=AXIS, lw=0.8))
    axes.text(
        x, y + 0.13, name, ha="center", va="center", fontweight="bold", fontsize=7.5, color=INK
    )
    axes.text(x, y - 0.2, words, ha="center", va="center", fontsize=7, color=TEXT)


def _arrow(axes: Axes, *places: tuple[float, float]) -> None:
    """Draw lines from place to place, with a head at the end."""
    for start, end in pairwise(places[:-1]):
        axes.plot(*zip(start, end, strict=True), color=AXIS, lw=0.9, solid_capstyle="round")
    axes.add_patch(
        FancyArrowPatch(
            places[-2],
            places[-1],
            arrowstyle="-|>",
            mutation_scale=8,
            color=AXIS,
            lw=0.9,
            shrinkA=0,
            shrinkB=0,
        )
    )


def plot_gap_network(architecture: GapArchitecture, *, title: str = "") -> Figure:
    """Draw a network of gaps level by level.

    Parameters
    ----------
    architecture : GapArchitecture
        What the weights belong to.
    title : str
        Stands above the drawing.

    Returns
    -------
    matplotlib.figure.Figure
        The way down on the left, the way up on the right.
    """
    levels = len(architecture.widths)
    step, height, middle = 1.75, 1.5, 4.6
    across = 2 * middle + 1.4
    with look():
        figure = Figure(figsize=(10.4, 1.1 + 0.95 * levels), layout="constrained")
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(-2.1, across + 1.2)
        axes.set_ylim(-height * (levels - 1) - 0.7, 1.15)
        _box(axes, (-1.1, 0), "input", f"{architecture.input_channels} × Y × X", PLAIN, 1.5)
        seen = "slices around the gap, distances between them, how far they lie apart"
        axes.text(-1.85, 0.62, seen, fontsize=7, va="bottom", color=TEXT)
        _arrow(axes, (-0.35, 0), (-0.05, 0))
        for level, (width, blocks) in enumerate(
            zip(architecture.widths, architecture.blocks, strict=True)
        ):
            y, left, right = -height * level, 0.9 + 0.6 * level, across - 1.9 - 0.6 * level
            words = f"{blocks} block{'s' * (blocks > 1)}, {width} filters"
            pixels = f"pixels of {BLOCK * 2**level} × {BLOCK * 2**level}"
            if level == levels - 1:
                center = (left + right) / 2
                _box(axes, (center, y), pixels, words, RECONSTRUCTION, 1.9)
                continue
            _box(axes, (left, y), pixels, words, FEATURES, 1.9)
            _box(axes, (right, y), pixels, words, FEATURES, 1.9)
            _arrow(axes, (left + 0.95, y), (right - 0.95, y))
            below = -height * (level + 1) + 0.42
            last = level + 1 == levels - 1
            down = (left + right) / 2 - 0.5 if last else left + 0.6
            up = (left + right) / 2 + 0.5 if last else right - 0.6
            _arrow(axes, (left, y - 0.42), (left, below + 0.3), (down, below + 0.3), (down, below))
            _arrow(axes, (up, below), (up, below + 0.3), (right, below + 0.3), (right, y - 0.42))
        _arrow(axes, (across - 0.95, 0), (across - 0.625, 0))
        _box(axes, (across + 0.25, 0), "output", f"{ANCHORS} places in the gap", LAST, step)
        axes.text(-1.85, 1.15, title, fontsize=9, fontweight="bold", va="top", color=INK)
    return figure


def plot_network(architecture: Architecture | GapArchitecture, *, title: str = "") -> Figure:
    """Draw a network layer by layer, after Figure S1 of the supplement.

    Parameters
    ----------
    architecture : Architecture or GapArchitecture
        What the weights belong to.
    title : str
        Stands above the drawing.

    Returns
    -------
    matplotlib.figure.Figure
        One box per layer with its filters and their size; all of it is read from `architecture`.
    """
    if isinstance(architecture, GapArchitecture):
        return plot_gap_network(architecture, title=title)
    own = architecture
    channels = ["the plane, missing rows 0"]
    if own.neighbours:
        channels.append(f"{own.neighbours} planes on each side")
    if own.mask_channel:
        channels.append("which rows are known")
    count = len(own.features)
    step = 1.32
    end = count * step  # where the features are joined
    with look():
        figure = Figure(figsize=(10.4, 3.3), layout="constrained")
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_aspect("equal")
        across = end + 6.6
        axes.set_xlim(-1.9, across)
        axes.set_ylim(-2.75, 2.35)
        _box(axes, (-1.05, 0), "input", f"{own.input_channels} × Z × X", PLAIN, 1.3)
        axes.text(-1.7, 0.62, "\n".join(channels), fontsize=7, va="bottom", color=TEXT)
        previous = (-0.4, 0.0)
        top = 1.35
        for index, filters in enumerate(own.features):
            x = 0.75 + index * step
            _arrow(axes, previous, (x - 0.575, 0))
            _box(axes, (x, 0), f"feature {index + 1}", f"{filters} of 3 × 3", FEATURES)
            axes.plot([x, x], [0.42, top], color=AXIS, lw=0.9)
            previous = (x + 0.575, 0.0)
        joined = end + 0.55
        first = joined + 1.0
        axes.plot([0.75, joined], [top, top], color=AXIS, lw=0.9)
        axes.text(
            0.75,
            top + 0.08,
            f"all outputs, concatenated: {sum(own.features)} channels",
            fontsize=7,
            va="bottom",
            color=TEXT,
        )
        _arrow(axes, (joined, top), (joined, 0.75), (first - 0.575, 0.75))
        _arrow(axes, (joined, top), (joined, -0.75), (first - 0.575, -0.75))
        _box(axes, (first, 0.75), "A1", f"{own.a1} of 1 × 1", RECONSTRUCTION)
        for index, (name, filters, size) in enumerate(
            [("B1", own.b1, 1), ("B2", own.b2, 3), ("B3", own.b3, 3)]
        ):
            x = first + index * step
            if index:
                _arrow(axes, (x - step + 0.575, -0.75), (x - 0.575, -0.75))
            _box(axes, (x, -0.75), name, f"{filters} of {size} × {size}", RECONSTRUCTION)
        meet = first + 2 * step + 0.8
        last = meet + 0.95
        axes.plot([first + 0.575, meet], [0.75, 0.75], color=AXIS, lw=0.9)
        axes.plot([first + 2 * step + 0.575, meet], [-0.75, -0.75], color=AXIS, lw=0.9)
        axes.plot([meet, meet], [-0.75, 0.75], color=AXIS, lw=0.9)
        _arrow(axes, (meet, 0), (last - 0.575, 0))
        _box(axes, (last, 0), "L1", f"{own.l1} of 3 × 3", LAST)
        _arrow(axes, (last, -0.42), (last, -1.13))
        _box(axes, (last, -1.55), "L2", "1 of 3 × 3", LAST)
        spline = (0.75, -2.2)
        _box(axes, spline, "BUL", "cubic spline", PLAIN)
        _arrow(axes, (-1.05, -0.42), (-1.05, -2.2), (spline[0] - 0.575, -2.2))
        if own.bicubic == "concatenate":
            axes.plot([spline[0] + 0.575, meet], [-2.2, -2.2], color=AXIS, lw=0.9)
            axes.plot([meet, meet], [-2.2, -0.75], color=AXIS, lw=0.9)
            words = "concatenated"
        else:
            _arrow(axes, (spline[0] + 0.575, -2.2), (last, -2.2), (last, -1.97))
            words = "added"
        axes.text(meet - 0.1, -2.12, words, fontsize=7, ha="right", va="bottom", color=TEXT)
        axes.text(
            last + 0.65,
            -1.55,
            "solid where\nabove ½",
            fontsize=7,
            va="center",
            color=ARM_COLORS["RML-s"],
        )
        axes.text(-1.9, 2.3, title, fontsize=9, fontweight="bold", va="top", ha="left", color=INK)
    return figure
