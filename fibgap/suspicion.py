"""What is suspicious of depths and of a placement: warnings, or errors where nothing can follow.

Every suspicion is one sentence with its numbers. Depths in a wrong unit, slice numbers taken for
depths and a misread value all give a volume without any error in the program, only a wrong one.
"""

import warnings
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning, InputError
from fibgap.stack import GappedVolume, nearest_layer

#: Microscopists mill slices of about half a pixel to 20 pixels, so a unit that is wrong by 1,000
#: lies outside these bounds from wherever it started: more layers than slices by 50, or ten slices
#: on a layer.
MOST_VOXELS_A_SLICE = 50.0
FEWEST_VOXELS_A_SLICE = 0.1
#: A gap of so many median thicknesses is worth a look: a slice was lost, or a pause in milling.
WIDE_GAP = 10.0
#: Over this one nothing that is filled in says anything of the material: a misread depth.
ABSURD_GAP = 100.0
#: Shares of slices that a placement drops: worth a look, and no stack any more.
MANY_DROPPED, MOST_DROPPED = 0.05, 0.9


def check_depths(
    depths_nm: NDArray[np.float64], voxel_nm: float, *, constant: bool = False
) -> list[str]:
    """Return what is suspicious of depths, before anything is placed.

    Parameters
    ----------
    depths_nm : (N,) float64
        Increasing depths in nm.
    voxel_nm : float
        Pixel size in nm.
    constant : bool
        Whether the spacing is meant to be constant, as nominal depths are.

    Returns
    -------
    list of str
        One sentence per suspicion: slices thinner than a voxel, a gap of more than ten median
        thicknesses, depths that look like slice numbers.

    Raises
    ------
    InputError
        If nothing sensible can follow: slices of more than 50 voxels or less than a tenth of one
        on average, or a gap of more than 100 median thicknesses.

    Examples
    --------
    >>> check_depths(np.array([0.0, 9.8, 20.1, 30.0]), 2.5)
    []
    >>> check_depths(np.arange(5.0), 1.0)
    ['depths rise by exactly 1 nm from slice to slice: are these slice numbers?']
    """
    steps = np.diff(depths_nm)
    voxels = float(steps.mean()) / voxel_nm
    found = [] if constant else _slice_numbers(steps)
    widest, median = int(np.argmax(steps)), float(np.median(steps))
    gap = (
        f"slices {widest} and {widest + 1} (of {len(depths_nm)}, from 0) lie "
        f"{steps[widest]:.4g} nm apart, {steps[widest] / median:.3g} times the median of "
        f"{median:.4g} nm"
    )
    if steps[widest] > ABSURD_GAP * median:
        raise InputError(
            f"{gap}: a depth was misread, or a part of the stack is missing; mend the depth, or "
            "take the two parts as two stacks."
        )
    if not FEWEST_VOXELS_A_SLICE <= voxels <= MOST_VOXELS_A_SLICE:
        raise InputError(
            f"slices are {steps.mean():.4g} nm thick on average, {voxels:.3g} voxels of "
            f"{voxel_nm:.4g} nm each: {'; '.join([*found, _other_unit(voxels)])}."
        )
    if steps[widest] > WIDE_GAP * median:
        found.append(f"{gap}: what is filled in there is hardly known.")
    if voxels < 1:
        layers = len(np.unique(nearest_layer(depths_nm - depths_nm[0], voxel_nm)))
        found.append(
            f"slices are {steps.mean():.4g} nm thick on average, less than a voxel of "
            f"{voxel_nm:.4g} nm: {len(depths_nm) - layers} of {len(depths_nm)} share a layer with "
            "another one, so details along z are lost that a smaller voxel would keep."
        )
    return found


def _slice_numbers(steps: NDArray[np.float64]) -> list[str]:
    """Return a question if depths rise by one unit of length from slice to slice."""
    for unit, nm in (("nm", 1.0), ("um", 1e3), ("mm", 1e6), ("m", 1e9)):
        # Differences of depths in floating point, far from any measured spread.
        if len(steps) > 1 and np.allclose(steps, nm, rtol=1e-6, atol=0):
            return [
                f"depths rise by exactly 1 {unit} from slice to slice: are these slice numbers?"
            ]
    return []


def _other_unit(voxels: float) -> str:
    """Return what another unit would make of an impossible thickness."""
    for power in (3, 6, 9):
        for factor, word in ((10.0**power, "larger"), (10.0**-power, "smaller")):
            if FEWEST_VOXELS_A_SLICE <= voxels * factor <= MOST_VOXELS_A_SLICE:
                return (
                    f"with depths {10**power:,} times {word} it would be {voxels * factor:.3g}, so "
                    "check the units of depths and voxel"
                )
    return "check the units of depths and voxel"


def check_placement(gapped: GappedVolume) -> list[str]:
    """Return what is suspicious of a placement.

    Returns
    -------
    list of str
        One sentence if more than 5 % of the slices were dropped.

    Raises
    ------
    InputError
        If 90 % or more were.
    """
    dropped = gapped.n_given - len(gapped.layers) - len(gapped.spare_slices)
    share = dropped / gapped.n_given
    sentence = (
        f"{dropped} of {gapped.n_given} slices ({share:.0%}) are dropped, since they share a layer "
        f"of {gapped.voxel_nm:.4g} nm with others"
    )
    if share >= MOST_DROPPED:
        raise InputError(f"{sentence}: check the units of depths and voxel.")
    return [f"{sentence}."] if share > MANY_DROPPED else []


def warn(sentences: Iterable[str]) -> None:
    """Warn of every suspicion, as `FibgapWarning`."""
    for sentence in sentences:
        # The line that is named is that of the caller of what was asked to place a stack.
        warnings.warn(sentence, FibgapWarning, stacklevel=3)
