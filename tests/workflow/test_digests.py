"""An edit of code, parameters or inputs changes a digest; an edit of words does not."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.io.digests import digest
from fibgap.io.hdf5 import create_hdf5, write_array
from fibgap.workflow import digests as provenance
from fibgap.workflow.digests import chain_digest, code_digest, content_digest, source_files

ROOT = Path(__file__).resolve().parents[2]

SOURCES = {
    "script.py": '"""Script."""\n\nimport toy.other.leaf\nfrom toy.direct import work\n\nwork()\n',
    "toy/__init__.py": '"""A package."""\n',
    "toy/direct.py": (
        '"""Imported by the script."""\n\n'
        "from toy import indirect\n"
        "from toy.sub import inner\n\n\n"
        "def work():\n"
        '    """Do the work."""\n'
        "    from toy.lazy import more\n\n"
        "    return more() + indirect.PLENTY\n"
    ),
    "toy/indirect.py": '"""Imported by a module."""\n\nPLENTY = 7\n',
    "toy/lazy.py": '"""Imported when called."""\n\n\ndef more():\n    return 1\n',
    "toy/unrelated.py": '"""Imported by nothing."""\n\nVALUE = 1\n',
    "toy/named.py": '"""Imported by its name in a string."""\n\nVALUE = 1\n',
    "toy/sub/__init__.py": '"""A subpackage."""\n\nREGISTRY = {}\n',
    "toy/other/__init__.py": '"""The package around a module."""\n\nREGISTRY = {}\n',
    "toy/other/leaf.py": '"""A module that is imported by its full name."""\n\nVALUE = 1\n',
    "toy/sub/inner.py": '"""A module of a subpackage."""\n\nVALUE = 1\n',
}


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A small package that provenance takes for ours, and a script that uses it."""
    for name, source in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "toy")
    return tmp_path


def digest_of(folder: Path, modules=()) -> str:
    """Return the digest of the toy script as a new process would see it."""
    provenance._read.cache_clear()
    return code_digest(folder / "script.py", modules)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a piece of a source."""
    source = (folder / name).read_text()
    assert source.count(old) == 1
    (folder / name).write_text(source.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "work()\n", "work()\nwork()\n"),
        ("toy/direct.py", "more() + ", "more() - "),
        ("toy/indirect.py", "7", "8"),
        ("toy/lazy.py", "return 1", "return 2"),
        ("toy/sub/inner.py", "VALUE = 1", "VALUE = 1.0"),
        ("toy/other/leaf.py", "VALUE = 1", "VALUE = True"),
        ("toy/sub/__init__.py", "{}", "{1: 2}"),
    ],
)
def test_an_edit_of_code_behind_a_script_counts(toy, name, old, new):
    """Code counts in the script and in what it imports, directly or not, at once or later."""
    before = digest_of(toy)
    edit(toy, name, old, new)
    assert digest_of(toy) != before
    edit(toy, name, new, old)
    assert digest_of(toy) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("toy/direct.py", '"""Do the work."""', '"""Do all of the work."""'),
        ("toy/direct.py", '    """Do the work."""\n', ""),
        ("toy/indirect.py", '"""Imported by a module."""', "# Imported by a module."),
        ("toy/indirect.py", "PLENTY = 7\n", "PLENTY = 7  # enough\n"),
        ("toy/indirect.py", "PLENTY = 7", "\n\nPLENTY = (\n    7\n)"),
        ("script.py", '"""Script."""', "'''A script that works.'''"),
        ("toy/unrelated.py", "VALUE = 1", "VALUE = 2"),
        ("toy/named.py", "VALUE = 1", "VALUE = 2"),
        ("toy/other/__init__.py", "{}", "{1: 2}"),
    ],
)
def test_words_layout_and_unrelated_modules_do_not_count(toy, name, old, new):
    """Comments, docstrings, layout and what nothing imports by itself leave a digest alone."""
    before = digest_of(toy)
    edit(toy, name, old, new)
    assert digest_of(toy) == before


def test_a_text_that_is_no_docstring_counts(toy):
    """Only the first text of a body is a docstring; a value that is text is code."""
    (toy / "toy/indirect.py").write_text('PLENTY = "seven"\n')
    before = digest_of(toy)
    edit(toy, "toy/indirect.py", "seven", "eight")
    assert digest_of(toy) != before


def test_a_module_named_by_hand_counts(toy):
    """What is imported by a name in a string is named to the digest, and then counts."""
    before = digest_of(toy, ["toy.named"])
    assert before != digest_of(toy)
    edit(toy, "toy/named.py", "VALUE = 1", "VALUE = 2")
    assert digest_of(toy, ["toy.named"]) != before


def test_a_new_import_counts(toy):
    """A module joins the digest when one of the others begins to import it."""
    edit(toy, "toy/indirect.py", "PLENTY = 7", "from toy import unrelated\n\nPLENTY = 7")
    before = digest_of(toy)
    edit(toy, "toy/unrelated.py", "VALUE = 1", "VALUE = 2")
    assert digest_of(toy) != before


def test_sources_are_listed(toy):
    """The script comes first, then every module behind it, packages of modules among them."""
    provenance._read.cache_clear()
    found = [str(path.relative_to(toy)) for path in source_files(toy / "script.py")]
    assert found == [
        "script.py",
        "toy/direct.py",
        "toy/indirect.py",
        "toy/lazy.py",
        "toy/other/leaf.py",
        "toy/sub/__init__.py",
        "toy/sub/inner.py",
    ]


def test_no_module_that_a_script_loads_is_forgotten():
    """Whatever an interpreter loads for a script is among its sources, packages around apart."""
    script = ROOT / "workflow_scripts" / "place_slices.py"
    program = (
        "import runpy, sys\n"
        "runpy.run_path(sys.argv[1])\n"
        "for name, module in sorted(sys.modules.items()):\n"
        "    if name.split('.')[0] == 'fibgap':\n"
        "        print(module.__file__)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {Path(line).resolve() for line in result.stdout.splitlines()}
    assert ROOT / "fibgap" / "io" / "shards.py" in loaded
    for path in loaded - set(source_files(script)):
        # Around modules stand packages that only say what they hold; the outermost lists names.
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert path.name == "__init__.py"
        assert len(body) == 1 or path.parent.name == "fibgap"


def test_the_library_imports_from_homes():
    """A digest does not follow the public names, so the library and its scripts do without."""
    for path in [*(ROOT / "fibgap").rglob("*.py"), *(ROOT / "workflow_scripts").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "fibgap":
                assert {alias.name for alias in node.names} <= {"seeds", "__version__"}, path


def test_imports_are_absolute():
    """Digests follow absolute imports only, so the library and its scripts have no others."""
    sources = [*(ROOT / "fibgap").rglob("*.py"), *(ROOT / "workflow_scripts").glob("*.py")]
    assert len(sources) > 20
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path


def test_training_does_not_hang_on_inference():
    """Editing inference leaves trained weights valid, and editing the architecture does not."""
    names = {
        str(path.relative_to(ROOT))
        for path in source_files(ROOT / "workflow_scripts/train_network.py")
    }
    assert "fibgap/network/architecture.py" in names
    assert "fibgap/network/training/patches.py" in names
    assert "fibgap/network/inference.py" not in names
    assert "fibgap/report/figures/style.py" not in names


@pytest.mark.parametrize(
    "other", [{"a": 2}, {"a": "1"}, {"a": 1.5}, {"a": [1]}, {"b": 1}, {"a": 1, "b": None}, [1], {}]
)
def test_values_make_digests(other):
    """Every value, name and nesting counts."""
    assert digest({"a": 1}) != digest(other)


def test_order_of_keys_does_not_count_but_order_of_lists_does():
    """Mappings are the same in any order, lists are not."""
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest([1, 2]) != digest([2, 1])


def test_parameters_and_contents_make_a_chain(tmp_path):
    """A job's digest changes with its parameters and with what its inputs hold, not their date."""
    table, weights = tmp_path / "table.csv", tmp_path / "weights.bin"
    table.write_text("a,b\n1,2\n")
    weights.write_bytes(bytes(100))
    params = {"seed": 1, "code": "abc"}
    before = chain_digest(params, [table, weights])
    assert chain_digest({"code": "abc", "seed": 1}, [str(table), str(weights)]) == before
    assert chain_digest({**params, "seed": 2}, [table, weights]) != before
    assert chain_digest(params, [weights, table]) != before
    table.write_text("a,b\n1,2\n")
    assert chain_digest(params, [table, weights]) == before
    table.write_text("a,b\n1,3\n")
    assert chain_digest(params, [table, weights]) != before


def write_volume(path: Path, made_from: str, value: int) -> None:
    """Write a file of this library."""
    with create_hdf5(path, "testing", {"digest": made_from}) as file:
        write_array(file, "values", np.full(3, value))


def test_a_file_of_ours_says_what_it_was_made_from(tmp_path):
    """An HDF5 file stands for the digest of what it was made from, wherever it lies."""
    first, second = tmp_path / "first.h5", tmp_path / "second.h5"
    write_volume(first, "made-from-a", 1)
    write_volume(second, "made-from-a", 1)
    assert content_digest(first) == "made-from-a"
    before = chain_digest({}, [first])
    assert chain_digest({}, [second]) == before
    write_volume(first, "made-from-b", 1)
    assert chain_digest({}, [first]) != before


def test_an_input_that_is_damaged_has_no_digest(tmp_path):
    """A truncated HDF5 input is told before anything is computed from it."""
    path = tmp_path / "first.h5"
    write_volume(path, "a", 1)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"first\.h5 is damaged"):
        chain_digest({}, [path])
