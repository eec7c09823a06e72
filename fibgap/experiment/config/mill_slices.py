"""The section `mill_slices`."""

from typing import Any

from fibgap.experiment.config.fields import section_of
from fibgap.synthetic.milling import Milling

_milling: Any = section_of(Milling)


class MillSlices(_milling):
    """The distribution of slice thickness (rule mill_slices)."""
