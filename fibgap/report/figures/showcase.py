"""One dataset in pictures: the truth, what the slices leave, and what every arm makes of it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.report.figures.style import INK, arm_color, look
from fibgap.stack import GappedVolume

Cut = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

#: Width of a picture in inches.
PICTURE = 1.9
#: The light colours differ from the dark red and the blue in lightness, not only in hue.
COLORS = {
    "solid": "#E5C76B",
    "pore": "#FBFAF6",
    "false solid": "#A50F15",
    "false pore": "#2166AC",
    "missing": "#C9CDD3",
}
#: The colours by the kind of a pixel.
PALETTE = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLORS.values()])
SOLID, PORE, FALSE_SOLID, FALSE_PORE, MISSING = range(len(COLORS))


def kinds(image: NDArray[np.bool_], truth: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Tell every pixel of a binary image by its kind, misclassified ones apart.

    Parameters
    ----------
    image : (H, W) bool
        Solid is True.
    truth : (H, W) bool, optional
        What it should be; without it nothing counts as misclassified.

    Returns
    -------
    (H, W) uint8
        Indices of `PALETTE`, in the order of `COLORS`.

    Examples
    --------
    >>> image, truth = np.array([[True, False]]), np.array([[False, True]])
    >>> kinds(image).tolist(), kinds(image, truth).tolist()
    ([[0, 1]], [[2, 3]])
    """
    found = np.where(image, SOLID, PORE).astype(np.uint8)
    if truth is not None:
        found[image & ~truth] = FALSE_SOLID
        found[~image & truth] = FALSE_PORE
    return found


@dataclass(frozen=True)
class Rebuilt:
    """The volume of an arm and where it lies.

    Attributes
    ----------
    volume : (Z, Y, X) bool
        Solid is True.
    first_layer : int or None
        Layer of the grid on which it begins; None where its geometry is not the true one, so that
        no voxel can be judged.
    """

    volume: NDArray[np.bool_]
    first_layer: int | None = 0

    def on_grid(self, truth: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return the `kinds` of all voxels on the grid of the truth, MISSING where it is not."""
        if self.first_layer is None:
            return kinds(self.volume)
        found = np.full(truth.shape, MISSING, dtype=np.uint8)
        start = self.first_layer
        own = slice(max(start, 0), min(start + len(self.volume), len(truth)))
        found[own] = kinds(self.volume[own.start - start : own.stop - start], truth[own])
        return found


def misclassified(found: NDArray[np.uint8]) -> float:
    """Return the share of misclassified voxels among those that an arm has."""
    has = found != MISSING
    wrong = (found == FALSE_SOLID) | (found == FALSE_PORE)
    return float(wrong.sum() / max(has.sum(), 1))


def scale_bar_nm(width_nm: float) -> float:
    """Return a round length of about a quarter of the width of an image.

    Parameters
    ----------
    width_nm : float
        Width in nm.

    Returns
    -------
    float
        The largest of 1, 2, 5, 10, 20, ... that is at most three tenths of the width.

    Examples
    --------
    >>> scale_bar_nm(320.0), scale_bar_nm(170.0)
    (50.0, 50.0)
    """
    power = 10.0 ** math.floor(math.log10(0.3 * width_nm))
    return max(
        power * step for step in (1.0, 2.0, 5.0) if power * step <= 0.3 * width_nm * 1.000001
    )


def _show(axes: Axes, found: NDArray[np.uint8], title: str, subtitle: str, color: str) -> None:
    """Show one picture without ticks."""
    axes.imshow(PALETTE[found], interpolation="none")
    axes.set_anchor("NW")
    axes.set_title(title, pad=13, fontweight="bold", color=color)
    axes.text(0, 1.015, subtitle, transform=axes.transAxes, fontsize=7, va="bottom")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.6)


def _scale_bar(figure: Figure, left: float, bottom: float, width_nm: float) -> None:
    """Draw a scale bar, left and bottom in inches."""
    across, down = figure.get_size_inches()
    length = scale_bar_nm(width_nm)
    end = left + PICTURE * length / width_nm
    bar = Line2D([left / across, end / across], [bottom / down] * 2, color=INK, lw=2.5)
    bar.set_solid_capstyle("butt")
    figure.add_artist(bar)
    figure.text((end + 0.06) / across, bottom / down, f"{length:g} nm", fontsize=8, va="center")


def _middle(found: NDArray[np.uint8], window: int) -> NDArray[np.uint8]:
    """Crop an image about its middle to at most `window` pixels an edge."""
    first, second = (max(0, (n - window) // 2) for n in found.shape)
    return found[first : first + window, second : second + window]


def painted(
    truth: NDArray[np.bool_], gapped: GappedVolume, arms: Mapping[str, Rebuilt]
) -> dict[str, NDArray[np.uint8]]:
    """Return the `kinds` of all voxels of "Truth", "Slices" and every arm, by name.

    Raises
    ------
    InputError
        If the truth has another shape than the grid.
    """
    if truth.shape != gapped.shape:
        raise InputError(f"the truth has shape {truth.shape}, but the grid has {gapped.shape}.")
    slices = kinds(gapped.volume())
    slices[~gapped.known] = MISSING
    rebuilt = {name: arm.on_grid(truth) for name, arm in arms.items()}
    return {"Truth": kinds(truth), "Slices": slices, **rebuilt}


def _subtitle(
    name: str, image: NDArray[np.uint8], gapped: GappedVolume, arms: Mapping[str, Rebuilt]
) -> str:
    """Say what there is to know of a picture."""
    if name not in arms:
        if name == "Slices":
            return f"{gapped.known.sum()} of {gapped.n_layers} layers known"
        return f"{100 * (image == SOLID).mean():.1f} % solid"
    if arms[name].first_layer is None:
        return "other geometry"
    return f"{100 * misclassified(image):.1f} % misclassified here"


def plot_showcase(
    truth: NDArray[np.bool_],
    gapped: GappedVolume,
    arms: Mapping[str, Rebuilt],
    *,
    y: int | None = None,
    layer: int | None = None,
    window: int = 160,
) -> Figure:
    """Picture one dataset: truth, gapped volume and every arm, misclassified voxels coloured.

    Parameters
    ----------
    truth : (Z, Y, X) bool
        The true volume on the grid of `gapped`.
    gapped : GappedVolume
        The slices at their depths; its missing layers are shaded.
    arms : mapping of str to Rebuilt
        The volume of every arm. One of another geometry is shown without judging its voxels.
    y : int, optional
        Where to cut the zx-plane, by default in the middle.
    layer : int, optional
        A missing layer to show in the xy-plane, by default the middle of the largest gap.
    window : int
        Edge of the pictures in voxels; larger volumes are cropped about their middle.

    Returns
    -------
    matplotlib.figure.Figure
        zx-planes (z downwards) above, xy-layers below, a scale bar in nm.

    Raises
    ------
    InputError
        If the truth has another shape than the grid, or if `y` or `layer` lies outside.
    """
    found = painted(truth, gapped, arms)
    n_z, n_y, _ = truth.shape
    y = n_y // 2 if y is None else y
    if not 0 <= y < n_y:
        raise InputError(f"y is {y}, but the volume has {n_y} planes.")
    if layer is None:
        start = int(gapped.layers[np.argmax(np.diff(gapped.layers))])
        layer = start + (gapped.largest_gap + 1) // 2
    if not 0 <= layer < n_z:
        raise InputError(f"layer is {layer}, but the volume has {n_z} layers.")
    state = "known" if gapped.known[layer] else "missing"
    cuts: list[tuple[str, Cut]] = [
        (f"zx-plane at y = {y}, z downwards", lambda volume: _middle(volume[:, y], window)),
        # A volume of another geometry may have fewer layers.
        (
            f"xy-layer {layer}, {state}",
            lambda volume: _middle(volume[min(layer, len(volume) - 1)], window),
        ),
    ]
    n_pictures = 2 + len(arms)
    stripes = math.ceil(n_pictures / 5)
    columns = math.ceil(n_pictures / stripes)
    # All lengths in inches, so that pictures of any aspect stand close to each other.
    edge, gap, title, heading, foot = 0.12, 0.14, 0.36, 0.4, 0.3
    shapes = [cut(found["Truth"]).shape for _, cut in cuts]
    heights = [PICTURE * np.divide(*shape) for shape in shapes]
    width = 2 * edge + columns * (PICTURE + gap) - gap
    height = sum(heading + stripes * (title + h) + foot for h in heights) + foot
    with look():
        figure = Figure(figsize=(width, height))
        top = height
        for (words, cut), shape, h in zip(cuts, shapes, heights, strict=True):
            figure.text(edge / width, (top - 0.25) / height, words, fontsize=10)
            top -= heading
            for place, (name, volume) in enumerate(found.items()):
                left = edge + place % columns * (PICTURE + gap)
                bottom = top - (place // columns + 1) * (title + h)
                box = (left / width, bottom / height, PICTURE / width, h / height)
                image, color = cut(volume), arm_color(name) if name in arms else INK
                subtitle = _subtitle(name, image, gapped, arms)
                _show(figure.add_axes(box), image, name, subtitle, color)
            top -= stripes * (title + h)
            _scale_bar(figure, edge, top - 0.12, shape[1] * gapped.voxel_nm)
            top -= foot
        patches = [Patch(facecolor=color, edgecolor="#888888", lw=0.5) for color in COLORS.values()]
        figure.legend(patches, list(COLORS), loc="lower left", ncols=5, handlelength=1.2)
    return figure
