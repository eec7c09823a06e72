"""A ruler read from the images: windows around its lines, tracked from slice to slice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.depths.line_follower import Follower, RulerLine
from fibgap.depths.result import Depths
from fibgap.depths.ruler_lines import check_angles, ordered_depths, read_lines
from fibgap.errors import InputError

#: Lines that are nearer to each other than this in pixels have met.
_TOGETHER = 3.0


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
    the normalised correlation of its window with its picture (``skimage.feature.match_template``).
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
    followers = [Follower(line, stack[0], len(stack)) for line in named]
    for index in range(1, len(stack)):
        for each in followers:
            each.look(index, stack[index])
        jumps = [
            each.place[index] - each.last - each.pace
            for each in followers
            if index in each.windows and not each.missed
        ]
        drift = np.median(jumps, axis=0) if jumps else np.zeros(2)
        if len(jumps) > 2:
            _forget_others(followers, index, drift)
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


def _forget_others(followers: Sequence[Follower], index: int, drift: NDArray[np.float64]) -> None:
    """Forget what went elsewhere than the lines together: another line, or dirt."""
    for each in followers:
        if index in each.windows and not each.missed:
            alone = each.place[index] - each.last - each.pace - drift
            if abs(alone[1]) > each.line.width / 4:
                each.forget(index)


def _require_apart(followers: Sequence[Follower], index: int) -> None:
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


def _lost(follower: Follower) -> list[str]:
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
