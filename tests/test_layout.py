"""The floors of the library: imports run downwards only."""

import ast
from pathlib import Path

import pytest

import fibgap

PACKAGE = Path(fibgap.__file__).resolve().parent

#: From the top down; what stands on one line shares a floor and may import each other.
FLOORS = [
    ["cli", "__init__", "network.__main__", "experiment.calibration.__main__"],
    ["workflow"],
    ["report"],
    ["experiment"],
    ["stacks"],
    ["statistics"],
    ["rebuilding"],
    ["network.training"],
    ["network"],
    ["fillers"],
    ["measures"],
    ["synthetic"],
    ["depths"],
    ["io"],
    ["placement", "holes"],
    ["suspicion"],
    ["stack"],
    ["settings"],
    ["errors", "units", "seeds", "arms", "on_disk"],
]


def floor_of(module: str) -> int:
    """Return how many floors lie above a module: that of the longest name that it begins with."""
    homes = [
        (len(name), floor)
        for floor, names in enumerate(FLOORS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    assert homes, f"fibgap.{module} has no floor"
    return max(homes)[1]


def modules() -> dict[str, Path]:
    """Return every module of the package by its name without the package's own."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


MODULES = modules()


def imported(path: Path) -> set[str]:
    """Return the modules of this package that a source imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert not node.level, f"{path} imports relatively"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    inside = {name.removeprefix("fibgap.") for name in names if name.startswith("fibgap.")}
    return inside & MODULES.keys()


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downwards(module):
    """No module imports one of a floor above its own."""
    upwards = [name for name in imported(MODULES[module]) if floor_of(name) < floor_of(module)]
    assert not upwards


def test_the_ground_floor_stays_small():
    """What a newcomer meets first fits into one look."""
    assert len(list(PACKAGE.glob("*.py"))) <= 12


def test_an_import_upwards_is_seen():
    """The floors are told apart: a filler below its network, the workflow above all."""
    assert floor_of("network.training.trainer") < floor_of("network.filler")
    assert floor_of("network.filler") < floor_of("fillers.spline")
    assert floor_of("workflow.digests") < floor_of("report.page") < floor_of("experiment.config")
    assert floor_of("report.stack_page") < floor_of("stacks.filling") < floor_of("rebuilding")
