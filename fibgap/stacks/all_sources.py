"""All sources of depths that a stack has, side by side, and what they say of each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from fibgap.depths import (
    Depths,
    Thickness,
    compare_depths,
    cut_stretch,
    nominal_depths,
    thickness_depths,
)
from fibgap.errors import InputError
from fibgap.io.images import read_images
from fibgap.io.sources import Source
from fibgap.stacks.depth_sources import find_depths, fused, told_by_images, total_of
from fibgap.stacks.loading import Prepared
from fibgap.stacks.options import How
from fibgap.stacks.ruler_reading import FUSED, IMAGES, RULER
from fibgap.suspicion import warn
from fibgap.units import length_nm

#: The order in which one is taken where nobody says which.
BEST = (FUSED, RULER, IMAGES)
#: A stretch of x against y that is worth a warning, and by how many standard deviations it, or that
#: of a cut, must be seen. Deviations from four quarters are vague.
_STRETCHED, _SEEN = 0.1, 3.0


@dataclass(frozen=True)
class AllSources:
    """Depths of a stack from every source that there is.

    Attributes
    ----------
    depths : dict of str to Depths
        By source.
    thickness : Thickness or None
        What the images say, if they say something.
    sentences : tuple of str
        How sources agree, and whether the material is isotropic as far as it can be told.
    """

    depths: dict[str, Depths]
    thickness: Thickness | None
    sentences: tuple[str, ...]


def all_sources(ready: Prepared, how: How, *, cut: Source | None = None) -> AllSources:
    """Return the depths of a stack from every source that there is.

    Parameters
    ----------
    ready : Prepared
        Of `fibgap.stacks.loading.prepare`.
    how : How
        As it was read, with what it says of depths.
    cut : path, str, or sequence of them, optional
        Images of a cut whose rows run along z, see `fibgap.depths.cut_stretch`.

    Raises
    ------
    InputError
        If a source that is given cannot be read, or there is none.

    Warns
    -----
    FibgapWarning
        Where sources contradict each other, the planes are not isotropic, or images do not tell
        pairs of slices.
    """
    assert ready.solid is not None
    assert ready.voxel_nm is not None
    found: dict[str, Depths] = {}
    sentences: list[str] = []
    if ready.readings is not None:
        found[RULER] = ready.readings.depths()
    thickness: Thickness | None = None
    try:
        thickness = told_by_images(ready.solid)
    except InputError as error:
        if how.get("depths") in (IMAGES, FUSED):
            raise
        sentences.append(f"the images tell no thickness: {error}")
    if thickness is not None:
        found[IMAGES] = thickness_depths(thickness, ready.voxel_nm, total_nm=total_of(how))
        sentences.append(_isotropy(thickness))
    if thickness is not None and ready.readings is not None:
        found[FUSED] = fused(ready.readings, thickness, ready.voxel_nm)
    found |= _given(ready, how)
    if not found:
        raise InputError(sentences[0])
    sentences += _compared(found)
    if cut is not None:
        sentences.append(_of_cut(cut, ready.voxel_nm))
    return AllSources(found, thickness, tuple(sentences))


def _given(ready: Prepared, how: How) -> dict[str, Depths]:
    """Return the depths that a table, names or a file have, and a constant spacing."""
    found: dict[str, Depths] = {}
    spacing, of_file = how.get("spacing"), ready.images.spacing_nm
    asked: Any = how.get("depths")
    if asked in BEST:
        asked = None
    rest = {**how, "depths": asked, "spacing": None, "total": None}
    if asked is not None or spacing is None:
        try:
            depths = find_depths(ready.images, **cast("How", rest))
            found[depths.source] = depths
        except InputError:
            if asked is not None:
                raise
    nm = of_file if spacing is None else length_nm(str(spacing), name="spacing")
    if nm is not None:
        found["nominal"] = nominal_depths(len(ready.images.images), nm)
    return found


def _compared(found: Mapping[str, Depths]) -> list[str]:
    """Return how the other sources agree with the one that has deviations of its own."""
    sentences = []
    for first, second in (
        ("nominal", IMAGES),
        ("nominal", RULER),
        ("measured", IMAGES),
        ("measured", RULER),
        (RULER, IMAGES),
    ):
        if first in found and second in found:
            compared = compare_depths(found[first], found[second])
            # That thickness varies is no contradiction to a mean.
            told = compared.sentences()[: 1 if first == "nominal" else None]
            if compared.contradicts:
                warn(told[:1])
            sentences += told
    return sentences


def _isotropy(thickness: Thickness) -> str:
    """Return what the planes say of isotropy, and warn where they deny it."""
    stretch, sd = np.expm1(thickness.stretch_xy), thickness.stretch_sd
    known = f" ± {sd:.1%}" if np.isfinite(sd) else ""
    told = f"in the planes, structures are {abs(stretch):.1%}{known} "
    told += f"{'longer' if stretch >= 0 else 'shorter'} along x than along y"
    if abs(thickness.stretch_xy) > max(_STRETCHED, _SEEN * sd if np.isfinite(sd) else 0.0):
        sentence = (
            f"{told}: the material is not isotropic, so thickness from images may be wrong by as "
            "much."
        )
        warn([sentence])
        return sentence
    return f"{told}, which does not deny that the material is isotropic; z is not seen in them."


def _of_cut(cut: Source, voxel_nm: float) -> str:
    """Return what a cut along z says of the thickness from images."""
    images = read_images(cut, pixel_nm=voxel_nm, least=1).images
    stretch, sd = cut_stretch(images)
    sure = abs(stretch - 1) > _SEEN * sd
    told = f"in the cut, structures are {stretch:.3f} ± {sd:.3f} times as long along z as across it"
    if not sure:
        return f"{told}: it does not deny that the material is isotropic."
    sentence = f"{told}: multiply thickness from images by this, or give the total depth (total)."
    warn([sentence])
    return sentence


def chosen(found: AllSources, how: How) -> str:
    """Return the source that is written: the one that was asked for, or the best one.

    Raises
    ------
    InputError
        If there is none that was asked for.
    """
    asked = how.get("depths")
    if asked in BEST:
        if asked not in found.depths:
            raise InputError(
                f"depths are to be those of the source '{asked}', but there is no ruler (ruler)."
            )
        return str(asked)
    return next(name for name in (*BEST, *found.depths) if name in found.depths)


def slice_names(ready: Prepared) -> list[str] | None:
    """Return the names of the slices without their folders, None where they have none."""
    return [Path(name).name for name in ready.images.names] or None
