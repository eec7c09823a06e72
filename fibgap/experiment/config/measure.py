"""The section `measure`."""

from typing import Annotated, ClassVar

from pydantic import Field

from fibgap.experiment.config.fields import OneOf, Section, Unique, key
from fibgap.measures import measure_names


class Measure(Section):
    """Measures (rule measure)."""

    instead: ClassVar[dict[str, str]] = {
        "diffusivity": "write names: [tpcf, lpf] instead of diffusivity: false, and "
        "names: [tpcf, lpf, d] instead of diffusivity: true"
    }
    names: Annotated[list[Annotated[str, OneOf(measure_names)]], Field(min_length=1), Unique()] = (
        key(
            "Measures that are taken: `tpcf`, `lpf` and more; `d` is what costs the time.",
            ["tpcf", "lpf", "d"],
        )
    )
    diffusivity_cut: int = key(
        "Side of the central cut on which `d` is taken; 0 takes the whole volume.",
        96,
        unit="voxels",
        ge=0,
    )
    tpcf_centred: bool = key(
        "Whether the square of the solid fraction is taken off `tpcf`, which then decays to 0.",
        False,
    )
