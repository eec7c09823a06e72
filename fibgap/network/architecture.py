"""The modified DCSCN of the supplement's Table S1."""

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import nn

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


class Network(nn.Module):
    """The modified DCSCN: features, reconstruction, and two last layers beside a spline.

    Parameters
    ----------
    architecture : Architecture
        Numbers of filters and options.

    Notes
    -----
    PAPER: section 2 and Table S1. ASSUME: 3x3 feature convolutions, all outputs concatenated ->
    A1 (1x1) beside B1 (1x1) -> B2 (3x3) -> B3 (3x3); A1, B3 and BUL concatenated -> L1 (3x3) ->
    L2 (3x3); PReLU after every convolution but the last; zero padding.

    ASSUME: the input is one channel whose missing rows are 0; further channels are options: one
    that says which rows are known, and the neighbouring planes.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture

        def block(inputs: int, outputs: int, size: int) -> nn.Sequential:
            convolution = nn.Conv2d(inputs, outputs, size, padding=size // 2)
            nn.init.kaiming_normal_(convolution.weight, a=0.1)
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
            return nn.Sequential(convolution, nn.PReLU(outputs, init=0.1))

        widths = (architecture.input_channels, *architecture.features)
        self.features = nn.ModuleList(
            block(inputs, outputs, 3) for inputs, outputs in pairwise(widths)
        )
        total = sum(architecture.features)
        self.a1 = block(total, architecture.a1, 1)
        self.b1 = block(total, architecture.b1, 1)
        self.b2 = block(architecture.b1, architecture.b2, 3)
        self.b3 = block(architecture.b2, architecture.b3, 3)
        beside = 1 if architecture.bicubic == "concatenate" else 0
        self.l1 = block(architecture.a1 + architecture.b3 + beside, architecture.l1, 3)
        self.l2 = nn.Conv2d(architecture.l1, 1, 3, padding=1)
        nn.init.kaiming_normal_(self.l2.weight, nonlinearity="linear")
        nn.init.zeros_(self.l2.bias)  # type: ignore[arg-type]
        if architecture.bicubic == "add":
            # The sum starts as the spline itself and learns the residual.
            nn.init.zeros_(self.l2.weight)

    def forward(self, image: torch.Tensor, bicubic: torch.Tensor) -> torch.Tensor:
        """Inpaint planes.

        Parameters
        ----------
        image : torch.Tensor
            Shape (B, `input_channels`, Z, X): the planes from one neighbour to the other with
            missing rows 0 (or distances on all rows), and the mask, which is 1 in known rows.
        bicubic : torch.Tensor
            Shape (B, 1, Z, X): the cubic interpolation of the image across its missing rows (or
            that of distances).

        Returns
        -------
        torch.Tensor
            Shape (B, 1, Z, X): about 1 in the solid (or the logit of solid).
        """
        outputs = []
        current = image
        for feature in self.features:
            current = feature(current)
            outputs.append(current)
        together = torch.cat(outputs, dim=1)
        parts = [self.a1(together), self.b3(self.b2(self.b1(together)))]
        if self.architecture.bicubic == "concatenate":
            parts.append(bicubic)
        # The last layers may be finer than the rest, see fibgap.network.inference.
        fine = self.l2.weight.dtype
        joined = torch.cat([part.to(fine) for part in parts], dim=1)
        result: torch.Tensor = self.l2(self.l1(joined))
        if self.architecture.bicubic == "add":
            result = result + bicubic
        return result


def with_inputs(network: Network, *, mask_channel: bool, neighbours: int) -> Network:
    """Return a copy of a network that has further input channels, and the same output.

    Parameters
    ----------
    network : Network
        Without any channel that the copy lacks.
    mask_channel, neighbours
        See `Architecture`: the channels that the copy has.

    Returns
    -------
    Network
        Its weights of the added channels are zero, for a training to find better ones.
    """
    own = network.architecture
    wider = Network(replace(own, mask_channel=mask_channel, neighbours=neighbours))
    state = dict(network.state_dict())
    name = "features.0.0.weight"
    given = state[name]
    weight = given.new_zeros(len(given), wider.architecture.input_channels, *given.shape[2:])
    planes = 1 + 2 * own.neighbours
    first = neighbours - own.neighbours
    weight[:, first : first + planes] = given[:, :planes]
    if own.mask_channel:
        weight[:, -1] = given[:, -1]
    wider.load_state_dict({**state, name: weight})
    return wider.train(network.training)


def count_parameters(network: nn.Module) -> int:
    """Return the number of trained parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
