"""The section `training_sets`."""

from typing import Annotated, Literal

from pydantic import Field

from fibgap.experiment.config.fields import OneOf, Range, Section, Shape, key, part
from fibgap.synthetic.materials import material_names
from fibgap.synthetic.milling import Distribution, Milling


class StructureRanges(Section):
    """Ranges of each volume's levels; the evaluation's structure where left out."""

    levels: Annotated[
        list[Annotated[int, Field(ge=1, le=4)]], Field(min_length=2, max_length=2)
    ] = key("Smallest and largest number of levels, drawn with equal chances.")
    solid_fraction: Range = key("Range of a level's solid fraction, drawn evenly.")
    wavelength_nm: Range = key(
        "Range of a level's wavelength, drawn evenly in its logarithm.", unit="nm"
    )


class MillingRanges(Section):
    """Ranges of the millings of patches; `mill_slices` where left out."""

    distributions: list[Distribution] = key(
        "Distributions, drawn with equal chances.",
        [Milling().distribution],
        min_length=1,
    )
    mean_nm: Range = key("Range of the mean thickness, drawn evenly.", unit="nm")
    relative_sd: Range = key("Range of the standard deviation over the mean, drawn evenly.")
    floor_nm: float = key("No slice is thinner.", Milling().floor_nm, unit="nm", gt=0)
    own_share: float = key(
        "Chance that a milling is that of `mill_slices`, in place of one from the ranges.",
        0,
        ge=0,
        le=1,
    )


class MaterialVolumes(Section):
    """Volumes of one material."""

    material: Annotated[str, OneOf(material_names)] = key(
        "Name of the material, see `fibgap.synthetic.materials`."
    )
    volumes: int = key("How many volumes are of it.", ge=1)


class TrainingSet(Section):
    """A set of training volumes."""

    volumes: int = key("Number of training volumes, validation included.", ge=2)
    shape: Shape = key(
        "Shape (Z, Y, X) of a training volume; the evaluation's where it is left out.",
        None,
        unit="voxels",
    )
    structure: StructureRanges = part(StructureRanges, None)
    materials: list[MaterialVolumes] = key(
        "Materials of the first volumes, one after the other; the others are of the structure.", []
    )
    noisy: float = key(
        "For `materials`, the chance that a volume has segmentation noise.", 0, ge=0, le=1
    )
    millings: MillingRanges = part(MillingRanges, None)
    split_by: Literal["volume", "plane"] = key(
        "What the split into training and validation moves as one; `plane` is the supplement's "
        "literal text.",
        "volume",
    )
    validation_fraction: float = key("Share of the validation part.", 0.2, gt=0, lt=1)
