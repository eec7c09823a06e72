"""An engine whose network has learned from the stack that it is to fill; torch is loaded late."""

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fibgap.errors import FibgapWarning, require
from fibgap.fillers import fill
from fibgap.network.engines import Engine, make_engine
from fibgap.network.precision import hardware_has
from fibgap.stack import GappedVolume

if TYPE_CHECKING:
    from fibgap.network.training.own import Lesson


def learned(
    engine: Engine,
    gapped: GappedVolume,
    axes: Sequence[int],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> "tuple[Engine, Lesson]":
    """Return an engine whose network has learned from the stack that it is to fill.

    Parameters
    ----------
    engine : Engine
        Of a network that corrects distances.
    gapped, axes, progress
        See `fibgap.network.training.own.learn_from_stack`.

    Returns
    -------
    Engine, Lesson
        In the same arithmetic; in bf16 or fp32 in place of eight bits, of which there are none for
        new weights.

    Raises
    ------
    InputError
        If torch is not installed, or nothing can be learned.
    """
    require("torch", "Learning from a stack", "train")
    from fibgap.network.training.own import learn_from_stack, require_lesson

    require_lesson(engine.weights, gapped, axes)
    with warnings.catch_warnings():
        # What is suspicious is said of the final volume.
        warnings.simplefilter("ignore", FibgapWarning)
        volume = fill(gapped, "network", network=engine, refuse=False)
    lesson = learn_from_stack(
        engine.weights, gapped, volume, axes=axes, device=engine.device, progress=progress
    )
    precision = engine.precision
    if precision == "int8":
        precision = "bf16" if hardware_has("bf16", engine.device, engine.name) else "fp32"
    made = make_engine(
        lesson.weights, engine=engine.name, device=engine.device, precision=precision
    )
    return made, lesson
