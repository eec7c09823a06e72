"""The section `depths`."""

from typing import Any

from fibgap.experiment.config.fields import Section, key, part, section_of
from fibgap.synthetic.readings import Imaging, Ruler

_ruler: Any = section_of(Ruler)
_imaging: Any = section_of(Imaging)


class RulerReading(_ruler):
    """The ruler that is milled beside every stack, for `depths: ruler` and `fused`."""


class Images(_imaging):
    """How slices are shown, and compared, for `depths: images`, `images_total` and `fused`."""

    search: int = key(
        "Shifts up to which neighbouring images are laid over each other as well as they fit.",
        0,
        unit="pixels",
        ge=0,
        le=20,
    )


class Depths(Section):
    """Where slices are taken to lie, for arms that are not told (rule estimate_depths).

    `depths: nominal` takes `place_slices.nominal_nm`.
    """

    ruler: RulerReading = part(RulerReading, {})
    images: Images = part(Images, {})
