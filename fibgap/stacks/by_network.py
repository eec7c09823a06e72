"""What is particular to a stack that a network fills: draws, confidence, and learning from it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError, require
from fibgap.placement import place_slices
from fibgap.rebuilding import Rebuilt
from fibgap.stack import SliceStack
from fibgap.stacks.choice import AUTO, Choice
from fibgap.stacks.findings import Progress
from fibgap.stacks.offered import NETWORK
from fibgap.stacks.parts import axes_like_z

if TYPE_CHECKING:
    from fibgap.network.training.own import Lesson


def require_learning(filler: str) -> None:
    """Refuse a lesson that cannot be had, before a stack is read.

    Raises
    ------
    InputError
        If torch is not installed, or the filler is no network.
    """
    require("torch", "Learning from a stack", "train")
    if filler not in (AUTO, NETWORK):
        raise InputError(f"learn is true, but that is done by the filler network, not {filler}.")


def require_network(choice: Choice, *, draw: int | None, learn: bool, large: bool) -> None:
    """Refuse what only a network does, and only of a stack that fits into memory.

    Raises
    ------
    InputError
        If a draw was asked for, or a lesson, and cannot be had.
    """
    if choice.filler == NETWORK and not large:
        return
    where = "of a stack that fits into memory" if large else "by the filler network"
    if draw is not None:
        raise InputError(
            f"draw is {draw}, but a draw is made {where}; this filler is {choice.filler}."
        )
    if learn:
        raise InputError(f"learn is true, but that is done {where}; this filler is {choice.name}.")


def taught(choice: Choice, stack: SliceStack, progress: Progress) -> "tuple[Choice, Lesson]":
    """Return a choice whose network has learned from the stack, and what that was worth."""
    from fibgap.network.training.lessons import learned

    gapped = place_slices(stack, positions="true", check=False)
    engine, lesson = learned(
        choice.options["network"],
        gapped,
        axes_like_z(stack),
        progress=lambda done, total: progress("learning from the stack", done, total),
    )
    return replace(choice, options={**choice.options, "network": engine}), lesson


def confidence_of(rebuilt: Rebuilt, probability: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return how probable it is that each voxel is what the volume says, in percent."""
    from fibgap.network.draws import confidence_percent

    found = np.full(rebuilt.volume.shape, 100, dtype=np.uint8)
    missing = rebuilt.gapped.missing_layers
    found[missing] = confidence_percent(probability, rebuilt.volume[missing])
    return found
