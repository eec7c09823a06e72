"""The documentation says what the code does: choices, rules, keys, paths and examples agree."""

import importlib
import re
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fibgap import fillers, measures
from fibgap.experiment.config import schema
from fibgap.experiment.evaluation import measure_volume
from fibgap.fillers import fill
from fibgap.io.records import gapped_to_record
from fibgap.io.shards import process_shard
from fibgap.io.tiff import read_tiff, write_tiff
from fibgap.network.architecture import Architecture, Network, count_parameters
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume
from fibgap.synthetic.milling import cut_slices

ROOT = Path(__file__).resolve().parents[1]
METHOD, WORKFLOW = ROOT / "docs/method.md", ROOT / "docs/workflow.md"
DOCUMENTS = sorted(ROOT.glob("docs/*.md")) + [
    path for name in ("README.md", "CONTRIBUTING.md") if (path := ROOT / name).is_file()
]
# Anything in a text that starts with a folder of the project is a path; (new) marks a file that
# the reader is to make.
PATH = re.compile(
    r"(?<![\w./<>-])((?:\.ci|benchmarks|config|docs|envs|examples|fibgap|profiles|rules|tests|"
    r"workflow_scripts)/[\w./*-]*)( \(new\))?"
)
PLACEHOLDERS = {
    "ARM": "{arm}",
    "NETWORK": "{network}",
    "PLACEMENT": "{placement}",
    "SET": "{training_set}",
    "SETTING": "{setting}",
    "SHARD": "{shard}",
    "TABLE": "{table}",
}


def tags(tag: str) -> Counter[str]:
    """Return how often a tag stands in every source file."""
    sources = [*ROOT.glob("fibgap/**/*.py"), *ROOT.glob("rules/*.smk")]
    sources += ROOT.glob("workflow_scripts/*.py")
    counts = {
        path.relative_to(ROOT).as_posix(): len(re.findall(rf"\b{tag}:", path.read_text()))
        for path in sources
    }
    return Counter({path: count for path, count in counts.items() if count})


def slug(heading: str) -> str:
    """Return the anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def rows(document: Path, heading: str) -> list[list[str]]:
    """Return the rows of the first table below a heading, cells stripped, without its head."""
    text = document.read_text(encoding="utf-8")
    (section,) = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    table = re.search(r"^\|.*?(?=^[^|]|\Z)", section, re.M | re.S)
    assert table, f"there is no table below '{heading}' in {document.name}"
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line]


def codes(cell: str) -> list[str]:
    """Return what stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def example(document: Path, holding: str) -> str:
    """Return the one Python example that holds a text."""
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", document.read_text(), re.M | re.S)
    (block,) = [block for block in blocks if holding in block]
    return textwrap.dedent(block)


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node of the schema with its reference laid underneath."""
    name = str(node.get("$ref", "")).removeprefix("#/$defs/")
    return {**schema()["$defs"][name], **node} if name else node


def schema_node(key: str) -> dict[str, Any]:
    """Return the node of the schema that a dotted key stands for; NAME is any name of a table."""
    node = schema()
    for part in key.split("."):
        node = resolved(node.get("items", node))
        node = resolved(node["additionalProperties" if part == "NAME" else "properties"])
        node = node if part == "NAME" else resolved(node[part])
    return node


def rule_blocks() -> dict[str, str]:
    """Return the text of every rule by name."""
    found = {}
    for path in sorted(ROOT.glob("rules/*.smk")):
        for block in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]:
            found[block.split(":")[0]] = block.replace("{{", "{").replace("}}", "}")
    return found


@pytest.mark.parametrize(("tag", "heading"), [("ASSUME", "Choices"), ("PAPER", "The paper's text")])
def test_every_tag_has_its_row(tag: str, heading: str) -> None:
    """A file with n tags in its comments has n rows in the table of that tag."""
    expected = tags(tag)
    assert len(expected) > 5
    documented = Counter(codes(row[-1])[0] for row in rows(METHOD, heading))
    assert documented == expected


def test_keys_of_choices_are_keys_of_the_schema() -> None:
    """Where another value of a choice makes sense, the schema has the key that the row names."""
    named = [key for row in rows(METHOD, "Choices") for key in codes(row[2])]
    assert len(named) > 5
    for key in named:
        assert "description" in schema_node(key), f"{key} is not described in the schema"


def test_table_s2_shows_the_defaults_of_the_schema() -> None:
    """The defaults of a training are the ones that the table of Table S2 shows."""
    shown = {}
    for row in rows(METHOD, "Table S2"):
        keys = codes(row[2])
        shown |= dict(zip(keys, row[3].split(", "), strict=True)) if keys else {}
    nodes = {key: schema_node(f"networks.NAME.training.{key}") for key in shown}
    assert len(shown) == 9
    assert shown == {key: str(node["default"]) for key, node in nodes.items()}


def test_parameters_of_every_layer_are_as_documented() -> None:
    """The layers of Table S1 have the number of parameters that the page gives them."""
    network = Network(Architecture())
    layers = [getattr(network, name) for name in ("features", "a1", "b1", "b2", "b3", "l1", "l2")]
    expected = [f"{count_parameters(layer):,}" for layer in [*layers, network]]
    text = METHOD.read_text().split("The layers, for one input channel:")[1].split("\n\n")[1]
    assert [line.split("|")[-2].strip() for line in text.splitlines()[2:]] == expected


def test_every_rule_has_its_row() -> None:
    """The table of rules holds every rule once, and no other."""
    assert Counter(codes(row[0])[0] for row in rows(WORKFLOW, "Rules")) == Counter(
        list(rule_blocks())
    )


@pytest.mark.parametrize("rule", rule_blocks())
def test_outputs_of_a_rule_are_as_documented(rule: str) -> None:
    """Every path in the row of a rule is an output of that rule."""
    (row,) = [row for row in rows(WORKFLOW, "Rules") if codes(row[0]) == [rule]]
    output = rule_blocks()[rule].split("    log:")[0].split("    output:")[1]
    assert codes(row[3])
    for path in codes(row[3]):
        pattern = path.rstrip("/")
        for name, wildcard in PLACEHOLDERS.items():
            pattern = re.sub(rf"(?<![A-Za-z]){name}(?![A-Za-z])", wildcard, pattern)
        with_suffix = re.sub(r"\.[a-z]+$", ".{suffix}", pattern)
        assert f'"{pattern}"' in output or f'"{with_suffix}"' in output, f"{path} is no output"


def test_every_section_of_the_configuration_has_its_row() -> None:
    """The table of sections holds every top-level key of the schema once, and no other."""
    table = rows(WORKFLOW, "Configuration")
    assert Counter(codes(row[0])[0] for row in table) == Counter(list(schema()["properties"]))
    rules_named = {name for row in table for name in codes(row[2])} - {"millings"}
    assert rules_named <= set(rule_blocks())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link of a page ends at an existing file, and at an existing heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), f"{document.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
            assert anchor in map(slug, headings), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(document: Path) -> None:
    """A page names no file of the project that is not there, but for those it asks to make."""
    text = document.read_text()
    found = {(path.rstrip("."), bool(new)) for path, new in PATH.findall(text)}
    new = {path for path, is_new in found if is_new}
    assert {path for path, _ in found} - new
    for path, _ in found:
        exists = any(True for _ in ROOT.glob(path.rstrip("/")))
        assert exists != (path in new), f"{document.name} names {path}"
    for name in re.findall(r"`([\w.-]+\.(?:md|toml|lock|cff)|Snakefile|Makefile|LICENSE)`", text):
        assert (ROOT / name).exists() or (document.parent / name).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_objects_exist(document: Path) -> None:
    """A page names no module, function or class of the library that cannot be imported."""
    text = document.read_text()
    new = {path[:-3].replace("/", ".") for path, is_new in PATH.findall(text) if is_new}
    for name in set(re.findall(r"(?<![\w/.-])fibgap(?:\.\w+)+(?!/)", text)) - new:
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            try:
                found = importlib.import_module(".".join(parts[:length]))
            except ModuleNotFoundError:
                continue
            for attribute in parts[length:]:
                assert hasattr(found, attribute), f"{document.name} names {name}"
                found = getattr(found, attribute)
            break


def gapped_example() -> tuple[NDArray[np.bool_], GappedVolume]:
    """Return a random volume and what five slices at uneven depths leave of it."""
    volume = np.random.default_rng(5).random((13, 12, 12)) < 0.5
    stack = cut_slices(volume, np.array([0.0, 5.0, 12.5, 22.5, 30.0]), 2.5)
    return volume, place_slices(stack, "repositioned", nominal_nm=10)


def test_example_of_reading_shards_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example reads from shards what was written to them."""
    monkeypatch.chdir(tmp_path)
    volume, gapped = gapped_example()
    measured = measure_volume(volume, ["tpcf", "lpf"])
    for path, record in (
        ("placed/repositioned", gapped_to_record(gapped)),
        ("measures/RNN-s", measured),
    ):
        process_shard(
            f"results/quick/{path}/000.h5",
            stage="test",
            datasets=[3, 4],
            digest="d",
            attributes={},
            compute=lambda _, record=record: record,
            log=str,
        )
    exec(example(WORKFLOW, "shard_datasets"), {})
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "[3, 4]"
    # Depths 0, 5, 12.5, 22.5 and 30 nm over voxels of 2.5 nm; three layers are missing at most.
    assert second == "(13, 12, 12) [ 0  2  5  9 12] 3"
    at_lag_one, error = map(float, third.split())
    assert at_lag_one == (volume[1:] & volume[:-1]).mean()
    assert error == measured.attributes["anisotropy_tpcf"]


def test_example_of_a_real_stack_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example turns a stack and its depths into a volume that keeps every slice."""
    monkeypatch.chdir(tmp_path)
    _, gapped = gapped_example()
    write_tiff("stack.tif", gapped.slices, 2.5)
    np.savetxt("depths.txt", gapped.layers * 2.5)
    exec(example(WORKFLOW, "SliceStack"), {})
    rebuilt = read_tiff("rebuilt.tif")
    assert rebuilt.shape == gapped.shape
    assert np.array_equal(rebuilt[gapped.layers] == 255, gapped.slices)


def test_recipe_for_a_filler_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe's filler is found by its name and copies the layer with the lower index."""
    monkeypatch.setattr(fillers, "_FILLERS", dict(fillers._FILLERS))
    exec(example(WORKFLOW, "fill_lower"), {})
    _, gapped = gapped_example()
    filled = fill(gapped, "lower")
    sources = [0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4]
    assert np.array_equal(filled, gapped.slices[sources])


def test_recipe_for_a_measure_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers that alternate along z differ from every neighbour along z and from none in xy."""
    monkeypatch.setattr(measures, "_MEASURES", dict(measures._MEASURES))
    exec(example(WORKFLOW, "def _interface"), dict(vars(measures)))
    layers = np.zeros((6, 4, 4), dtype=bool)
    layers[::2] = True
    assert measures.measure(layers, ["interface"])["interface"].tolist() == [1.0, 0.0, 0.0]
