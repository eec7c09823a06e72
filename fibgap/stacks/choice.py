"""Which filler a stack gets: the one that was asked for, or the one that is best for it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fibgap.errors import InputError
from fibgap.fillers import filler_names
from fibgap.stack import SliceStack

#: The filler that leaves the choice to fibgap.
AUTO = "auto"
#: Classical fillers that `AUTO` takes, the first that is registered.
_BEST = ("signed_distance_spline", "cubic_spline")
_NETWORK = "network"


@dataclass(frozen=True)
class Choice:
    """A filler, and why it was taken.

    Attributes
    ----------
    filler : str
        See `fibgap.fillers.filler_names`.
    why : str
        A sentence for people.
    weights : Path or None
        The network's weights.
    options : dict
        What the filler is given.
    """

    filler: str
    why: str
    weights: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)


def choose_filler(
    stack: SliceStack, filler: str = AUTO, *, weights: Path | str | None = None, gpu: bool = False
) -> Choice:
    """Return the filler for a stack.

    Parameters
    ----------
    stack : SliceStack
        What is to be filled.
    filler : str
        A name, or "auto".
    weights : path or str, optional
        A network's weights: a file, or "shipped:NAME". With them "auto" is the network.
    gpu : bool
        Whether a network computes on a GPU.

    Raises
    ------
    InputError
        If the filler or its weights are not there, or do not belong together.
    """
    names = filler_names()
    if filler not in (AUTO, *names):
        raise InputError(
            f"filler '{filler}' is unknown; choose one of {', '.join((AUTO, *names))}."
        )
    if filler == AUTO and weights is None:
        best = next(name for name in _BEST if name in names)
        return Choice(best, "it is the one that is taken where nobody asks for another.")
    if filler not in (AUTO, _NETWORK):
        if weights is not None or gpu:
            given = f"the weights '{weights}' are" if weights is not None else "a GPU is"
            raise InputError(f"{given} for the filler 'network', but '{filler}' was asked for.")
        return Choice(filler, "it was asked for.")
    return _network(weights, gpu)


def _network(weights: Path | str | None, gpu: bool) -> Choice:
    """Return a network as the filler."""
    # These pull in torch, which no other filler needs.
    from fibgap.network.device import choose_device
    from fibgap.network.filler import network_options
    from fibgap.network.shipped import resolve_weights, shipped_names

    if weights is None:
        raise InputError(
            "the filler 'network' needs weights: a file, or one of "
            f"{', '.join(f'shipped:{name}' for name in shipped_names())}."
        )
    path = resolve_weights(str(weights))
    device = choose_device(int(gpu))
    options = network_options(path, device, precision="auto", batch_pixels=2**19)
    return Choice(_NETWORK, "it was asked for.", path, options)
