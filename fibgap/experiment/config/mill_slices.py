"""The section `mill_slices`."""

from typing import Any

from fibgap.experiment.config.fields import key, section_of
from fibgap.synthetic.milling import Milling

_milling: Any = section_of(Milling)


class MillSlices(_milling):
    """The distribution of slice thickness (rule mill_slices)."""

    subvoxel: bool = key(
        "Whether slices show the structure at their true depths, below the voxel, instead of the "
        "nearest layers of the true volume. Fillers see these depths with `positions: true` in "
        "`place_slices`.",
        False,
    )
