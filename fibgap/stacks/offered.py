"""Fillers that a stack is offered: those without training, and the networks that are shipped."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError, has
from fibgap.fillers import fill, filler_names
from fibgap.fillers.interpolation import well_apart
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack

NETWORK = "network"
#: What takes least time comes first: of fillers that are equally good, the first is taken.
_QUICKEST = ("nearest", "linear", "cubic_spline", "signed_distance_spline", "shape_based")
#: What is best for most materials, the first that is registered.
_BEST = ("signed_distance_spline", "cubic_spline")


@dataclass(frozen=True)
class Offered:
    """A filler with all that it needs.

    Attributes
    ----------
    name : str
        The name of a filler, or "shipped:NAME" for a network.
    filler : str
        See `fibgap.fillers.filler_names`.
    weights : Path or None
        The network's weights.
    options : dict
        What the filler is given.
    """

    name: str
    filler: str
    weights: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def fill(self, gapped: GappedVolume) -> NDArray[np.bool_]:
        """Fill a gapped volume, however absurd the result."""
        return fill(gapped, self.filler, refuse=False, **self.options)

    def least_memory(self, stack: SliceStack) -> int:
        """Return the bytes without which a network cannot fill a stack, not even by blocks.

        Raises
        ------
        InputError
            If the stack is too small for the network.
        """
        from fibgap.network.gaps.architecture import GapArchitecture
        from fibgap.network.gaps.filling import GapFiller
        from fibgap.network.inference import PlaneFiller
        from fibgap.network.plane_streaming import Budget

        gapped = place_slices(stack, positions="true", check=False)
        network, batch_pixels = self.options["network"], self.options["batch_pixels"]
        places = np.sort(np.concatenate([gapped.positions, gapped.spare_positions]))
        places = places[well_apart(places)]
        if isinstance(network.architecture, GapArchitecture):
            filler = GapFiller(
                network, gapped, places, gapped.slices.__getitem__, batch_pixels=batch_pixels
            )
            return filler.least_memory()
        positions, known = None, len(gapped.layers)
        if network.architecture.sees == "distances":
            positions, known = places, len(places)
        planes = PlaneFiller(network, gapped, batch_pixels=batch_pixels, positions=positions)
        return Budget(gapped.shape, known, planes, 0.0).least


def untrained_fillers() -> list[str]:
    """Return the names of all fillers that need no training, quick ones first.

    Examples
    --------
    >>> untrained_fillers()[:3]
    ['nearest', 'linear', 'cubic_spline']
    """
    names = [name for name in filler_names() if name != NETWORK]
    return sorted(names, key=lambda name: (*_QUICKEST, name).index(name))


def default_filler() -> str:
    """Return the filler that needs no training and is best for most materials."""
    return next(name for name in _BEST if name in filler_names())


def shipped_networks() -> list[str]:
    """Return the shipped networks that are tried on any material, as "shipped:NAME".

    None without an engine. The paper's network learned from one material and one milling: the
    check takes it now and then where it is not the best.
    """
    if not (has("openvino") or has("torch")):
        return []
    from fibgap.network.shipped import PREFIX, offered_names

    return [f"{PREFIX}{name}" for name in offered_names()]


def offer(name: str, *, gpu: bool = False) -> Offered:
    """Return a filler by its name, with all that it needs.

    Parameters
    ----------
    name : str
        The name of a filler, or weights of a network: "shipped:NAME" or a file.
    gpu : bool
        Whether a network computes on a GPU.

    Raises
    ------
    InputError
        If there is no such filler, or its weights cannot be had.
    """
    if name in untrained_fillers():
        return Offered(name, name)
    from fibgap.network.device import choose_device
    from fibgap.network.filler import network_options
    from fibgap.network.shipped import kept_names, resolve_weights, warn_if_retiring

    if name == NETWORK:
        raise InputError(
            "the filler 'network' needs weights: a file, or one of "
            f"{', '.join(f'shipped:{name}' for name in kept_names())}."
        )
    path = resolve_weights(name)
    warn_if_retiring(name)
    device = choose_device(int(gpu))
    options = network_options(path, device, precision="auto", batch_pixels=2**19)
    return Offered(name, NETWORK, path, options)
