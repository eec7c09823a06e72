"""The leave-slices-out check: which filler is best for a stack whose truth nobody knows.

Without a slice its gap is about twice as wide as those that are to be filled, and fillers do not
keep their order as gaps widen: networks least of all. So the choice is by cuts across the slices,
which can be hidden in gaps as wide as the real ones. Only where no direction in the plane looks
like z it is by hidden slices, and errors are followed from their wide gaps down to the real ones.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers import filler_names
from fibgap.placement import place_slices
from fibgap.stack import SliceStack
from fibgap.stacks.findings import Progress, silent
from fibgap.stacks.hiding import Hidden, hide
from fibgap.stacks.offered import (
    Offered,
    default_filler,
    offer,
    shipped_networks,
    untrained_fillers,
)
from fibgap.stacks.parts import gap_widths
from fibgap.stacks.power import fit_power

#: Fillers whose expected shares differ by less than this part are equally good.
TIE = 0.01
#: Of fewer slices nothing is hidden.
LEAST_SLICES = 8
#: At most so many classes of gap widths.
_CLASSES = 8


class TooLittle(InputError):
    """A stack of which no slice can be hidden, or that has no gap."""


@dataclass(frozen=True)
class WidthClass:
    """Hidden slices and missing layers in gaps of about one width.

    Attributes
    ----------
    low, high : int
        The width in voxels, from slice to slice: from, and below.
    slices, cuts : int
        Hidden slices and hidden cuts in such gaps.
    layers : int
        Layers that are really missing in such gaps.
    in_slices, in_cuts : dict of str to float
        By filler, the misclassified share of their known pixels; empty if there is none.
    """

    low: int
    high: int
    slices: int
    cuts: int
    layers: int
    in_slices: dict[str, float]
    in_cuts: dict[str, float]


@dataclass(frozen=True)
class LeftOut:
    """What the leave-slices-out check found.

    Attributes
    ----------
    hidden : Hidden
        What every filler misclassified in what was hidden.
    widths : (M,) float64
        Width in voxels of the gap of every layer that is really missing.
    """

    hidden: Hidden
    widths: NDArray[np.float64]

    @property
    def by_cuts(self) -> bool:
        """Whether hidden cuts decide; else hidden slices do."""
        return bool((self.hidden.along != "z").any())

    @cached_property
    def fits(self) -> dict[str, tuple[float, float]]:
        """By filler, the share at a width of one voxel and the exponent, see `fit_power`."""
        used = (self.hidden.along != "z") == self.by_cuts
        return {
            name: fit_power(self.hidden.widths[used], (wrong / self.hidden.pixels)[used])
            for name, wrong in self.hidden.wrong.items()
        }

    @cached_property
    def expected(self) -> dict[str, float]:
        """By filler, the share of misclassified voxels that is expected in the missing layers."""
        return {
            name: float(np.minimum(scale * self.widths**exponent, 1).mean())
            for name, (scale, exponent) in self.fits.items()
        }

    @property
    def best(self) -> str:
        """The filler that is taken: of those that are equally good, the first."""
        least = min(self.expected.values())
        return next(name for name, share in self.expected.items() if share <= least * (1 + TIE))

    @cached_property
    def classes(self) -> tuple[WidthClass, ...]:
        """Misclassified shares by gap width, from narrow to wide."""
        slices, cuts = self.hidden.along == "z", self.hidden.along != "z"
        every = np.floor(np.concatenate([self.hidden.widths, self.widths]))
        low, high = int(every.min()), int(every.max()) + 1
        step = math.ceil((high - low) / _CLASSES)
        found = []
        for start in range(low, high, step):
            here, layers = (
                (widths >= start) & (widths < start + step)
                for widths in (self.hidden.widths, self.widths)
            )
            if here.any() or layers.any():
                found.append(
                    WidthClass(
                        low=start,
                        high=start + step,
                        slices=int((here & slices).sum()),
                        cuts=int((here & cuts).sum()),
                        layers=int(layers.sum()),
                        in_slices=self._shares(here & slices),
                        in_cuts=self._shares(here & cuts),
                    )
                )
        return tuple(found)

    def _shares(self, rows: NDArray[np.bool_]) -> dict[str, float]:
        """Return the misclassified share of some of what was hidden, by filler."""
        pixels = int(self.hidden.pixels[rows].sum())
        return {
            name: int(wrong[rows].sum()) / pixels
            for name, wrong in self.hidden.wrong.items()
            if pixels
        }

    def why(self) -> str:
        """Say why `best` is taken, in words that may follow its name and a colon."""
        shares, best = self.expected, self.best
        if self.by_cuts:
            how = "on cuts across the slices, hidden in gaps as wide as the real ones"
        else:
            how = "on hidden slices, whose errors were followed down to the widths of the real gaps"
        others = sorted((share, name) for name, share in shares.items() if name != best)
        if not others:
            return f"no other filler was compared {how}."
        least, second = others[0]
        compared = f"of {len(shares)} fillers that were compared {how},"
        untrained = [(share, name) for share, name in others if name in filler_names()]
        beside = ""
        if untrained and not {best, second} & {*filler_names()}:
            beside = f" and {untrained[0][0]:.2%} by {untrained[0][1]}, the best without training"
        if least <= shares[best] * (1 + TIE):
            return (
                f"{compared} it is the quickest of the equally good ones: {shares[best]:.2%} of "
                f"the voxels are misclassified, against {least:.2%} by {second}{beside}."
            )
        return (
            f"{compared} it misclassifies the fewest voxels: {shares[best]:.2%}, against "
            f"{least:.2%} by {second}{beside}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain values, for JSON."""
        return {
            "taken": self.best,
            "why": self.why(),
            "by": "cuts" if self.by_cuts else "slices",
            "hidden": {along: int((self.hidden.along == along).sum()) for along in ("z", "y", "x")},
            "blocks_zyx": [[list(part) for part in block] for block in self.hidden.blocks],
            "fillers": {
                name: {
                    "expected": self.expected[name],
                    "share_at_one_voxel": scale,
                    "exponent": exponent,
                }
                for name, (scale, exponent) in self.fits.items()
            },
            "not_compared": self.hidden.refused,
            "by_gap_width": [
                {
                    "from_voxels": each.low,
                    "below_voxels": each.high,
                    "hidden_slices": each.slices,
                    "hidden_cuts": each.cuts,
                    "missing_layers": each.layers,
                    "misclassified_in_slices": each.in_slices,
                    "misclassified_in_cuts": each.in_cuts,
                }
                for each in self.classes
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield what was found for people, a line per filler, the best first."""
        yield f"{self.best}: {self.why()}"
        longest = max(len(name) for name in self.expected)
        for share, name in sorted((share, name) for name, share in self.expected.items()):
            yield f"  {name:{longest}}  {share:.2%}"
        yield from (f"  {line.removesuffix('.')}" for line in self.not_compared())

    def not_compared(self) -> Iterator[str]:
        """Yield a sentence for every filler that could not be compared."""
        for name, reason in self.hidden.refused.items():
            yield f"{name} was not compared: {reason.removesuffix('.')}."


def leave_slices_out(
    stack: SliceStack,
    fillers: Sequence[str] | None = None,
    *,
    gpu: bool = False,
    refusal: Callable[[Offered], str] = lambda offered: "",
    progress: Progress = silent,
) -> LeftOut:
    """Hide slices of a stack, fill in their place by every filler, and say which one is best.

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    fillers : sequence of str, optional
        Names of fillers, and networks as "shipped:NAME" or files; of equally good ones the first
        is taken. By default all that need no training, then the shipped networks for any
        material.
    gpu : bool
        Whether networks compute on a GPU.
    refusal : callable, optional
        Says why a filler cannot be taken, and so is not compared; '' if it can.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.

    Returns
    -------
    LeftOut
        Shares of misclassified voxels by filler and gap width, and what to expect of them in the
        gaps that are really there.

    Raises
    ------
    TooLittle
        If the stack has too few slices, or no gap.
    InputError
        If a filler is unknown, or cannot fill any such stack.

    Notes
    -----
    The stack is filled by a classical filler and turned on its side. Cuts along y, and along x, are
    left as far apart as the slices are; those between are hidden and filled. Pixels count where a
    slice shows the truth. The misclassified share is fitted as a power of the width of the gap, and
    the fit is read at the widths that the stack has. Of a large stack two blocks of 24 slices of
    64 x 64 pixels are looked at, whatever its size.

    Examples
    --------
    >>> z, y, x = np.indices((25, 24, 24))
    >>> ball = (z - 12) ** 2 + (y - 12) ** 2 + (x - 12) ** 2 < 100
    >>> stack = SliceStack(ball[::3], np.arange(0.0, 25.0, 3.0), 1.0)
    >>> leave_slices_out(stack, ["nearest", "shape_based"]).best
    'shape_based'
    """
    if len(stack.slices) < LEAST_SLICES:
        raise TooLittle(
            f"to hide some of its slices a stack needs {LEAST_SLICES} of them, but this one has "
            f"{len(stack.slices)}"
        )
    # The widths are those of the depths alone: no need to copy the slices.
    stripes = (np.arange(len(stack.slices)) % 2 == 0)[:, None, None]
    bare = SliceStack(stripes, stack.depths_nm, stack.voxel_nm)
    widths = gap_widths(place_slices(bare, positions="true", check=False))
    if not len(widths):
        raise TooLittle("no layer is missing, so there is nothing to compare fillers by")
    names = [*untrained_fillers(), *shipped_networks()] if fillers is None else list(fillers)
    offered = {name: offer(name, gpu=gpu) for name in names}
    refused = {name: why for name, each in offered.items() if (why := refusal(each))}
    able = [name for name in names if name not in refused]
    hidden = hide(stack, able, lambda name: offered[name].fill, default_filler(), progress)
    hidden = replace(hidden, refused={**hidden.refused, **refused})
    if not len(hidden):
        raise TooLittle("nothing of it can be hidden: what is left shows one phase, or has no gap")
    if not hidden.wrong:
        raise InputError(f"no filler can be compared: {'; '.join(hidden.refused.values())}")
    return LeftOut(hidden, widths)
