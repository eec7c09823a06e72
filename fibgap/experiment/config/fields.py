"""What the models of the sections are made of: a closed section, its keys, and kinds of values."""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, get_type_hints

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


def key(description: str, default: Any = ..., *, unit: str | None = None, **bounds: Any) -> Any:
    """Return a key of a section.

    Parameters
    ----------
    description : str
        One sentence.
    default
        Its default; the key is required where there is none. None: it may be left out.
    unit : str, optional
        Unit of a number.
    **bounds
        ``gt``, ``ge``, ``lt``, ``le`` of a number, ``min_length`` and ``max_length`` of a list.
    """
    about: dict[str, Any] = {"json_schema_extra": {"unit": unit}} if unit else {}
    return Field(default=default, description=description, **about, **bounds)


def part(section: type[BaseModel], default: Any = ...) -> Any:
    """Return a key that holds a section, which describes itself.

    Parameters
    ----------
    section : Section
        Its docstring is the description.
    default
        As for `key`; {} stands for the section with all its defaults.
    """
    description = " ".join((section.__doc__ or "").split())
    if default == {}:
        extra: Any = {"default": {}}
        return Field(default_factory=section, description=description, json_schema_extra=extra)
    return key(description, default)


class Section(BaseModel):
    """A table of keys: closed, with numbers as people understand them.

    A 3.0 is no integer, a `true` no number, and NaN and the infinities of YAML are refused.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
    #: What to write instead of a key of earlier versions.
    instead: ClassVar[dict[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _closed(cls, values: Any) -> Any:
        """Refuse an unknown key by its name, with the nearest of those that there are."""
        for name in values if isinstance(values, dict) else ():
            if name not in cls.model_fields:
                near = get_close_matches(str(name), cls.model_fields, n=1)
                advice = f"perhaps '{near[0]}' is meant; " if near else ""
                advice += f"known keys: {', '.join(sorted(cls.model_fields))}"
                about = {"key": str(name), "advice": cls.instead.get(name, advice)}
                raise PydanticCustomError("unknown_key", "{key}: {advice}", about)
        return values


def section_of(settings: type) -> Any:
    """Return a section whose keys are the settings of a dataclass of the library.

    Parameters
    ----------
    settings : dataclass
        Its fields come from `fibgap.settings.setting`.
    """
    hints = get_type_hints(settings)
    keys: dict[str, Any] = {}
    for each in dataclasses.fields(settings):
        default = ... if each.default is dataclasses.MISSING else each.default
        keys[each.name] = (hints[each.name], Field(default=default, **each.metadata))
    return create_model(settings.__name__, __base__=Section, **keys)


@dataclass(frozen=True)
class OneOf:
    """One of the names in a registry of the library, which is asked when a value is checked.

    A YAML file says `true` without quotes; where that is a name, the name is meant.
    """

    names: Callable[[], Iterable[str]]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the check."""
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the choices for editors."""
        names = list(self.names())
        if "true" in names:
            return {"enum": [*names, True]}
        return {"enum": names, "type": "string"}

    def _check(self, value: Any) -> str:
        names = list(self.names())
        if value is True and "true" in names:
            return "true"
        if not isinstance(value, str) or value not in names:
            choices = {"names": ", ".join(names)}
            raise PydanticCustomError("not_one_of", "must be one of {names}", choices)
        return value


@dataclass(frozen=True)
class Unique:
    """A list that holds nothing twice."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the check."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema of the list for editors."""
        return {**handler(schema), "uniqueItems": True}

    def _check(self, values: list[Any]) -> list[Any]:
        if len({*values}) < len(values):
            raise PydanticCustomError("twice", "must not hold anything twice")
        return values


#: Folders are called by these names.
FolderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$", max_length=100)]
Shape = Annotated[list[Annotated[int, Field(ge=8, le=4096)]], Field(min_length=3, max_length=3)]
#: Lower and upper end.
Range = Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=2, max_length=2)]
