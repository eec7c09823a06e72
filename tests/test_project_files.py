"""The project's own files agree with each other: versions, licence, pins and environments."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import fibgap

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
PYTHONS = ("3.11", "3.12", "3.13")
# Packages that conda-forge calls otherwise.
PIP_NAMES = {"matplotlib-base": "matplotlib", "pytorch": "torch", "pytorch-cpu": "torch"}


def read_requirements(name: str) -> list[Requirement]:
    """Return the requirement lines of a pip file, without comments and options."""
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def read_pins(python: str) -> dict[str, Version]:
    """Return package -> locked version for one Python on Linux, torch included."""
    environment = default_environment() | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_machine": "x86_64",
    }
    pins: dict[str, Version] = {}
    for requirement in [
        *read_requirements("requirements.lock"),
        *read_requirements("requirements-torch-cpu.txt"),
    ]:
        if requirement.marker and not requirement.marker.evaluate(environment):
            continue
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{requirement} is no exact pin"
        name = canonicalize_name(requirement.name)
        assert name not in pins, f"{name} is pinned twice for Python {python}"
        pins[name] = Version(specifier.version)
    return pins


def read_ranges() -> dict[str, Requirement]:
    """Return package -> range for everything that pyproject.toml asks for, extras included."""
    lines = [*PROJECT["dependencies"]]
    for extra in PROJECT["optional-dependencies"].values():
        lines += extra
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def read_conda_pins(path: Path) -> dict[str, str]:
    """Return pip's package name -> version for a conda environment file, Python included."""
    pins = {}
    for line in yaml.safe_load(path.read_text())["dependencies"]:
        match = re.fullmatch(r"([a-z0-9-]+)=([0-9.]+)", line)
        assert match, f"{path.name}: {line!r} is not of the form name=version"
        pins[PIP_NAMES.get(match[1], match[1])] = match[2]
    return pins


def test_versions_agree() -> None:
    """A release has one version, wherever it is written."""
    assert PROJECT["version"] == fibgap.__version__
    assert CITATION["version"] == fibgap.__version__


def test_licences_agree() -> None:
    """The licence named in the metadata is the one whose text lies in LICENSE."""
    text = (ROOT / "LICENSE").read_text()
    assert PROJECT["license"] == CITATION["license"] == "BSD-3-Clause"
    assert text.startswith("BSD 3-Clause License")
    # The third clause is what tells it from the 2-clause licence.
    assert "3. Neither the name of the copyright holder" in text
    assert PROJECT["authors"] == CITATION["authors"]
    assert PROJECT["authors"][0]["name"] in text


def test_licence_text_is_packaged() -> None:
    """A built package carries its licence text and its read-me."""
    for name in [*PROJECT["license-files"], PROJECT["readme"]]:
        assert (ROOT / name).is_file()


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_meets_every_range(python: str) -> None:
    """The lock pins every package asked for, within its range, for every supported Python."""
    pins = read_pins(python)
    ranges = read_ranges()
    assert {"numpy", "torch", "pytest", "snakemake-executor-plugin-slurm"} <= ranges.keys()
    for name, requirement in ranges.items():
        assert name in pins, f"{name} is not pinned"
        assert requirement.specifier.contains(pins[name]), f"{requirement}, but {pins[name]} locked"


def test_classifiers_name_the_locked_pythons() -> None:
    """The Python versions promised in the metadata are those that the lock is checked for."""
    prefix = "Programming Language :: Python :: "
    promised = [line.removeprefix(prefix) for line in PROJECT["classifiers"] if prefix in line]
    assert tuple(promised) == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_lock_names_no_index_and_no_cuda() -> None:
    """The lock is usable behind any index and brings no build of torch along."""
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    names = {requirement.name for requirement in read_requirements("requirements.lock")}
    assert not {name for name in names if re.match(r"(torch|triton)$|(cuda|nvidia)-", name)}


def test_torch_builds_share_one_version() -> None:
    """The CPU build and the plain build are the same release of torch."""
    (cpu,) = read_requirements("requirements-torch-cpu.txt")
    (plain,) = read_requirements("requirements-torch-cuda.txt")
    # "==" would let pip take a 2.13.0+cpu that lies at hand for the plain build.
    assert str(plain.specifier).startswith("===")
    assert str(cpu.specifier) == f"{plain.specifier}+cpu".replace("===", "==")


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_conda_pins_equal_the_lock(path: Path) -> None:
    """A rule run under conda gets the very versions that the virtual environment has."""
    environment = yaml.safe_load(path.read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    pins = read_conda_pins(path)
    assert pins.pop("python") in PYTHONS
    locked = read_pins(PYTHONS[0])
    # conda-forge has no local versions: 2.13.0 there is 2.13.0+cpu here.
    assert pins == {name: locked[name].public for name in pins}
    # Within their ranges then, too, since the lock is.
    assert pins.keys() <= read_ranges().keys()


def test_every_rule_environment_exists() -> None:
    """Each `conda:` of a rule names an existing file of envs/, and no file there is unused."""
    named = set()
    for rules in sorted((ROOT / "rules").glob("*.smk")):
        for match in re.finditer(r"^\s+conda:\s*[\"']([^\"']+)[\"']", rules.read_text(), re.M):
            named.add((rules.parent / match[1]).resolve())
    assert named == set(ENVIRONMENTS)
