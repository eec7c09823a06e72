"""The surface of the solid in three dimensions, drawn without a graphics card."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter

from fibgap.report.figures.showcase import (
    COLORS,
    FALSE_PORE,
    FALSE_SOLID,
    MISSING,
    PALETTE,
    SOLID,
    Rebuilt,
    painted,
)
from fibgap.report.figures.style import INK, arm_color, look
from fibgap.stack import GappedVolume

#: Turn about the milling axis and tilt towards the reader, in degrees.
TURN, TILT = 32.0, 28.0
#: Largest edge of a picture in pixels, and its width in inches.
PIXELS, INCHES = 300, 2.3


def _rotation(turn: float, tilt: float) -> NDArray[np.float64]:
    """Return the axes of a view (into the page, down, right) as rows in (z, y, x)."""
    a, b = math.radians(turn), math.radians(tilt)
    right = np.array([0.0, -math.sin(a), math.cos(a)])
    level = np.array([0.0, -math.cos(a), -math.sin(a)])  # into the page, horizontally
    z = np.array([1.0, 0.0, 0.0])  # down
    return np.array(
        [math.cos(b) * level + math.sin(b) * z, math.cos(b) * z - math.sin(b) * level, right]
    )


def _voxels(places: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[NDArray[np.intp], ...]:
    """Return the indices of the voxels nearest to places (N, 3)."""
    last = np.array(shape) - 1
    return tuple(np.clip(np.rint(places), 0, last).astype(np.intp).T)


def render_surface(
    found: NDArray[np.uint8], *, turn: float = TURN, tilt: float = TILT, pixels: int = PIXELS
) -> NDArray[np.float64]:
    """Picture the solid of a volume in parallel projection, z downwards.

    Parameters
    ----------
    found : (Z, Y, X) uint8
        The kinds of all voxels, as of `fibgap.report.figures.showcase.kinds`.
    turn, tilt : float
        Degrees about z, and towards the reader.
    pixels : int
        Edge of the picture.

    Returns
    -------
    (pixels, pixels, 4) float64
        Colours between 0 and 1, transparent beside the volume. Where solid that should be pore
        lies at the surface it has the colour of false solid; where the surface lies behind pore
        that should be solid, that of false pore.

    Examples
    --------
    >>> from fibgap.report.figures.showcase import kinds
    >>> picture = render_surface(kinds(np.ones((8, 8, 8), dtype=bool)), pixels=16)
    >>> picture.shape, picture[[8, 0], [8, 0], 3].tolist()
    ((16, 16, 4), [1.0, 0.0])
    """
    solid = (found == SOLID) | (found == FALSE_SOLID)
    # Smoothed by less than a voxel, so that light falls on surfaces rather than on their steps.
    field = gaussian_filter(np.pad(solid, 2).astype(np.float32), 0.8)
    kinds = np.pad(found, 2, constant_values=MISSING)
    rotation = _rotation(turn, tilt)
    middle = (np.array(field.shape) - 1) / 2
    corners = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]) * middle
    half = np.abs(corners @ rotation.T).max(axis=0)
    step = 2 * max(half[1], half[2]) / (pixels - 1)
    depth = math.ceil(2 * half[0] / step)
    shape = (depth, pixels, pixels)
    matrix = (rotation * step).T
    offset = middle - matrix @ ((np.array(shape) - 1) / 2)
    view = affine_transform(field, matrix, offset, shape, order=1)
    inside = view > 0.5
    hit = inside.any(axis=0)
    first = np.where(hit, inside.argmax(axis=0), 0)
    rows, columns = np.nonzero(hit)
    places = np.stack([first[hit], rows, columns], axis=1) @ matrix.T + offset
    nearest = _voxels(places, field.shape)
    normal = -np.stack([slope[nearest] for slope in np.gradient(field)], axis=1) @ rotation.T
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    light = np.array([-0.75, -0.55, -0.35])
    shade = 0.45 + 0.65 * np.clip(normal @ (light / np.linalg.norm(light)), 0, 1)
    shade *= 1 - 0.4 * first[hit] / depth  # what lies farther back is darker
    colors = np.tile(PALETTE[SOLID], (len(places), 1))
    # One voxel behind the surface, and one and a half before it.
    for away, kind in ((1.0, FALSE_SOLID), (-1.5, FALSE_PORE)):
        colors[kinds[_voxels(places + away * rotation[0], field.shape)] == kind] = PALETTE[kind]
    picture = np.zeros((pixels, pixels, 4))
    picture[hit, :3] = np.clip(colors * shade[:, None], 0, 1)
    picture[hit, 3] = 1.0
    return picture


def plot_surfaces(
    truth: NDArray[np.bool_],
    gapped: GappedVolume,
    arms: Mapping[str, Rebuilt],
    *,
    window: int = 80,
) -> Figure:
    """Picture the surfaces of the truth and of every arm, misclassified voxels coloured.

    Parameters
    ----------
    truth : (Z, Y, X) bool
        The true volume on the grid of `gapped`.
    gapped : GappedVolume
        The slices at their depths.
    arms : mapping of str to Rebuilt
        The volume of every arm. One of another geometry is shown without judging its voxels.
    window : int
        Edge in voxels; larger volumes are cropped about their middle.

    Returns
    -------
    matplotlib.figure.Figure
        One view per volume, all from the same side, z downwards.

    Raises
    ------
    InputError
        If the truth has another shape than the grid.
    """
    volumes = painted(truth, gapped, arms)
    del volumes["Slices"]
    cut = tuple(slice((n - min(n, window)) // 2, (n + min(n, window)) // 2) for n in truth.shape)
    rows = math.ceil(len(volumes) / 5)
    columns = math.ceil(len(volumes) / rows)
    with look():
        size = (INCHES * columns, (INCHES + 0.25) * rows + 0.35)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel in panels:
            panel.set_axis_off()
        for panel, (name, found) in zip(panels, volumes.items(), strict=False):
            pixels = min(PIXELS, 4 * max(found[cut].shape))
            panel.imshow(render_surface(found[cut], pixels=pixels), interpolation="none")
            panel.set_title(name, fontweight="bold", color=arm_color(name) if name in arms else INK)
        shown = ("solid", "false solid", "false pore")
        patches = [Patch(facecolor=COLORS[name], edgecolor="#888888", lw=0.5) for name in shown]
        figure.legend(patches, shown, loc="outside lower left", ncols=3, handlelength=1.2)
    return figure
