"""Which filler a stack gets: the one that was asked for, or the one that is best for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fibgap.errors import InputError
from fibgap.fillers import filler_names
from fibgap.stack import SliceStack
from fibgap.stacks.findings import Progress, silent
from fibgap.stacks.judging import LeftOut, TooLittle, leave_slices_out
from fibgap.stacks.offered import NETWORK, Offered, default_filler, offer

#: The filler that leaves the choice to fibgap.
AUTO = "auto"


@dataclass(frozen=True)
class Choice:
    """A filler, and why it was taken.

    Attributes
    ----------
    name : str
        What people know it by: the name of the filler, or the weights of a network.
    filler : str
        See `fibgap.fillers.filler_names`.
    why : str
        A sentence for people.
    weights : Path or None
        The network's weights.
    options : dict
        What the filler is given.
    check : LeftOut or None
        The leave-slices-out check, if it decided.
    """

    name: str
    filler: str
    why: str
    weights: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)
    check: LeftOut | None = None


def choose_filler(
    stack: SliceStack,
    filler: str = AUTO,
    *,
    weights: Path | str | None = None,
    gpu: bool = False,
    refusal: Callable[[Offered], str] = lambda offered: "",
    progress: Progress = silent,
) -> Choice:
    """Return the filler for a stack.

    Parameters
    ----------
    stack : SliceStack
        What is to be filled.
    filler : str
        A name, or "auto": the one that `fibgap.stacks.leave_slices_out` finds best.
    weights : path or str, optional
        A network's weights: a file, or "shipped:NAME". With them "auto" is the network.
    gpu : bool
        Whether networks compute on a GPU.
    refusal : callable, optional
        Says why a filler cannot be taken, '' if it can; "auto" leaves such ones out.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.

    Raises
    ------
    InputError
        If the filler or its weights are not there, do not belong together, or cannot be taken.
    """
    require_filler(filler, weights=weights, gpu=gpu)
    if filler == AUTO and weights is None:
        return _best(stack, gpu, refusal, progress)
    if filler not in (AUTO, NETWORK):
        return _choice(offer(filler), "it was asked for.")
    offered = offer(str(weights or NETWORK), gpu=gpu)
    if why := refusal(offered):
        raise InputError(f"{offered.name} cannot be taken: {why}. Give more (memory).")
    return _choice(offered, "it was asked for.")


def require_filler(filler: str, *, weights: Path | str | None, gpu: bool) -> None:
    """Refuse a wish for a filler that cannot be met, before a stack is read.

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
    if filler not in (AUTO, NETWORK) and (weights is not None or gpu):
        given = f"the weights '{weights}' are" if weights is not None else "a GPU is"
        raise InputError(f"{given} for the filler 'network', but '{filler}' was asked for.")
    if filler == NETWORK and weights is None:
        offer(NETWORK)  # which says what there is
    if weights is not None:
        from fibgap.network.shipped import resolve_weights

        resolve_weights(str(weights))


def _choice(offered: Offered, why: str, check: LeftOut | None = None) -> Choice:
    """Return a filler that is offered as a choice."""
    return Choice(offered.name, offered.filler, why, offered.weights, offered.options, check)


def _best(
    stack: SliceStack, gpu: bool, refusal: Callable[[Offered], str], progress: Progress
) -> Choice:
    """Return the filler that is best for a stack, as far as its own slices can tell."""
    try:
        check = leave_slices_out(stack, gpu=gpu, refusal=refusal, progress=progress)
    except TooLittle as error:
        best = offer(default_filler())
        return _choice(best, f"{error}: so it is the one that is best for most stacks.")
    return _choice(offer(check.best, gpu=gpu), check.why(), check)
