"""Solid and pore from images: by label, of two values, by threshold, by Otsu's methods."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_multiotsu, threshold_otsu

from fibgap.errors import InputError
from fibgap.io.histogram import MOST_VALUES, survey
from fibgap.io.images import ImageStack
from fibgap.on_disk import map_slices

#: Ways to find a threshold, by name.
METHODS = ("otsu", "multi-otsu")


@dataclass(frozen=True)
class Segmentation:
    """A stack of solid and pore, and how it was told apart.

    Attributes
    ----------
    stack : ImageStack
        Its images are bool, solid = True; invalid pixels are False. Its notes say what was done.
    how : str
        "labels", "binary", "threshold", "otsu" or "multi-otsu".
    thresholds : tuple of float
        Values between the phases or classes; empty for labels.
    counts : (B,) int64
        Histogram of the valid pixels.
    edges : (B + 1,) float64
        Edges of its bins, in grey values.
    """

    stack: ImageStack
    how: str
    thresholds: tuple[float, ...]
    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


def segment(
    stack: ImageStack,
    *,
    phase: float | Sequence[float] | None = None,
    threshold: float | None = None,
    method: str | None = None,
    classes: int = 3,
    solid_class: int | Sequence[int] | None = None,
    solid_is: str = "bright",
) -> Segmentation:
    """Tell solid from pore.

    Parameters
    ----------
    stack : ImageStack
        Grey values, labels, or two values.
    phase : number or sequence of numbers, optional
        The label, or labels, that are solid; all others are pore.
    threshold : float, optional
        Solid is above this grey value.
    method : str, optional
        "otsu" or "multi-otsu": find the threshold.
    classes : int
        Number of classes of "multi-otsu".
    solid_class : int or sequence of int, optional
        Which of its classes are solid, from 0, the darkest; the default is the brightest.
    solid_is : str
        "bright", or "dark" if solid lies at or below the threshold, or is the lower of two values.

    Returns
    -------
    Segmentation
        Without an instruction only a stack of two values is told apart: the greater is solid.

    Raises
    ------
    InputError
        If there is no instruction for more than two values, if there is more than one, if a label
        does not occur, or if all is one phase.

    Notes
    -----
    Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979); for several classes Liao, Chen and Chung,
    J. Inf. Sci. Eng. 17, 713 (2001).

    Examples
    --------
    >>> labels = ImageStack(np.array([[[1, 2]], [[2, 3]]], dtype=np.uint8))
    >>> segment(labels, phase=2).stack.images.astype(int).tolist()
    [[[0, 1]], [[1, 0]]]
    >>> segment(ImageStack(np.array([[[0, 255]], [[255, 0]]], dtype=np.uint8))).stack.notes
    ('two values, 0 and 255: 255 is solid',)
    """
    asked = {"phase": phase, "threshold": threshold, "method": method}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} are given, but one of them decides what is solid.")
    if solid_is not in ("bright", "dark"):
        raise InputError(f"solid_is must be 'bright' or 'dark', but is '{solid_is}'.")
    if method is not None and method not in METHODS:
        raise InputError(f"method '{method}' is unknown; choose one of {', '.join(METHODS)}.")
    dark = solid_is == "dark"
    values, counts, edges = survey(stack)
    thresholds: tuple[float, ...] = ()
    if len(values) == 1:
        raise InputError(
            f"all pixels of the stack hold the value {values[0]:g}: there is no structure in it."
        )
    if phase is not None:
        how = "labels"
        solid, note = _by_label(stack, values, phase)
    elif threshold is not None:
        how, thresholds = "threshold", (float(threshold),)
        solid, note = _by_threshold(stack, float(threshold), dark, f"threshold {threshold:g}")
    elif method == "otsu":
        found = _upper_edge(threshold_otsu(hist=(counts, _centres(edges))), edges)
        how, thresholds = "otsu", (found,)
        solid, note = _by_threshold(stack, found, dark, f"Otsu's threshold {found:.6g}")
    elif method == "multi-otsu":
        how = "multi-otsu"
        thresholds = _multi_otsu(counts, edges, classes)
        if solid_class is None:
            solid_class = 0 if dark else classes - 1
        solid, note = _by_class(stack, thresholds, solid_class)
    elif len(values) == 2:
        how = "binary"
        low, high = values
        thresholds = ((float(low) + float(high)) / 2,)
        solid, _ = _by_threshold(stack, thresholds[0], dark, "")
        note = f"two values, {low:g} and {high:g}: {low if dark else high:g} is solid"
    else:
        raise InputError(_too_many(values, stack))
    _require_both(solid, stack, note, values)
    return Segmentation(stack.noting(note, images=solid), how, thresholds, counts, edges)


def _centres(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the middles of bins."""
    return (edges[1:] + edges[:-1]) / 2


def _upper_edge(centre: float, edges: NDArray[np.float64]) -> float:
    """Return the upper edge of a bin: Otsu's classes are whole bins, so that it parts them."""
    return float(edges[np.abs(_centres(edges) - centre).argmin() + 1])


def _by_threshold(
    stack: ImageStack, threshold: float, dark: bool, what: str
) -> tuple[NDArray[np.bool_], str]:
    """Return what lies above (dark: at or below) a threshold."""
    solid = _cut(stack, lambda image: image <= threshold if dark else image > threshold)
    return solid, f"{what}: solid is {'at or below' if dark else 'above'} it"


def _by_label(
    stack: ImageStack, values: NDArray[np.generic], phase: float | Sequence[float]
) -> tuple[NDArray[np.bool_], str]:
    """Return what has one of some labels."""
    labels = list(phase) if isinstance(phase, Sequence) else [phase]
    lost = [label for label in labels if label not in values]
    if lost or not labels:
        raise InputError(
            f"label {', '.join(f'{label:g}' for label in lost) or 'none'} is not in the stack: "
            f"{_shown(values)}."
        )
    solid = _cut(stack, lambda image: np.isin(image, labels))
    shown = " and ".join(f"{label:g}" for label in labels)
    return solid, f"solid is label{'s' * (len(labels) > 1)} {shown}; {_shown(values)}"


def _multi_otsu(
    counts: NDArray[np.int64], edges: NDArray[np.float64], classes: int
) -> tuple[float, ...]:
    """Return the thresholds between classes."""
    if not 2 <= classes <= 5:
        raise InputError(f"multi-otsu takes 2 to 5 classes, but {classes} were asked for.")
    try:
        found = threshold_multiotsu(hist=(counts, _centres(edges)), classes=classes)
    except ValueError:
        raise InputError(
            f"multi-otsu cannot make {classes} classes of {int((counts > 0).sum())} grey values."
        ) from None
    return tuple(_upper_edge(value, edges) for value in found)


def _by_class(
    stack: ImageStack, thresholds: tuple[float, ...], chosen: int | Sequence[int]
) -> tuple[NDArray[np.bool_], str]:
    """Return what lies in some classes."""
    wanted = [chosen] if isinstance(chosen, int) else list(chosen)
    n_classes = len(thresholds) + 1
    for each in wanted:
        if not 0 <= each < n_classes:
            raise InputError(
                f"solid_class {each} is none of the classes 0 (darkest) to {n_classes - 1}."
            )
    solid = _cut(stack, lambda image: np.isin(np.digitize(image, thresholds, right=True), wanted))
    shown = ", ".join(f"{value:.6g}" for value in thresholds)
    return solid, (
        f"multi-Otsu's thresholds {shown}: solid is class {', '.join(map(str, wanted))} of "
        f"{n_classes}, 0 being the darkest"
    )


def _cut(
    stack: ImageStack, solid: Callable[[NDArray[Any]], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Return what is solid in every image, invalid pixels False."""
    valid = stack.valid
    return map_slices(
        stack.images,
        lambda z, image: solid(image) if valid is None else solid(image) & valid[z],
        np.bool_,
    )


def _shown(values: NDArray[np.generic]) -> str:
    """Return which values there are, for people."""
    if len(values) > 12:
        return f"there are {len(values)} values from {values[0]:g} to {values[-1]:g}"
    return f"there are the values {', '.join(f'{value:g}' for value in values)}"


def _too_many(values: NDArray[np.generic], stack: ImageStack) -> str:
    """Return what to say of a stack of more than two values without an instruction."""
    many = "more than 65,536" if len(values) > MOST_VALUES else f"{len(values)}"
    shown = "" if len(values) > 12 else f" ({', '.join(f'{value:g}' for value in values)})"
    if stack.images.dtype.kind in "ui" and len(values) <= 12:
        hint = f"phase, the label that is solid, such as phase={values[-1]:g}"
    elif stack.images.dtype.kind == "f" and values[0] >= 0 and values[-1] <= 1:
        hint = "threshold=0.5 if they are probabilities"
    else:
        hint = "threshold, a grey value, or method='otsu'"
    return f"the stack holds {many} grey values{shown}, so what is solid must be told: pass {hint}."


def _require_both(
    solid: NDArray[np.bool_], stack: ImageStack, note: str, values: NDArray[np.generic]
) -> None:
    """Refuse a segmentation of one phase only."""
    n_solid = sum(int(np.count_nonzero(image)) for image in solid)
    n_valid = solid.size
    if stack.valid is not None:
        n_valid = sum(int(np.count_nonzero(mask)) for mask in stack.valid)
    if n_solid in (0, n_valid):
        phase = "pore" if n_solid == 0 else "solid"
        raise InputError(f"all of the stack is {phase} ({note}); {_shown(values)}.")
