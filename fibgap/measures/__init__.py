"""Measures of a volume along z, y and x, by name.

A measure is a function that is registered under a name. It takes a `Sample` and keyword-only
options, and returns an array whose first axis is the direction in order z, y, x: shape ``(3, L)``
for a curve over lags, ``(3,)`` for a number.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.measures.correlation import (
    PackedLines,
    check_boundary,
    check_max_lag,
    default_max_lag,
)
from fibgap.measures.diffusivity import effective_diffusivity
from fibgap.measures.volumes import as_two_phase

Measure = Callable[..., NDArray[np.float64]]


@dataclass(frozen=True)
class Sample:
    """A volume that has been checked, and what several measures of it share.

    Attributes
    ----------
    volume : (Z, Y, X) bool
        Gold = True; some voxels are gold and some are not.
    """

    volume: NDArray[np.bool_]

    @cached_property
    def gold_lines(self) -> tuple[PackedLines, PackedLines, PackedLines]:
        """The gold phase packed along z, y and x."""
        return (
            PackedLines.pack(self.volume, 0),
            PackedLines.pack(self.volume, 1),
            PackedLines.pack(self.volume, 2),
        )


_MEASURES: dict[str, Measure] = {}
_SYMBOLS: dict[str, str] = {}


def register(name: str, *, symbol: str | None = None) -> Callable[[Measure], Measure]:
    """Register a function as the measure of that name.

    Parameters
    ----------
    name : str
        Name that is not taken yet.
    symbol : str, optional
        How tables and figures write it; by default the name in capitals.

    Returns
    -------
    callable
        Decorator that returns its function unchanged. The function takes a `Sample` and
        keyword-only options, all with defaults.

    Raises
    ------
    InputError
        If the name is taken.
    """

    def enter(function: Measure) -> Measure:
        if name in _MEASURES:
            raise InputError(f"measure {name!r} is registered already.")
        _MEASURES[name] = function
        _SYMBOLS[name] = symbol or name.upper()
        return function

    return enter


def measure_symbol(name: str) -> str:
    """Return how tables and figures write a measure.

    Examples
    --------
    >>> measure_symbol("tpcf")
    'TPCF'
    """
    return _SYMBOLS.get(name, name.upper())


def measure_names() -> tuple[str, ...]:
    """Return the names of all registered measures.

    Examples
    --------
    >>> measure_names()[:3]
    ('tpcf', 'lpf', 'd')
    """
    return tuple(_MEASURES)


def measure(
    volume: ArrayLike, names: Iterable[str] = ("tpcf", "lpf", "d"), **options: Any
) -> dict[str, NDArray[np.float64]]:
    """Measure a volume along its three axes.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Gold = True; numbers that are all 0 or 1 will do.
    names : iterable of str
        Measures to take.
    **options
        Options of the measures. Each measure gets those that it knows, and those that only a
        measure not asked for knows are ignored: ``max_lag`` and ``boundary`` for "tpcf" and
        "lpf"; ``centred`` for "tpcf" (``S2(r) - phi**2`` instead of ``S2(r)``); ``cut``,
        ``tolerance``, ``iteration_limit`` and ``device`` for "d".

    Returns
    -------
    dict of str to ndarray of float64
        By name, in the order asked for; first axis in order z, y, x.

    Raises
    ------
    InputError
        If the volume cannot be measured, or a name or an option is unknown.

    Examples
    --------
    >>> layers = np.array([True, False, True, False]).reshape(4, 1, 1) & np.ones((4, 4, 4), bool)
    >>> measure(layers, ["tpcf"], max_lag=1)["tpcf"].tolist()
    [[0.5, 0.0], [0.5, 0.5], [0.5, 0.5]]
    """
    wanted = list(names)
    for name in wanted:
        if name not in _MEASURES:
            raise InputError(f"measure {name!r} is unknown; known are {', '.join(_MEASURES)}.")
    known = {name: _option_names(function) for name, function in _MEASURES.items()}
    every = {option for each in known.values() for option in each}
    for option in options:
        if option not in every:
            raise InputError(
                f"option {option!r} is unknown to all measures; known are "
                f"{', '.join(sorted(every))}."
            )
    sample = Sample(as_two_phase(volume))
    return {
        name: _MEASURES[name](sample, **{o: v for o, v in options.items() if o in known[name]})
        for name in wanted
    }


def _option_names(function: Measure) -> set[str]:
    parameters = inspect.signature(function).parameters.values()
    return {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}


@register("tpcf")
def _tpcf(
    sample: Sample, *, max_lag: int | None = None, boundary: str = "open", centred: bool = False
) -> NDArray[np.float64]:
    """Two-point correlation of gold, or what of it exceeds the square of the solid fraction."""
    max_lag = _checked_lags(sample, max_lag, boundary)
    curves = np.array(
        [lines.two_point_correlation(max_lag, boundary) for lines in sample.gold_lines]
    )
    return curves - sample.volume.mean() ** 2 if centred else curves


@register("lpf")
def _lpf(
    sample: Sample, *, max_lag: int | None = None, boundary: str = "open"
) -> NDArray[np.float64]:
    """Lineal path of gold."""
    max_lag = _checked_lags(sample, max_lag, boundary)
    return np.array([lines.lineal_path(max_lag, boundary) for lines in sample.gold_lines])


@register("d")
def _d(
    sample: Sample,
    *,
    cut: int | None = None,
    tolerance: float = 1e-5,
    iteration_limit: int = 500,
    device: str = "cpu",
) -> NDArray[np.float64]:
    """Effective diffusivity of the pores."""
    return effective_diffusivity(
        sample.volume,
        cut=cut,
        tolerance=tolerance,
        iteration_limit=iteration_limit,
        device=device,
    )


def _checked_lags(sample: Sample, max_lag: int | None, boundary: str) -> int:
    check_boundary(boundary)
    if max_lag is None:
        return default_max_lag(sample.volume.shape)
    check_max_lag(max_lag, min(sample.volume.shape))
    return max_lag
