"""The leave-slices-out check: which filler is best for a stack whose truth nobody knows.

Hiding a slice makes its gap about twice as wide as those that are to be filled, and fillers do not
keep their order as gaps widen. So for every filler the misclassified share is fitted as a power of
the gap's width, and the fit is read at the widths that the stack really has.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers import filler_names
from fibgap.placement import place_slices
from fibgap.stack import SliceStack
from fibgap.stacks.findings import Progress, silent
from fibgap.stacks.hiding import LEAST_SLICES, HiddenSlices, gap_widths, hide_slices
from fibgap.stacks.offered import offer, shipped_networks, untrained_fillers

#: Fillers whose expected shares differ by less than this part are equally good.
TIE = 0.01
#: ASSUME: exponents are near this one, as firmly as these many hidden slices say it whose gaps
#: differ in width by a factor of e. Between 1 (nearest slice) and 2 (interpolated outlines).
_EXPONENT, _FIRMNESS = 1.5, 2.0
#: At most so many classes of gap widths.
_CLASSES = 8


class TooLittle(InputError):
    """A stack of which no slice can be hidden, or that has no gap."""


@dataclass(frozen=True)
class WidthClass:
    """Hidden slices and missing layers in gaps of about one width.

    Attributes
    ----------
    low, high : float
        The width in voxels, from slice to slice: from, and below.
    slices : int
        Hidden slices in such gaps.
    layers : int
        Layers that are really missing in such gaps.
    misclassified : dict of str to float
        By filler, the share of pixels of these hidden slices; empty if there is none.
    expected : dict of str to float
        By filler, the share of voxels that is expected in these layers; empty if there is none.
    """

    low: float
    high: float
    slices: int
    layers: int
    misclassified: dict[str, float]
    expected: dict[str, float]


@dataclass(frozen=True)
class LeftOut:
    """What the leave-slices-out check found.

    Attributes
    ----------
    hidden : HiddenSlices
        What every filler misclassified in slices that were hidden.
    widths : (M,) float64
        Width in voxels of the gap of every layer that is really missing.
    """

    hidden: HiddenSlices
    widths: NDArray[np.float64]

    @cached_property
    def fits(self) -> dict[str, tuple[float, float]]:
        """By filler, the share at a width of one voxel and the exponent, see `fit_power`."""
        hidden = self.hidden
        return {
            name: fit_power(hidden.widths, wrong / hidden.pixels)
            for name, wrong in hidden.wrong.items()
        }

    @cached_property
    def expected(self) -> dict[str, float]:
        """By filler, the share of misclassified voxels that is expected in the missing layers."""
        return {name: float(self._at(name, self.widths).mean()) for name in self.fits}

    @property
    def best(self) -> str:
        """The filler that is taken: of those that are equally good, the first."""
        least = min(self.expected.values())
        return next(name for name, share in self.expected.items() if share <= least * (1 + TIE))

    @cached_property
    def classes(self) -> tuple[WidthClass, ...]:
        """Misclassified and expected shares by gap width, from narrow to wide."""
        hidden = self.hidden
        both = np.concatenate([hidden.widths, self.widths])
        low = math.floor(both.min())
        step = max(1, math.ceil((math.floor(both.max()) + 1 - low) / _CLASSES))
        found = []
        for start in range(low, math.floor(both.max()) + 1, step):
            here = (hidden.widths >= start) & (hidden.widths < start + step)
            missing = self.widths[(self.widths >= start) & (self.widths < start + step)]
            if not here.any() and not len(missing):
                continue
            pixels = int(hidden.pixels[here].sum())
            found.append(
                WidthClass(
                    low=float(start),
                    high=float(start + step),
                    slices=int(here.sum()),
                    layers=len(missing),
                    misclassified={
                        name: int(wrong[here].sum()) / pixels
                        for name, wrong in hidden.wrong.items()
                        if pixels
                    },
                    expected={
                        name: float(self._at(name, missing).mean())
                        for name in self.fits
                        if len(missing)
                    },
                )
            )
        return tuple(found)

    def _at(self, name: str, widths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share that is expected at widths."""
        scale, exponent = self.fits[name]
        return np.minimum(scale * widths**exponent, 1)

    def why(self) -> str:
        """Say why `best` is taken, in words that may follow its name and a colon."""
        shares, best = self.expected, self.best
        compared = f"of {len(shares)} fillers compared on {len(self.hidden)} hidden slices"
        expected = f"the fewest voxels in gaps as wide as those of this stack, {shares[best]:.2%}"
        others = sorted((share, name) for name, share in shares.items() if name != best)
        if not others:
            return f"it is the only filler that was tried on {len(self.hidden)} hidden slices."
        least, second = others[0]
        if least <= shares[best] * (1 + TIE):
            return (
                f"{compared} it and {second} are equally good, and it is the quicker one: it is "
                f"expected to misclassify {shares[best]:.2%} of the voxels in gaps as wide as "
                f"those of this stack, {second} {least:.2%}."
            )
        said = (
            f"{compared} it is expected to misclassify {expected}, against {least:.2%} by {second}"
        )
        untrained = [(share, name) for share, name in others if name in filler_names()]
        if untrained and second not in filler_names():
            said += f" and {untrained[0][0]:.2%} by {untrained[0][1]}, the best without training"
        return f"{said}."

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain values, for JSON."""
        return {
            "taken": self.best,
            "why": self.why(),
            "hidden_slices": len(self.hidden),
            "hidden_pixels": int(self.hidden.pixels.sum()),
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
                    "missing_layers": each.layers,
                    "misclassified": each.misclassified,
                    "expected": each.expected,
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
        for name, reason in self.hidden.refused.items():
            yield f"  {name} was not compared: {reason.removesuffix('.')}"


def fit_power(widths: NDArray[np.float64], shares: NDArray[np.float64]) -> tuple[float, float]:
    """Fit misclassified shares by ``scale * width ** exponent``.

    Parameters
    ----------
    widths : (H,) float64
        Widths of gaps in voxels.
    shares : (H,) float64
        Misclassified shares; they may be 0.

    Returns
    -------
    scale, exponent : float
        Of least squared relative deviations, the exponent drawn towards 1.5 where the widths
        hardly differ; 0 and 1.5 if no share is above 0.

    Notes
    -----
    Quasi-likelihood with a logarithmic link and a constant relative deviation, solved by
    iteratively reweighted least squares (McCullagh and Nelder, Generalized Linear Models, 1989).

    Examples
    --------
    >>> widths = np.array([4.0, 4.0, 8.0])
    >>> scale, exponent = fit_power(widths, 0.01 * widths**1.5)
    >>> round(scale, 6), round(exponent, 6)
    (0.01, 1.5)
    """
    if not shares.any():
        return 0.0, _EXPONENT
    logs = np.log(widths)
    centre = float(logs.mean())
    matrix = np.stack([np.ones_like(logs), logs - centre], axis=1)
    prior = np.array([[0, 0], [0, _FIRMNESS]])
    normal = matrix.T @ matrix + prior
    found = np.array([math.log(shares.mean()), _EXPONENT])
    for _ in range(100):
        values = matrix @ found
        working = values + shares * np.exp(-values) - 1
        target = matrix.T @ working + prior @ np.array([0, _EXPONENT])
        step = np.linalg.solve(normal, target) - found
        # Half steps settle where a full one would swing about the solution.
        found = found + step / 2
        if np.abs(step).max() < 1e-10:
            break
    return float(np.exp(found[0] - found[1] * centre)), float(found[1])


def leave_slices_out(
    stack: SliceStack,
    fillers: Sequence[str] | None = None,
    *,
    gpu: bool = False,
    progress: Progress = silent,
) -> LeftOut:
    """Hide slices of a stack, fill in their place by every filler, and say which one is best.

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    fillers : sequence of str, optional
        Names of fillers, and networks as "shipped:NAME" or files; of equally good ones the first
        is taken. By default all that need no training, then all shipped networks.
    gpu : bool
        Whether networks compute on a GPU.
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
    Of a large stack two blocks of 24 slices of 96 x 96 pixels are looked at, so that the check
    takes seconds for every filler, whatever the size of the stack.
    """
    if len(stack.slices) < LEAST_SLICES:
        raise TooLittle(
            f"to hide some of its slices a stack needs {LEAST_SLICES} of them, but this one has "
            f"{len(stack.slices)}"
        )
    widths = gap_widths(place_slices(stack, positions="true", check=False))
    if not len(widths):
        raise TooLittle("no layer is missing, so there is nothing to compare fillers by")
    names = [*untrained_fillers(), *shipped_networks()] if fillers is None else list(fillers)
    fills = {name: offer(name, gpu=gpu).fill for name in names}
    hidden = hide_slices(stack, fills, progress)
    if not len(hidden):
        raise TooLittle("where slices were hidden, the others showed one phase only or left no gap")
    if not hidden.wrong:
        raise InputError(f"no filler can be compared: {'; '.join(hidden.refused.values())}")
    return LeftOut(hidden, widths)
