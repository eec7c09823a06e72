"""The section `arms`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from fibgap.arms import ORIGINAL
from fibgap.experiment.config.fields import OneOf, Section, Unique, key
from fibgap.experiment.depth_sources import DEPTHS, TRUE
from fibgap.fillers import filler_names
from fibgap.network.choices import Families, Threshold
from fibgap.placement import PLACEMENTS


def _not_the_truth(name: str) -> str:
    if name == ORIGINAL:
        raise PydanticCustomError("truth", "must not be the name of the true volume")
    return name


class Arm(Section):
    """A way to rebuild a volume, as a row of the tables that it names."""

    name: Annotated[
        str,
        Field(pattern="^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=100),
        AfterValidator(_not_the_truth),
    ] = key("Name of the arm, as in the paper where it is the paper's.")
    placement: Annotated[str, OneOf(lambda: PLACEMENTS)] = key("How slices get their layers.")
    depths: Annotated[str, OneOf(lambda: DEPTHS)] = key(
        "Where slices are taken to lie: at their `true` depths, or where a source tells, see "
        "`depths`.",
        TRUE,
    )
    filler: Annotated[str, OneOf(filler_names)] = key("What fills the missing layers.")
    network: str = key("For the filler `network`, the key of the network in `networks`.", None)
    families: Families = key(
        "For the filler `network`, the planes that fill a volume: both families averaged, or "
        "zx-planes alone.",
        "both",
    )
    threshold: Threshold = key(
        "For the filler `network`, where its prediction is cut: at one half, or so that filled "
        "layers have the solid fraction of the known ones, or (`draw`) by a random field, which "
        "gives surfaces as rough as the truth's.",
        "half",
    )
    fill_holes: bool = key("Whether small holes in filled layers are closed afterwards.", False)
    tables: Annotated[list[Literal["S3", "S4"]], Unique()] = key(
        "The tables in which the arm is a row, in the order of the arm table.", []
    )
