"""The section `place_slices`."""

from typing import Annotated

from fibgap.experiment.config.fields import OneOf, Section, key
from fibgap.placement import POSITIONS


class PlaceSlices(Section):
    """Placement of slices on the voxel grid (rule place_slices)."""

    nominal_nm: float = key(
        "Nominal slice thickness, for nominal and resampled placement, and for arms with `depths: "
        "nominal`; at least the voxel size.",
        10,
        unit="nm",
        gt=0,
    )
    positions: Annotated[str, OneOf(lambda: POSITIONS)] = key(
        "Where slices lie between layers: `rounded` to the layers that show them, one slice each, "
        "as the paper is read, or at their `true` depths, none dropped.",
        "rounded",
    )
