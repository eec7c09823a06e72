"""The network of gaps in numbers; see `fibgap.network.gaps.module`."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, ClassVar

from fibgap.errors import InputError

#: Slices on each side of a gap that the network sees.
BESIDE = 3
#: Places in a gap where it sees the interpolated distances; the middle one twice.
PLACES = (0.25, 0.5, 0.75)
#: Places in a gap for which it gives a correction, evenly spread between the two slices.
ANCHORS = 7
#: Filters of Table S1's counterpart at full width, by level.
WIDTHS = (64, 128, 128)
#: The first level works on blocks of so many pixels a side.
BLOCK = 2


@dataclass(frozen=True)
class GapArchitecture:
    """What has to be known to build a network of gaps.

    Attributes
    ----------
    widths : tuple of int
        Filters by level; every level has pixels twice as large as those of the level before.
    blocks : tuple of int
        Residual blocks by level, on the way down; and again on the way up, but for the last level.
    """

    widths: tuple[int, ...] = WIDTHS
    blocks: tuple[int, ...] = (2, 2, 2)

    #: It corrects interpolated distances, as other networks do that see these.
    sees: ClassVar[str] = "distances"
    neighbours: ClassVar[int] = 0
    #: Whether a file holds its weights in 16 bits: there are many of them.
    half_precision: ClassVar[bool] = True
    #: The word for it in a file.
    kind: ClassVar[str] = "gaps"

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        numbers = (*self.widths, *self.blocks)
        if not self.widths or not all(isinstance(n, int) and n >= 1 for n in numbers):
            raise InputError(f"every level of a network needs at least 1 filter, got {numbers}.")
        if len(self.widths) != len(self.blocks):
            raise InputError(
                f"a network of gaps has widths {self.widths} and blocks {self.blocks}: one of each "
                "for every level."
            )

    @classmethod
    def from_width(cls, width_factor: float) -> "GapArchitecture":
        """Return the architecture with every number of filters scaled by a factor.

        Examples
        --------
        >>> GapArchitecture.from_width(0.5).widths
        (32, 64, 64)
        """
        if not 0 < width_factor <= 4:
            raise InputError(f"width_factor must lie in (0, 4], but is {width_factor}.")
        return cls(tuple(max(1, round(width * width_factor)) for width in WIDTHS))

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain values, for a file."""
        values = {name: list(value) for name, value in asdict(self).items()}
        return {"kind": self.kind, **values}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "GapArchitecture":
        """Return an architecture from `to_dict`, or say which key is wrong."""
        unknown = set(values) - set(cls.__dataclass_fields__) - {"kind"}
        if unknown:
            raise InputError(f"the architecture has an unknown key '{sorted(unknown)[0]}'.")
        return cls(**{name: value for name, value in values.items() if name != "kind"})

    @property
    def input_channels(self) -> int:
        """Number of input channels: slices, interpolated distances, and how far slices lie apart.

        Examples
        --------
        >>> GapArchitecture().input_channels
        15
        """
        return 2 * BESIDE + len(PLACES) + 1 + (2 * BESIDE - 1)

    @property
    def multiple(self) -> int:
        """Sides of an image have to be a multiple of so many pixels."""
        return int(BLOCK * 2 ** (len(self.widths) - 1))

    @property
    def receptive_reach(self) -> int:
        """Number of pixels on each side of a pixel on which its value depends, at most.

        Examples
        --------
        >>> GapArchitecture().receptive_reach
        92
        """
        reach = 2 * BLOCK  # the first and the last convolution
        for level, blocks in enumerate(self.blocks):
            ways = 1 if level == len(self.blocks) - 1 else 2
            reach += 2 * blocks * ways * BLOCK * 2**level
        return reach + self.multiple  # pixels of a level share what lies below them

    def bytes_a_pixel(self, size: int) -> int:
        """Return the memory for one pixel of a call, in bytes, for numbers of so many bytes."""
        # What comes in and goes out, and of the first level what is kept, and what is at work.
        ends = 4 * (self.input_channels + ANCHORS)
        first = max(self.widths[0], BLOCK**2 * self.input_channels) / BLOCK**2
        return int(2 * ends + size * 6 * first)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every array of the network's weights, by its name."""
        pixels = BLOCK**2
        layers: dict[str, tuple[int, int, int]] = {
            "stem": (pixels * self.input_channels, self.widths[0], 3)
        }
        last = len(self.widths) - 1
        for level, (width, blocks) in enumerate(zip(self.widths, self.blocks, strict=True)):
            for way in ("down_blocks", "up_blocks")[: 1 if level == last else 2]:
                for block in range(blocks):
                    for part in ("first", "second"):
                        layers[f"{way}.{level}.{block}.{part}"] = (width, width, 3)
        for level, (width, below) in enumerate(pairwise(self.widths)):
            layers[f"down.{level}"] = (width, below, 2)
            layers[f"up.{level}"] = (below, 4 * width, 1)
        layers["tail"] = (self.widths[0], pixels * ANCHORS, 3)
        shapes: dict[str, tuple[int, ...]] = {}
        for name, (inputs, outputs, size) in layers.items():
            shapes[f"{name}.weight"] = (outputs, inputs, size, size)
            shapes[f"{name}.bias"] = (outputs,)
        return shapes
