"""The section `place_slices`."""

from fibgap.experiment.config.fields import Section, key


class PlaceSlices(Section):
    """Placement of slices on the voxel grid (rule place_slices)."""

    nominal_nm: float = key(
        "Nominal slice thickness, for nominal and resampled placement; at least the voxel size.",
        10,
        unit="nm",
        gt=0,
    )
