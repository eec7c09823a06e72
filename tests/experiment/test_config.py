"""Configurations: closed models in step with the library, and errors that name what is wrong."""

import copy
import dataclasses
import inspect
import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml

from fibgap import fillers
from fibgap.errors import InputError
from fibgap.experiment import config as configuration
from fibgap.experiment.config import __main__ as program
from fibgap.experiment.config import check, load, resolved_text
from fibgap.experiment.config.documents import reference_text, schema, schema_text
from fibgap.holes import fill_holes
from fibgap.measures import registry
from fibgap.network.training.planes import plane_manifest, split_planes
from fibgap.network.training.settings import Training
from fibgap.placement import PLACEMENTS
from fibgap.stacks.options import How
from fibgap.synthetic.milling import Milling, MillingRange
from fibgap.synthetic.structure import Level, generate_volume
from fibgap.synthetic.training_sets import generate_training_volume

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob("config/*.yaml"), *ROOT.glob("tests/config/*.yaml")])

#: Only what has no default.
SMALLEST = yaml.safe_load("""
name: demo
datasets: {count: 2}
generate_volumes:
  shape: [16, 16, 16]
  levels: [{solid_fraction: 0.5, wavelength_nm: 40}]
arms: [{name: RNN-s, placement: repositioned, filler: nearest}]
""")
#: The same with its defaults: those of the paper, and of the design beside it.
COMPLETE = yaml.safe_load("""
name: demo
base_seed: 2024
datasets: {count: 2, shard_size: 5, showcase: 0, keep_volumes: true}
generate_volumes:
  voxel_nm: 2.5
  shape: [16, 16, 16]
  box_factor: 1.5
  levels: [{solid_fraction: 0.5, wavelength_nm: 40, shell_width: 1}]
mill_slices: {distribution: normal, mean_nm: 10, sd_nm: 3, floor_nm: 2.5, subvoxel: false}
depths:
  ruler: {angle_deg: 60, lines: 4, reading_sd_nm: 1.25}
  images: {side: 0, blur_pixels: 0, noise: 0, jitter_pixels: 0, search: 0}
place_slices: {nominal_nm: 10, positions: rounded}
arms:
  - {name: RNN-s, placement: repositioned, depths: "true", filler: nearest, families: both,
     threshold: half, fill_holes: false, tables: []}
fill_holes: {max_pixels: 19}
training_sets: {}
networks: {}
infer: {engine: auto, precision: fp32, batch_pixels: 524288}
measure: {names: [tpcf, lpf, d], diffusivity_cut: 96, tpcf_centred: false}
ablations: []
make_tables: {confidence: 0.95, resamples: 5000}
stacks: {}
fillers: {}
fill_stack: {format: tif}
""")
#: A row of the networks table with its defaults: Tables S1 and S2.
NETWORK = yaml.safe_load("""
weights: train
training_set: item
width_factor: 1
mask_channel: false
neighbours: 0
bicubic: concatenate
sees: rows
training:
  {epochs: 500, steps_per_epoch: 0, batch_size: 64, patch: 64, stride: 32, margin: 16,
   schedule: plateau, learning_rate: 0.001, optimizer: adam, muon_rate: 0.01, reduce_factor: 0.1,
   reduce_patience: 10, stop_patience: 25,
   loss_rows: all, precision: auto, validation_planes: 64, budget_minutes: 0}
""")
#: Every key that there is occurs here once this is complete, the first row of a list in full.
FULLEST = SMALLEST | yaml.safe_load("""
arms:
  - {name: RML-s, placement: repositioned, filler: network, network: item, tables: [S3, S4]}
  - {name: RNN-s, placement: repositioned, filler: nearest}
training_sets:
  item:
    volumes: 3
    shape: [16, 16, 16]
    structure: {levels: [1, 2], solid_fraction: [0.3, 0.5], wavelength_nm: [20, 60]}
    materials: [{material: rough, volumes: 1}]
    millings: {mean_nm: [8, 12], relative_sd: [0.1, 0.4]}
networks:
  item:
    weights: train
    training_set: item
    label: a network
    start_from: shipped:table_s1
calibrate:
  levels: [{solid_fraction: [0.2, 0.4], wavelength_nm: [20, 60]}]
  finalists:
    {settings: 4, datasets: 250, also: [{solid_fraction: [0.3], wavelength_nm: [40]}]}
ablations: [{arm: RML-s, base: RNN-s, change: by a network}]
sensitivity:
  arms: [RNN-s]
  factors: {lognormal_sd: [0.6], image_side: [8], image_blur_pixels: [1], image_noise: [0.3],
            image_jitter_pixels: [1], ruler_angle_deg: [30], ruler_reading_voxels: [1]}
stacks: {item: {path: slices, fillers: [item]}}
fillers: {item: {filler: nearest}}
""")
#: Its structure that is judged in any case.
JUDGED = {"solid_fraction": [0.3], "wavelength_nm": [40]}
#: A row without depths.
DNN = {"name": "RNN-s", "placement": "nominal", "filler": "nearest"}
#: An option of the command `fibgap fill` can be of these kinds; there is one key for each.
KINDS = {"boolean": True, "integer": 3, "number": 0.5, "string": "text"}
for section in ("stacks", "fillers"):
    for name, node in schema()["$defs"][section.title().removesuffix("s")]["properties"].items():
        kind = node["anyOf"][0]["type"] if "anyOf" in node else node["type"]
        FULLEST[section]["item"].setdefault(name, KINDS.get(kind))
#: The keys that make a training of seconds.
TINY = yaml.safe_load("""
generate_volumes: {shape: [24, 24, 24], levels: [{solid_fraction: 0.5, wavelength_nm: 22.5}]}
training_sets: {gold: {volumes: 2, validation_fraction: 0.5}}
networks:
  small:
    weights: train
    training_set: gold
    width_factor: 0.05
    training: {epochs: 1, steps_per_epoch: 1, batch_size: 2, patch: 16, stride: 8, margin: 4,
               learning_rate: 1.0e-5, precision: fp32, validation_planes: 2}
""")


def resolve(node):
    """Return a schema node with its reference laid underneath its own keys."""
    return {**schema()["$defs"].get(node.get("$ref", "").rsplit("/", 1)[-1], {}), **node}


def walk(node, path=()):
    """Yield every node of the schema with the path at which the fullest configuration has it."""
    node = resolve(node)
    yield path, node
    for key, inner in node.get("properties", {}).items():
        yield from walk(inner, (*path, key))
    if isinstance(node.get("additionalProperties"), dict):
        yield from walk(node["additionalProperties"], (*path, "item"))
    if "items" in node:
        yield from walk(node["items"], (*path, 0))


NODES = list(walk(schema()))
TABLES = [path for path, node in NODES if node.get("type") == "object" and "properties" in node]


def dotted(path):
    """Return a path as messages write it."""
    return ".".join(map(str, path)) or "the top level"


def get(values, path):
    """Return the value at a path."""
    for part in path:
        values = values[part]
    return values


def changed(path, value):
    """Return the fullest configuration, complete, with one value changed."""
    values = check(FULLEST)
    get(values, path[:-1])[path[-1]] = value
    return values


def refusal(values, **options):
    """Return the one sentence with which a configuration is refused."""
    with pytest.raises(InputError) as caught:
        check(values, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


# Completing


def test_smallest_configuration_by_hand():
    """What is left out has the value of the paper, or of the design where the paper is silent."""
    assert check(SMALLEST) == COMPLETE
    network = {"item": {"weights": "train", "training_set": "item"}}
    values = {**SMALLEST, "networks": network, "training_sets": {"item": {"volumes": 2}}}
    complete = check(values)
    assert complete["networks"]["item"] == NETWORK
    assert complete["training_sets"]["item"] == {
        "volumes": 2,
        "materials": [],
        "noisy": 0,
        "split_by": "volume",
        "validation_fraction": 0.2,
    }


def test_optional_sections_by_hand():
    """Sections that are there only if someone wants them have their defaults only then."""
    complete = check({**FULLEST, "sensitivity": {}})
    assert complete["sensitivity"] == {
        "datasets": 20,
        "arms": [],
        "factors": {
            "mean_voxels": [2, 3, 4, 6, 8],
            "relative_sd": [0, 0.15, 0.3, 0.45, 0.6],
            "depth_error_voxels": [0, 0.5, 1, 1.5, 2],
            "nominal_ratio": [0.6, 0.8, 1, 1.25, 1.5],
            "lognormal_sd": [],
            "image_side": [],
            "image_blur_pixels": [],
            "image_noise": [],
            "image_jitter_pixels": [],
            "ruler_angle_deg": [],
            "ruler_reading_voxels": [],
        },
    }
    search = {key: value for key, value in complete["calibrate"].items() if key != "levels"}
    assert search == {
        "screen": {"settings": 160, "datasets": 30},
        "refine": {"settings": 24, "datasets": 250},
        "finalists": {"settings": 4, "datasets": 250, "first_dataset": 0, "also": [JUDGED]},
        "mean_tolerance": 0.1,
        "sd_tolerance": 0.25,
    }
    millings = complete["training_sets"]["item"]["millings"]
    assert (millings["distributions"], millings["floor_nm"]) == (["normal"], 2.5)


def test_numbers_stay_as_they_were_written():
    """A 10 stays a 10, not a 10.0: digests of what files were made from depend on it."""
    values = {**SMALLEST, "mill_slices": {"sd_nm": 2, "mean_nm": 12.0}}
    section = check(values)["mill_slices"]
    assert json.dumps(section) == (
        '{"sd_nm": 2, "mean_nm": 12.0, "distribution": "normal", "floor_nm": 2.5, '
        '"subvoxel": false}'
    )


def test_a_true_without_quotes_is_the_name():
    """YAML reads `depths: true` as a truth; the name is what is meant, and what jobs are told."""
    for given in (True, "true"):
        arm = {**SMALLEST["arms"][0], "depths": given}
        assert check({**SMALLEST, "arms": [arm]})["arms"][0]["depths"] == "true"
    placing = {**SMALLEST, "place_slices": {"positions": True}}
    assert check(placing)["place_slices"]["positions"] == "true"
    jsonschema.validate({**SMALLEST, "arms": [{**SMALLEST["arms"][0], "depths": True}]}, schema())


def test_completing_leaves_its_argument_alone():
    """Checking a configuration changes neither it nor the defaults that the next one gets."""
    given = copy.deepcopy(FULLEST)
    complete = check(given)
    assert check(complete) == complete
    complete["networks"]["item"]["training"]["epochs"] = 1
    complete["generate_volumes"]["shape"][0] = 99
    complete["arms"][1]["tables"].append("S5")
    complete["sensitivity"]["factors"]["mean_voxels"].append(9)
    complete["calibrate"]["screen"]["settings"] = 5
    assert given == FULLEST
    assert check(given) == check(FULLEST) != complete
    assert check(given)["sensitivity"]["factors"]["mean_voxels"] == [2, 3, 4, 6, 8]
    assert check(given)["calibrate"]["screen"]["settings"] == 160


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_configuration_of_the_project_is_valid(path):
    """Each configuration that comes with the project passes, for us and for an editor."""
    complete = load(path)
    assert complete["name"] == path.stem
    assert check(complete) == complete
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(schema_text()))
    if path.parent.name == "config" and path.parents[1] == ROOT:
        assert path.read_text().startswith("# yaml-language-server: $schema=config.schema.json\n")


# In step with the library and with what is made of the models


@pytest.mark.parametrize(
    ("path", "text"),
    [("config/config.schema.json", schema_text), ("docs/configuration.md", reference_text)],
)
def test_what_is_made_of_the_models_is_in_step(path, text):
    """The schema for editors and the reference page are those of the models."""
    assert (ROOT / path).read_text(encoding="utf-8") == text(), "run: make reference"


def test_the_program_prints_what_is_made(capsys, monkeypatch):
    """The commands of the reference page print the schema, the page and a verdict."""
    for arguments, printed in [
        (["--schema"], schema_text()),
        (["--reference"], reference_text()),
        (["config/quick.yaml"], "config/quick.yaml can be run.\n"),
    ]:
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", ["config", *arguments])
        assert program.main() == 0
        assert capsys.readouterr().out == printed


def test_every_key_is_described_and_bounded():
    """Each key says what it is, lengths are in nm, numbers bounded from below, tables closed."""
    for path, node in NODES:
        if path and path[-1] not in (0, "item"):
            assert node["description"].endswith("."), path
            assert len(node["description"]) > 10, path
            assert (node.get("unit") == "nm") == path[-1].endswith("_nm"), path
        # What the readers of stacks take, they check: they know of the images.
        if node.get("type") in ("integer", "number") and path[0] not in ("stacks", "fillers"):
            assert "minimum" in node or "exclusiveMinimum" in node, path
        if node.get("type") == "object":
            closed = node["additionalProperties"] is False or "propertyNames" in node
            assert closed, path


def test_the_fullest_configuration_is_that():
    """Every key that there is occurs in the fullest configuration, so that no test misses one."""
    complete = check(FULLEST)
    for path, _ in NODES:
        get(complete, path)


def test_choices_come_from_the_registries(monkeypatch):
    """What is registered can be chosen at once, and what is not is refused with the choices."""
    monkeypatch.setattr(fillers, "_FILLERS", {**fillers._FILLERS, "lower": None})
    monkeypatch.setitem(PLACEMENTS, "guessed", None)
    monkeypatch.setattr(
        registry, "_MEASURES", {**registry._MEASURES, "curl": registry._MEASURES["d"]}
    )
    values = check(SMALLEST)
    values["arms"][0].update(filler="lower", placement="guessed")
    values["measure"]["names"].append("curl")
    assert check(values) == values
    monkeypatch.undo()
    assert "arms.0.placement is 'guessed', but it must be one of repositioned, " in refusal(values)


@pytest.mark.parametrize("by", dict(NODES)["training_sets", "item", "split_by"]["enum"])
def test_every_split_is_possible(by):
    """Each way of splitting that a configuration offers is one that the library takes."""
    manifest = plane_manifest([0, 1], (2, 2, 2))
    split = split_planes(manifest, by=by, validation_fraction=0.5, rng=np.random.default_rng(0))
    assert set(split["part"]) == {"training", "validation"}


def test_defaults_are_those_of_the_library():
    """Whoever calls the library without the workflow gets the same defaults."""
    complete = check(FULLEST)
    structure = complete["generate_volumes"]
    parameters = inspect.signature(generate_volume).parameters
    assert parameters["box_factor"].default == structure["box_factor"]
    parameters = inspect.signature(fill_holes).parameters
    assert parameters["max_pixels"].default == complete["fill_holes"]["max_pixels"]
    assert dataclasses.asdict(Training()) == complete["networks"]["item"]["training"]


def test_objects_are_made_of_the_configuration():
    """Levels, milling and the ranges of training are built with the values that were given."""
    complete = check(FULLEST)
    assert configuration.levels_of(complete) == [Level(0.5, 40, 1)]
    assert configuration.milling_of(complete) == Milling("normal", 10, 3, 2.5)
    assert configuration.millings_of(complete, "item") == MillingRange(
        ("normal",), (8, 12), (0.1, 0.4), 2.5
    )
    shared = changed((*SET, "millings", "own_share"), 0.5)
    assert configuration.millings_of(shared, "item") == MillingRange(
        ("normal",), (8, 12), (0.1, 0.4), 2.5, own=Milling("normal", 10, 3, 2.5), own_share=0.5
    )
    without = changed(("training_sets", "item"), {"volumes": 2})
    assert configuration.millings_of(without, "item") == MillingRange(
        ("normal",), (10, 10), (0.3, 0.3), 2.5
    )


def test_training_set_takes_what_it_lacks_from_the_evaluation():
    """Shape and structure of training volumes are the evaluation's where they are left out."""
    own = configuration.training_set_of(check(FULLEST), "item")
    assert own["structure"] == FULLEST["training_sets"]["item"]["structure"]
    values = check(changed(("training_sets", "item"), {"volumes": 2}))
    values["generate_volumes"]["shape"] = [12, 11, 10]
    borrowed = configuration.training_set_of(values, "item")
    assert borrowed["structure"] is None
    assert borrowed["shape"] == [12, 11, 10]
    assert inspect.signature(generate_training_volume).bind(0, **borrowed)


def test_weights_depend_on_all_but_label_and_budget():
    """A new label or time budget retrains nothing; every other setting of a network does."""
    network = check(FULLEST)["networks"]["item"]
    before = configuration.training_settings(network)
    free = {("label",), ("weights",), ("training", "budget_minutes")}
    for path, node in NODES:
        if path[:2] != ("networks", "item") or path in TABLES:
            continue
        after = copy.deepcopy(network)
        is_file = path[-1] == "start_from"
        get(after, path[2:-1])[path[-1]] = "shipped:compact_any" if is_file else "changed"
        same = configuration.training_settings(after) == before
        assert same == (path[2:] in free), (path, node)


# What is refused

NAN, INFINITY = float("nan"), float("inf")
SHAPE = ("generate_volumes", "shape")
LEVEL = ("generate_volumes", "levels", 0)
SET = ("training_sets", "item")
TRAINING = ("networks", "item", "training")


@pytest.mark.parametrize(
    ("path", "value", "must"),
    [
        # Types: a number in quotes, a truth and a whole float are no integers, and so on.
        (("datasets", "count"), "3", "must be an integer, without quotes"),
        (("datasets", "count"), 3.0, "must be an integer"),
        (("datasets", "count"), True, "must be an integer"),
        (("datasets", "count"), None, "must be an integer"),
        (("mill_slices", "mean_nm"), "thin", "must be a number"),
        (("mill_slices", "mean_nm"), "1e1", "must be a number, without quotes and written"),
        (("mill_slices", "mean_nm"), True, "must be a number"),
        (("mill_slices", "mean_nm"), [10], "must be a number"),
        (("mill_slices", "mean_nm"), NAN, "must be a finite number"),
        (("mill_slices", "mean_nm"), INFINITY, "must be a finite number"),
        ((*TRAINING, "learning_rate"), -INFINITY, "must be a finite number"),
        (("datasets", "keep_volumes"), 1, "must be true or false"),
        (("datasets", "keep_volumes"), "false", "must be true or false, without quotes"),
        (("networks", "item", "label"), 7, "must be text"),
        (("networks", "item", "label"), None, "must be text"),
        (SHAPE, "cube", "must be a list"),
        (SHAPE, {"z": 1}, "must be a list"),
        (("mill_slices",), None, "must be a table of keys"),
        (("networks",), [], "must be a table of keys"),
        (("networks", "item"), 3, "must be a table of keys"),
        (("arms",), {}, "must be a list"),
        # Bounds: at least, greater than, at most, less than; of a number and of each in a list.
        (("datasets", "count"), 0, "must be at least 1"),
        (("mill_slices", "mean_nm"), 0, "must be greater than 0"),
        (("networks", "item", "neighbours"), 9, "must be at most 8"),
        ((*SET, "validation_fraction"), 1, "must be less than 1"),
        ((*LEVEL, "solid_fraction"), 1, "must be less than 1"),
        ((*TRAINING, "patch"), 7, "must be at least 8"),
        ((*SHAPE, 1), 7, "must be at least 8"),
        ((*SHAPE, 2), 16.5, "must be an integer"),
        ((*SET, "millings", "relative_sd", 0), -0.1, "must be at least 0"),
        ((*SET, "millings", "own_share"), 1.5, "must be at most 1"),
        # Lengths of lists and texts, and lists that hold nothing twice.
        (SHAPE, [16, 16], "must hold at least 3 values"),
        (SHAPE, [16, 16, 16, 16], "must hold at most 3 values"),
        (("arms",), [], "must hold at least 1 value"),
        (("ablations", 0, "change"), "", "must hold at least 1 character"),
        (("name",), "a" * 101, "must hold at most 100 characters"),
        (("arms", 0, "tables"), ["S3", "S3"], "must not hold anything twice"),
        (("sensitivity", "factors", "relative_sd"), [1, 1.0], "must not hold anything twice"),
        # Choices, of the models and of the registries.
        (("mill_slices", "distribution"), "weibull", "must be 'normal', 'lognormal' or 'gamma'"),
        ((*SET, "millings", "distributions", 0), 3, "must be 'normal', 'lognormal' or 'gamma'"),
        (("arms", 0, "tables", 0), "S5", "must be 'S3' or 'S4'"),
        (("arms", 0, "filler"), "magic", "must be one of cubic_spline, "),
        (("arms", 0, "depths"), "guess", "must be one of true, ruler, images, images_total, fused"),
        (("arms", 0, "depths"), False, "must be one of true, ruler, images, images_total, fused"),
        (("depths", "ruler", "angle_deg"), 180, "must be less than 180"),
        (("depths", "ruler", "lines"), 1, "must be at least 2"),
        (("arms", 0, "placement"), None, "must be one of repositioned, nominal, resampled"),
        (("measure", "names", 2), "x", "must be one of tpcf, lpf, d"),
        (("fillers", "item", "filler"), "magic", "must be one of auto, cubic_spline, "),
        (("fill_stack", "format"), "png", "must be one of ome.zarr, "),
        # One of two kinds.
        (("stacks", "item", "phase"), "2", "must be a number or a list of numbers, without"),
        (("stacks", "item", "phase"), [1, "2"], "must be a number or a list of numbers."),
        (("stacks", "item", "path"), 3, "must be text or a list of texts."),
        # Names that become folders.
        (("arms", 0, "name"), "Original", "must not be the name of the true volume"),
        (("arms", 0, "name"), "RNN_s", "must match ^[A-Za-z0-9]"),
        (("arms", 0, "name"), "a\n", "must match ^[A-Za-z0-9]"),
    ],
)  # fmt: skip
def test_wrong_value_fails_by_name(path, value, must):
    """A value of a wrong type or beyond its bounds is refused, by the key and by the value."""
    message = refusal(changed(path, value))
    assert message.startswith(f"configuration: {dotted(path)} is {value!r}, but it {must}")


@pytest.mark.parametrize("path", TABLES, ids=dotted)
def test_unknown_key_fails_by_name(path):
    """A misspelt key is refused in every table, with its place, its neighbour and all keys."""
    values = check(FULLEST)
    table = get(values, path)
    key = max(table, key=len)
    table[f"{key}x"] = table.pop(key)
    message = refusal(values)
    where = f"unknown key '{key}x' in {dotted(path)}; perhaps '{key}' is meant; known keys: "
    assert message.startswith(f"configuration: {where}")
    assert ", ".join(sorted(dict(NODES)[path]["properties"])) in message


def test_a_key_like_no_other_has_no_neighbour():
    """Where nothing is near, nothing is guessed."""
    assert "'colour' in datasets; known keys: count," in refusal(
        changed(("datasets", "colour"), "red")
    )


@pytest.mark.parametrize(
    "path",
    [(*path, key) for path in TABLES for key in dict(NODES)[path].get("required", [])],
    ids=dotted,
)
def test_missing_key_fails_by_name(path):
    """A key without a default is refused when it is missing, by its name and its place."""
    values = check(FULLEST)
    del get(values, path[:-1])[path[-1]]
    assert f"{dotted(path[:-1])} lacks the key '{path[-1]}'" in refusal(values)


@pytest.mark.parametrize("key", ["datasets", "generate_volumes", "arms"])
def test_synthetic_datasets_need_three_sections(key):
    """One of them without another is a mistake, whether there are own stacks or not."""
    for stacks in ({}, {"stacks": {"item": {"path": "slices"}}}):
        values = {**SMALLEST, **stacks}
        del values[key]
        assert f"configuration: the top level lacks the key '{key}'." == refusal(values)
        with pytest.raises(jsonschema.ValidationError) if not stacks else nullcontext():
            jsonschema.validate(values, schema())


def test_own_stacks_need_no_synthetic_dataset():
    """A name and a stack are a configuration; every filler fills every stack, or auto alone."""
    values = {"name": "mine", "stacks": {"sponge": {"path": "a"}, "foam": {"path": ["b", "c"]}}}
    jsonschema.validate(values, schema())
    complete = check(values)
    assert complete["stacks"] == values["stacks"]
    assert configuration.fillers_of(complete) == {"auto": {"filler": "auto"}}
    assert configuration.stack_fillers(complete) == {"sponge": ["auto"], "foam": ["auto"]}
    values["fillers"] = {"copied": {"filler": "nearest"}, "round": {"filler": "cubic_spline"}}
    values["stacks"]["foam"]["fillers"] = ["round"]
    wanted = {"sponge": ["copied", "round"], "foam": ["round"]}
    assert configuration.stack_fillers(check(values)) == wanted
    assert "lacks the key 'datasets'" in refusal({"name": "mine", "stacks": {}})


def test_options_of_the_command_are_keys():
    """Whatever the library takes to read and to fill a stack, a configuration can say."""
    stacks, fillers_ = (dict(NODES)[name, "item"]["properties"] for name in ("stacks", "fillers"))
    assert {*stacks} == {*How.__annotations__, "path", "fillers", "truth", "memory"}
    assert {"filler", "weights", "fill_holes"} <= {*fillers_}
    told = {"gpu", "force", "page", "progress", "out", "source", "how", "memory"}
    assert not told & {*fillers_}
    assert stacks["tilt"]["description"].startswith("Angle in degrees under which slices were")
    kinds = [each["type"] for each in stacks["phase"]["anyOf"]]
    assert kinds == ["number", "array"]


@pytest.mark.parametrize("key", [1, True, None, 2.5, (1, 2)], ids=repr)
def test_keys_are_words(key):
    """Numbers and other things that YAML takes for keys are refused, beside words or alone."""
    assert f"unknown key '{key}' in the top level" in refusal(changed((key,), 1))
    message = refusal(changed(("networks", key), {"weights": "shipped:compact"}))
    assert f"the name {key!r} in networks is not allowed: it must be text" in message


def test_an_old_key_is_told_its_new_name():
    """A file of an earlier version is refused with what to write instead."""
    assert "'diffusivity' in measure; write names: [tpcf, lpf] instead of diffusivity: false" in (
        refusal({**SMALLEST, "measure": {"diffusivity": False}})
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("arms", 1, "name"), "RML-s", "the arm 'RML-s' appears twice in arms"),
        (("arms", 0, "network"), "other", "'RML-s' names the network 'other', which is not in"),
        (("arms", 1, "network"), "item", "'RNN-s' has the filler 'nearest' and must not name"),
        (("arms", 1, "filler"), "network", "'RNN-s' has the filler 'network' and names no network"),
        (("arms", 1, "families"), "zx", "families and threshold are for a network"),
        (("arms", 1, "threshold"), "keep_fraction", "families and threshold are for a network"),
        (("ablations", 0, "base"), "RCS-s", "the base 'RCS-s', which is not in arms"),
        (("ablations", 0, "arm"), "RCS-s", "the arm 'RCS-s', which is not in arms"),
        (("ablations", 0, "base"), "RML-s", "the arm 'RML-s' with itself"),
        (("mill_slices", "subvoxel"), True, "subvoxel is true, but the study of sensitivity"),
        (("sensitivity", "arms"), ["RCS-s"], "names the arm 'RCS-s', which is not in arms"),
        (("networks", "item", "training_set"), "no", "on the training set 'no', which is not in"),
        (("networks", "item", "start_from"), "train", "must start from a weights file, not"),
        (("datasets", "showcase"), 2, "showcase is 2, but there are only 2 datasets, counted"),
        (("place_slices", "nominal_nm"), 2, "place_slices.nominal_nm is 2, below the voxel of 2.5"),
        (("mill_slices", "floor_nm"), 2.4, "mill_slices.floor_nm is 2.4, below the voxel of 2.5"),
        (("generate_volumes", "voxel_nm"), 3, "mill_slices.floor_nm is 2.5, below the voxel of 3"),
        (("mill_slices", "mean_nm"), 2.4, "mill_slices: the mean slice thickness of 2.4 nm lies"),
        ((*SET, "structure", "levels"), [2, 1], "item.structure: the range levels must go from"),
        ((*SET, "structure", "solid_fraction"), [0.5, 1.5], "solid_fraction must be greater than"),
        ((*SET, "structure", "wavelength_nm"), [0, 20], "wavelength_nm must be greater than 0"),
        ((*SET, "millings", "mean_nm"), [12, 8], "item.millings: the range mean_nm must go from"),
        ((*SET, "millings", "floor_nm"), 9, "thickness of 8 nm lies below its floor of 9 nm"),
        (("arms", 1), {**DNN, "depths": "ruler"}, "'nominal', which asks for no depths, and"),
        (("depths", "images", "side"), 17, "images.side is 17 pixels, but slices have 16 x 16"),
        (("stacks", "item", "fillers"), ["no"], "item.fillers names 'no', which is not in fillers"),
        (("measure", "names"), ["d"], "measure.names is ['d'], but it must hold tpcf and lpf"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_together_fail(path, value, message):
    """Names that do not exist, and structures that cannot be, are refused before any work."""
    said = refusal(changed(path, value))
    assert said.startswith("configuration: ")
    assert message in said


def test_network_to_be_trained_needs_a_training_set():
    """Weights that are trained in the run need a training set, others need none."""
    values = check(FULLEST)
    del values["networks"]["item"]["training_set"]
    assert "the network 'item' is to be trained and names no training_set" in refusal(values)
    values["networks"]["item"]["weights"] = "shipped:item"
    assert check(values)


@pytest.mark.parametrize(
    ("key", "value"), [("mask_channel", True), ("neighbours", 2), ("bicubic", "add")]
)
def test_network_of_gaps_has_none_of_the_keys_of_planes(key, value):
    """They would say nothing, so they are refused; without them it is all right."""
    values = check(FULLEST)
    gaps = {"weights": "train", "training_set": "item", "sees": "gaps"}
    values["training_sets"]["item"]["split_by"] = "volume"
    values["networks"]["item"] = gaps
    assert check(values)
    values["networks"]["item"] = {**gaps, key: value}
    said = f"networks.item.{key} is {value}, but a network that sees gaps has no such key"
    assert said in refusal(values)


@pytest.mark.parametrize("seen", [{"sees": "gaps"}, {"sees": "distances"}, {"neighbours": 1}])
def test_network_that_sees_more_than_planes_needs_whole_volumes(seen):
    """A training set that is split by plane is refused before any volume is made."""
    values = check(FULLEST)
    values["networks"]["item"] = {"weights": "train", "training_set": "item", **seen}
    values["training_sets"]["item"]["split_by"] = "plane"
    assert "training_sets.item.split_by is plane, but the network 'item' sees" in refusal(values)
    values["training_sets"]["item"]["split_by"] = "volume"
    assert check(values)


@pytest.mark.parametrize("values", [None, [], "name: demo", 3], ids=repr)
def test_configuration_is_a_table(values):
    """An empty file, a list or a text is no configuration."""
    assert f"a configuration is a mapping of keys, but this is {values!r}" in refusal(values)


@pytest.mark.parametrize("name", ["quick", "a", "0", "run-2_b"])
def test_ordinary_names_are_names_of_folders(name):
    """Lower-case letters, digits, hyphens and underscores make the name of a results folder."""
    assert check({**SMALLEST, "name": name})["name"] == name


@pytest.mark.parametrize(
    "name", ["../x", "a/b", ".", "", "-x", "~", "a b", "Quick", "a\n", "a\x00", "{shard}", "é"]
)
def test_name_cannot_leave_the_results_folder(name):
    """A name is one folder below results/: no path, no hidden file, no wildcard, no line break."""
    assert f"configuration: name is {name!r}" in refusal({**SMALLEST, "name": name})
    for table in ("training_sets", "networks", "stacks", "fillers"):
        values = check(FULLEST)
        values[table][name] = values[table]["item"]
        assert f"the name {name!r} in {table} is not allowed: it must match" in refusal(values)


# From the command line


def test_typed_text_is_read_where_a_number_belongs():
    """Snakemake hands over what stands inside a value of --config as text."""
    typed = {
        "datasets": {"count": "3", "keep_volumes": "False"},
        "generate_volumes": {"shape": ["16", "17", "18"], "voxel_nm": "2.5"},
        "make_tables": {"confidence": "9e-1"},
        "networks": {"item": {"weights": "shipped:compact", "label": "7"}},
    }
    complete = check({**SMALLEST, **copy.deepcopy(typed), "generate_volumes": {
        **SMALLEST["generate_volumes"], **typed["generate_volumes"]
    }}, typed=typed)  # fmt: skip
    assert complete["datasets"]["count"] == 3
    assert complete["datasets"]["keep_volumes"] is False
    assert complete["generate_volumes"]["shape"] == [16, 17, 18]
    assert complete["generate_volumes"]["voxel_nm"] == 2.5
    assert complete["make_tables"]["confidence"] == 0.9
    # Text stays text where text belongs.
    assert complete["networks"]["item"]["label"] == "7"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": "one"}, "datasets.count is 'one', but it must be an integer."),
        ({"count": "1.5"}, "datasets.count is 1.5, but it must be an integer."),
        ({"count": "0"}, "datasets.count is 0, but it must be at least 1."),
        ({"count": ""}, "datasets.count is None, but it must be an integer."),
        ({"counts": "1"}, "unknown key 'counts' in datasets; perhaps 'count' is meant"),
    ],
    ids=str,
)
def test_typed_text_is_refused_like_any_value(values, message):
    """What is read from a command line keeps to all bounds."""
    assert message in refusal({**SMALLEST, "datasets": values}, typed={"datasets": values})


def test_quoted_numbers_of_a_file_stay_text():
    """Only what was typed is read: a "2" in a file is refused, whatever else was typed."""
    values = {**SMALLEST, "datasets": {"count": "2", "showcase": "0"}}
    message = refusal(values, typed={"datasets": {"showcase": "0"}})
    assert "datasets.count is '2', but it must be an integer" in message


# Files


def test_missing_file_fails_by_name(tmp_path):
    """A configuration that is not there, or is a folder, is named."""
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(InputError, match=f"{path.name} does not exist"):
            load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: [unclosed", "is not YAML: "),
        (b"\tname: demo", "is not YAML: "),
        (b"name: \x00", "is not YAML: "),
        (b"a: 1\n---\nb: 2", "is not YAML: "),
        ("name: für".encode("latin-1"), "is not YAML in UTF-8: byte 7 is 0xfc; save it as UTF-8"),
        (b"name: !!python/object/apply:os.mkdir ['trap']", "is not YAML: "),
        (b"", "a configuration is a mapping of keys, but this is None"),
        (b"- name: demo\n", "a configuration is a mapping of keys"),
    ],
)
def test_damaged_file_fails_by_name(content, message, tmp_path, monkeypatch):
    """A file that holds no configuration is refused in one sentence, and runs nothing."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "damaged.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_load_reads_what_check_checks(suffix, encoding, tmp_path):
    """A file means what its values mean, in YAML as in JSON, with a mark of its encoding or not."""
    path = tmp_path / f"demo{suffix}"
    text = json.dumps(SMALLEST) if suffix == ".json" else yaml.safe_dump(SMALLEST)
    path.write_text(text, encoding=encoding)
    assert load(path) == load(str(path)) == COMPLETE


# Where there is no pydantic

BARE = """
import runpy, sys

sys.modules.update(dict.fromkeys({missing}))  # None there: no such module
from fibgap.errors import InputError
from fibgap.experiment.config import load

try:
    load({plain!r})
except InputError as error:
    print(error)
sys.argv = ["fibgap.network", {resolved!r}, "small", "--out", {out!r}, "--threads", "1"]
runpy.run_module("fibgap.network", run_name="__main__")
"""
#: What a machine lacks that was made for training only.
MISSING = ["pydantic", "pydantic_core", "annotated_types", "jsonschema", "snakemake", "tabulate"]


def test_a_network_is_trained_without_pydantic(tmp_path, capsys, monkeypatch):
    """A configuration that was resolved beforehand is all that a bare machine needs."""
    plain, resolved = tmp_path / "plain.yaml", tmp_path / "resolved.json"
    plain.write_text(yaml.safe_dump({**SMALLEST, **TINY}))
    monkeypatch.setattr(sys, "argv", ["config", str(plain), "--resolve"])
    assert program.main() == 0
    resolved.write_text(capsys.readouterr().out)
    assert load(resolved) == load(plain)
    script = BARE.format(
        missing=MISSING, plain=str(plain), resolved=str(resolved), out=str(tmp_path)
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "checked by the package pydantic, which is not installed here" in done.stdout
    card = json.loads((tmp_path / "small.json").read_text())
    assert card["network"] == load(plain)["networks"]["small"]
    assert card["status"] == "complete"


def test_a_resolved_configuration_belongs_to_its_version(tmp_path):
    """What another version resolved may lack keys: it is refused, with both versions."""
    path = tmp_path / "resolved.json"
    path.write_text(resolved_text(COMPLETE).replace(configuration.__version__, "0.0.9"))
    with pytest.raises(InputError, match=r"resolved by fibgap 0\.0\.9, but this is fibgap 0\.1"):
        load(path)


def test_a_resolved_configuration_that_was_edited_must_fit_together(tmp_path):
    """Names that must agree are checked there, too."""
    path = tmp_path / "resolved.json"
    path.write_text(resolved_text(changed(("networks", "item", "training_set"), "no")))
    with pytest.raises(InputError, match="on the training set 'no', which is not in"):
        load(path)
