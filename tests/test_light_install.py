"""The package by itself fills and measures stacks, without torch and without Snakemake."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Disk for a clean environment with the package, in MB: 811 were measured, and docs/benchmarks.md
#: lists them. Room is left for new versions of packages. With torch it would be 1,600 at least.
MOST_MB = 850

STACK = """
import sys
import numpy as np
import tifffile

z, y, x = np.ogrid[:12, :48, :40]
solid = np.sin(z * 0.7 + 1) + np.sin(y / 3) + np.sin(x / 2.5) > 0
tifffile.imwrite(sys.argv[1], 255 * solid.astype(np.uint8), photometric="minisblack")
"""
LOADED = """
import sys
from importlib.util import find_spec

import fibgap
from fibgap.network.shipped import shipped_names
from fibgap.network.weights import load_weights
from fibgap.network.shipped import resolve_weights

assert not any(map(find_spec, ("torch", "snakemake", "nncf")))
for name in shipped_names():
    load_weights(resolve_weights(f"shipped:{name}"))
for name in fibgap.__all__:
    getattr(fibgap, name)
"""


def run(*command: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command outside the checkout, with nothing of this environment."""
    outside = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    outside |= {"HOME": str(home), "MPLCONFIGDIR": str(home)}
    return subprocess.run(
        [str(word) for word in command],
        cwd=home,
        env=outside,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A clean environment with the wheel and what it asks for, in the versions of the lock."""
    home = tmp_path_factory.mktemp("light")
    source = home / "source"  # a build leaves folders in its source
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    shutil.copytree(
        ROOT / "fibgap", source / "fibgap", ignore=shutil.ignore_patterns("__pycache__")
    )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheels = home / "wheels"
    building = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", wheels, source]
    built = subprocess.run([*pip, "wheel", *building], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = wheels.glob("fibgap-*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "venv"], check=True)
    python = home / "venv/bin/python"
    installing = ["--python", python, "install", "--constraint", ROOT / "requirements.lock", wheel]
    done = subprocess.run([*pip, *installing], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return home


@pytest.mark.slow
def test_the_package_alone_fills_and_measures_a_stack(environment):
    """A wheel in a clean environment fills a stack by a shipped network; what it lacks is said."""
    python, command = (environment / "venv/bin" / name for name in ("python", "fibgap"))
    loaded = run(python, "-W", "error", "-c", LOADED, home=environment)
    assert loaded.returncode == 0, loaded.stderr
    made = run(python, "-c", STACK, environment / "stack.tif", home=environment)
    assert made.returncode == 0, made.stderr
    where = ["--voxel", "2.5nm", "--spacing", "10nm", "--phase", "255"]
    network = ["--weights", "shipped:compact_neighbours", "-o", environment / "volume.tif"]
    filled = run(command, "fill", environment / "stack.tif", *where, *network, home=environment)
    assert filled.returncode == 0, filled.stderr
    record = json.loads((environment / "volume.json").read_text())
    assert record["volume"]["shape_zyx"] == [45, 48, 40]
    assert 0.3 < record["volume"]["solid_fraction"] < 0.7
    measured = run(command, "measure", environment / "volume.tif", "--json", home=environment)
    assert measured.returncode == 0, measured.stderr
    assert "D was left out, since it needs torch: pip install 'fibgap[train]'" in measured.stdout
    simulated = ["simulate", environment / "simulated", "--shape", "24x24x24", "--json"]
    made = run(command, *simulated, home=environment)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["height"] == 24
    (environment / "c.yaml").write_text("{}")
    refused = run(command, "train", "c.yaml", "compact", "-o", "trained", home=environment)
    assert refused.returncode == 2
    assert "Training needs torch: pip install 'fibgap[train]' installs it" in refused.stderr
    size = sum(p.lstat().st_size for p in (environment / "venv").rglob("*") if p.is_file())
    print(f"disk of the environment: {size / 1e6:.0f} MB")
    assert size / 1e6 < MOST_MB
