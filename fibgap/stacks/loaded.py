"""A stack that was loaded, and what is known of one while it is loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.depths import Depths
from fibgap.errors import InputError
from fibgap.io.drift import Drift
from fibgap.stack import SliceStack


@dataclass(frozen=True)
class Histogram:
    """Grey values of a stack, and what told solid from pore.

    Attributes
    ----------
    counts : (B,) int64
        Pixels by grey value.
    edges : (B + 1,) float64
        Edges of the bins.
    thresholds : tuple of float
        Values between phases or classes; empty for labels.
    how : str
        See `fibgap.io.segmentation.Segmentation`.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    thresholds: tuple[float, ...]
    how: str


@dataclass(frozen=True)
class LoadedStack:
    """A stack that is ready to be placed, and how it came about.

    Attributes
    ----------
    stack : SliceStack
        Solid and pore, in the order of depth.
    depths : Depths
        Where the slices lie, with their source.
    names : tuple of str
        Names of the slices in the order of depth; empty if they have none.
    histogram : Histogram
        Of the grey values.
    drift : Drift
        What was measured, before it was corrected.
    files : tuple of Path
        Every file that was read.
    facts : dict
        What is known of the stack, in plain values: see `Findings`.
    notes : tuple of str
        What was read and how, a sentence each.
    warnings : tuple of str
        What looks wrong, a sentence each. Every one was a `FibgapWarning`, too.
    """

    stack: SliceStack
    depths: Depths
    names: tuple[str, ...]
    histogram: Histogram
    drift: Drift
    files: tuple[Path, ...]
    facts: dict[str, Any]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass
class Findings:
    """What is known of a stack at some point of its loading.

    Attributes
    ----------
    facts : dict
        Plain values by name: "slices", "height", "width", "type", "pixel_nm", "solid_fraction",
        "drift_pixels", "depths", "first_nm", "last_nm", "thickness_nm" (mean), "thickness_sd_nm",
        "thinnest_nm", "thickest_nm", and, where they are known, "depth_sd_nm" (the largest standard
        deviation of a depth) and "thickness_error_nm" (that of a thickness, rms).
    notes : list of str
        What was read and how.
    problems : list of str
        Why it cannot be loaded.
    tolerant : bool
        Go on after a problem as far as possible, so that all are told at once.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    tolerant: bool = False

    @contextmanager
    def step(self) -> Iterator[None]:
        """Keep the problem of a step, or raise it at once if nobody wants to hear of more."""
        try:
            yield
        except InputError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
            if not self.tolerant:
                raise

    def take(self, notes: tuple[str, ...]) -> None:
        """Take over notes that are not there yet."""
        self.notes += [note for note in notes if note not in self.notes]
