"""What was hidden, filled and counted: what a filler misclassifies where the truth is known."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning, InputError
from fibgap.stack import GappedVolume, SliceStack
from fibgap.stacks.findings import Progress, silent
from fibgap.stacks.parts import (
    Part,
    blocks_of,
    cuts_hidden,
    gap_widths,
    hidden_sets,
    slices_hidden,
)

#: A gapped volume in, the whole grid out.
Fill = Callable[[GappedVolume], NDArray[np.bool_]]


@dataclass(frozen=True)
class Hidden:
    """Misclassified pixels of what was hidden, a row per slice or cut.

    Attributes
    ----------
    along : (H,) str
        "z" for slices, "y" and "x" for cuts.
    widths : (H,) float64
        Width in voxels of the gap in which it lay, from what was left on its one side to what was
        left on its other side.
    pixels : (H,) int64
        Its known pixels.
    wrong : dict of str to (H,) int64
        By filler, those that differ.
    refused : dict of str to str
        By filler, why it cannot fill such a stack.
    blocks : tuple of tuple
        Where the stack was looked at: slices, rows and columns, each from and up to.
    """

    along: NDArray[np.str_]
    widths: NDArray[np.float64]
    pixels: NDArray[np.int64]
    wrong: dict[str, NDArray[np.int64]]
    refused: dict[str, str]
    blocks: tuple[tuple[tuple[int, int], ...], ...]

    def __len__(self) -> int:
        return len(self.widths)


def hide(
    stack: SliceStack,
    names: Sequence[str],
    make: Callable[[str], Fill],
    first: str,
    progress: Progress = silent,
) -> Hidden:
    """Hide what is known of a stack, fill in its place, and count the pixels that differ.

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    names : sequence of str
        Fillers.
    make : callable
        Makes of a name what fills a gapped volume, when its turn comes.
    first : str
        The filler that fills the stack before cuts are hidden.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.

    Returns
    -------
    Hidden
        Of cuts, and of every third slice; if no cut can be hidden, of more slices. Without any
        row if nothing can be hidden.
    """
    blocks = blocks_of(stack.slices.shape)
    parts: list[Part] = []
    pieces = [
        SliceStack(stack.slices[block], stack.depths_nm[block[0]], stack.voxel_nm)
        for block in blocks
        if stack.slices[block].any() and not stack.slices[block].all()
    ]
    for piece in pieces:
        parts += cuts_hidden(piece, first)
    most = 1 if parts else None
    for piece in pieces:
        parts += slices_hidden(piece, hidden_sets(len(piece.slices))[:most])
    wrong: dict[str, list[NDArray[np.int64]]] = {name: [] for name in names}
    refused: dict[str, str] = {}
    for index, name in enumerate(names if parts else ()):
        filling = make(name)
        for done, part in enumerate(parts):
            progress("comparing fillers", index * len(parts) + done, len(names) * len(parts))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", FibgapWarning)
                    wrong[name].append(part.wrong(filling(part.gapped)))
            except InputError as error:
                refused[name] = str(error)
                break
    none = np.empty(0, dtype=np.int64)
    widths = [
        gap_widths(p.gapped)[np.searchsorted(p.gapped.missing_layers, p.layers)] for p in parts
    ]
    pixels = [np.full(len(p.layers), p.truth[0][p.known].size) for p in parts]
    return Hidden(
        along=np.array([part.along for part in parts for _ in part.layers], dtype=np.str_),
        widths=np.concatenate([np.empty(0), *widths]),
        pixels=np.concatenate([none, *pixels]),
        wrong={
            name: np.concatenate([none, *counts])
            for name, counts in wrong.items()
            if name not in refused
        },
        refused=refused,
        blocks=tuple(tuple((part.start, part.stop) for part in block) for block in blocks),
    )
