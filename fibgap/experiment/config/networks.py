"""The section `networks`."""

from typing import Any

from fibgap.experiment.config.fields import Section, key, part, section_of
from fibgap.network.choices import Joining, Sight
from fibgap.network.training import settings

_training: Any = section_of(settings.Training)


class Training(_training):
    """How a network is trained; the defaults are Table S2."""


class Network(Section):
    """A network; the defaults are Tables S1 and S2."""

    weights: str = key(
        "`train` (in this run), `shipped:NAME` (with the package), or the path of a weights file."
    )
    training_set: str = key("For weights that are trained here, the key of the training set.", None)
    start_from: str = key(
        "For weights that are trained here, the weights that training starts from: `shipped:NAME`, "
        "or the path of a weights file of the same architecture, or of one without mask channel or "
        "with fewer neighbours. Left out, it starts from random ones.",
        None,
    )
    label: str = key("What the footnote of the tables says of this network.", None)
    width_factor: float = key(
        "Factor on every number of filters of Table S1; 1 is Table S1 itself.", 1, gt=0, le=4
    )
    mask_channel: bool = key("Whether a further input channel says which rows are known.", False)
    neighbours: int = key(
        "How many planes on each side of a plane the network sees, too. Training then needs a "
        "training set that is split by volume.",
        0,
        ge=0,
        le=8,
    )
    bicubic: Joining = key(
        "How the interpolated layer joins: concatenated (the supplement) or added (Yamanaka).",
        "concatenate",
    )
    sees: Sight = key(
        "What the network sees of the slices: binary rows, or on all rows the spline of distances "
        "to the interface in each slice, which it corrects (with `bicubic: add`); or `gaps`: "
        "the slices around a gap, all of whose layers it fills at once. That network is not Table "
        "S1: of the keys above only `width_factor` is its own, and of its `training` the keys "
        "`stride`, `margin` and `loss_rows` say nothing.",
        "rows",
    )
    training: Training = part(Training, {})
