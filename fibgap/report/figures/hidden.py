"""What every filler misclassifies by the width of a gap, where slices and cuts were hidden."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fibgap.report.figures.style import AXIS, GRID, arm_color, look
from fibgap.stacks import LeftOut

#: The arm of the tables that a filler is, whose colour it has.
_ARMS = {
    "nearest": "RNN-s",
    "linear": "RL-s",
    "cubic_spline": "RCS-s",
    "shape_based": "RSB-s",
    "signed_distance_spline": "RSD-s",
    "shipped:table_s1": "RML-s",
    "shipped:general": "RMLw-s",
}
#: With the colour, what tells fillers apart.
_MARKERS = "osD^vP*Xh<>p"


def plot_hidden(check: LeftOut) -> Figure:
    """Plot misclassified voxels by gap width, a line per filler.

    Parameters
    ----------
    check : LeftOut
        Of `fibgap.stacks.leave_slices_out`.

    Returns
    -------
    matplotlib.figure.Figure
        Full lines: hidden cuts; broken lines: hidden slices. The filler that was taken is drawn
        thick, and stands first. Below, how many layers of the stack lie in gaps of which width.
    """
    order = sorted(check.expected, key=lambda name: (name != check.best, check.expected[name]))
    middles = [(each.low + each.high - 1) / 2 for each in check.classes]
    with look():
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        for place, name in enumerate(order):
            color, marker = arm_color(_ARMS.get(name, name)), _MARKERS[place % len(_MARKERS)]
            wide = 2.6 if name == check.best else 1.2
            for style, shares in (
                ("-", [each.in_cuts for each in check.classes]),
                ((0, (4, 3)), [each.in_slices for each in check.classes]),
            ):
                points = _points(middles, shares, name)
                if len(points):
                    above.plot(*points.T, ls=style, lw=wide, color=color, marker=marker, ms=4)
            above.plot(
                [], [], lw=wide, color=color, marker=marker, ms=4,
                label=f"{name} ({check.expected[name]:.1%})",
            )  # fmt: skip
        for style, kind in (("-", "hidden cuts"), ((0, (4, 3)), "hidden slices")):
            above.plot([], [], color=AXIS, lw=1.2, ls=style, label=kind)
        above.set_ylim(bottom=0)
        above.set_ylabel("misclassified / %")
        figure.legend(loc="outside right upper", title="expected in this stack")
        width = float(check.classes[0].high - check.classes[0].low)
        below.bar(middles, [each.layers for each in check.classes], 0.9 * width, color=AXIS)
        below.set_ylabel("layers")
        below.set_xlabel("width of the gap, from slice to slice / voxels")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in (above, below):
            axes.grid(color=GRID, lw=0.6)
            axes.set_axisbelow(True)
    return figure


def _points(
    middles: list[float], shares: Sequence[Mapping[str, float]], name: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the widths and percentages of one filler where there are any, (P, 2)."""
    found = [
        (middle, 100 * share[name])
        for middle, share in zip(middles, shares, strict=True)
        if name in share
    ]
    return np.array(found, dtype=np.float64)
