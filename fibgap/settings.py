"""Settings of dataclasses: each says its default, bounds, unit and meaning once, for all readers.

The dataclass refuses what is out of bounds, its documentation lists what stands here, and the
configuration takes its keys from it.
"""

from collections.abc import Callable
from dataclasses import MISSING, field, fields
from functools import cache
from inspect import cleandoc
from operator import ge, gt, le, lt
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from fibgap.errors import InputError

Class = TypeVar("Class", bound=type)

#: How a bound is compared, and how it reads.
BOUNDS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "gt": (gt, "greater than"),
    "ge": (ge, "at least"),
    "lt": (lt, "less than"),
    "le": (le, "at most"),
}


def setting(
    description: str, default: Any = MISSING, *, unit: str | None = None, **bounds: float
) -> Any:
    """Return a field of a dataclass that knows what it means.

    Parameters
    ----------
    description : str
        One sentence.
    default
        Its default; none if left out.
    unit : str, optional
        Unit of a number.
    **bounds
        ``gt``, ``ge``, ``lt``, ``le``: greater than, at least, less than, at most.
    """
    about = {"json_schema_extra": {"unit": unit}} if unit else {}
    return field(default=default, metadata={"description": description, **about, **bounds})


def bounds_words(bounds: dict[str, Any]) -> str:
    """Say bounds in words; an empty text for none.

    Examples
    --------
    >>> bounds_words({"gt": 0, "le": 1})
    'greater than 0 and at most 1'
    """
    return " and ".join(
        f"{BOUNDS[name][1]} {bounds[name]:.15g}" for name in BOUNDS if name in bounds
    )


def described(cls: Class) -> Class:
    """Add the section *Attributes* to the documentation of a dataclass of settings."""
    hints = get_type_hints(cls)
    lines = [cleandoc(cls.__doc__ or ""), "", "Attributes", "----------"]
    for each in fields(cls):
        unit = each.metadata.get("json_schema_extra", {}).get("unit")
        text = each.metadata["description"]
        lines += [
            f"{each.name} : {_type_words(hints[each.name])}",
            f"    {text} Unit: {unit}." if unit else f"    {text}",
        ]
    cls.__doc__ = "\n".join(lines)
    return cls


def check_settings(settings: Any) -> None:
    """Check all settings of a dataclass against their bounds and choices.

    Raises
    ------
    InputError
        By the name of the setting, with its value.
    """
    for name, bounds, choices in _limits(settings.__class__):
        value = getattr(settings, name)
        if choices and value not in choices:
            raise InputError(f"{name} '{value}' is unknown; choose one of {', '.join(choices)}.")
        # Written so that NaN, which compares with nothing, keeps to no bound.
        if not all(BOUNDS[key][0](value, bound) for key, bound in bounds.items()):
            raise InputError(f"{name} must be {bounds_words(bounds)}, but is {value}.")


@cache
def _limits(cls: type) -> list[tuple[str, dict[str, Any], tuple[str, ...]]]:
    """Return the name, the bounds and the choices of every setting of a dataclass."""
    hints = get_type_hints(cls)
    found = []
    for each in fields(cls):
        hint = hints[each.name]
        choices = get_args(hint) if get_origin(hint) is Literal else ()
        bounds = {key: value for key, value in each.metadata.items() if key in BOUNDS}
        found.append((each.name, bounds, choices))
    return found


def _type_words(hint: Any) -> str:
    """Write a type as documentation does."""
    if get_origin(hint) is Literal:
        return "{" + ", ".join(map(repr, get_args(hint))) + "}"
    return str(hint.__name__)
