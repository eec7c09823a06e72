"""The modified DCSCN of the supplement's Table S1 in numbers; see `fibgap.network.module`."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, ClassVar

from fibgap.errors import InputError
from fibgap.network.choices import JOININGS, SIGHTS

#: Channels of the seven feature blocks of Table S1 are this curve from 96 to 32.
FEATURE_BLOCKS = 7
FILTER_DECAY = 1.2


def feature_filters(first: int, last: int) -> tuple[int, ...]:
    """Return the numbers of filters of the seven feature blocks.

    Notes
    -----
    The filter decay of Yamanaka et al. (2017); ASSUME: from 96 to 32 it gives the numbers of
    Table S1, which fixes how its shifted columns are read.

    Examples
    --------
    >>> feature_filters(96, 32)
    (96, 81, 70, 60, 50, 41, 32)
    """
    steps = [
        (index / (FEATURE_BLOCKS - 1)) ** (1 / FILTER_DECAY) for index in range(FEATURE_BLOCKS)
    ]
    return tuple(int((first - last) * (1 - step) + last) for step in steps)


@dataclass(frozen=True)
class Architecture:
    """What has to be known to build a network.

    Attributes
    ----------
    features : (7,) int
        Filters of the feature blocks (3x3).
    a1, b1, b2, b3 : int
        Filters of the reconstruction network (1x1, 1x1, 3x3, 3x3).
    l1 : int
        Filters of the first of the two last layers (3x3).
    mask_channel : bool
        Whether a further input channel says which rows are known.
    neighbours : int
        How many planes on each side of a plane are input channels, too.
    bicubic : str
        How the interpolated layer joins: "concatenate" (the supplement) or "add" (Yamanaka).
    sees : str
        "rows" (the supplement): binary rows, missing ones 0, beside their interpolation; the
        output is about 1 in the solid. "distances": on all rows the interpolated distances to the
        interface, see `fibgap.network.distances`, to which the output is a correction: the sum of
        both is the logit of solid.
    """

    features: tuple[int, ...] = (96, 81, 70, 60, 50, 41, 32)
    a1: int = 16
    b1: int = 96
    b2: int = 64
    b3: int = 48
    l1: int = 32
    mask_channel: bool = False
    bicubic: str = "concatenate"
    neighbours: int = 0
    sees: str = "rows"

    #: Whether a file holds its weights in 16 bits.
    half_precision: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "features", tuple(self.features))
        numbers = (*self.features, self.a1, self.b1, self.b2, self.b3, self.l1)
        if not self.features or not all(isinstance(n, int) and n >= 1 for n in numbers):
            raise InputError(f"every layer of a network needs at least 1 filter, got {numbers}.")
        if not isinstance(self.neighbours, int) or self.neighbours < 0:
            raise InputError(f"neighbours must be 0 or more, but is {self.neighbours}.")
        if self.bicubic not in JOININGS:
            raise InputError(f"bicubic must be 'concatenate' or 'add', but is '{self.bicubic}'.")
        if self.sees not in SIGHTS:
            raise InputError(f"sees must be 'rows' or 'distances', but is '{self.sees}'.")
        if self.sees == "distances" and self.bicubic != "add":
            raise InputError(
                "a network that sees distances corrects them: bicubic must be 'add', but is "
                f"'{self.bicubic}'."
            )

    @classmethod
    def from_width(
        cls,
        width_factor: float,
        *,
        mask_channel: bool = False,
        bicubic: str = "concatenate",
        neighbours: int = 0,
        sees: str = "rows",
    ) -> "Architecture":
        """Return Table S1 with every number of filters scaled by a factor (1 is Table S1).

        Examples
        --------
        >>> Architecture.from_width(1.0) == Architecture()
        True
        >>> Architecture.from_width(1 / 3).features
        (32, 27, 23, 20, 17, 13, 11)
        """
        if not 0 < width_factor <= 4:
            raise InputError(f"width_factor must lie in (0, 4], but is {width_factor}.")

        def scaled(filters: int) -> int:
            return max(1, round(filters * width_factor))

        return cls(
            features=feature_filters(scaled(96), scaled(32)),
            a1=scaled(16),
            b1=scaled(96),
            b2=scaled(64),
            b3=scaled(48),
            l1=scaled(32),
            mask_channel=mask_channel,
            bicubic=bicubic,
            neighbours=neighbours,
            sees=sees,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain values, for a file."""
        return {**asdict(self), "features": list(self.features)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Architecture":
        """Return an architecture from `to_dict`, or say which key is wrong."""
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise InputError(f"the architecture has an unknown key '{sorted(unknown)[0]}'.")
        return cls(**values)

    @property
    def input_channels(self) -> int:
        """Number of input channels: the plane, its neighbours, and the mask."""
        return 1 + 2 * self.neighbours + self.mask_channel

    @property
    def receptive_reach(self) -> int:
        """Number of pixels on each side of a pixel on which its value depends."""
        return len(self.features) + 2 + 2

    @property
    def engine_channels(self) -> int:
        """Number of channels that an engine takes: the input's, and last the interpolated plane."""
        return self.input_channels + 1

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every array of the network's weights, by its name.

        Examples
        --------
        >>> Architecture().parameter_shapes()["features.1.0.weight"]
        (81, 96, 3, 3)
        """
        total = sum(self.features)
        joined = self.a1 + self.b3 + (1 if self.bicubic == "concatenate" else 0)
        widths = pairwise((self.input_channels, *self.features))
        blocks = {f"features.{index}": (*pair, 3) for index, pair in enumerate(widths)}
        blocks["a1"] = (total, self.a1, 1)
        blocks["b1"] = (total, self.b1, 1)
        blocks["b2"] = (self.b1, self.b2, 3)
        blocks["b3"] = (self.b2, self.b3, 3)
        blocks["l1"] = (joined, self.l1, 3)
        shapes: dict[str, tuple[int, ...]] = {}
        for name, (inputs, outputs, size) in blocks.items():
            shapes[f"{name}.0.weight"] = (outputs, inputs, size, size)
            shapes[f"{name}.0.bias"] = shapes[f"{name}.1.weight"] = (outputs,)
        return {**shapes, "l2.weight": (1, self.l1, 3, 3), "l2.bias": (1,)}
