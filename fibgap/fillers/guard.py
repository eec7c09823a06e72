"""A look at filled layers beside the known ones, which tells of a filler that departs from them."""

import warnings
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning, InputError
from fibgap.stack import GappedVolume

#: Share of filled voxels that a filler may decide against both neighbouring slices, far from any
#: interface. Small objects that lie between two slices are such voxels in the truth, too: up to
#: 0.07 % where objects are no larger than a gap. Honest fillers stay below that.
AGAINST_WARNED = 0.001
#: From this share on the result is absurd. Networks that hollow out were seen between 0.2 and 15 %,
#: a cubic spline that rings between very uneven slices at 0.6 %.
AGAINST_REFUSED = 0.1
#: How far the solid of filled layers may be from that of the known ones beside them, relative to
#: the solid or the pore, whichever is rarer. Fillers of objects no larger than a gap reach 0.43.
SOLID_WARNED = 0.5
#: From this difference of the two solid fractions on the result is absurd; 0.07 at the most was
#: seen, for a single ball between five slices.
SOLID_REFUSED = 0.3
#: Fewer voxels than these are not worth a word.
LEAST_VOXELS = 1000


class Guard:
    """Counts what a filler does beside the known layers, gap by gap.

    Examples
    --------
    >>> guard = Guard()
    >>> solid = np.ones((9, 9), dtype=bool)
    >>> guard.look(solid, solid, 3, [~solid] * 3)
    >>> guard.filled, guard.solid, guard.expected, guard.against
    (243, 0, 243.0, 3)
    """

    def __init__(self) -> None:
        #: Voxels of filled layers, and the solid ones among them.
        self.filled = self.solid = 0
        #: Solid voxels if the solid fraction were linear between the known layers.
        self.expected = 0.0
        #: Voxels that differ from both neighbouring slices far from any interface.
        self.against = 0

    def look(
        self,
        lower: NDArray[np.bool_],
        upper: NDArray[np.bool_],
        count: int,
        between: Iterable[NDArray[np.bool_]],
    ) -> None:
        """Count what lies between two known layers.

        Parameters
        ----------
        lower, upper : (Y, X) bool
            Two consecutive known layers.
        count : int
            How many layers lie between them.
        between : iterable of (Y, X) bool
            These layers, in order; looked at one after the other.
        """
        clear: NDArray[np.bool_] | None = None
        for image in between:
            self.solid += int(np.count_nonzero(image))
            against = (image != lower) & (image != upper)
            if against.any():
                clear = _clear(lower, upper, count + 1) if clear is None else clear
                self.against += int(np.count_nonzero(against & clear))
        self.filled += lower.size * count
        self.expected += int(np.count_nonzero(lower) + np.count_nonzero(upper)) * count / 2

    def report(self, *, refuse: bool = True) -> None:
        """Warn of a filler that departs from the known layers, or refuse what it gives.

        Parameters
        ----------
        refuse : bool
            Whether an absurd result is an error; else it is a warning, too.

        Warns
        -----
        FibgapWarning
            In one sentence with the numbers.

        Raises
        ------
        InputError
            If the result is absurd.
        """
        found, absurd = [], False
        share = self.against / max(1, self.filled)
        if share > AGAINST_WARNED and self.against >= LEAST_VOXELS:
            absurd |= share > AGAINST_REFUSED
            found.append(
                f"{share:.2%} of the filled voxels are decided against both neighbouring slices, "
                "farther from any interface than these are apart"
            )
        off = abs(self.solid - self.expected)
        rarer = min(self.expected, self.filled - self.expected)
        if off > SOLID_WARNED * rarer and off >= LEAST_VOXELS:
            absurd |= off > SOLID_REFUSED * self.filled
            found.append(
                f"the filled layers are {self.solid / self.filled:.2%} solid, the known layers "
                f"beside them {self.expected / self.filled:.2%}"
            )
        if not found:
            return
        sentence = f"the filler departs from the slices: {', and '.join(found)}"
        if absurd and refuse:
            raise InputError(f"{sentence}; take another filler or other weights.")
        warnings.warn(f"{sentence}.", FibgapWarning, stacklevel=4)


def _clear(lower: NDArray[np.bool_], upper: NDArray[np.bool_], gap: int) -> NDArray[np.bool_]:
    """Return the pixels around which both slices show one and the same phase.

    Around: in the square that reaches `gap` pixels to each side, all of it within the slices.
    """
    side = 2 * gap + 1
    clear = np.zeros(lower.shape, dtype=np.bool_)
    if side > min(lower.shape):
        return clear
    both = lower.astype(np.int32) + upper
    sums = np.zeros((both.shape[0] + 1, both.shape[1] + 1), dtype=np.int32)
    np.cumsum(both, axis=0, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, out=sums[1:, 1:])
    square = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    clear[gap:-gap, gap:-gap] = (square == 0) | (square == 2 * side * side)
    return clear


def check(volume: NDArray[np.bool_], gapped: GappedVolume, *, refuse: bool = True) -> None:
    """Look at a filled volume beside its known layers.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        The filled volume.
    gapped : GappedVolume
        Its known layers.
    refuse : bool
        See `Guard.report`, which warns or refuses.
    """
    guard = Guard()
    for index, (low, high) in enumerate(pairwise(gapped.layers.tolist())):
        if high > low + 1:
            lower, upper = gapped.slices[index : index + 2]
            guard.look(lower, upper, high - low - 1, volume[low + 1 : high])
    guard.report(refuse=refuse)
