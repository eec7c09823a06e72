"""What the report says beside its tables: facts of the run, captions of figures, costs."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fibgap import __version__

CAPTIONS = {
    "showcase": {
        "caption": "One dataset: the true volume, the slices at their depths, and every arm. Wrong "
        "voxels are coloured; the share given is that of the picture.",
        "alt": "zx-planes and xy-layers of the true volume, the slices and every arm",
    },
    "errors": {
        "caption": "Anisotropy errors by arm. Dots are datasets, the circle and its bar the mean "
        "with its interval, the diamond below the paper's mean and standard deviation.",
        "alt": "anisotropy errors of every arm, one panel a measure",
    },
    "curves": {
        "caption": "Mean two-point correlation and lineal path of the gold, along z and in the "
        "plane of the slices (left), and their difference (right).",
        "alt": "curves of every arm along z and in the plane",
    },
    "history": {
        "caption": "Loss during training, as in the paper's Figure S2.",
        "alt": "training and validation loss against the epoch",
    },
}
_PACKAGES = ("numpy", "scipy", "torch", "scikit-image", "snakemake")


def _levels(levels: list[Mapping[str, Any]]) -> str:
    """Say in words what the structure is."""
    return "; ".join(
        f"solid fraction {level['solid_fraction']:g} at {level['wavelength_nm']:g} nm"
        for level in levels
    )


def _package_versions() -> str:
    """Return the versions of the packages that results depend on."""
    found = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def facts_of(experiment: Mapping[str, Any]) -> dict[str, str]:
    """Return what a reader has to know of an experiment, by heading.

    Parameters
    ----------
    experiment : dict
        A checked configuration.
    """
    structure, milling = experiment["generate_volumes"], experiment["mill_slices"]
    datasets = experiment["datasets"]
    shape = " × ".join(map(str, structure["shape"]))
    cut = experiment["measure"]["diffusivity_cut"]
    return {
        "Configuration": f"{experiment['name']}, base seed {experiment['base_seed']}",
        "Datasets": f"{datasets['count']} volumes of {shape} voxels of "
        f"{structure['voxel_nm']:g} nm",
        "Structure": f"levelled waves: {_levels(structure['levels'])}",
        "Milling": f"{milling['distribution']} slice thickness, mean {milling['mean_nm']:g} nm, "
        f"standard deviation {milling['sd_nm']:g} nm, at least {milling['floor_nm']:g} nm; nominal "
        f"thickness {experiment['place_slices']['nominal_nm']:g} nm",
        "Diffusivity": ("on a central cut of " + f"{cut} voxels a side" if cut else "whole volume")
        if "d" in experiment["measure"]["names"]
        else "not measured",
        "Versions": f"fibgap {__version__}, {_package_versions()}",
    }
