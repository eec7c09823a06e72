"""Measures by name: what is registered here can be asked for, configured and tabulated."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.measures.volumes import as_volume

#: A function of a volume, shape (Z, Y, X) bool, and keyword-only options with defaults. It returns
#: an array whose first axis is the direction in order z, y, x: shape (3, L) for a curve over lags,
#: (3,) for a number.
Measure = Callable[..., NDArray[np.float64]]

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
        Decorator that returns its function unchanged.

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


def measure_names() -> tuple[str, ...]:
    """Return the names of all registered measures.

    Examples
    --------
    >>> from fibgap.measures import measure_names
    >>> measure_names()[:3]
    ('tpcf', 'lpf', 'd')
    """
    return tuple(_MEASURES)


def measure_symbol(name: str) -> str:
    """Return how tables and figures write a measure.

    Examples
    --------
    >>> from fibgap.measures import measure_symbol
    >>> measure_symbol("tpcf")
    'TPCF'
    """
    return _SYMBOLS.get(name, name.upper())


def measure(
    volume: ArrayLike, names: Iterable[str] = ("tpcf", "lpf", "d"), **options: Any
) -> dict[str, NDArray[np.float64]]:
    """Measure a volume along its three axes.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True; numbers that are all 0 or 1 will do.
    names : iterable of str
        Measures to take.
    **options
        Options of the measures. Each measure gets those that it knows, and those that only a
        measure not asked for knows are ignored: ``max_lag`` and ``boundary`` for "tpcf" and
        "lpf"; ``centred`` for "tpcf" (``S2(r) - phi**2`` instead of ``S2(r)``); ``phase`` for all;
        ``cut``, ``tolerance``, ``iteration_limit`` and ``device`` for "d".

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
    >>> from fibgap.measures import measure
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
    array = as_volume(volume)
    return {
        name: _MEASURES[name](array, **{o: v for o, v in options.items() if o in known[name]})
        for name in wanted
    }


def _option_names(function: Measure) -> set[str]:
    parameters = inspect.signature(function).parameters.values()
    # All measures are taken along all three axes.
    return {each.name for each in parameters if each.kind is each.KEYWORD_ONLY} - {"axis"}
