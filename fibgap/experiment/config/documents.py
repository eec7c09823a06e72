"""What is made of the models: the JSON schema for editors, and the reference page."""

import json
from functools import cache
from typing import Any

from fibgap.experiment.config.experiment import Experiment
from fibgap.settings import bounds_words

HEAD = """\
# Configuration

<!-- Written by "make reference" from the models in fibgap/experiment/config, not by hand. -->

A configuration is a YAML file in UTF-8, such as `config/quick.yaml`. Every key stands below, in the
section that has its name. An unknown key is an error, and so is a value out of bounds; the message
names the key and the value.

| to do | command |
|---|---|
| check a file | `python -m fibgap.experiment.config FILE` |
| run it | `snakemake --configfile FILE` |
| change keys by a second file | `snakemake --configfile FILE SECOND` |
| change a key for one run | `snakemake --configfile FILE --config 'datasets={count: 3}'` |
| complete it with all defaults | `python -m fibgap.experiment.config FILE --resolve > FILE.json` |

A second file, like a value of `--config`, changes the keys that it names and leaves the others as
they are; a list is replaced as a whole. `--config` takes sections as above; keys with dots, such as
`datasets.count=3`, are not understood.

A configuration that was completed in this way is JSON. The same version of fibgap trains networks
by it (`python -m fibgap.network FILE.json NAME`) on a machine that has no pydantic.

Every file in `config/` names `config/config.schema.json` in its first line. With it, an editor that
knows YAML schemas completes keys and shows the descriptions below.

`NAME` stands for a name that you choose, `[]` for each row of a list.
"""
#: Bounds of numbers in JSON schema.
BOUNDS = {"exclusiveMinimum": "gt", "minimum": "ge", "exclusiveMaximum": "lt", "maximum": "le"}
#: What types of JSON schema are called, alone and in a list.
TYPES = {
    "boolean": ("true or false", "true or false"),
    "string": ("text", "texts"),
    "number": ("number", "numbers"),
    "integer": ("integer", "integers"),
}


@cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of configurations; do not change what it returns."""
    found: dict[str, Any] = _tidy(Experiment.model_json_schema())
    found["title"] = "fibgap experiment"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def schema_text() -> str:
    """Return the JSON schema as the text of its file, units told in the descriptions."""

    def with_units(node: Any) -> Any:
        if isinstance(node, list):
            return [with_units(each) for each in node]
        if not isinstance(node, dict):
            return node
        told = {key: with_units(value) for key, value in node.items()}
        if isinstance(told.get("unit"), str):
            told["description"] += f" Unit: {told.pop('unit')}."
        return told

    return json.dumps(with_units(schema()), indent=1, ensure_ascii=False) + "\n"


def _tidy(node: Any, names: bool = False) -> Any:
    """Return a schema without titles and defaults of null, and with every table closed."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    if not names:
        node = {k: v for k, v in node.items() if k != "title" and (k, v) != ("default", None)}
        if "patternProperties" in node:
            ((pattern, inner),) = node.pop("patternProperties").items()
            node["propertyNames"] = {"pattern": pattern}
            node["additionalProperties"] = inner
    return {k: _tidy(v, names=not names and k in ("properties", "$defs")) for k, v in node.items()}


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with its reference laid underneath its own keys."""
    if "$ref" not in node:
        return node
    return {**schema()["$defs"][node["$ref"].removeprefix("#/$defs/")], **node}


def _inner(node: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return what a list or a table of names holds, and how its place is written."""
    if "items" in node:
        return _resolved(node["items"]), "[]"
    if isinstance(node.get("additionalProperties"), dict):
        return _resolved(node["additionalProperties"]), ".NAME"
    return node, ""


def reference_text() -> str:
    """Return the reference page: a table per section, a row per key."""
    return "\n".join([HEAD, *_tables(schema(), "", 2)])


def _tables(section: dict[str, Any], path: str, level: int) -> list[str]:
    """Return the table of a section, and after it those of the sections in it."""
    lines = [
        f"{'#' * level} `{path}`" if path else f"{'#' * level} Top level",
        "",
        *([section["description"], ""] if path else []),
        "| key | type | default | unit | bounds | description |",
        "|---|---|---|---|---|---|",
    ]
    below: list[str] = []
    required = dict.fromkeys(section.get("required", ()), "required")
    if "anyOf" in section:
        first, other = (each["required"] for each in section["anyOf"])
        required |= dict.fromkeys(first, f"required without `{other[0]}`")
    for key, node in section["properties"].items():
        resolved = _resolved(node)
        inner, step = _inner(resolved)
        place = f"{path}.{key}{step}".removeprefix(".")
        if "properties" in inner:
            below += _tables(
                {**inner, "description": resolved["description"]}, place, level + bool(path)
            )
        cells = [
            f"`{key}`",
            _type(resolved, place),
            required.get(key) or _default(resolved),
            resolved.get("unit", ""),
            _bounds(resolved),
            resolved["description"],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *below]


def _type(node: dict[str, Any], place: str) -> str:
    """Say what kind of value a key takes."""
    if "anyOf" in node:
        return " or ".join(_type(each, place) for each in node["anyOf"])
    inner, step = _inner(node)
    if "properties" in inner:
        return {"": "section", "[]": "rows", ".NAME": "sections by name"}[step] + f" `{place}`"
    if "enum" in inner or "const" in inner:
        # A name "true" may also come without quotes; it is said once.
        names = [name for name in inner.get("enum", [inner.get("const")]) if name is not True]
        choices = ", ".join(f"`{choice}`" for choice in names)
        return f"list of {choices}" if step else f"one of {choices}"
    one, many = TYPES[inner["type"]]
    return f"list of {many}" if step else one


def _default(node: dict[str, Any]) -> str:
    """Say what a key is where it is left out."""
    if node.get("default") == {}:
        return "all defaults" if "properties" in node else "none"
    if "default" in node:
        return f"`{json.dumps(node['default'])}`"
    return "left out"


def _bounds(node: dict[str, Any]) -> str:
    """Say the bounds of a value, and of each value of a list."""
    inner, step = _inner(node)
    words = bounds_words({BOUNDS[key]: value for key, value in inner.items() if key in BOUNDS})
    said = [f"each {words}" if step and words else words]
    least, most = node.get("minItems"), node.get("maxItems")
    if least or most:
        said.append(f"{least} values" if least == most else f"at least {least} value")
    if node.get("uniqueItems"):
        said.append("none twice")
    if "pattern" in node:
        said.append(f"matches `{node['pattern']}`")
    if "propertyNames" in node:
        said.append(f"names match `{node['propertyNames']['pattern']}`")
    return "; ".join(filter(None, said))
