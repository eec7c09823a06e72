"""The section `generate_volumes`."""

from typing import Any

from fibgap.experiment.config.fields import Section, Shape, key, section_of
from fibgap.synthetic import structure

_level: Any = section_of(structure.Level)


class Level(_level):
    """A level of hierarchy."""


class GenerateVolumes(Section):
    """The synthetic structure (rules generate_volumes and generate_training_volumes)."""

    voxel_nm: float = key("Voxel size, the same in all directions.", 2.5, unit="nm", gt=0)
    shape: Shape = key("Shape (Z, Y, X) of a volume.", unit="voxels")
    box_factor: float = key(
        "Side of the periodic box from which a volume is cut, over the longest side of the volume.",
        1.5,
        ge=1,
        le=8,
    )
    levels: list[Level] = key(
        "Levels of hierarchy; the volume is solid where all of them are.", min_length=1
    )
