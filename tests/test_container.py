"""The container recipe installs what `make setup` installs: the same files, Python and version."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RECIPE = (ROOT / "envs/fibgap.def").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def section(name: str) -> list[str]:
    """Return the lines of a section of the recipe."""
    text = RECIPE.split(f"\n%{name}\n")[1].split("\n%")[0]
    return [line.strip() for line in text.splitlines() if line.strip()]


def make_installs() -> list[str]:
    """Return what `make setup` gives to pip, one entry an installation with its options."""
    lines = re.findall(r"\$\(PIP\) install (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return [" ".join(line.split()) for line in lines]


def test_the_python_is_one_that_the_lock_is_for() -> None:
    """The image's Python is the oldest one supported, as in the conda environments."""
    (version,) = re.findall(r"^From: python:([\d.]+)-slim", RECIPE, re.MULTILINE)
    assert PROJECT["project"]["requires-python"] == f">={version}"
    for path in (ROOT / "envs").glob("*.yaml"):
        assert f"- python={version}\n" in path.read_text()


def test_packages_come_from_the_lock_and_nowhere_else() -> None:
    """Every installation names a file with exact pins, or fibgap itself without dependencies."""
    installs = [line for line in section("post") if "pip install" in line]
    assert [line.split()[-1].removeprefix("/opt/fibgap") for line in installs] == [
        "/requirements.lock",
        "/requirements-torch-cuda.txt",
        "",
    ]
    # No version stands in the recipe itself, where it could differ from the lock.
    assert not re.search(r"[=<>~]=", " ".join(section("post")))
    for line in (installs[0], installs[2]):
        assert "--no-deps" in line


def test_every_pin_is_exact() -> None:
    """The files that the recipe installs pin every package to one version."""
    for name in ("requirements.lock", "requirements-torch-cuda.txt"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line[:1].isalnum()]
        assert lines
        for line in lines:
            assert re.match(r"[A-Za-z0-9._-]+===?[\w.+]+( ;|$)", line), line


def test_the_recipe_follows_make_setup() -> None:
    """The order and the files of `make setup TORCH=cuda` are those of the recipe."""
    cuda = [line for line in make_installs() if "TORCH" not in line and "torch-cpu" not in line]
    files = [re.findall(r"-r (\S+)", line) or ["fibgap"] for line in cuda]
    assert files == [["requirements.lock"], ["requirements-torch-cuda.txt"], ["fibgap"]]


def test_copied_files_exist() -> None:
    """The recipe copies files of the project, among them all that the package needs."""
    copied = [line.split()[0] for line in section("files")]
    assert all((ROOT / name).exists() for name in copied)
    needed = {PROJECT["project"]["readme"], *PROJECT["project"]["license-files"], "fibgap"}
    assert {*needed, "pyproject.toml"} <= {*copied}


def test_labels_name_the_version_and_the_licence() -> None:
    """The image says which release it holds."""
    labels = dict(line.split(maxsplit=1) for line in section("labels"))
    assert labels["org.opencontainers.image.version"] == PROJECT["project"]["version"]
    assert labels["org.opencontainers.image.licenses"] == PROJECT["project"]["license"]


def test_it_is_said_that_nobody_built_it() -> None:
    """A recipe that was not built says so."""
    assert "not built" in RECIPE.split("Bootstrap")[0]


@pytest.mark.parametrize("name", ["post", "environment", "test", "runscript", "labels", "help"])
def test_the_recipe_has_its_sections(name: str) -> None:
    """No section is empty."""
    assert section(name)
