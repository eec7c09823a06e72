"""One line of a ruler, followed from slice to slice in a window that moves with it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.ndimage import shift as shifted

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


class Follower:
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
        from skimage.feature import match_template  # half a second, for those who follow lines

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

    def forget(self, index: int) -> None:
        """Take back what was seen in a slice."""
        del self.windows[index]
        self.whole[index], self.place[index] = 0, np.nan

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
                _moved(window, self.whole[index, 1] - self.place[index, 1])
                for index, window in self.windows.items()
            ]
            self.picture = np.mean(aligned, axis=0)
            for index, window in self.windows.items():
                self.place[index, 1] = self.whole[index, 1] + _offset(self.picture, window)
        # Every line is read twice, in two halves of its rows: their difference has the error of
        # each, and the mean of both half of it. Steps take out what changes slowly.
        rows = np.arange(self.line.height) // 2 % 2 == 0
        halves = [
            [_offset(self.picture, window, part) for part in (rows, ~rows)]
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


def _offset(
    picture: NDArray[np.float64], window: NDArray[np.float64], rows: NDArray[Any] | None = None
) -> float:
    """Return how far along x the content of a window lies from that of the picture, in pixels.

    Rows count as much as they show of the line; only some of them where these are given.
    """
    from scipy.signal.windows import tukey  # these two are slow to load, as above
    from skimage.registration import phase_cross_correlation

    weight = np.sqrt((_along(picture) ** 2).mean(axis=1))
    if rows is not None:
        weight = weight * rows
    # What enters at one side of a window would be taken for what left at the other.
    taper = tukey(picture.shape[1] + 2, 0.5)[1:-1]
    found, _, _ = phase_cross_correlation(
        weight @ picture * taper,
        weight @ window * taper,
        upsample_factor=_FINE,
        normalization=None,
    )
    return -float(found[0])


def _moved(window: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Return the content of a window moved along x."""
    return np.asarray(shifted(window, (0, by), mode="nearest"))
