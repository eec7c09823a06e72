"""Arms: ways to rebuild a volume, and the names of those that mean something to the code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: The pseudo-arm of the true volume: the row of the target values.
ORIGINAL = "Original"
#: The arm that the others are compared with: the better of the paper's classical ones.
BASELINE = "RCS-s"
#: Classical arms: closed shares are counted from the first, and from the best of those in a run.
CLASSICAL = (BASELINE, "RSD-s")


@dataclass(frozen=True)
class Arm:
    """One way from slices to a volume.

    Attributes
    ----------
    placement : str
        How slices get their layers, see `fibgap.placement.PLACEMENTS`.
    filler : str
        What fills the missing layers, see `fibgap.fillers.filler_names`.
    fill_holes : bool
        Whether small holes in filled layers are closed afterwards.
    """

    placement: str = "repositioned"
    filler: str = "cubic_spline"
    fill_holes: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Arm":
        """Return the arm of a row of the arm table; other keys of the row are left out.

        Examples
        --------
        >>> Arm.of({"name": "RNN-s", "placement": "repositioned", "filler": "nearest"})
        Arm(placement='repositioned', filler='nearest', fill_holes=False)
        """
        return cls(**{key: row[key] for key in cls.__dataclass_fields__ if key in row})
