"""The network as a module of torch: the reference, and what is trained."""

from dataclasses import replace
from itertools import pairwise

import torch
from torch import nn

from fibgap.network.architecture import Architecture
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.gaps.module import GapNetwork


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

    #: Its last layers, which are never rounded.
    fine = ("l1", "l2")
    #: Its first and its last layer.
    ends = ("features.0", "l2")

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
        # The last layers may be finer than the rest, see fibgap.network.engines.
        fine = self.l2.weight.dtype
        joined = torch.cat([part.to(fine) for part in parts], dim=1)
        result: torch.Tensor = self.l2(self.l1(joined))
        if self.architecture.bicubic == "add":
            result = result + bicubic
        return result


#: A network of either kind.
AnyNetwork = Network | GapNetwork


def make_network(architecture: Architecture | GapArchitecture) -> AnyNetwork:
    """Return a network of an architecture, with random weights."""
    if isinstance(architecture, GapArchitecture):
        return GapNetwork(architecture)
    return Network(architecture)


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
