"""Values of a configuration against the models: completed, or refused in one sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fibgap.errors import InputError
from fibgap.experiment.config.experiment import Experiment
from fibgap.settings import bounds_words

#: What was expected, by the type of an error of the models.
EXPECTED = {
    "int_type": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a table of keys",
    "model_type": "a table of keys",
}
#: What a text from a command line may stand for.
TYPED = ("int_type", "float_type", "bool_type", "either_type")


def validate(values: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with all its defaults, or say what is wrong with it.

    Parameters
    ----------
    values : dict
        What a configuration file holds.
    typed : dict
        The part of it that was typed on a command line, see `fibgap.experiment.config.check`.
    """
    errors: list[ErrorDetails] = []
    for _ in range(2):
        try:
            model = Experiment.model_validate(values)
            break
        except ValidationError as error:
            errors = error.errors(include_url=False)
            values = _read_typed(values, typed, errors)
    else:
        # What the writer misspelt comes before what is missing for that reason.
        first = min(errors, key=lambda error: error["type"] != "unknown_key")
        raise InputError(f"configuration: {_describe(first)}")
    complete: dict[str, Any] = _complete(values, model.model_dump(exclude_none=True))
    return complete


def _complete(given: Any, checked: Any) -> Any:
    """Return what was given, numbers as they were written, and the defaults after it.

    A text is the model's, which takes a `true` for a name where it is one.
    """
    if isinstance(given, Mapping):
        kept = {name: _complete(value, checked[name]) for name, value in given.items()}
        return {**kept, **{name: value for name, value in checked.items() if name not in kept}}
    if isinstance(given, list):
        return [_complete(*pair) for pair in zip(given, checked, strict=True)]
    return checked if isinstance(checked, str) else given


def _describe(error: ErrorDetails) -> str:
    """Turn an error of the models into one sentence that names the key and the value."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    place = [part for part in error["loc"] if part != "[key]"]
    where, above = (".".join(map(str, parts)) or "the top level" for parts in (place, place[:-1]))
    if kind == "unknown_key":
        return f"unknown key '{context['key']}' in {where}; {context['advice']}."
    if kind == "missing":
        return f"{above} lacks the key '{place[-1]}'."
    if error["loc"][-1] == "[key]":
        return f"the name {value!r} in {above} is not allowed: it {_wish(error)}."
    # YAML takes for text what stands in quotes, and a number such as 1e-3, which lacks a dot.
    text = kind in TYPED and isinstance(value, str) and _meant(value) != value
    hint = ", without quotes and written like 1.0e-3, not 1e-3" if text else ""
    return f"{where} is {value!r}, but it {_wish(error)}{hint}."


def _wish(error: ErrorDetails) -> str:
    """Say what a value must be."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in EXPECTED:
        return f"must be {EXPECTED[kind]}"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}"
    if "min_length" in context or "max_length" in context:
        bound = "least" if "min_length" in context else "most"
        count = context.get("min_length", context.get("max_length"))
        things = "character" if kind.startswith("string") else "value"
        return f"must hold at {bound} {count} {things}{'s' * (count != 1)}"
    if words := bounds_words(dict(context)):
        return f"must be {words}"
    return error["msg"]  # such as that of `fibgap.experiment.config.options.Either`


def _read_typed(values: Any, typed: Any, errors: Sequence[ErrorDetails]) -> Any:
    """Return a copy of values in which typed text that stands for a number or a truth is one."""
    for error in errors:
        if error["type"] in TYPED and _holds(typed, error["loc"], error["input"]):
            values = _replace(values, error["loc"], _meant(error["input"]))
    return values


def _holds(typed: Any, place: Sequence[Any], value: Any) -> bool:
    """Return whether a text stands at a place of what was typed."""
    for part in place:
        try:
            typed = typed[part]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(value, str) and typed == value


def _meant(text: str) -> Any:
    """Return the value that a typed text stands for, the text itself where it stands for none."""
    for read in (yaml.safe_load, float):
        try:
            value = read(text)
        except (yaml.YAMLError, ValueError):
            continue
        if not isinstance(value, str):
            return value
    return text


def _replace(values: Any, place: Sequence[Any], value: Any) -> Any:
    """Return values with another value at a place."""
    if not place:
        return value
    first, rest = place[0], place[1:]
    copied = list(values) if isinstance(values, list) else dict(values)
    copied[first] = _replace(values[first], rest, value)
    return copied
