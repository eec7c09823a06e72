"""The record of a filled stack: everything that is needed to know what was done."""

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fibgap import __version__
from fibgap.io.digests import file_sha256
from fibgap.io.sources import Source
from fibgap.measures.voxelwise import solid_fraction
from fibgap.placement import placement_record
from fibgap.stacks.options import command, given, plain

if TYPE_CHECKING:
    from fibgap.stacks.filling import FilledStack

#: Packages whose versions can change a result.
_PACKAGES = ("numpy", "scipy", "scikit-image", "tifffile", "imagecodecs")


def fill_record(
    filled: "FilledStack", source: Source, out: Path, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what was read, done and written, in plain values.

    Parameters
    ----------
    filled : FilledStack
        The result.
    source : path, str, or sequence of them
        As it was given.
    out : Path
        The volume.
    options : mapping
        All options that were given, by the names of `fibgap.stacks.fill_stack`.

    Returns
    -------
    dict
        For JSON. There is no date in it: the same input and options give the same record.
    """
    loaded, gapped = filled.loaded, filled.gapped
    sources = [str(source)] if isinstance(source, str | Path) else [str(each) for each in source]
    said = given(options) | ({"crop": False} if options.get("crop") is False else {})
    network = filled.choice.options.get("network")
    packages = [*_PACKAGES, *([network.name] if network is not None else [])]
    files = [*loaded.files, *([filled.choice.weights] if filled.choice.weights else [])]
    return {
        "fibgap": __version__,
        "command": command("fill", sources, {"output": str(out), **said}),
        "options": {name: plain(value) for name, value in said.items()},
        "versions": {"python": platform.python_version()}
        | {package: version(package) for package in packages},
        "inputs": [_input(file) for file in files],
        "stack": loaded.facts,
        "slices": placement_record(gapped),
        "filler": {
            "name": filled.choice.filler,
            "why": filled.choice.why,
            "weights": plain(filled.choice.weights),
            "learned": filled.lesson.to_dict() if filled.lesson else None,
        },
        "check": filled.choice.check.to_dict() if filled.choice.check else None,
        "holes_closed": filled.holes.holes if filled.holes else None,
        "volume": {
            "file": out.name,
            "shape_zyx": list(filled.volume.shape),
            "voxel_nm": gapped.effective_voxel_nm,
            "solid_fraction": solid_fraction(filled.volume),
            "largest_gap_nm": gapped.largest_gap * gapped.effective_voxel_nm,
        },
        "anisotropy": {
            name: {"along_z": each.along_z, "in_plane": each.in_plane}
            for name, each in filled.directions.items()
        },
        "thresholds": list(loaded.histogram.thresholds),
        "depths_nm": [round(float(depth), 6) for depth in loaded.stack.depths_nm],
        "depths_sd_nm": _rounded(loaded.depths.sd_nm),
        "thickness_sd_nm": _rounded(loaded.depths.thickness_sd_nm),
        "notes": list(loaded.notes),
        "warnings": list(filled.warnings),
    }


def _rounded(values: NDArray[np.float64] | None) -> list[float] | None:
    """Return values as JSON can hold them."""
    return None if values is None else [round(float(value), 6) for value in values]


def _input(file: Path) -> dict[str, str]:
    """Return a file's name and the SHA-256 of what is in it; of a folder, of all its files."""
    if file.is_dir():
        parts = sorted(each for each in file.rglob("*") if each.is_file())
        lines = [f"{file_sha256(each)}  {each.relative_to(file).as_posix()}\n" for each in parts]
        return {"path": str(file), "sha256": hashlib.sha256("".join(lines).encode()).hexdigest()}
    return {"path": str(file), "sha256": file_sha256(file)}
