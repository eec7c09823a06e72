"""Configurations: a closed schema in step with the library, and errors that name what is wrong."""

import copy
import dataclasses
import inspect
import re
from functools import cache
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.experiment import config as configuration
from fibgap.experiment.config import check, load, schema, with_defaults
from fibgap.fillers import filler_names
from fibgap.holes import fill_holes
from fibgap.network.filler import THRESHOLDS
from fibgap.network.inference import FAMILY_CHOICES
from fibgap.network.training.planes import plane_manifest, split_planes
from fibgap.network.training.settings import LOSS_ROWS, SCHEDULES, Training
from fibgap.placement import PLACEMENTS
from fibgap.synthetic.milling import DISTRIBUTIONS, Milling, MillingRange
from fibgap.synthetic.structure import Level, generate_volume
from fibgap.synthetic.training_sets import generate_training_volume

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob("config/*.yaml"), *ROOT.glob("tests/config/*.yaml")])

#: Only what has no default.
SMALLEST = {
    "name": "demo",
    "datasets": {"count": 2},
    "generate_volumes": {
        "shape": [16, 16, 16],
        "levels": [{"solid_fraction": 0.5, "wavelength_nm": 40}],
    },
    "arms": [{"name": "RNN-s", "placement": "repositioned", "filler": "nearest"}],
}
#: Every key of the schema, the first element of a list being the fullest one.
FULLEST = {
    **SMALLEST,
    "arms": [
        {
            "name": "RML-s",
            "placement": "repositioned",
            "filler": "network",
            "network": "item",
            "tables": ["S3", "S4"],
        },
        *SMALLEST["arms"],
    ],
    "training_sets": {
        "item": {
            "volumes": 3,
            "shape": [16, 16, 16],
            "structure": {
                "levels": [1, 2],
                "solid_fraction": [0.3, 0.5],
                "wavelength_nm": [20, 60],
            },
            "millings": {"mean_nm": [8, 12], "relative_sd": [0.1, 0.4]},
        }
    },
    "networks": {
        "item": {
            "weights": "train",
            "training_set": "item",
            "label": "a network",
            "start_from": "shipped:table_s1",
            "distillation": {"teacher": "shipped:table_s1"},
        },
    },
    "calibrate": {"levels": [{"solid_fraction": [0.2, 0.4], "wavelength_nm": [20, 60]}]},
    "ablations": [{"arm": "RML-s", "base": "RNN-s", "change": "by a network"}],
    "sensitivity": {"arms": ["RNN-s"]},
}


def resolve(node):
    """Return a schema node with its reference laid underneath its own keys."""
    if "$ref" in node:
        return {**schema()["$defs"][node["$ref"].rsplit("/", 1)[1]], **node}
    return node


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
OBJECTS = [(path, node) for path, node in NODES if node.get("type") == "object"]
LEAVES = [(path, node) for path, node in NODES if path and node.get("type") != "object"]


def dotted(path):
    """Return a path as messages write it."""
    return ".".join(map(str, path)) or "the top level"


def get(values, path):
    """Return the value at a path."""
    for part in path:
        values = values[part]
    return values


def each(nodes):
    """Run a test for each of these nodes of the schema, under its path."""
    params = [pytest.param(path, node, id=dotted(path)) for path, node in nodes]
    return pytest.mark.parametrize(("path", "node"), params)


@cache
def checked_fullest():
    """Return the fullest configuration, complete; not to be changed."""
    return check(FULLEST)


def fullest():
    """Return the fullest configuration, complete, for a test to spoil."""
    return copy.deepcopy(checked_fullest())


def changed(path, value, start=FULLEST):
    """Return a complete configuration with one value changed."""
    values = fullest() if start is FULLEST else check(start)
    if not path:
        return value
    get(values, path[:-1])[path[-1]] = value
    return values


def refusal(values):
    """Return the sentence with which a configuration is refused."""
    with pytest.raises(InputError) as caught:
        check(values)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def wrong_values(node):
    """Return values that a leaf of the schema forbids, at and beyond every bound."""
    kind = node.get("type")
    wrong = []
    if kind in ("integer", "number"):
        wrong += ["many", True, None, [1], float("nan"), float("inf"), -float("inf")]
        wrong += [get_bound(node, "minimum", -1), get_bound(node, "maximum", 1)]
        wrong += [get_bound(node, "exclusiveMinimum", 0), get_bound(node, "exclusiveMaximum", 0)]
    if kind == "integer":
        wrong += [get_bound(node, "minimum", 0.5), 1e3]
    if kind == "boolean":
        wrong += ["true", 1, None]
    if kind == "string":
        wrong += [7, None, ["text"]]
    if kind == "array":
        wrong += ["text", 3, None, {"key": 1}]
        if "minItems" in node:
            wrong += [[]]
    if "enum" in node:
        wrong += ["no such choice", 3, None]
    return [value for value in wrong if value is not Ellipsis]


def get_bound(node, name, step):
    """Return a bound moved by a step, or nothing where the leaf has no such bound."""
    return node[name] + step if name in node else Ellipsis


# The schema itself


def test_schema_is_one():
    """The schema obeys the draft that it names."""
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_walk_reaches_all_of_the_schema():
    """Every key of the schema occurs in the fullest configuration, so that no test misses one."""
    complete = check(FULLEST)
    for path, _ in NODES:
        get(complete, path)
    # And every definition is in use.
    for name in schema()["$defs"]:
        assert f"'#/$defs/{name}'" in repr(schema())


@each(OBJECTS)
def test_every_object_is_closed(path, node):
    """No table of the configuration swallows a misspelt key."""
    closed = node["additionalProperties"]
    assert closed is False or (isinstance(closed, dict) and "propertyNames" in node)


@pytest.mark.parametrize(
    "path", [path for path, _ in NODES if path and path[-1] not in (0, "item")], ids=dotted
)
def test_every_key_is_described(path):
    """Each key says in one sentence what it is, and lengths say that they are in nm."""
    node = dict(NODES)[path]
    text = node["description"]
    assert text.endswith(".")
    assert len(text) > 15
    if path[-1].endswith("_nm"):
        assert " nm" in text


@each(LEAVES)
def test_every_leaf_has_type_and_bounds(path, node):
    """Numbers have a lower bound, lists their items, and everything else a type or its choices."""
    if node.get("type") in ("integer", "number"):
        assert "minimum" in node or "exclusiveMinimum" in node
    elif node.get("type") == "array":
        assert "items" in node
    else:
        assert "enum" in node or node["type"] in ("string", "boolean")


@each((path, node) for path, node in NODES if "default" in node)
def test_every_default_is_allowed(path, node):
    """A default passes the check of its own key, and is what the smallest configuration gets."""
    # A section that is there only if someone wants it has defaults only then.
    asked_for = {"sensitivity": {}} if path[0] == "sensitivity" else {}
    optional = "item" in path or path[0] == "calibrate"
    start = FULLEST if optional else {**SMALLEST, **asked_for}
    assert check(changed(path, copy.deepcopy(node["default"]), start))
    if not optional and node["default"] != {}:
        assert get(check(start), path) == node["default"]


# Completing


def test_smallest_configuration_by_hand():
    """The defaults are those of the paper, and of the design where the paper says nothing."""
    complete = check(SMALLEST)
    assert complete["base_seed"] == 2024
    assert complete["datasets"] == {
        "count": 2,
        "shard_size": 5,
        "showcase": 0,
        "keep_volumes": True,
    }
    assert complete["mill_slices"] == {
        "distribution": "normal",
        "mean_nm": 10,
        "sd_nm": 3,
        "floor_nm": 2.5,
    }
    assert complete["place_slices"] == {"nominal_nm": 10}
    assert complete["fill_holes"] == {"max_pixels": 19}
    assert complete["generate_volumes"]["levels"][0]["shell_width"] == 1
    assert complete["arms"][0]["fill_holes"] is False
    assert complete["arms"][0]["tables"] == []
    assert complete["training_sets"] == complete["networks"] == {}


def test_table_s2_is_the_default_training():
    """A network without settings is the paper's: Table S1 in full width, trained by Table S2."""
    network = check(FULLEST)["networks"]["item"]
    assert network["width_factor"] == 1
    assert network["bicubic"] == "concatenate"
    training = network["training"]
    assert (training["epochs"], training["batch_size"]) == (500, 64)
    assert (training["patch"], training["stride"]) == (64, 32)
    assert (training["learning_rate"], training["reduce_factor"]) == (0.001, 0.1)
    assert (training["reduce_patience"], training["stop_patience"]) == (10, 25)
    settings = check(FULLEST)["training_sets"]["item"]
    assert (settings["validation_fraction"], settings["split_by"]) == (0.2, "volume")


def test_completing_leaves_its_argument_alone():
    """Checking a configuration changes neither it nor the defaults that the next one gets."""
    given_values = copy.deepcopy(FULLEST)
    complete = check(given_values)
    assert given_values == FULLEST
    complete["networks"]["item"]["training"]["epochs"] = 1
    complete["mill_slices"]["sd_nm"] = 0
    complete["generate_volumes"]["shape"][0] = 99
    complete["arms"][0]["tables"].append("S5")
    assert given_values == FULLEST
    again = check(given_values)
    assert again["networks"]["item"]["training"]["epochs"] == 500
    assert again["mill_slices"]["sd_nm"] == 3


@pytest.mark.parametrize("values", [SMALLEST, FULLEST], ids=["smallest", "fullest"])
def test_completing_twice_is_completing_once(values):
    """A complete configuration is complete, and passes its own check."""
    complete = check(values)
    assert with_defaults(complete) == complete
    assert check(complete) == complete


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_configuration_of_the_project_is_valid(path):
    """Each configuration that comes with the project passes, under the name of its file."""
    complete = load(path)
    assert complete["name"] == path.stem
    assert check(complete) == complete


def test_configurations_are_found():
    """The experiment of the paper and the quick one are among the files that are checked."""
    assert {"paper", "quick", "tiny"} <= {path.stem for path in FILES}


# In step with the library


def parameter_default(function, name):
    """Return the default of a function's parameter."""
    return inspect.signature(function).parameters[name].default


def test_choices_are_those_of_the_library():
    """What the schema lets choose from is what the library knows, no more and no less."""
    nodes = dict(NODES)
    arm, training = ("arms", 0), ("networks", "item", "training")
    assert set(nodes[(*arm, "filler")]["enum"]) == set(filler_names())
    assert set(nodes[(*arm, "placement")]["enum"]) == set(PLACEMENTS)
    assert set(nodes["mill_slices", "distribution"]["enum"]) == set(DISTRIBUTIONS)
    millings = ("training_sets", "item", "millings", "distributions")
    assert set(nodes[millings]["items"]["enum"]) == set(DISTRIBUTIONS)
    assert set(nodes[(*training, "schedule")]["enum"]) == set(SCHEDULES)
    assert set(nodes[(*training, "loss_rows")]["enum"]) == set(LOSS_ROWS)
    assert set(nodes[(*arm, "families")]["enum"]) == set(FAMILY_CHOICES)
    assert set(nodes[(*arm, "threshold")]["enum"]) == set(THRESHOLDS)


@pytest.mark.parametrize("by", dict(NODES)["training_sets", "item", "split_by"]["enum"])
def test_every_split_is_possible(by):
    """Each way of splitting that the schema offers is one that the library takes."""
    manifest = plane_manifest([0, 1], (2, 2, 2))
    split = split_planes(manifest, by=by, validation_fraction=0.5, rng=np.random.default_rng(0))
    assert set(split["part"]) == {"training", "validation"}


def test_defaults_are_those_of_the_library():
    """Whoever calls the library without the workflow gets the same defaults."""
    complete = check(FULLEST)
    structure = complete["generate_volumes"]
    assert Level(0.5, 40).shell_width == structure["levels"][0]["shell_width"]
    assert parameter_default(generate_volume, "box_factor") == structure["box_factor"]
    assert parameter_default(fill_holes, "max_pixels") == complete["fill_holes"]["max_pixels"]
    training = complete["networks"]["item"]["training"]
    ours = dataclasses.asdict(Training())
    # None stands for what the configuration writes as 0.
    assert {key: value or 0 for key, value in ours.items()} == training


def test_objects_are_made_of_the_configuration():
    """Levels, milling and the ranges of training are built with the values that were given."""
    complete = check(FULLEST)
    assert configuration.levels_of(complete) == [Level(0.5, 40, 1)]
    assert configuration.milling_of(complete) == Milling("normal", 10, 3, 2.5)
    assert configuration.millings_of(complete, "item") == MillingRange(
        ("normal",), (8, 12), (0.1, 0.4), 2.5
    )
    without = changed(("training_sets", "item"), {"volumes": 2})
    assert configuration.millings_of(without, "item") == MillingRange(
        ("normal",), (10, 10), (0.3, 0.3), 2.5
    )


def test_training_set_takes_what_it_lacks_from_the_evaluation():
    """Shape and structure of training volumes are the evaluation's where they are left out."""
    complete = check(FULLEST)
    own = configuration.training_set_of(complete, "item")
    assert own["structure"] == FULLEST["training_sets"]["item"]["structure"]
    values = check(changed(("training_sets", "item"), {"volumes": 2}))
    values["generate_volumes"]["shape"] = [12, 11, 10]
    borrowed = configuration.training_set_of(values, "item")
    assert borrowed["structure"] is None
    assert generate_training_volume(0, **borrowed).shape == (12, 11, 10)


def test_weights_depend_on_all_but_label_and_budget():
    """A new label or time budget retrains nothing; every other setting of a network does."""
    network = check(FULLEST)["networks"]["item"]
    before = configuration.training_settings(network)
    free = {("label",), ("weights",), ("training", "budget_minutes")}
    root = ("networks", "item")
    for path, _ in LEAVES:
        if path[:2] != root:
            continue
        after = copy.deepcopy(network)
        files = ("start_from", "teacher")
        other = "shipped:compact_any" if path[-1] in files else "changed"
        get(after, path[2:-1])[path[-1]] = other
        same = configuration.training_settings(after) == before
        assert same == (path[2:] in free), path


# What is refused


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(path, value, id=f"{dotted(path)}={value!r}")
        for path, node in LEAVES
        for value in wrong_values(node)
    ],
)
def test_wrong_value_fails_by_name(path, value):
    """A value of a wrong type or beyond its bounds is refused, by the key and by the value."""
    message = refusal(changed(path, value))
    assert message.startswith("configuration: ")
    assert dotted(path) in message
    assert repr(value) in message


@pytest.mark.parametrize("path", [path for path, _ in OBJECTS], ids=dotted)
@pytest.mark.parametrize("value", ["text", 3, None, []], ids=repr)
def test_table_must_be_a_table(path, value):
    """Where a table of keys belongs, anything else is refused, by its place and by the value."""
    message = refusal(changed(path, value))
    assert repr(value) in message
    if path:
        assert f"{dotted(path)} is {value!r}" in message


@each((path, node) for path, node in OBJECTS if node["additionalProperties"] is False)
def test_unknown_key_fails_by_name(path, node):
    """A misspelt key is refused in every table, with its place and the keys that exist."""
    values = fullest()
    get(values, path)["colour"] = 1
    message = refusal(values)
    assert f"unknown key 'colour' in {dotted(path)}" in message
    for key in node["properties"]:
        assert key in message


@pytest.mark.parametrize(
    "path", [(*p, key) for p, node in OBJECTS for key in node.get("required", [])], ids=dotted
)
def test_missing_key_fails_by_name(path):
    """A key without a default is refused when it is missing, by its name and its place."""
    values = fullest()
    del get(values, path[:-1])[path[-1]]
    assert f"{dotted(path[:-1])} lacks the key '{path[-1]}'" in refusal(values)


@pytest.mark.parametrize(
    "path",
    [
        (*p, k)
        for p, n in OBJECTS
        for k in n.get("required", [])
        if n["additionalProperties"] is False
    ],
    ids=dotted,
)
def test_misspelt_required_key_is_named_as_it_was_written(path):
    """Of a misspelt key the writer sees the misspelling, not only that something is missing."""
    values = fullest()
    table = get(values, path[:-1])
    table[path[-1] + "x"] = table.pop(path[-1])
    assert f"unknown key '{path[-1]}x'" in refusal(values)


@pytest.mark.parametrize("key", [1, True, None, 2.5, (1, 2)], ids=repr)
@pytest.mark.parametrize("path", [(), ("datasets",), ("networks",), ("training_sets",)], ids=dotted)
def test_keys_are_words(path, key):
    """Numbers and other things that YAML takes for keys are refused, beside words or alone."""
    values = fullest()
    table = get(values, path)
    table[key] = copy.deepcopy(table.get("item", 1))
    assert str(key) in refusal(values)
    table["zebra!"] = 1
    refusal(values)


SHAPE = ("generate_volumes", "shape")
SET = ("training_sets", "item")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*SHAPE,), [16, 16], r"generate_volumes\.shape is \[16, 16\]"),
        ((*SHAPE,), [16, 16, 16, 16], r"generate_volumes\.shape is \[16, 16, 16, 16\]"),
        ((*SHAPE, 1), 7, r"generate_volumes\.shape\.1 is 7: 7 is less than the minimum of 8"),
        ((*SHAPE, 2), 16.5, r"generate_volumes\.shape\.2 is 16\.5"),
        (("arms", 0, "name"), "Original", r"arms\.0\.name is 'Original'"),
        (("arms", 0, "tables"), ["S3", "S3"], r"arms\.0\.tables is \['S3', 'S3'\]"),
        (("arms", 1, "name"), "RML-s", "the arm 'RML-s' appears twice in arms"),
        (("arms", 0, "network"), "other", "'RML-s' names the network 'other', which is not in"),
        (("arms", 1, "network"), "item", "'RNN-s' has the filler 'nearest' and must not name"),
        (("arms", 1, "filler"), "network", "'RNN-s' has the filler 'network' and names no network"),
        (("networks", "item", "training_set"), "no", "'item' .* on the training set 'no', which"),
        (("datasets", "showcase"), 2, "showcase is 2, but there are only 2 datasets, counted"),
        (("mill_slices", "floor_nm"), 2.4, r"mill_slices\.floor_nm is 2\.4, below .* 2\.5 nm"),
        (("generate_volumes", "voxel_nm"), 3, r"mill_slices\.floor_nm is 2\.5, below .* 3 nm"),
        (("mill_slices", "mean_nm"), 2.4, r"mean slice thickness of 2\.4 nm lies below"),
        ((*SET, "structure", "levels"), [2, 1], "the range levels .* from 2 to 1"),
        ((*SET, "structure", "solid_fraction"), [0.5, 1.5], r"solid_fraction .* is 1\.5"),
        ((*SET, "structure", "wavelength_nm"), [60, 20], "wavelength_nm .* from 60 to 20"),
        ((*SET, "millings", "mean_nm"), [12, 8], "the range mean_nm .* from 12 to 8"),
        ((*SET, "millings", "mean_nm"), [2, 8], r"mean slice thickness of 2 nm lies below"),
        ((*SET, "millings", "floor_nm"), 9, r"8 nm lies below its floor of 9 nm"),
    ],
)
def test_values_that_do_not_fit_together_fail(path, value, message):
    """Names that do not exist, and structures that cannot be, are refused before any work."""
    assert re.search(message, refusal(changed(path, value)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start_from": "train"}, "must start from a weights file, not from 'train'"),
        ({"distillation": {"teacher": "train"}}, "its teacher must be a weights file, not 'train'"),
    ],
)
def test_training_leans_on_weights_that_are_there(settings, message):
    """What a training starts from or learns from is not trained in the same run."""
    values = fullest()
    values["networks"]["item"].update(settings)
    assert f"the network 'item' is to be trained and {message}" in refusal(values)


def test_network_to_be_trained_needs_a_training_set():
    """Weights that are trained in the run need a training set, others need none."""
    values = fullest()
    del values["networks"]["item"]["training_set"]
    assert "the network 'item' is to be trained and names no training_set" in refusal(values)
    values["networks"]["item"]["weights"] = "shipped:item"
    assert check(values)


@pytest.mark.parametrize("values", [None, [], "name: demo", 3], ids=repr)
def test_configuration_is_a_table(values):
    """An empty file, a list or a text is no configuration."""
    assert f"a configuration is a mapping of keys, but this is {values!r}" in refusal(values)


# Files


SAFE_NAMES = ["quick", "a", "0", "run-2_b"]
UNSAFE_NAMES = [
    "../x", "/abs", "a/b", "a\\b", ".", "..", "", "-x", "_x", "~", "$HOME", "a b", "Quick",
    "a;b", "a\n", "a\nb", "a\x00", "{shard}", "<logs>", "é",
]  # fmt: skip


@pytest.mark.parametrize("name", SAFE_NAMES)
def test_ordinary_names_are_names_of_folders(name):
    """Lower-case letters, digits, hyphens and underscores make the name of a results folder."""
    assert check({**SMALLEST, "name": name})["name"] == name


@pytest.mark.parametrize("name", UNSAFE_NAMES)
def test_name_cannot_leave_the_results_folder(name):
    """A name is one folder below results/: no path, no hidden file, no wildcard, no line break."""
    message = refusal({**SMALLEST, "name": name})
    assert f"configuration: name is {name!r}" in message


@pytest.mark.parametrize("name", ["../x", "a/b", "RNN_s", "", "-s", "a\n", "{arm}", "a.b"])
def test_arm_names_are_names_of_folders(name):
    """Arms are folders too: letters, digits and hyphens."""
    assert f"arms.1.name is {name!r}" in refusal(changed(("arms", 1, "name"), name))


@pytest.mark.parametrize("table", ["training_sets", "networks"])
@pytest.mark.parametrize("name", ["../x", "a/b", "Gold", "", "x", "gold\n", "{network}"])
def test_names_of_networks_and_training_sets_are_names_of_folders(table, name):
    """Networks and training sets are folders too: two or more lower-case letters or digits."""
    values = fullest()
    values[table][name] = copy.deepcopy(values[table]["item"])
    message = refusal(values)
    assert f"the name {name!r} in {table} is not allowed" in message


def test_missing_file_fails_by_name(tmp_path):
    """A configuration that is not there, or is a folder, is named."""
    with pytest.raises(InputError, match=r"absent\.yaml does not exist"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="does not exist"):
        load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"name: [unclosed",
        b"name: 'unclosed",
        b"name: demo\n  datasets: {count: 2}",
        b"\tname: demo",
        b"name: *nothing",
        b"name: \xff\xfe\x00",
        b"name: \x00",
        b"a: 1\n---\nb: 2",
        bytes(range(256)),
    ],
)
def test_damaged_yaml_fails_by_name(content, tmp_path):
    """A file that is no YAML is refused in one sentence with its path, whatever it holds."""
    path = tmp_path / "damaged.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged\.yaml is not YAML: ") as caught:
        load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "# nothing\n", "- name: demo\n", "demo\n"])
def test_yaml_without_keys_is_no_configuration(content, tmp_path):
    """An empty file, a list and a word are YAML, but no configuration."""
    path = tmp_path / "other.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match="a configuration is a mapping of keys"):
        load(path)


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.mkdir", "!!python/object/new:os.mkdir", "!!python/name:"]
)
def test_tags_are_not_executed(tag, tmp_path):
    """A configuration is data: a YAML tag that would run Python is refused and does nothing."""
    trap = tmp_path / "trap"
    path = tmp_path / "tagged.yaml"
    path.write_text(f"name: {tag} ['{trap}']\n")
    with pytest.raises(InputError, match="is not YAML"):
        load(path)
    assert not trap.exists()


def test_load_reads_what_check_checks(tmp_path):
    """A file means what its values mean."""
    path = tmp_path / "demo.yaml"
    path.write_text(
        "name: demo\n"
        "datasets: {count: 2}\n"
        "generate_volumes:\n"
        "  shape: [16, 16, 16]\n"
        "  levels: [{solid_fraction: 0.5, wavelength_nm: 40}]\n"
        "arms: [{name: RNN-s, placement: repositioned, filler: nearest}]\n",
        encoding="utf-8",
    )
    assert load(path) == load(str(path)) == check(SMALLEST)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"families": "zx"}, "families and threshold are for a network"),
        ({"threshold": "keep_fraction"}, "families and threshold are for a network"),
    ],
    ids=str,
)
def test_options_of_networks_are_for_networks(changes, words):
    """An arm without a network has no families of planes and no threshold."""
    arms = [{**SMALLEST["arms"][0], **changes}]
    with pytest.raises(InputError, match=words):
        check({**SMALLEST, "arms": arms})


@pytest.mark.parametrize(
    ("arm", "base", "words"),
    [
        ("RNN-s", "RCS-s", "the base 'RCS-s', which is not in arms"),
        ("RCS-s", "RNN-s", "the arm 'RCS-s', which is not in arms"),
        ("RNN-s", "RNN-s", "the arm 'RNN-s' with itself"),
    ],
)
def test_ablations_name_two_arms(arm, base, words):
    """What is compared must be in the arm table, and must be two different arms."""
    row = {"arm": arm, "base": base, "change": "something"}
    with pytest.raises(InputError, match=words):
        check({**SMALLEST, "ablations": [row]})
