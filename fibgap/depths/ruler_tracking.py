"""A ruler read from the images: windows around its lines, tracked from slice to slice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.ndimage import shift as shifted
from scipy.signal.windows import tukey
from skimage.feature import match_template
from skimage.registration import phase_cross_correlation

from fibgap.depths.result import Depths
from fibgap.depths.ruler_lines import check_angles, ordered_depths, read_lines
from fibgap.errors import InputError

#: Windows must be at least so large, so that a line moves by a pixel within one, and is read twice.
LEAST_WIDTH, LEAST_HEIGHT = 8, 8
#: A window is the same line again if it correlates with the line's picture by at least this.
LEAST_ALIKE = 0.4
#: Part of a pixel to which peaks are found, and the largest that a sub-pixel peak may be off.
_FINE, _FAR = 100, 2.0
#: How much of the newest window goes into the picture of a line, and of the newest step into its
#: pace, while it is followed.
_FRESH, _PACE = 0.15, 0.2
#: What a place as far from the guess as we look loses of its correlation. A line that looks the
#: same all along y would wander off without it.
_TETHER = 0.05
#: Smoothing along x of the derivative that is compared, and along y of what is looked for, in
#: pixels (standard deviations of Gaussians).
_SMOOTH, _SMOOTH_ALONG = 1.0, 2.0
#: Rounds in which all windows are compared with the mean of all.
_ROUNDS = 2
#: Lines that are nearer to each other than this in pixels have met.
_TOGETHER = 3.0


@dataclass(frozen=True)
class RulerLine:
    """A line of a ruler, or an edge of a wedge: where it is in the first slice, and its angle.

    Attributes
    ----------
    x, y : int
        Upper left corner of a window around it in the first slice in pixels, as Fiji shows it.
    width, height : int
        Size of the window in pixels. The line should be in the middle half of its width.
    angle_deg : float
        Angle to the milling direction: positive where it moves to larger x with depth, 0 for a
        fiducial that does not move.
    name : str
        For messages.
    """

    x: int
    y: int
    width: int
    height: int
    angle_deg: float
    name: str = ""

    def within(self, shape: tuple[int, int]) -> None:
        """Refuse a window that is too small or outside of images of a shape (height, width)."""
        if self.width < LEAST_WIDTH or self.height < LEAST_HEIGHT:
            raise InputError(
                f"the window of line {self.name} has {self.width} x {self.height} pixels, but "
                f"needs at least {LEAST_WIDTH} x {LEAST_HEIGHT} (width x height)."
            )
        right, bottom = self.x + self.width, self.y + self.height
        if self.x < 0 or self.y < 0 or right > shape[1] or bottom > shape[0]:
            raise InputError(
                f"the window of line {self.name} goes from x = {self.x} to {right} and from y = "
                f"{self.y} to {bottom}, outside of images of {shape[1]} x {shape[0]} pixels."
            )


@dataclass(frozen=True)
class TrackedRuler:
    """Where the lines of a ruler lie in every slice.

    Attributes
    ----------
    lines : tuple of RulerLine
        As they were given.
    positions : (L, N) float64
        Position along x of every line in every slice in pixels, counted from where it is in the
        first slice; NaN where it was not seen.
    sd : (L,) float64
        Reading error of every line in pixels (standard deviation).
    alike : (L, N) float64
        Correlation of what is in the window with the picture of the line; NaN where the window is
        outside of the image.
    notes : tuple of str
        Which lines were lost where, a sentence each.
    """

    lines: tuple[RulerLine, ...]
    positions: NDArray[np.float64]
    sd: NDArray[np.float64]
    alike: NDArray[np.float64]
    notes: tuple[str, ...] = ()

    def readings(self, pixel_nm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return depths and deviations as read, see `fibgap.depths.ruler_lines.read_lines`."""
        return read_lines(
            pixel_nm * self.positions,
            [line.angle_deg for line in self.lines],
            sd_nm=pixel_nm * self.sd[:, None],
            names=[line.name for line in self.lines],
        )

    def depths(self, pixel_nm: float) -> Depths:
        """Return the depths of the slices, in the order of milling.

        Parameters
        ----------
        pixel_nm : float
            Pixel size along x in nm.

        Raises
        ------
        InputError
            See `fibgap.depths.ruler_lines.line_depths`.
        """
        found = ordered_depths(*self.readings(pixel_nm))
        errors = ", ".join(f"{value:.2g}" for value in self.sd)
        note = f"{len(self.lines)} lines of the ruler were read to {errors} pixels."
        return Depths(
            found.depths_nm,
            "ruler",
            found.sd_nm,
            (note, *self.notes, *found.notes),
            thickness_sd_nm=found.thickness_sd_nm,
        )


class _Follower:
    """A line that is followed: its picture, and where it was seen."""

    def __init__(self, line: RulerLine, image: NDArray[Any], count: int) -> None:
        self.line = line
        self.whole = np.zeros((count, 2), dtype=np.int64)  # where windows were read: (y, x)
        self.place = np.full((count, 2), np.nan)  # of the line, with its part of a pixel
        self.alike = np.full(count, np.nan)
        self.windows: dict[int, NDArray[np.float64]] = {}
        self.pace, self.last, self.missed = np.zeros(2), np.zeros(2), 0
        y, x = line.y, line.x
        self.picture = _derivative(image, y, y + line.height, x, x + line.width)
        if not self.picture.any():
            raise InputError(f"the window of line {line.name} shows one value only.")
        self.windows[0], self.place[0], self.alike[0] = self.picture, 0.0, 1.0

    @property
    def centre(self) -> float:
        """Return where in its window the line is along x."""
        weight = (self.picture**2).sum(axis=0)
        return float((weight * np.arange(len(weight))).sum() / weight.sum())

    def look(self, index: int, image: NDArray[Any]) -> None:
        """Look for the line where it should be."""
        line = self.line
        near = max(3, min(line.width, line.height) // 2)
        reach = int(near * min(1 + self.missed / 4, 3))  # farther after slices without it
        guess = np.rint(self.last + self.pace).astype(int)
        top, left = line.y + guess[0] - reach, line.x + guess[1] - reach
        y0, y1 = max(top, 0), min(top + line.height + 2 * reach, image.shape[0])
        x0, x1 = max(left, 0), min(left + line.width + 2 * reach, image.shape[1])
        if y1 - y0 < line.height or x1 - x0 < line.width:
            return
        region = _derivative(image, y0, y1, x0, x1)
        alike = match_template(_along(region), _along(self.picture))
        start = np.array([y0 - top, x0 - left]) - reach
        away = (np.indices(alike.shape) + start[:, None, None]) / reach
        best = np.unravel_index(
            int(np.argmax(alike - _TETHER * (away**2).sum(axis=0))), away[0].shape
        )
        self.alike[index] = alike[best]
        if self.alike[index] < LEAST_ALIKE:
            return
        whole = np.array([best[0] + y0 - line.y, best[1] + x0 - line.x])
        y, x = line.y + whole[0], line.x + whole[1]
        window = _derivative(image, y, y + line.height, x, x + line.width)
        fine = _offset(self.picture, window)
        if np.abs(fine).max() > _FAR:
            return
        self.windows[index], self.whole[index], self.place[index] = window, whole, whole + fine
        self.picture = (1 - _FRESH) * self.picture + _FRESH * shifted(window, -fine, mode="nearest")

    def go_on(self, index: int, drift: NDArray[np.float64]) -> None:
        """Take over the new place, or move on as the line did, and as the others drifted."""
        if index in self.windows:
            if not self.missed:
                self.pace[1] += _PACE * (self.place[index] - self.last - drift - self.pace)[1]
            self.last, self.missed = self.place[index].copy(), 0
        else:
            self.last, self.missed = self.last + self.pace + drift, self.missed + 1
        # Nothing holds a line that is the same all along y but this.
        self.last[0] *= 0.9

    def settle(self) -> float:
        """Compare all windows with their mean, which has less noise; return the reading error."""
        for _ in range(_ROUNDS):
            aligned = [
                shifted(window, self.whole[index] - self.place[index], mode="nearest")
                for index, window in self.windows.items()
            ]
            self.picture = np.mean(aligned, axis=0)
            for index, window in self.windows.items():
                fine = _offset(self.picture, window)
                if np.abs(fine).max() <= _FAR:
                    self.place[index] = self.whole[index] + fine
        # Every line is read twice, in two halves of its rows: their difference has the error of
        # each, and the mean of both half of it. Steps take out what changes slowly.
        rows = np.arange(self.line.height) // 2 % 2 == 0
        halves = [
            [_offset(self.picture[part], window[part])[1] for part in (rows, ~rows)]
            for window in self.windows.values()
        ]
        steps = np.abs(np.diff(np.subtract(*np.transpose(halves))))
        error = 1.4826 * float(np.median(steps)) / np.sqrt(2) / 2 if len(steps) else 0.0
        return max(error, 1 / _FINE)


def _derivative(image: NDArray[Any], y0: int, y1: int, x0: int, x1: int) -> NDArray[np.float64]:
    """Return the smoothed derivative along x of a part of an image.

    It makes a peak of an edge and a pair of peaks of a line, and nothing of what changes slowly.
    """
    left, right = max(x0 - 5, 0), min(x1 + 5, image.shape[1])
    part = image[y0:y1, left:right].astype(np.float64)
    found = gaussian_filter1d(part, _SMOOTH, axis=1, order=1, mode="nearest")
    return np.asarray(found[:, x0 - left : x1 - left])


def _along(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values smoothed along y, the direction in which a line is nearly the same."""
    return np.asarray(gaussian_filter1d(values, _SMOOTH_ALONG, axis=0, mode="nearest"))


def _offset(picture: NDArray[np.float64], window: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the content of a window lies from that of the picture: (y, x) in pixels."""
    height, width = picture.shape
    # What enters at one side of a window would be taken for what left at the other.
    taper = tukey(height + 2, 0.25)[1:-1, None] * tukey(width + 2, 0.5)[1:-1]
    found, _, _ = phase_cross_correlation(
        picture * taper, window * taper, upsample_factor=_FINE, normalization=None
    )
    return -np.asarray(found, dtype=np.float64)


def track_lines(images: NDArray[Any], lines: Sequence[RulerLine]) -> TrackedRuler:
    """Follow the lines of a ruler from slice to slice.

    Parameters
    ----------
    images : (N, Y, X) array
        Grey images in the order of milling, as they were taken: drift is no harm.
    lines : sequence of RulerLine
        Two or more with different angles. A fiducial of the angle 0 takes the drift out where
        other lines do not.

    Returns
    -------
    TrackedRuler
        Positions along x with their reading errors, NaN where a line was not seen.

    Raises
    ------
    InputError
        If a window is outside of the images, angles tell no depth, or lines meet.

    Notes
    -----
    A line is looked for where it should be by its pace and by the drift of the other lines, with
    the normalised correlation of its window with its picture (`skimage.feature.match_template`).
    The peak of the cross-correlation of both, to a hundredth of a pixel, gives its place
    (Guizar-Sicairos, Thurman and Fienup, Opt. Lett. 33, 156, 2008). Compared are derivatives along
    x, so that an edge of a wedge is as good as a line. In the end all windows of a line are
    compared with their mean: errors do not add up along the stack. A line that has left the frame,
    or whose window is no longer like its picture, is not seen, and is looked for in every further
    slice.
    """
    stack = np.asarray(images)
    if stack.ndim != 3 or len(stack) < 2:
        raise InputError(f"a ruler is read from slices (N, Y, X), but shape {stack.shape} came.")
    named = tuple(
        line if line.name else replace(line, name=str(index)) for index, line in enumerate(lines)
    )
    check_angles([line.angle_deg for line in named], [line.name for line in named])
    for line in named:
        line.within(stack.shape[1:])
    followers = [_Follower(line, stack[0], len(stack)) for line in named]
    for index in range(1, len(stack)):
        for each in followers:
            each.look(index, stack[index])
        jumps = [
            each.place[index] - each.last - each.pace
            for each in followers
            if index in each.windows and not each.missed
        ]
        drift = np.median(jumps, axis=0) if jumps else np.zeros(2)
        for each in followers:
            each.go_on(index, drift)
        _require_apart(followers, index)
    errors = np.array([each.settle() for each in followers])
    positions = np.array([each.place[:, 1] for each in followers])
    return TrackedRuler(
        named,
        positions - positions[:, :1],
        errors,
        np.array([each.alike for each in followers]),
        tuple(note for each in followers for note in _lost(each)),
    )


def _require_apart(followers: Sequence[_Follower], index: int) -> None:
    """Refuse lines of one row of the image that have met: nobody can tell them apart any more."""
    for one, other in combinations(followers, 2):
        first, second = one.line, other.line
        if first.y + first.height <= second.y or second.y + second.height <= first.y:
            continue
        start = (second.x + other.centre) - (first.x + one.centre)
        now = start + other.place[index, 1] - one.place[index, 1]
        if now * np.sign(start) < _TOGETHER:
            raise InputError(
                f"lines {first.name} and {second.name} of the ruler have met in slice {index}: end "
                "the stack before it, or track other lines."
            )


def _lost(follower: _Follower) -> list[str]:
    """Return where a line was not seen, in a sentence."""
    lost = np.flatnonzero(np.isnan(follower.place[:, 1]))
    if not len(lost):
        return []
    last = len(follower.place) - 1
    again = (
        "and not again"
        if lost[-1] == last and len(lost) == last + 1 - lost[0]
        else f"and was taken up again; the last one is {lost[-1]}"
    )
    return [
        f"line {follower.line.name} was not seen in {len(lost)} of {last + 1} slices, for the "
        f"first time in slice {lost[0]}, {again}."
    ]
