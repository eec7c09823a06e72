"""What a stack is and what looks wrong, with nothing written."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from fibgap.errors import InputError
from fibgap.io.pages import describe_size
from fibgap.io.sources import Source
from fibgap.placement import place_slices, placement_record
from fibgap.stacks.choice import Choice, choose_filler
from fibgap.stacks.excerpts import centre
from fibgap.stacks.findings import Progress, collected, silent
from fibgap.stacks.loaded import Findings, LoadedStack
from fibgap.stacks.loading import load
from fibgap.stacks.options import How
from fibgap.stacks.room import Room


@dataclass(frozen=True)
class CheckedStack:
    """What is known of a stack.

    Attributes
    ----------
    loaded : LoadedStack or None
        The stack, if it can be filled.
    facts : dict
        What is known of it in plain values, see `fibgap.stacks.loaded.Findings`.
    placement : dict
        What becomes of its slices, see `fibgap.placement.placement_record`; empty if it cannot be
        filled.
    notes : tuple of str
        What was read and how.
    warnings : tuple of str
        What looks wrong.
    problems : tuple of str
        Why it cannot be filled as it is; empty if it can.
    choice : Choice or None
        The filler that it would get, if that was asked for.
    """

    loaded: LoadedStack | None
    facts: dict[str, Any]
    placement: dict[str, float | int]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]
    choice: Choice | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain values, for JSON."""
        return {
            "can_be_filled": self.loaded is not None,
            "problems": list(self.problems),
            "warnings": list(self.warnings),
            "stack": self.facts,
            "slices": self.placement,
            "notes": list(self.notes),
            "check": self.choice.check.to_dict() if self.choice and self.choice.check else None,
        }

    def lines(self) -> Iterator[str]:
        """Yield what it is for people, a line per fact."""
        facts, placed = self.facts, self.placement
        if "slices" in facts:
            yield (
                f"images: {facts['slices']} slices of {facts['height']} x {facts['width']} pixels, "
                f"type {facts['type']}"
            )
        if facts.get("pixel_nm"):
            yield f"pixel size: {describe_size(tuple(facts['pixel_nm']))}"
        if "solid_fraction" in facts:
            yield f"solid: {facts['solid_fraction']:.1%} of the pixels"
        if "depths" in facts:
            yield (
                f"depths: {facts['depths']}, from {facts['first_nm']:.6g} to "
                f"{facts['last_nm']:.6g} nm"
                + (f", ± {facts['depth_sd_nm']:.2g} (sd)" if "depth_sd_nm" in facts else "")
            )
            yield (
                f"slice thickness: {facts['thickness_nm']:.4g} ± {facts['thickness_sd_nm']:.3g} nm"
                f", from {facts['thinnest_nm']:.4g} to {facts['thickest_nm']:.4g} nm"
            )
        if placed:
            known, layers = int(placed["n_slices"]), int(placed["n_layers"])
            yield (
                f"volume: {layers} layers of {placed['effective_voxel_nm']:.4g} nm, {known} known "
                f"and {layers - known} to be filled; the widest gap has "
                f"{placed['largest_gap_layers']} layers"
            )
            if placed["n_sharing"]:
                yield (
                    f"of {placed['n_given']} slices {placed['n_sharing']} share a layer with "
                    "another one and count between layers only"
                )
        if self.choice is not None and self.choice.check is not None:
            yield from self.choice.check.lines()
        elif self.choice is not None:
            yield f"{self.choice.name}: {self.choice.why}"


def check_stack(
    source: Source,
    *,
    judge: bool = False,
    gpu: bool = False,
    memory: str | int | None = None,
    progress: Progress = silent,
    **how: Unpack[How],
) -> CheckedStack:
    """Say what a stack is and what looks wrong; nothing is written.

    Parameters
    ----------
    source : path, str, or sequence of them
        The images, see `fibgap.stacks.load_stack`.
    judge : bool
        Compare fillers on the stack, see `fibgap.stacks.leave_slices_out`.
    gpu : bool
        Whether networks compute on a GPU for that.
    memory : str or int, optional
        How much memory may be taken, such as "4GB", see `fibgap.stacks.fill_stack`.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.
    **how
        How the stack is read, see `fibgap.stacks.options.How`.

    Returns
    -------
    CheckedStack
        With its problems, where it cannot be filled as it is: they are not raised.

    Warns
    -----
    FibgapWarning
        For everything that is suspicious.

    Examples
    --------
    >>> check_stack("missing.tif").problems
    ("'missing.tif' does not exist.",)
    """
    found, loaded, placement = Findings(tolerant=True), None, {}
    choice = None
    # What does not fit into memory lies in a temporary folder as long as it is looked at.
    room = Room.of(memory, Path(tempfile.gettempdir()) / f"fibgap-check-{os.getpid()}")
    with collected() as warned:
        try:
            loaded = load(source, how, found, progress, room)
            placement = placement_record(place_slices(loaded.stack, positions="true", check=False))
            if judge:
                stack = loaded.stack
                tried = centre(stack, room.memory // 8) if room.too_little(stack) else stack
                choice = choose_filler(
                    tried,
                    gpu=gpu,
                    refusal=lambda offered: room.refusal(offered, stack),
                    progress=progress,
                )
        except InputError as error:
            loaded = None
            if str(error) not in found.problems:
                found.problems.append(str(error))
    return CheckedStack(
        loaded=loaded,
        facts=found.facts,
        placement=placement,
        notes=tuple(found.notes),
        warnings=tuple(warned),
        problems=tuple(found.problems),
        choice=choice,
    )
