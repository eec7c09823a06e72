"""From what a microscope delivers to a slice stack: one call that composes all readers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack, cast

import numpy as np
from numpy.typing import NDArray

from fibgap.depths import Depths
from fibgap.errors import InputError
from fibgap.io.drift import Drift, correct_drift, measure_drift
from fibgap.io.geometry import crop_frame, square_pixels
from fibgap.io.images import ImageStack, read_images
from fibgap.io.pages import full_path
from fibgap.io.segmentation import segment
from fibgap.io.sources import Source, find_source
from fibgap.stacks.depth_sources import find_depths
from fibgap.stacks.findings import Progress, collected, silent
from fibgap.stacks.loaded import Findings, Histogram, LoadedStack
from fibgap.stacks.options import How, require_known
from fibgap.stacks.room import Room
from fibgap.stacks.ruler_reading import WORDS, RulerReadings, ruler_of, with_ruler
from fibgap.suspicion import check_depths, warn
from fibgap.units import length_nm

#: A step from slice to slice of so many pixels (rms) is worth a word: `measure_drift` reads steps
#: to a tenth of a pixel, and a stack that was aligned has less.
_DRIFT = 1.0
#: A phase with a smaller share than this may come from a threshold that lies beside the phases.
_RARE = 0.01


def load_stack(source: Source, *, progress: Progress = silent, **how: Unpack[How]) -> LoadedStack:
    """Read a stack of images with its depths, and make solid and pore of it.

    Parameters
    ----------
    source : path, str, or sequence of them
        A folder of images, a list, a pattern, or a file: see `fibgap.io.images.read_images`.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.
    **how
        See `fibgap.stacks.options.How`.

    Returns
    -------
    LoadedStack
        Cropped to what is valid in every slice, its pixels square, its slices in order of depth.

    Raises
    ------
    InputError
        If anything that the volume depends on is missing, contradicts itself or cannot be right.

    Warns
    -----
    FibgapWarning
        For everything that is suspicious.

    Examples
    --------
    >>> import tempfile
    >>> from fibgap.io.volumes import write_volume
    >>> path = Path(tempfile.mkdtemp()) / "stack.tif"
    >>> _ = write_volume(path, np.eye(4, dtype=bool)[None].repeat(3, axis=0), (10, 2.5, 2.5))
    >>> loaded = load_stack(path, spacing="0.01um")
    >>> loaded.stack.depths_nm.tolist(), loaded.stack.voxel_nm, loaded.facts["solid_fraction"]
    ([0.0, 10.0, 20.0], 2.5, 0.25)
    """
    return load(source, how, Findings(), progress)


def load(
    source: Source, how: How, found: Findings, progress: Progress, room: Room | None = None
) -> LoadedStack:
    """Load a stack, on disk if there is no room; what is known when it fails is in `found`."""
    require_known(how)
    with collected() as warned:
        asked = cast("How", with_ruler(how))
        with found.step():
            _require_tables(asked)
        with found.step():
            ready = prepare(source, asked, found, progress, room)
            with found.step():
                depths = _depths(ready, asked, found)
        if found.problems:
            raise InputError(found.problems[0])
        assert ready.voxel_nm is not None
        assert ready.solid is not None
        assert ready.histogram is not None
        stack = depths.stack(ready.solid, ready.voxel_nm)
    return LoadedStack(
        stack=stack,
        depths=depths,
        names=tuple(depths.order(ready.images.names)) if ready.images.names else (),
        histogram=ready.histogram,
        drift=ready.drift,
        files=source_files(source, asked),
        facts=found.facts,
        notes=tuple(found.notes),
        warnings=tuple(warned),
    )


def _require_tables(how: How) -> None:
    """Refuse a table that is not there, before images are read."""
    for name in ("depths", "ruler"):
        path = how.get(name)
        if isinstance(path, str | Path) and path not in WORDS and not full_path(path).exists():
            raise InputError(f"file {path} does not exist.")


@dataclass(frozen=True)
class Prepared:
    """A stack before anything is known of its depths; what could not be found is None.

    Attributes
    ----------
    images : ImageStack
        Cropped to what shows material.
    solid : (N, Y, X) bool or None
        The slices with square pixels, as delivered.
    voxel_nm : float or None
        Edge of a voxel.
    readings : RulerReadings or None
        What the ruler tells, if there is one.
    histogram : Histogram or None
        Of the grey values.
    drift : Drift
        What was measured, before it was corrected.
    """

    images: ImageStack
    solid: NDArray[np.bool_] | None
    voxel_nm: float | None
    readings: RulerReadings | None
    histogram: Histogram | None
    drift: Drift


def prepare(
    source: Source, how: How, found: Findings, progress: Progress, room: Room | None = None
) -> Prepared:
    """Read a stack up to the point where depths are looked for."""
    images = _read(source, how, found, progress, room)
    readings: RulerReadings | None = None
    with found.step():
        if how.get("ruler") is not None:
            progress("reading the ruler", 0, 0)
        readings = ruler_of(images, how)
        found.take(readings.notes if readings else ())
    images, drift = _clean(images, how, found, progress)
    voxel_nm, solid, histogram = None, None, None
    with found.step():
        voxel_nm = _voxel(images, how)
        found.facts["voxel_nm"] = voxel_nm
    with found.step():
        solid, histogram = _segment(images, how, found, progress)
    return Prepared(images, solid, voxel_nm, readings, histogram, drift)


def _read(
    source: Source, how: How, found: Findings, progress: Progress, room: Room | None
) -> ImageStack:
    """Read the images, and note what their files hold."""
    voxel = how.get("voxel")
    if room:
        room.require_readable(source)
    images = read_images(
        source,
        dataset=how.get("dataset"),
        pixel_nm=None if voxel is None else length_nm(str(voxel), name="voxel"),
        trust_given=how.get("trust_voxel", False),
        mask=how.get("mask"),
        progress=_stage(progress, "reading slices"),
        allocate=room.allocate if room else np.empty,
    )
    n, height, width = images.images.shape
    found.take(images.notes)
    found.facts |= {
        "slices": n,
        "height": height,
        "width": width,
        "type": str(images.images.dtype),
        "pixel_nm": None if images.pixel_nm is None else list(images.pixel_nm),
    }
    return images


def _stage(progress: Progress, stage: str) -> Callable[[int, int], None]:
    """Return a progress of one stage."""
    return lambda done, total: progress(stage, done, total)


def _clean(
    images: ImageStack, how: How, found: Findings, progress: Progress
) -> tuple[ImageStack, Drift]:
    """Crop the images to what shows material, and measure or correct their drift."""
    border = {None: "find", True: "crop", False: "keep"}[how.get("crop")]
    images = crop_frame(images, border=border)
    drift = measure_drift(images, progress=_stage(progress, "measuring drift"))
    step = float(np.sqrt((np.diff(drift.shifts, axis=0) ** 2).sum(axis=1).mean()))
    if how.get("correct_drift"):
        images = correct_drift(images, drift)
    elif drift.reliable and step > _DRIFT:
        warn([f"{drift.text}: if the slices are not aligned, correct it (correct_drift)"])
    found.facts["drift_pixels"] = round(step, 3) if drift.reliable else None
    found.take((*images.notes, drift.text))
    return images, drift


def _voxel(images: ImageStack, how: How) -> float:
    """Return the edge of a voxel in nm: the smaller side of a pixel, which will be square."""
    if images.pixel_nm is None:
        raise InputError(
            "the pixel size is not known: the image file does not say it; give it (voxel), such as "
            "2.5nm."
        )
    return min(images.pixel_nm)


def _segment(
    images: ImageStack, how: How, found: Findings, progress: Progress
) -> tuple[NDArray[np.bool_], Histogram]:
    """Tell solid from pore, and make the pixels square."""
    progress("segmenting", 0, 0)
    method = None
    if how.get("classes") is not None:
        method = "multi-otsu"
    elif how.get("otsu"):
        method = "otsu"
    # Grey values are interpolated before they are cut, labels cannot be.
    grey = method is not None or how.get("threshold") is not None
    if grey:
        images = square_pixels(images, tilt_deg=how.get("tilt"))
    result = segment(
        images,
        phase=how.get("phase"),
        threshold=how.get("threshold"),
        method=method,
        classes=how.get("classes") or 3,
        solid_class=how.get("solid_class"),
        solid_is=how.get("solid_is") or "bright",
    )
    solid = result.stack
    if not grey:
        solid = square_pixels(solid, tilt_deg=how.get("tilt"))
    fraction = float(solid.images.mean())
    found.take(solid.notes)
    found.facts["solid_fraction"] = fraction
    if not _RARE <= fraction <= 1 - _RARE:
        warn(
            [
                f"{fraction:.2%} of the pixels are solid: is it the right phase, and the right "
                "threshold?"
            ]
        )
    return solid.images, Histogram(result.counts, result.edges, result.thresholds, result.how)


def _depths(ready: Prepared, how: How, found: Findings) -> Depths:
    """Return where the slices lie, and say what is suspicious of it."""
    depths = find_depths(
        ready.images,
        solid=ready.solid,
        voxel_nm=ready.voxel_nm,
        readings=ready.readings,
        **how,
    )
    steps = depths.thickness_nm
    found.take(depths.notes)
    found.facts |= {
        "depths": depths.source,
        "first_nm": float(depths.depths_nm[0]),
        "last_nm": float(depths.depths_nm[-1]),
        "thickness_nm": float(steps.mean()),
        "thickness_sd_nm": float(steps.std()),
        "thinnest_nm": float(steps.min()),
        "thickest_nm": float(steps.max()),
        "turned": depths.turned,
    }
    if depths.sd_nm is not None:
        found.facts["depth_sd_nm"] = float(depths.sd_nm.max())
    if depths.thickness_sd_nm is not None:
        found.facts["thickness_error_nm"] = float(np.sqrt(np.mean(depths.thickness_sd_nm**2)))
    if ready.voxel_nm is not None:
        constant = depths.source == "nominal"
        warn(check_depths(depths.depths_nm, ready.voxel_nm, constant=constant))
    return depths


def source_files(source: Source, how: How) -> tuple[Path, ...]:
    """Return every file that a stack comes from: its images first, then those that options name."""
    files = [*find_source(source).paths]
    mask, depths, ruler = how.get("mask"), how.get("depths"), how.get("ruler")
    if mask is not None:
        files += find_source(mask).paths
    if isinstance(depths, str | Path) and depths not in WORDS:
        files.append(Path(depths))
    if ruler is not None:
        files.append(Path(ruler))
    return tuple(files)
