"""A network learns from the stack that it is to fill: cuts across its slices show the truth."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning, InputError
from fibgap.fillers import fill
from fibgap.network.device import choose_precision
from fibgap.network.module import AnyNetwork
from fibgap.network.training.courses import Course, Filled, make_course
from fibgap.network.training.loss import Loss
from fibgap.network.training.schedule import make_optimizers
from fibgap.network.weights import LoadedNetwork
from fibgap.stack import GappedVolume
from fibgap.synthetic.milling import Milling, MillingRange

#: Steps of a lesson.
STEPS = 300
#: Of the known slices one in so many is held back.
HELD_BACK = 4
#: Slices, and pixels along each side of them, that are learned from at most: the middle of a stack.
MOST_SLICES, MOST_SIDE = 96, 256
#: Fewer slices, or smaller images, show too little.
LEAST_SLICES, LEAST_SIDE = 8, 48
#: Steps that are drawn together.
_TOGETHER = 25


@dataclass(frozen=True)
class Lesson:
    """What a network learned from a stack.

    Attributes
    ----------
    weights : LoadedNetwork
        What fills the stack: the network that has learned, or the one before where that is better.
    slices, held_back : int
        Known slices that it learned from, and that it was tried on.
    before, after : float
        Share of voxels that it misclassifies on the slices that were held back, in rows that were
        hidden from it.
    along_z_before, along_z_after : float
        The same of whole slices that were hidden from it, one in three.
    """

    weights: LoadedNetwork
    slices: int
    held_back: int
    before: float
    after: float
    along_z_before: float
    along_z_after: float

    @property
    def taken(self) -> bool:
        """Whether what was learned is taken: it is better across the slices, not worse along z."""
        return self.after < self.before and self.along_z_after <= self.along_z_before

    def sentence(self) -> str:
        """Say what the lesson was worth."""
        tried = (
            f"{self.after:.2%} in place of {self.before:.2%} of what was hidden of {self.held_back}"
            f" others, and {self.along_z_after:.2%} in place of {self.along_z_before:.2%} of "
            "hidden slices"
        )
        if self.taken:
            return (
                f"The network learned from {self.slices} slices of this stack, and misclassifies "
                f"{tried}."
            )
        return (
            f"What the network learned from {self.slices} slices of this stack was not taken: it "
            f"misclassifies {tried}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the weights in plain values, for JSON."""
        return {
            "steps": STEPS,
            "slices": self.slices,
            "held_back": self.held_back,
            "misclassified_before": self.before,
            "misclassified_after": self.after,
            "hidden_slices_before": self.along_z_before,
            "hidden_slices_after": self.along_z_after,
            "taken": self.taken,
        }


def learn_from_stack(
    weights: LoadedNetwork,
    gapped: GappedVolume,
    volume: NDArray[np.bool_],
    *,
    axes: Sequence[int] = (1, 2),
    device: str = "cpu",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Lesson:
    """Let a network learn from the stack that it is to fill.

    Parameters
    ----------
    weights : LoadedNetwork
        Of a network that corrects distances.
    gapped : GappedVolume
        Known layers and their places.
    volume : (Z, Y, X) bool
        The same, filled by this network.
    axes : sequence of int
        Along which axes of the slices the material looks like z: 1 for y, 2 for x, or both.
    device : str
        Where to learn.
    progress : callable, optional
        Called with the number of steps that are done, and how many there are.

    Returns
    -------
    Lesson
        With weights for this stack.

    Raises
    ------
    InputError
        If the network sees no distances, no axis looks like z, or the stack is too small.

    Notes
    -----
    The filled volume is milled along y or x, at distances like those between its own slices, and
    the network fills the rows between. What it should say is known where a slice lies, and nothing
    else is learned. Distances between the cuts are those in the filled volume, so they are
    nearly right. A part of the slices is held back: if the network misclassifies no fewer voxels
    on these than before, what it learned is not taken. Nor is it where whole slices are hidden
    and more of their voxels are misclassified than before: then it looks otherwise along z.

    All random numbers are drawn from one fixed seed.
    """
    require_lesson(weights, gapped, axes)
    layers, solid = _middle(gapped.layers, volume)
    inner = _inner(layers, weights.architecture.neighbours)
    held = inner[HELD_BACK // 2 :: HELD_BACK]
    own = np.setdiff1d(inner, held)
    gaps = np.diff(gapped.layers)
    millings = MillingRange.of(Milling("normal", float(gaps.mean()), float(gaps.std()), 1.0))
    rng = np.random.default_rng(0)
    on = torch.device(device)
    filled = Filled(solid, own, held, axes, millings, on)
    course = make_course(weights.architecture, filled, rng)
    # Another instance makes a module of its own.
    network = replace(weights).network.to(on, memory_format=torch.channels_last)  # type: ignore[call-overload]
    before = course.misclassified(network.eval())
    _learn(network.train(), course, rng, on, progress)
    after = course.misclassified(network.eval())
    learned = replace(LoadedNetwork.of(network.cpu()), training=weights.training)
    along_z = [_misclassified_along_z(each, layers, solid, device) for each in (weights, learned)]
    lesson = Lesson(learned, len(own), len(held), before, after, *along_z)
    return lesson if lesson.taken else replace(lesson, weights=weights)


def require_lesson(weights: LoadedNetwork, gapped: GappedVolume, axes: Sequence[int]) -> None:
    """Check that a network can learn from a stack, see `learn_from_stack`.

    Raises
    ------
    InputError
        If not.
    """
    if weights.architecture.sees != "distances":
        raise InputError("only a network that corrects distances can learn from a stack.")
    if not axes:
        raise InputError(
            "nothing can be learned across the slices: the material changes along neither y nor x "
            "as it does along z."
        )
    neighbours, (_, n_y, n_x) = weights.architecture.neighbours, gapped.shape
    count = len(_inner(gapped.layers, neighbours))
    if count < LEAST_SLICES or min(n_y, n_x) < LEAST_SIDE:
        raise InputError(
            f"to learn from a stack takes {LEAST_SLICES} slices of {LEAST_SIDE} x {LEAST_SIDE} "
            f"pixels with {neighbours} layers on both sides, but it has {count} of {n_y} x {n_x}."
        )


def _inner(layers: NDArray[np.int64], neighbours: int) -> NDArray[np.int64]:
    """Return the known layers that have so many layers on both sides."""
    return layers[(layers >= neighbours) & (layers <= layers[-1] - neighbours)]


def _middle(
    layers: NDArray[np.int64], volume: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the middle of a filled volume, as much as is learned from, and its known layers."""
    first = max(0, (len(layers) - MOST_SLICES) // 2)
    chosen = layers[first : first + MOST_SLICES]
    cut = [slice(int(chosen[0]), int(chosen[-1]) + 1)]
    for side in volume.shape[1:]:
        start = max(0, (side - MOST_SIDE) // 2)
        cut.append(slice(start, start + min(side, MOST_SIDE)))
    return chosen - chosen[0], np.ascontiguousarray(volume[tuple(cut)])


def _misclassified_along_z(
    weights: LoadedNetwork, layers: NDArray[np.int64], solid: NDArray[np.bool_], device: str
) -> float:
    """Return the misclassified share of every third slice, filled from the others."""
    hidden = layers[1:-1:3]
    left = np.setdiff1d(layers, hidden)
    gapped = GappedVolume(solid[left], left, 1.0, 0, 1.0, len(left))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FibgapWarning)
        filled = fill(gapped, "network", network=weights, device=device, refuse=False)
    return float((filled[hidden] != solid[hidden]).mean())


def _learn(
    network: AnyNetwork,
    course: Course,
    rng: np.random.Generator,
    device: torch.device,
    progress: Callable[[int, int], None],
) -> None:
    """Take the steps of a lesson."""
    loss = Loss("missing", device.type, choose_precision("auto", device))
    optimizers = make_optimizers(network, course.training)
    schedules = [
        torch.optim.lr_scheduler.OneCycleLR(
            each,
            [group["lr"] for group in each.param_groups],
            total_steps=STEPS,
            cycle_momentum="betas" in each.defaults,
        )
        for each in optimizers
    ]
    for start in range(0, STEPS, _TOGETHER):
        progress(start, STEPS)
        for batch in course.epoch(rng, _TOGETHER).batches():
            value = loss(network, batch)
            network.zero_grad(set_to_none=True)
            value.backward()
            for optimizer, schedule in zip(optimizers, schedules, strict=True):
                optimizer.step()
                schedule.step()
    progress(STEPS, STEPS)
