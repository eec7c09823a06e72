"""Keys that are the options of a function of the library: its names, types and words stand there.

What is added to the options of `fibgap.stacks.fill_stack` is a key of a configuration at once.
"""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

#: What values of a configuration can be, and how messages call them.
_PLAIN = {
    bool: ("true or false", "truths"),
    int: ("an integer", "integers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
}


@dataclass(frozen=True)
class Either:
    """A value of one of several kinds, refused in one sentence."""

    words: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the check."""
        told = {
            "custom_error_type": "either_type",
            "custom_error_message": f"must be {self.words}",
        }
        return cast("CoreSchema", {**handler(source), **told})


def option_keys(
    hints: Mapping[str, Any], described: Mapping[str, str], *, skip: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the keys of a section from the options of a function.

    Parameters
    ----------
    hints : mapping of str to type
        Type of every option. What no value of a configuration can be, such as a function, makes no
        key; of a type that has alternatives, those that can be remain.
    described : mapping of str to str
        What every option means, see `described_options`.
    skip : sequence of str
        Options that make no keys.

    Returns
    -------
    dict of str to (type, FieldInfo)
        For `pydantic.create_model`; all may be left out.
    """
    kinds = {name: _kind(hint) for name, hint in hints.items() if name not in skip}
    return {
        name: (kind, Field(default=None, description=described[name]))
        for name, kind in kinds.items()
        if kind is not None
    }


def described_options(documented: Any, section: str) -> dict[str, str]:
    """Return what a docstring says of each name in one of its sections.

    Parameters
    ----------
    documented : object
        A class or a function whose docstring follows numpydoc.
    section : str
        "Attributes" or "Parameters".

    Returns
    -------
    dict of str to str
        In order, each description in one line.

    Examples
    --------
    >>> class Tea:
    ...     '''Tea.
    ...
    ...     Attributes
    ...     ----------
    ...     milk, sugar : bool
    ...         Whether there is
    ...         milk or sugar.
    ...     '''
    >>> described_options(Tea, "Attributes")
    {'milk': 'Whether there is milk or sugar.', 'sugar': 'Whether there is milk or sugar.'}
    """
    text = inspect.getdoc(documented) or ""
    found = re.search(rf"^{section}\n-+\n(.*?)(?:\n\n\S|\Z)", text, re.DOTALL | re.MULTILINE)
    options: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", found[1] if found else ""):
        head, _, body = block.partition("\n")
        for name in head.partition(" : ")[0].split(","):
            options[name.strip("* ")] = " ".join(body.split())
    return options


def _kind(hint: Any) -> Any:
    """Return what a value of a configuration can be of a type, None if nothing."""
    kinds: list[Any] = []
    for part in get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,):
        kind: Any = str if part is Path else part
        if get_origin(part) is Sequence:
            kind = list[_kind(get_args(part)[0])]  # type: ignore[misc]
        if (kind in _PLAIN or get_origin(kind) in (list, Literal)) and kind not in kinds:
            kinds.append(kind)
    if len(kinds) > 1:
        return Annotated[Union[tuple(kinds)], Either(" or ".join(map(_words, kinds)))]  # noqa: UP007
    return kinds[0] if kinds else None


def _words(kind: Any) -> str:
    """Return how messages call a kind of value."""
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    if get_origin(kind) is list:
        return f"a list of {_PLAIN[get_args(kind)[0]][1]}"
    return _PLAIN[kind][0]
