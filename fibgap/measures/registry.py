"""Measures by name: what is registered here can be asked for, configured and tabulated."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.measures.volumes import as_volume

#: A function of a volume, shape (Z, Y, X) bool, and keyword-only options with defaults. It returns
#: an array whose first axis is the direction in order z, y, x: shape (3, L) for a curve over lags,
#: (3,) for a number. A number without a direction has the shape (1,).
Measure = Callable[..., NDArray[np.float64]]


@dataclass(frozen=True)
class Entry:
    """What is known of a measure.

    Attributes
    ----------
    function : callable
        See `Measure`.
    symbol : str
        How tables and figures write it.
    unit : str
        Of its values, "" for none.
    extended : bool
        Whether it is taken only where it is asked for, and shown in the extended table.
    """

    function: Measure
    symbol: str
    unit: str
    extended: bool


_MEASURES: dict[str, Entry] = {}


def register(
    name: str, *, symbol: str | None = None, unit: str = "", extended: bool = False
) -> Callable[[Measure], Measure]:
    """Register a function as the measure of that name.

    Parameters
    ----------
    name : str
        Name that is not taken yet.
    symbol : str, optional
        How tables and figures write it; by default the name in capitals.
    unit : str
        Unit of its values, empty for a curve and for what has none.
    extended : bool
        False: it stands in the tables of the paper's shape, with an anisotropy error and one
        against the truth. True: it stands in the extended table.

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
        _MEASURES[name] = Entry(function, symbol or name.upper(), unit, extended)
        return function

    return enter


def measure_names(*, extended: bool | None = None) -> tuple[str, ...]:
    """Return the names of registered measures.

    Parameters
    ----------
    extended : bool, optional
        Only those of the extended table, or only the others; all of them if not given.

    Examples
    --------
    >>> from fibgap.measures import measure_names
    >>> measure_names(extended=False)
    ('tpcf', 'lpf', 'd')
    """
    return tuple(n for n, entry in _MEASURES.items() if extended in (None, entry.extended))


def measures_with(option: str) -> tuple[str, ...]:
    """Return the names of the measures that know an option of `measure`.

    Examples
    --------
    >>> from fibgap.measures import measures_with
    >>> measures_with("cut")
    ('d', 'd_solid')
    """
    return tuple(name for name, each in _MEASURES.items() if option in _option_names(each.function))


def measure_symbol(name: str) -> str:
    """Return how tables and figures write a measure.

    Examples
    --------
    >>> from fibgap.measures import measure_symbol
    >>> measure_symbol("tpcf")
    'TPCF'
    """
    return _MEASURES[name].symbol if name in _MEASURES else name.upper()


def measure_unit(name: str) -> str:
    """Return the unit of a measure's values, "" for none.

    Examples
    --------
    >>> from fibgap.measures import measure_unit
    >>> measure_unit("solid_chord")
    'nm'
    """
    return _MEASURES[name].unit if name in _MEASURES else ""


def require_measures(names: Iterable[str]) -> None:
    """Refuse a name that no measure has.

    Raises
    ------
    InputError
        It lists those that there are.
    """
    for name in names:
        if name not in _MEASURES:
            raise InputError(f"measure {name!r} is unknown; known are {', '.join(_MEASURES)}.")


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
        "lpf"; ``centred`` for "tpcf" (``S2(r) - phi**2`` instead of ``S2(r)``); ``phase`` for
        "tpcf", "lpf" and "d"; ``cut`` and ``spacing`` for "d" and "d_solid"; ``tolerance``,
        ``iteration_limit`` and ``device`` for "d"; ``voxel_nm`` for what is a length.

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
    require_measures(wanted)
    known = {name: _option_names(entry.function) for name, entry in _MEASURES.items()}
    every = {option for each in known.values() for option in each}
    for option in options:
        if option not in every:
            raise InputError(
                f"option {option!r} is unknown to all measures; known are "
                f"{', '.join(sorted(every))}."
            )
    array = as_volume(volume)
    return {
        name: _MEASURES[name].function(
            array, **{o: v for o, v in options.items() if o in known[name]}
        )
        for name in wanted
    }


def _option_names(function: Measure) -> set[str]:
    parameters = inspect.signature(function).parameters.values()
    # All measures are taken along all three axes.
    return {each.name for each in parameters if each.kind is each.KEYWORD_ONLY} - {"axis"}
