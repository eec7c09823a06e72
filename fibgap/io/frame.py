"""The frame of an aligned stack: which pixels show material, and which only fill the canvas.

Alignment shifts slices and fills what becomes empty with one value, mostly 0. In a stack of grey
values such a border is plain. In a binary one it looks like pore, so that a rule is needed:

1. A strip is a run of whole rows or columns at an edge of a slice that hold one value, the same in
   all slices. Most slices must have one, and a side must have them in a quarter of the slices.
2. A frame has straight edges: the first line inside a strip is like any other line of the image
   (it differs from the border's value at least half as often). Where pore ends by itself, only
   tips of the solid reach the last line.
3. Inside, whole lines of the border's value are rare (5 %). In a structure that has them, such as
   a laminate, a strip is one more.
4. The border's value is rare inside (5 %), as in grey images; or strips lie on all four sides; or
   strips on opposite sides change while the image between them keeps its size, as in a sheared
   stack.

What satisfies all four is a frame and can be cropped. What satisfies the first alone may be pore:
it is told as a warning and left as it is, unless the user decides.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fibgap.io.images import ImageStack

_SIDES = ("top", "bottom", "left", "right")


@dataclass(frozen=True)
class Frame:
    """A border of one value around the images of a stack.

    Attributes
    ----------
    value : float
        The value that it has.
    strips : (N, 4) int64
        Its width at the top, bottom, left and right of every slice, in pixels.
    certain : bool
        Whether it can only be a border; if not, it may be pore at the edge of the images.
    text : str
        What was found, for people.
    """

    value: float
    strips: NDArray[np.int64]
    certain: bool
    text: str

    def valid(self, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
        """Return which pixels lie inside, (N, Y, X)."""
        inside = np.zeros(shape, dtype=np.bool_)
        for z, (top, bottom, left, right) in enumerate(self.strips):
            inside[z, top : shape[1] - bottom, left : shape[2] - right] = True
        return inside


def find_frame(stack: ImageStack) -> Frame | None:
    """Return the border of a stack, or None if it has none.

    Parameters
    ----------
    stack : ImageStack
        Grey, labels or binary.

    Returns
    -------
    Frame or None
        The module's text says what makes it certain.

    Examples
    --------
    >>> images = np.zeros((4, 8, 8), dtype=np.uint8)
    >>> images[:, 2:7, 1:7] = 100 + np.arange(30).reshape(5, 6)
    >>> frame = find_frame(ImageStack(images))
    >>> frame.certain, frame.strips[0].tolist()
    (True, [2, 1, 1, 1])
    """
    frames = [_measure(stack.images, value) for value in _corner_values(stack.images)]
    found = [frame for frame in frames if frame is not None]
    certain = [frame for frame in found if frame.certain]
    return next(iter([*certain, *found]), None)


def _corner_values(images: NDArray[np.generic]) -> list[float]:
    """Return the values that a border may have: those most common in the corners, at most two."""
    corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]].ravel().tolist()
    counts = Counter(corner for corner in corners if corner == corner)  # NaN is not itself
    return [value for value, count in counts.most_common(2) if 2 * count >= len(images)]


def _strips(image: NDArray[np.generic], value: float) -> tuple[int, int, int, int] | None:
    """Return the widths of the strips of one slice, or None if it holds nothing but the value."""

    def run(lines: NDArray[np.generic]) -> int:
        width = 0
        while width < len(lines) and (lines[width] == value).all():
            width += 1
        return width

    top = run(image)
    if top == len(image):
        return None
    return top, run(image[::-1]), run(image.T), run(image.T[::-1])


def _measure(images: NDArray[np.generic], value: float) -> Frame | None:
    """Return the border of one value, or None if most slices have no such strips."""
    per_slice = [_strips(image, value) for image in images]
    strips = np.array([each or (0, 0, 0, 0) for each in per_slice], dtype=np.int64)
    known = np.array([each is not None for each in per_slice])
    if not known.any():
        return None
    sides = np.flatnonzero((strips[known] > 0).mean(axis=0) >= 0.25)
    strips[:, [side for side in range(4) if side not in sides]] = 0
    if not len(sides) or (strips[known] > 0).any(axis=1).mean() < 0.5:
        return None
    strips = _without_chance(strips, known)
    inside, whole, edges = _look_inside(images, strips, known, value)
    heights = images.shape[1] - strips[known, 0] - strips[known, 1]
    widths = images.shape[2] - strips[known, 2] - strips[known, 3]
    moves = any(
        _steady(size) and np.ptp(strips[known, side]) >= 2 and {side, side + 1} <= set(sides)
        for size, side in ((heights, 0), (widths, 2))
    )
    certain = (
        all(edges[int(side)] >= 0.5 * inside for side in sides)
        and whole <= 0.05
        and (inside >= 0.95 or len(sides) == 4 or moves)
    )
    share = 1 - float((heights * widths).mean()) / (images.shape[1] * images.shape[2])
    shown = ", ".join(f"{_SIDES[side]} {_range(strips[known, side])}" for side in sides)
    text = f"a border of the value {value:g} around the images ({shown} pixels; {share:.1%} of all)"
    return Frame(float(value), strips, bool(certain), text)


def _without_chance(strips: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return widths in which a side that stands still does so everywhere.

    In some slices a line of the structure beside the border happens to hold the border's value.
    """
    result = strips.copy()
    for side in range(4):
        values, counts = np.unique(strips[known, side], return_counts=True)
        usual = values[counts.argmax()]
        if counts.max() >= 0.8 * known.sum():
            result[:, side] = np.minimum(strips[:, side], usual)
    return result


def _look_inside(
    images: NDArray[np.generic], strips: NDArray[np.int64], known: NDArray[np.bool_], value: float
) -> tuple[float, float, dict[int, float]]:
    """Return what lies between the strips.

    Returns
    -------
    float
        Share of pixels that differ from the border's value.
    float
        Share of rows and columns, the outermost left out, that hold nothing else.
    dict
        For every side with strips, the share of pixels that differ in the first line inside.
    """
    share, whole = [], []
    edges: dict[int, list[float]] = {side: [] for side in range(4)}
    for z in np.flatnonzero(known):
        top, bottom, left, right = strips[z]
        image = images[z]
        differs = image[top : image.shape[0] - bottom, left : image.shape[1] - right] != value
        share.append(differs.mean())
        rows, columns = differs.any(axis=1)[1:-1], differs.any(axis=0)[1:-1]
        whole.append(1 - np.concatenate([rows, columns]).mean() if len(rows) + len(columns) else 0)
        lines = (differs[0], differs[-1], differs[:, 0], differs[:, -1])
        for side in np.flatnonzero(strips[z] > 0):
            edges[int(side)].append(lines[side].mean())
    return (
        float(np.mean(share)),
        float(np.mean(whole)),
        {side: float(np.mean(values)) for side, values in edges.items() if values},
    )


def _steady(sizes: NDArray[np.int64]) -> bool:
    """Return whether nearly all sizes are the same, to a pixel or two that happen to be pore."""
    return bool((np.abs(sizes - np.median(sizes)) <= 2).mean() >= 0.9)


def _range(widths: NDArray[np.int64]) -> str:
    """Return the widths of a strip, for people."""
    low, high = int(widths.min()), int(widths.max())
    return f"{low}" if low == high else f"{low} to {high}"


def constant_corners(images: NDArray[np.generic]) -> str | None:
    """Return a warning if corners of nearly all slices hold one value, as when slices were turned.

    A frame that was turned leaves triangles, which no row or column shows.
    """
    n, height, width = images.shape
    if n < 10:
        return None  # pore reaches through a few slices
    edge = max(3, min(height, width) // 25)
    first = images[:, :edge, :edge], images[:, :edge, -edge:]
    last = images[:, -edge:, :edge], images[:, -edge:, -edge:]
    for value in _corner_values(images):
        constant = [(block == value).all(axis=(1, 2)).mean() for block in (*first, *last)]
        count = sum(share >= 0.9 for share in constant)
        if count >= 2:
            return (
                f"{count} corners of the images hold the value {value:g} in nearly every slice: if "
                "slices were turned by alignment, give a mask of what shows material"
            )
    return None


def largest_box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the largest rectangle of True in a mask (Y, X), as slices.

    Notes
    -----
    For every row the columns' runs of True above it are a histogram; its largest rectangle is
    found with a stack in one pass.

    Examples
    --------
    >>> largest_box(np.array([[0, 1, 1], [1, 1, 1], [0, 1, 0]], dtype=bool))
    (slice(0, 2, None), slice(1, 3, None))
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    if mask[box].all():
        return box
    best, area = (slice(0, 0), slice(0, 0)), 0
    heights = np.zeros(mask.shape[1], dtype=np.int64)
    for y, line in enumerate(mask):
        heights = np.where(line, heights + 1, 0)
        open_from: list[tuple[int, int]] = []  # where a run of at least this height began
        for x, height in enumerate([*heights.tolist(), 0]):
            begin = x
            while open_from and open_from[-1][1] >= height:
                begin, tall = open_from.pop()
                if tall * (x - begin) > area:
                    area = tall * (x - begin)
                    best = slice(y + 1 - tall, y + 1), slice(begin, x)
            open_from.append((begin, height))
    return best
