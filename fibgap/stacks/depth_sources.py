"""Which source of depths a stack has: what was asked for, or the first that there is."""

from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from fibgap.depths import (
    Depths,
    Thickness,
    estimate_thickness,
    fuse_depths,
    nominal_depths,
    read_names,
    read_table,
    thickness_depths,
)
from fibgap.depths.names import holds_lengths
from fibgap.depths.result import in_order
from fibgap.errors import InputError
from fibgap.io.images import ImageStack
from fibgap.stacks.options import How
from fibgap.stacks.ruler_reading import FILE, FUSED, IMAGES, NAMES, RULER, WORDS, RulerReadings
from fibgap.suspicion import warn
from fibgap.units import length_nm

_OF_A_TABLE = ("depth_column", "depth_kind", "depth_unit", "decimal")


def find_depths(
    images: ImageStack,
    *,
    solid: NDArray[np.bool_] | None = None,
    voxel_nm: float | None = None,
    readings: RulerReadings | None = None,
    **how: Unpack[How],
) -> Depths:
    """Return where the slices of a stack lie.

    Parameters
    ----------
    images : ImageStack
        With the depths, the distance between slices and the names that its files have.
    solid : (N, Y, X) bool, optional
        The slices, for depths from images.
    voxel_nm : float, optional
        Their pixel size in nm.
    readings : RulerReadings, optional
        What the ruler tells.
    **how
        `depths` and its column, kind and unit, `spacing` or `total`: see `How`.

    Returns
    -------
    Depths
        Of what was asked for; otherwise the depths in the image file, those in the names, or the
        distance between slices that the file has.

    Raises
    ------
    InputError
        If there is no source of depths, or two were asked for.

    Warns
    -----
    FibgapWarning
        For pairs of slices that images cannot tell.
    """
    depths, spacing = how.get("depths"), how.get("spacing")
    if depths is not None and spacing is not None:
        raise InputError(
            f"depths ({_shown(depths)}) and a spacing ({spacing}) are given: one of them says where"
            " slices lie."
        )
    if how.get("total") is not None and depths != IMAGES:
        raise InputError(
            f"a total of {how['total']} is given, which is of use to depths from images alone "
            "(depths)."
        )
    if depths is None or isinstance(depths, Depths) or depths in WORDS:
        for name in _OF_A_TABLE:
            if how.get(name) is not None:
                raise InputError(f"{name} '{how[name]}' is given, but no table of depths (depths).")  # type: ignore[literal-required]
    if isinstance(depths, Depths):
        return depths
    if spacing is not None:
        return _constant(images, spacing)
    if depths in (RULER, FUSED) and readings is None:
        raise InputError(
            f"depths are to be those of a ruler ({depths}), but there is none (ruler)."
        )
    if depths == RULER and readings is not None:
        return readings.depths()
    if depths in (IMAGES, FUSED):
        if solid is None or voxel_nm is None:
            raise InputError("slices that could not be read tell no depths.")
        thickness = told_by_images(solid)
        if depths == FUSED and readings is not None:
            return fused(readings, thickness, voxel_nm)
        return thickness_depths(thickness, voxel_nm, total_nm=total_of(how))
    if depths == FILE or (depths is None and images.depths_nm is not None):
        return _of_file(images)
    if depths == NAMES or (depths is None and holds_lengths(images.names)):
        if not images.names:
            raise InputError("the slices have no names to read depths from: they lie in one file.")
        return read_names(images.names)
    if depths is not None:
        return read_table(
            Path(depths),
            count=len(images.images),
            names=images.names or None,
            column=how.get("depth_column"),
            kind=how.get("depth_kind"),
            unit=how.get("depth_unit"),
            decimal=how.get("decimal"),
        )
    if images.spacing_nm is not None:
        return nominal_depths(len(images.images), images.spacing_nm)
    raise InputError(
        "where the slices lie is not known: neither the image file nor the names of the slices say "
        "it; give a table of depths (depths), or one distance for all slices (spacing)."
    )


def told_by_images(solid: NDArray[np.bool_]) -> Thickness:
    """Estimate thickness from slices, and warn of pairs that they cannot tell."""
    thickness = estimate_thickness(solid)
    warn(thickness.findings())
    return thickness


def total_of(how: How) -> float | None:
    """Return the known total depth in nm."""
    total = how.get("total")
    return None if total is None else length_nm(str(total), name="total")


def fused(readings: RulerReadings, thickness: Thickness, voxel_nm: float) -> Depths:
    """Return depths from a ruler and from images, with the notes of both."""
    found = fuse_depths(readings.readings_nm, readings.sd_nm, thickness, voxel_nm)
    notes = (*readings.notes, *found.notes, *thickness.findings())
    return replace(found, notes=notes)


def _shown(depths: object) -> str:
    """Return what was given as depths, for messages."""
    return f"of the source '{depths.source}'" if isinstance(depths, Depths) else str(depths)


def _constant(images: ImageStack, spacing: str) -> Depths:
    """Return depths of one spacing, with a word where the file has another one."""
    nm = length_nm(str(spacing), name="spacing")
    found = nominal_depths(len(images.images), nm)
    of_file = images.spacing_nm
    if images.depths_nm is not None:
        other = "the file's own depths were"
    elif of_file is not None and abs(of_file / nm - 1) > 1e-3:
        other = f"the file's distance between slices, {of_file:.6g} nm, was"
    else:
        return found
    images.warning(f"{other} not used: a spacing of {nm:.6g} nm was given")
    return found


def _of_file(images: ImageStack) -> Depths:
    """Return the depths that the image file has."""
    if images.depths_nm is None:
        raise InputError("the image file has no depths of its slices.")
    places = images.names or [f"slice {index}" for index in range(len(images.depths_nm))]
    depths, turned = in_order(np.asarray(images.depths_nm, dtype=np.float64), places)
    notes = ["depths are those of the image file."]
    if turned:
        notes.append("depths fall, so they and the slices are turned round.")
    return Depths(depths, "measured", None, tuple(notes), turned)
