"""A stack of your own in pictures: where its slices lie, cuts before and after, directions."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from fibgap.measures import measure_symbol
from fibgap.report.figures.depths import BAND
from fibgap.report.figures.showcase import COLORS, MISSING, PALETTE, kinds, scale_bar_nm
from fibgap.report.figures.style import AXIS, GREY, GRID, INK, look
from fibgap.stack import GappedVolume
from fibgap.stacks import LoadedStack
from fibgap.stacks.loaded import Histogram
from fibgap.stacks.verdict import Directions

#: Colours of z, y and x, told apart by people with colour-blindness.
_AXES = {"z": "#D55E00", "y": "#0072B2", "x": "#56B4E9"}
#: Width of a figure in inches.
_WIDTH = 9.2
#: Height of a picture in inches, at most.
_TALLEST = 4.5


def plot_depths(loaded: LoadedStack) -> Figure:
    """Plot the depth of every slice, its thickness, and how often which thickness occurs.

    Parameters
    ----------
    loaded : LoadedStack
        The stack. The thickness of a slice is its distance to the next one. Bands are those of
        95 %, where standard deviations are known.
    """
    depths, voxel = loaded.stack.depths_nm, loaded.stack.voxel_nm
    steps = np.diff(depths)
    with look():
        figure = Figure(figsize=(_WIDTH, 2.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1.3, 0.6])
        left.plot(np.arange(len(depths)), depths, ".-", color="#0072B2", ms=3, lw=0.8)
        left.set_xlabel("slice")
        left.set_ylabel("depth / nm")
        left.invert_yaxis()
        middle.plot(np.arange(len(steps)), steps, ".-", color="#0072B2", ms=3, lw=0.6)
        _bands(left, middle, loaded)
        middle.set_xlabel("slice")
        middle.set_ylabel("thickness / nm")
        right.sharey(middle)
        right.hist(steps, bins=_bins(steps), orientation="horizontal", color="#0072B2", alpha=0.75)
        right.tick_params(labelleft=False)
        right.set_xlabel("slices")
        right.xaxis.get_major_locator().set_params(integer=True)
        for value, name, color in (
            (float(steps.mean()), f"mean {steps.mean():.3g} nm", AXIS),
            (voxel, f"voxel {voxel:.3g} nm", "#D55E00"),
        ):
            line = "-" if name.startswith("mean") else (0, (4, 3))
            for axes in (middle, right):
                axes.axhline(value, color=color, lw=0.8, ls=line)
            right.text(
                1.02,
                value,
                name,
                transform=right.get_yaxis_transform(),
                fontsize=7,
                color=color,
                va="center",
            )
        error = loaded.depths.thickness_sd_nm
        high = steps if error is None else steps + BAND * error
        middle.set_ylim(0, max(high.max(), voxel) * 1.08)
        for axes in (left, middle):
            axes.grid(color=GRID, lw=0.6)
    return figure


def _bands(left: Axes, middle: Axes, loaded: LoadedStack) -> None:
    """Draw 95 % bands around depths and thicknesses whose standard deviations are known."""
    depths = loaded.depths
    for axes, values, sd in (
        (left, depths.depths_nm, depths.sd_nm),
        (middle, depths.thickness_nm, depths.thickness_sd_nm),
    ):
        if sd is not None:
            low, high = values - BAND * sd, values + BAND * sd
            axes.fill_between(np.arange(len(values)), low, high, color="#0072B2", alpha=0.18, lw=0)


def _bins(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return edges of bins, also where all values are the same but for rounding."""
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-6 * high:
        low, high = 0.95 * low, 1.05 * high
    return np.linspace(low, high, max(6, min(30, len(values) // 3)) + 1)


def plot_cuts(volume: NDArray[np.bool_], gapped: GappedVolume, *, window: int = 160) -> Figure:
    """Picture three cuts through a volume, before and after it was filled.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        The filled volume.
    gapped : GappedVolume
        What was known of it.
    window : int
        Edge of the pictures in voxels; larger volumes are cropped about their middle, along z
        about the widest gap.

    Returns
    -------
    matplotlib.figure.Figure
        Above the slices, missing layers grey; below the filled volume. Left the layer in the middle
        of the widest gap, beside it zx- and zy-planes, z downwards, with marks at that layer.
    """
    after = kinds(volume)
    before = after.copy()
    before[gapped.missing_layers] = MISSING
    layer, known = _layer_in_widest_gap(gapped)
    starts = _starts(volume.shape, (layer, volume.shape[1] // 2, volume.shape[2] // 2), window)
    z, y, x = (slice(start, start + window) for start in starts)
    at_y, at_x = volume.shape[1] // 2, volume.shape[2] // 2
    filled = f"xy, layer {layer}, filled" if layer != known else f"xy, layer {layer}"
    cropped = [
        (f"xy, nearest slice (layer {known})", filled, after[known, y, x], after[layer, y, x]),
        (f"zx at y = {at_y}, slices", "zx, filled", before[z, at_y, x], after[z, at_y, x]),
        (f"zy at x = {at_x}, slices", "zy, filled", before[z, y, at_x], after[z, y, at_x]),
    ]
    # All lengths in inches, so that a voxel is equally large everywhere.
    gap, head, foot = 0.25, 0.3, 0.42
    rows = max(image.shape[0] for *_, image in cropped)
    per_voxel = (_WIDTH - 4 * gap) / sum(image.shape[1] for *_, image in cropped)
    per_voxel = min(per_voxel, _TALLEST / rows)
    row = rows * per_voxel
    height = 2 * (row + head) + foot
    with look():
        figure = Figure(figsize=(_WIDTH, height))
        across = gap
        for above, below, first, second in cropped:
            width = first.shape[1] * per_voxel
            for place, (title, image) in enumerate(((above, first), (below, second))):
                tall = image.shape[0] * per_voxel
                top = height - head - place * (row + head)
                box = (across / _WIDTH, (top - tall) / height, width / _WIDTH, tall / height)
                axes = figure.add_axes(box)
                axes.imshow(PALETTE[image], interpolation="none", aspect="auto")
                axes.set_title(title, pad=4)
                if not title.startswith("xy"):
                    mark = layer - starts[0]
                    for side, sign in ((-0.5, 5), (image.shape[1] - 0.5, 4)):
                        axes.plot(side, mark, marker=sign, color="#D55E00", ms=6, clip_on=False)
                axes.set_xticks([])
                axes.set_yticks([])
                for spine in axes.spines.values():
                    spine.set_visible(True)
                    spine.set_linewidth(0.6)
            across += width + gap
        _scale_bar(figure, per_voxel / gapped.voxel_nm, gap)
        shown = {"solid": "solid", "pore": "pore", "missing": "no slice"}
        patches = [Patch(facecolor=COLORS[name], edgecolor=GREY, lw=0.5) for name in shown]
        figure.legend(patches, [*shown.values()], loc="lower right", ncols=3, handlelength=1.2)
    return figure


def _scale_bar(figure: Figure, inches_per_nm: float, left: float) -> None:
    """Draw a scale bar at the bottom."""
    width, height = figure.get_size_inches()
    length = scale_bar_nm(2.5 / inches_per_nm)
    axes = figure.add_axes((left / width, 0.18 / height, length * inches_per_nm / width, 0.001))
    axes.axhline(0, color=INK, lw=2.5, solid_capstyle="butt", clip_on=False)
    axes.axis("off")
    end = (left + length * inches_per_nm + 0.07) / width
    figure.text(end, 0.18 / height, f"{length:g} nm", fontsize=8, va="center")


def _layer_in_widest_gap(gapped: GappedVolume) -> tuple[int, int]:
    """Return the layer in the middle of the widest gap, and the nearest known one."""
    place = int(np.argmax(np.diff(gapped.layers)))
    start, stop = int(gapped.layers[place]), int(gapped.layers[place + 1])
    return start + (stop - start) // 2, start


def _starts(
    shape: tuple[int, ...], centre: tuple[int, int, int], window: int
) -> tuple[int, int, int]:
    """Return where a window begins that lies about a centre and inside of a volume."""
    z, y, x = (max(0, min(c - window // 2, n - window)) for c, n in zip(centre, shape, strict=True))
    return z, y, x


def plot_directions(
    curves: Mapping[str, NDArray[np.float64]],
    directions: Mapping[str, Directions],
    voxel_nm: float,
) -> Figure:
    """Plot curves along z, y and x, and how far they are from the mean of y and x.

    Parameters
    ----------
    curves : mapping of str to (3, L) float64
        By measure, along z, y, x; lag 0 first.
    directions : mapping of str to Directions
        By measure, for the titles.
    voxel_nm : float
        Length of one lag in nm.
    """
    with look():
        figure = Figure(figsize=(_WIDTH, 4.2), layout="constrained")
        panels = figure.subplots(2, len(curves), squeeze=False, height_ratios=[2, 1])
        for (above, below), (name, values) in zip(panels.T, curves.items(), strict=True):
            symbol, each = measure_symbol(name), directions[name]
            lags = np.arange(values.shape[1]) * voxel_nm
            plane = (values[1] + values[2]) / 2
            for axis, curve in zip(("y", "x", "z"), values[[1, 2, 0]], strict=True):
                above.plot(lags, curve, color=_AXES[axis], label=f"along {axis}")
                below.plot(lags, curve - plane, color=_AXES[axis])
            seen = np.flatnonzero(values.max(axis=0) > 0.01 * values[0, 0])
            for axes in (above, below):
                axes.set_xlim(0, max(int(seen.max(initial=1)), 1) * voxel_nm)
                axes.grid(color=GRID, lw=0.6)
            above.set_ylim(bottom=0)
            above.set_ylabel(symbol)
            above.set_title(
                f"{symbol}: z from the plane {_share(each.along_z)}, y from x "
                f"{_share(each.in_plane)}"
            )
            above.tick_params(labelbottom=False)
            below.set_ylabel("minus plane")
            below.set_xlabel("lag / nm")
        panels[0, -1].legend()
    return figure


def _share(value: float) -> str:
    """Return a share in percent, or a dash where it is undefined."""
    return "–" if math.isnan(value) else f"{value:.1%}"


def plot_histogram(histogram: Histogram) -> Figure | None:
    """Plot how often every grey value occurs, with the thresholds; None for two or three values.

    Parameters
    ----------
    histogram : Histogram
        Of `fibgap.stacks.load_stack`.
    """
    counts, edges = histogram.counts, histogram.edges
    if np.count_nonzero(counts) < 4:
        return None
    with look():
        figure = Figure(figsize=(_WIDTH, 2.5), layout="constrained")
        axes = figure.subplots()
        axes.stairs(counts, edges, fill=True, color="#9FB8CC")
        for value in histogram.thresholds:
            axes.axvline(value, color="#D55E00", lw=1.2)
            axes.annotate(
                f" {value:.4g}",
                (value, 1),
                xycoords=("data", "axes fraction"),
                va="top",
                color="#D55E00",
            )
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel("grey value")
        axes.set_ylabel("pixels")
        axes.tick_params(axis="y", color=GREY)
    return figure
