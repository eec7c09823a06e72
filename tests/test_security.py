"""Files from strangers run no code, read no other files, and write nowhere but in the results."""

import ast
import io
import json
import pickle
import re
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
import yaml
from safetensors.torch import load_file, save_file

from fibgap.errors import InputError
from fibgap.experiment import config as configuration
from fibgap.io.shards import Record, process_shard, read_record, shard_datasets
from fibgap.io.tiff import read_tiff, write_tiff
from fibgap.network.architecture import Architecture
from fibgap.network.module import Network
from fibgap.network.shipped import FOLDER, read_training, resolve_weights
from fibgap.network.weights import load_weights, save_weights
from fibgap.report.page import Page, render_report
from fibgap.report.tables import frame_table, to_latex, to_markdown
from tests.workflow.conftest import copy_project

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [
    path
    for folder in ("fibgap", "workflow_scripts", "examples", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
RULES = [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]


class Payload:
    """An object that makes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.trace,)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Return the path of a file that appears when hidden code runs; it does if one is careless."""
    path = tmp_path / "executed"
    pickle.loads(pickle.dumps(Payload(path)))
    assert path.exists()
    path.unlink()
    return path


# -- weights ------------------------------------------------------------------------------------


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Return honest weights of a very small network."""
    path = tmp_path / "honest.safetensors"
    save_weights(path, Network(Architecture.from_width(0.05)), {"status": "complete"})
    return path


def zip_of_torch(trace: Path) -> bytes:
    """Return a file of torch.save with a payload in it."""
    stream = io.BytesIO()
    torch.save({"l2.bias": Payload(trace)}, stream)
    return stream.getvalue()


def old_torch(trace: Path) -> bytes:
    """Return a file of torch.save in its format before zip."""
    stream = io.BytesIO()
    torch.save({"l2.bias": Payload(trace)}, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def numpy_objects(trace: Path) -> bytes:
    """Return a file of numpy.save that holds a pickled object."""
    stream = io.BytesIO()
    np.save(stream, np.array([Payload(trace)], dtype=object), allow_pickle=True)
    return stream.getvalue()


def safetensors_with(header: dict[str, object], data: bytes = b"") -> bytes:
    """Return a safetensors file with a header of one's own."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


FOREIGN: dict[str, Callable[[Path], bytes]] = {
    "pickle": lambda trace: pickle.dumps({"l2.bias": Payload(trace)}),
    "torch": zip_of_torch,
    "torch before zip": old_torch,
    "numpy with objects": numpy_objects,
    "header of 2^63 bytes": lambda trace: struct.pack("<Q", 2**63) + b"{}",
    "header that is no JSON": lambda trace: struct.pack("<Q", 5) + b"\x80\x04K\x01.",
    "tensor beyond the end": lambda trace: safetensors_with(
        {"l2.bias": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2**40]}}
    ),
    "tensor of another size": lambda trace: safetensors_with(
        {"l2.bias": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}, b"1234"
    ),
    "no tensors": lambda trace: safetensors_with({}),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_weights_are_refused_and_run_nothing(
    tmp_path: Path, trace: Path, kind: str
) -> None:
    """What is no network of fibgap in safetensors is refused by name; hidden code never runs."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(FOREIGN[kind](trace))
    for read in (load_weights, read_training):
        with pytest.raises(InputError, match=re.escape(str(path))):
            read(path)
    assert not trace.exists()


@pytest.mark.parametrize("filters", [10**6, 2**40])
def test_weights_cannot_fill_the_memory(weights: Path, filters: int) -> None:
    """An architecture beyond all bounds is refused by its shapes, before anything is built."""
    told = Architecture.from_width(0.05).to_dict() | {"b2": filters, "b3": filters}
    metadata = {"format": "fibgap-network-1", "architecture": json.dumps(told), "training": "{}"}
    save_file(load_file(weights), weights, metadata)
    with pytest.raises(InputError, match=re.escape(str(weights))):
        load_weights(weights)


@pytest.mark.parametrize("name", ["../../README", "../weights/table_s1", "/etc/hostname", "", "\0"])
def test_shipped_weights_are_shipped(name: str) -> None:
    """A name of shipped weights leads to no file outside their folder."""
    with pytest.raises(InputError, match="no weights are shipped under the name"):
        resolve_weights(f"shipped:{name}")
    assert resolve_weights("shipped:table_s1").parent == FOLDER


@pytest.mark.parametrize("name", ["", "\0", "nowhere", "/dev/null", "..", "-rf"])
def test_weights_are_regular_files(name: str) -> None:
    """A path that is no regular file is refused, whatever it is."""
    with pytest.raises(InputError, match="weights file"):
        load_weights(resolve_weights(name))


# -- configurations -----------------------------------------------------------------------------

TINY = yaml.safe_load((ROOT / "tests/config/tiny.yaml").read_text())
TAGS = [
    "!!python/object/apply:pathlib.Path.touch [{path}]",
    "!!python/object/new:os.system ['touch {path}']",
    "!!python/name:os.system",
    "!!python/module:antigravity",
]


@pytest.mark.parametrize("tag", TAGS)
def test_tags_of_python_in_a_configuration_are_refused(
    tmp_path: Path, trace: Path, tag: str
) -> None:
    """A configuration is plain YAML: an object of Python in it is refused and never made."""
    path = tmp_path / "config.yaml"
    path.write_text(f"name: x\nlabel: {tag.format(path=trace)}\n")
    with pytest.raises(InputError, match=r"config\.yaml is not YAML"):
        configuration.load(path)
    assert not trace.exists()


@pytest.mark.workflow
def test_snakemake_makes_no_objects_of_a_configuration(tmp_path: Path, trace: Path) -> None:
    """Snakemake's own reader of --configfile refuses the tags as well."""
    project = copy_project(tmp_path / "project")
    text = (project.folder / "tests/config/tiny.yaml").read_text()
    (project.folder / "forged.yaml").write_text(
        text.replace("base_seed: 11", f"base_seed: {TAGS[0].format(path=trace)}")
    )
    done = project.run("--dry-run", config="forged.yaml")
    assert done.returncode != 0
    assert "not valid JSON or YAML" in done.stdout
    assert not trace.exists()
    assert not (project.folder / "results").exists()


# Nothing, upwards, from the root, a folder, an option, the ends of texts, wildcards, other digits.
OUTSIDE = [
    "",
    "..",
    "../x",
    "/tmp/x",
    "a/b",
    "a\\b",
    "-rf",
    "a\0b",
    "a\n",
    "a b",
    "{arm}",
    "\u0661",
]


def tiny_with(where: str, name: str) -> dict[str, object]:
    """Return the tiny configuration with a name of one's own in one place."""
    values = json.loads(json.dumps(TINY))
    if where == "name":
        values["name"] = name
    elif where == "arm":
        values["arms"][0]["name"] = name
    elif where == "network":
        values["networks"] = {name: values["networks"]["compact"]}
        values["arms"][-1]["network"] = name
    else:
        values["training_sets"] = {name: values["training_sets"]["gold"]}
        values["networks"]["compact"]["training_set"] = name
    return values


@pytest.mark.parametrize(
    ("where", "name"),
    [
        *(("name", name) for name in OUTSIDE),
        *(
            (where, name)
            for where in ("arm", "network", "training_set")
            for name in ("../x", "a\n")
        ),
    ],
)
def test_names_in_a_configuration_are_names_of_files(where: str, name: str) -> None:
    """Every name that becomes part of a path is refused if it could lead elsewhere."""
    with pytest.raises(InputError):
        configuration.check(tiny_with(where, name))


@pytest.mark.parametrize(
    ("where", "name"),
    [("name", "gold-2"), ("arm", "RNN-s2"), ("network", "net_2"), ("training_set", "set_2")],
)
def test_honest_names_are_accepted(where: str, name: str) -> None:
    """The names that are refused are refused for themselves: ordinary ones pass."""
    assert configuration.check(tiny_with(where, name))


def test_words_in_a_configuration_do_not_leave_their_cell() -> None:
    """Markup in a label stays text in every format of a table."""
    words = r"<script>alert(1)</script> \input{/etc/passwd} | `x`"
    table = frame_table(pd.DataFrame({"step": [words]}), caption=words, footnotes=[words])
    assert "<script>alert" not in render_report(Page(words, costs=table))
    assert r"\input" not in to_latex(table)
    assert not re.search(r"(?<!\\)<script", to_markdown(table))


# -- HDF5 ---------------------------------------------------------------------------------------


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """Return an honest shard with one volume."""
    path = tmp_path / "000.h5"
    process_shard(
        path,
        stage="testing",
        datasets=[0],
        digest="d",
        attributes={},
        compute=lambda dataset: Record({"volume": np.ones((3, 3, 3), dtype=bool)}),
        log=str,
    )
    return path


def external_link(group: h5py.Group, secret: Path) -> None:
    """Put an array of another file in."""
    group["volume"] = h5py.ExternalLink(str(secret), "secret")


def soft_link(group: h5py.Group, secret: Path) -> None:
    """Put an array of another place in."""
    group["volume"] = h5py.SoftLink("/dataset_0001/volume")


def external_storage(group: h5py.Group, secret: Path) -> None:
    """Put the bytes of any file in."""
    group.create_dataset("volume", (8,), np.uint8, external=[(str(secret), 0, 8)])


def virtual(group: h5py.Group, secret: Path) -> None:
    """Put a view of another file in."""
    layout = h5py.VirtualLayout((4,), np.uint8)
    layout[:] = h5py.VirtualSource(str(secret), "secret", (4,))
    group.create_virtual_dataset("volume", layout)


def strings(group: h5py.Group, secret: Path) -> None:
    """Put Python objects in, as far as HDF5 has them."""
    group.create_dataset("volume", data=["a", "b"], dtype=h5py.string_dtype())


def references(group: h5py.Group, secret: Path) -> None:
    """Put references in."""
    group.create_dataset("volume", data=[group.ref], dtype=h5py.ref_dtype)


def pickled(group: h5py.Group, secret: Path) -> None:
    """Put a pickle in, as opaque bytes."""
    group.create_dataset(
        "volume", data=np.void(pickle.dumps(Payload(secret.with_name("executed"))))
    )


def compound(group: h5py.Group, secret: Path) -> None:
    """Put a record array in."""
    group.create_dataset("volume", data=np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]))


def nested(group: h5py.Group, secret: Path) -> None:
    """Put a group where an array belongs."""
    group.create_group("volume")


@pytest.mark.parametrize(
    "forge",
    [
        external_link,
        soft_link,
        external_storage,
        virtual,
        strings,
        references,
        pickled,
        compound,
        nested,
    ],
)
def test_a_shard_holds_its_own_numbers(
    shard: Path, trace: Path, forge: Callable[[h5py.Group, Path], None]
) -> None:
    """What is no array of numbers inside the file is refused by name: HDF5 can point elsewhere."""
    secret = shard.with_name("secret.h5")
    with h5py.File(secret, "w") as file:
        file["secret"] = np.arange(4, dtype=np.uint8)
    assert read_record(shard, 0).arrays["volume"].all()
    with h5py.File(shard, "r+") as file:
        del file["dataset_0000/volume"]
        forge(file["dataset_0000"], secret)
    with pytest.raises(InputError, match=re.escape(str(shard))) as caught:
        read_record(shard, 0)
    assert "volume" in str(caught.value)
    assert not trace.exists()


def test_a_whole_dataset_is_no_link_either(shard: Path) -> None:
    """A group of another file does not pass for a dataset of this one."""
    other = shard.with_name("other.h5")
    other.write_bytes(shard.read_bytes())
    with h5py.File(shard, "r+") as file:
        del file["dataset_0000"]
        file["dataset_0000"] = h5py.ExternalLink(str(other), "dataset_0000")
    with pytest.raises(InputError, match="link to elsewhere"):
        read_record(shard, 0)


@pytest.mark.parametrize("name", ["dataset_x", "dataset_-1", "volume", "dataset_0001 "])
def test_foreign_names_in_a_shard_are_told(shard: Path, name: str) -> None:
    """A shard holds datasets and nothing else."""
    with h5py.File(shard, "r+") as file:
        file.create_group(name)
    with pytest.raises(InputError, match="which is no dataset"):
        shard_datasets(shard)


# -- TIFF and CSV -------------------------------------------------------------------------------


def test_a_damaged_tiff_is_a_stack_or_refused(tmp_path: Path) -> None:
    """Whatever byte of a TIFF is wrong, it is read as a stack or refused in one sentence."""
    path = tmp_path / "stack.tif"
    write_tiff(path, np.random.default_rng(0).random((3, 5, 4)) < 0.5, voxel_nm=2.5)
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    outcomes = []
    for _ in range(300):
        forged = bytearray(content)
        # Most of the damage goes where the tags are.
        place = int(rng.integers(0, 300 if rng.random() < 0.8 else len(content)))
        forged[place % len(content)] ^= int(rng.integers(1, 256))
        path.write_bytes(forged)
        try:
            outcomes.append(str(read_tiff(path).ndim))
        except InputError as error:
            outcomes.append(str(error))
    assert all(outcome == "3" or str(path) in outcome for outcome in outcomes)
    assert len(set(outcomes)) > 3


def test_a_tiff_of_objects_is_refused(tmp_path: Path, trace: Path) -> None:
    """A pickle or a numpy file that calls itself TIFF is no TIFF."""
    path = tmp_path / "stack.tif"
    for content in (pickle.dumps(Payload(trace)), numpy_objects(trace)):
        path.write_bytes(content)
        with pytest.raises(InputError, match="no TIFF file"):
            read_tiff(path)
    assert not trace.exists()


def test_a_tiff_has_one_series(tmp_path: Path) -> None:
    """Images of different shapes are no stack."""
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(np.zeros((4, 4), np.uint8))
        writer.write(np.zeros((5, 5), np.uint8))
    with pytest.raises(InputError, match=r"page 1 .* has 5 x 5 pixels, but page 0 .* has 4 x 4"):
        read_tiff(path)


# -- sources ------------------------------------------------------------------------------------

PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
BARE = {"eval", "exec", "compile", "__import__"}
CALLS = {
    "os.system",
    "os.popen",
    "yaml.load",
    "yaml.load_all",
    "yaml.full_load",
    "yaml.unsafe_load",
    "pandas.read_pickle",
    "pd.read_pickle",
    "torch.jit.load",
    "torch.hub.load",
    "torch.package.PackageImporter",
}


def dotted(node: ast.expr) -> str:
    """Return a call's name as it is written."""
    return ast.unparse(node)


def dangers(text: str) -> list[str]:
    """Return what in a source could run what an input says."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in PICKLES]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module] if (node.module or "").split(".")[0] in PICKLES else []
        elif isinstance(node, ast.Call):
            name = dotted(node.func)
            options = {k.arg: ast.unparse(k.value) for k in node.keywords}
            careless = (
                name in CALLS
                or (isinstance(node.func, ast.Name) and name in BARE)
                or (name == "torch.load" and options.get("weights_only") != "True")
                or options.get("allow_pickle") not in (None, "False")
                or options.get("shell") not in (None, "False")
            )
            found += [ast.unparse(node)] if careless else []
    return found


def test_no_source_runs_what_it_reads() -> None:
    """No pickle, no eval, no loader that makes objects: not in the library, nor in any script."""
    assert len(SOURCES) > 100
    for path in SOURCES:
        assert dangers(path.read_text(encoding="utf-8")) == [], path


def test_no_rule_runs_what_it_reads() -> None:
    """Rules start scripts only: no shell command in which a name could become a command."""
    careless = re.compile(r"^\s+(shell|run):|\b(eval|exec)\(|pickle|yaml\.load", re.MULTILINE)
    for path in RULES:
        assert not careless.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "yaml.load(text, Loader=yaml.Loader)",
        "np.load(path, allow_pickle=True)",
        "eval(text)",
        "exec(text)",
        "subprocess.run(text, shell=True)",
        "pd.read_pickle(path)",
    ],
)
def test_careless_sources_are_found(text: str) -> None:
    """The search for careless code finds it."""
    assert dangers(text)
    assert not dangers("yaml.safe_load(t); torch.load(p, weights_only=True); network.eval()")
