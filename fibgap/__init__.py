"""Rebuild 3-D nanostructures from FIB-SEM slices of uneven thickness.

fibgap puts slices at their depths and fills the gaps between them. It measures how isotropic the
result is and, where the truth is known, how right. Arrays are ordered ``(z, y, x)``; axis 0 is the
milling direction. Solid is True. Lengths are in voxels unless a name ends in ``_nm``.

This page is the public interface, in the order in which a user needs it. A name is imported when it
is first used, so that nothing is loaded that is not needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: The public names by what they are for, and the module that each comes from.
API: dict[str, dict[str, str]] = {
    "A stack of your own, in one call": {
        "check_stack": "fibgap.stacks",
        "fill_stack": "fibgap.stacks",
        "load_stack": "fibgap.stacks",
        "leave_slices_out": "fibgap.stacks",
        "measure_volume_file": "fibgap.stacks",
        "simulate": "fibgap.stacks",
        "stack_depths": "fibgap.report.stack_depths",
        "stack_page": "fibgap.report.stack_page",
    },
    "Slices and where they lie": {
        "read_tiff": "fibgap.io.tiff",
        "read_table": "fibgap.depths",
        "read_names": "fibgap.depths",
        "nominal_depths": "fibgap.depths",
        "depths_from_images": "fibgap.depths",
        "ruler_depths": "fibgap.depths",
        "line_depths": "fibgap.depths",
        "track_lines": "fibgap.depths",
        "RulerLine": "fibgap.depths",
        "estimate_thickness": "fibgap.depths",
        "fuse_depths": "fibgap.depths",
        "write_table": "fibgap.depths",
        "Depths": "fibgap.depths",
        "length_nm": "fibgap.units",
        "SliceStack": "fibgap.stack",
    },
    "From slices to a volume": {
        "rebuild": "fibgap.rebuilding",
        "Arm": "fibgap.arms",
        "Rebuilt": "fibgap.rebuilding",
        "place_slices": "fibgap.placement",
        "place_own": "fibgap.placement",
        "GappedVolume": "fibgap.stack",
        "fill": "fibgap.fillers",
        "filler_names": "fibgap.fillers",
        "fill_holes": "fibgap.holes",
        "write_tiff": "fibgap.io.tiff",
    },
    "How good a volume is": {
        "measure": "fibgap.measures",
        "measure_names": "fibgap.measures",
        "anisotropy_error": "fibgap.measures.anisotropy",
        "truth_error": "fibgap.measures.anisotropy",
        "voxel_error": "fibgap.measures.voxelwise",
        "dice": "fibgap.measures.voxelwise",
        "solid_fraction": "fibgap.measures.voxelwise",
        "between_slices": "fibgap.stack",
    },
    "Synthetic structures": {
        "Level": "fibgap.synthetic.structure",
        "generate_volume": "fibgap.synthetic.structure",
        "Milling": "fibgap.synthetic.milling",
        "mill_volume": "fibgap.synthetic.milling",
        "cut_slices": "fibgap.synthetic.milling",
    },
    "What can go wrong": {
        "InputError": "fibgap.errors",
        "FibgapWarning": "fibgap.errors",
    },
}
_HOMES = {name: home for names in API.values() for name, home in names.items()}

__all__ = [  # noqa: RUF022 - in the order of the page
    "API",
    "__version__",
    "check_stack",
    "fill_stack",
    "load_stack",
    "leave_slices_out",
    "measure_volume_file",
    "simulate",
    "stack_depths",
    "stack_page",
    "read_tiff",
    "read_table",
    "read_names",
    "nominal_depths",
    "depths_from_images",
    "ruler_depths",
    "line_depths",
    "track_lines",
    "RulerLine",
    "estimate_thickness",
    "fuse_depths",
    "write_table",
    "Depths",
    "length_nm",
    "SliceStack",
    "rebuild",
    "Arm",
    "Rebuilt",
    "place_slices",
    "place_own",
    "GappedVolume",
    "fill",
    "filler_names",
    "fill_holes",
    "write_tiff",
    "measure",
    "measure_names",
    "anisotropy_error",
    "truth_error",
    "voxel_error",
    "dice",
    "solid_fraction",
    "between_slices",
    "Level",
    "generate_volume",
    "Milling",
    "mill_volume",
    "cut_slices",
    "InputError",
    "FibgapWarning",
]

if TYPE_CHECKING:
    from fibgap.arms import Arm
    from fibgap.depths import (
        Depths,
        RulerLine,
        depths_from_images,
        estimate_thickness,
        fuse_depths,
        line_depths,
        nominal_depths,
        read_names,
        read_table,
        ruler_depths,
        track_lines,
        write_table,
    )
    from fibgap.errors import FibgapWarning, InputError
    from fibgap.fillers import fill, filler_names
    from fibgap.holes import fill_holes
    from fibgap.io.tiff import read_tiff, write_tiff
    from fibgap.measures import measure, measure_names
    from fibgap.measures.anisotropy import anisotropy_error, truth_error
    from fibgap.measures.voxelwise import dice, solid_fraction, voxel_error
    from fibgap.placement import place_own, place_slices
    from fibgap.rebuilding import Rebuilt, rebuild
    from fibgap.report.stack_depths import stack_depths
    from fibgap.report.stack_page import stack_page
    from fibgap.stack import GappedVolume, SliceStack, between_slices
    from fibgap.stacks import (
        check_stack,
        fill_stack,
        leave_slices_out,
        load_stack,
        measure_volume_file,
        simulate,
    )
    from fibgap.synthetic.milling import Milling, cut_slices, mill_volume
    from fibgap.synthetic.structure import Level, generate_volume
    from fibgap.units import length_nm


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'fibgap' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
