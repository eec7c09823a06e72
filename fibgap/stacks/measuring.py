"""Measure a volume in a file along its three axes."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError, has
from fibgap.io.formats import find_format
from fibgap.io.images import read_images
from fibgap.io.pages import full_path
from fibgap.io.segmentation import segment
from fibgap.io.volumes import Volume, read_volume
from fibgap.measures import (
    measure,
    measure_names,
    measure_symbol,
    measures_with,
    require_measures,
)
from fibgap.measures.by_blocks import measure_by_blocks, measured_by_blocks
from fibgap.measures.voxelwise import solid_fraction, voxel_error
from fibgap.on_disk import on_disk
from fibgap.stacks.findings import Progress, collected, silent
from fibgap.stacks.measured import MeasuredVolume
from fibgap.stacks.outputs import named_beside
from fibgap.stacks.room import Room, show_size
from fibgap.stacks.verdict import compare_directions
from fibgap.suspicion import warn

#: Bytes per voxel of the cube on which D is taken, as measured for what jobs need.
_CUT_VOXEL = 120


def measure_volume_file(
    path: Path | str,
    *,
    measures: Sequence[str] | None = None,
    dataset: str | None = None,
    phase: float | None = None,
    threshold: float | None = None,
    otsu: bool = False,
    truth: Path | str | None = None,
    cut: int = 0,
    centred: bool = False,
    memory: str | int | None = None,
    progress: Progress = silent,
) -> MeasuredVolume:
    """Measure a volume in a file along its three axes.

    Parameters
    ----------
    path : path
        A file of any format that is read, or a folder of images.
    measures : sequence of str, optional
        See `fibgap.measures.measure_names`; TPCF, LPF and D if not given.
    dataset : str, optional
        The array to be read, where a file holds several.
    phase : float, optional
        The label that is solid, where there are more than two values.
    threshold : float, optional
        Solid is above this grey value.
    otsu : bool
        Find the threshold by Otsu's method.
    truth : path, optional
        The true volume, of the same shape: voxels that differ are counted, in the filled layers
        if the mask that `fill_stack` writes is there.
    cut : int
        Side in voxels of the central cut on which D is taken, 0 for the whole volume. A volume
        with a shorter side is cut to that side.
    centred : bool
        Whether the square of the solid fraction is taken off the TPCF.
    memory : str or int, optional
        How much memory may be taken, such as "4GB"; half of what the machine has if it is not
        given. A volume that takes more is copied to a folder beside it and measured block by
        block, by `fibgap.measures.by_blocks.measured_by_blocks`.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.

    Returns
    -------
    MeasuredVolume
        Curves, numbers and anisotropy errors.

    Raises
    ------
    InputError
        If the volume cannot be read, its voxels are not cubes, or a measure that was asked for
        takes more than the memory.

    Examples
    --------
    >>> import tempfile
    >>> from fibgap.io.volumes import write_volume
    >>> path = Path(tempfile.mkdtemp()) / "volume.tif"
    >>> _ = write_volume(path, np.eye(4, dtype=bool)[None].repeat(4, axis=0), 2.5)
    >>> measured = measure_volume_file(path, measures=["tpcf"])
    >>> measured.solid_fraction, measured.values["tpcf"][:, 1].tolist()
    (0.25, [0.25, 0.0, 0.0])
    """
    with ExitStack() as ends, collected() as warned:
        room = Room.of(memory, _folder_for(full_path(path), ends))
        require_measures(measures or [])
        if truth is not None and not full_path(truth).exists():
            raise InputError(f"the true volume '{truth}' does not exist.")
        progress("reading", 0, 0)
        room.require_readable(path)
        volume = _read(path, dataset, phase, threshold, "otsu" if otsu else None, room)
        side = min(cut, *volume.solid.shape) if cut else None
        names = _measurable(list(measures or []), volume, room, side)
        voxel_nm = volume.voxel_nm[0] if volume.voxel_nm else None
        values: dict[str, NDArray[np.float64]] = {}
        if on_disk(volume.solid):
            values = measure_by_blocks(
                volume.solid,
                [name for name in names if name in measured_by_blocks()],
                memory=room.memory // 4,
                progress=lambda done, total: progress("measuring", done, total),
            )
        for name in [name for name in names if name not in values]:
            progress(f"measuring {measure_symbol(name)}", 0, 0)
            solid = volume.solid if not on_disk(volume.solid) else _central(volume.solid, side or 0)
            values |= measure(solid, [name], cut=side, centred=centred, voxel_nm=voxel_nm or 1.0)
        wrong, filled = None, None
        if truth is not None:
            filled = _filled_layers(full_path(path), room)
            wrong = _misclassified(volume.solid, filled, path, truth, room)
        fraction = solid_fraction(volume.solid)
    n_z, n_y, n_x = volume.solid.shape
    return MeasuredVolume(
        shape=(n_z, n_y, n_x),
        voxel_nm=voxel_nm,
        solid_fraction=fraction,
        values=values,
        directions={n: compare_directions(each) for n, each in values.items() if len(each) == 3},
        misclassified=wrong,
        filled_layers=None if filled is None else len(filled),
        notes=volume.notes,
        warnings=tuple(warned),
    )


def _folder_for(path: Path, ends: ExitStack) -> Path:
    """Return a folder for what does not fit into memory; it goes at the end."""
    # Beside the volume: the system's temporary folder may be memory itself.
    home = path.parent if os.access(path.parent, os.W_OK) else Path(tempfile.gettempdir())
    folder = home / f".{path.name}.{os.getpid()}.blocks"
    ends.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _measurable(asked: list[str], volume: Volume, room: Room, side: int | None) -> list[str]:
    """Return what is measured: all that was asked for, or all that there is memory for."""
    if not on_disk(volume.solid):
        names = asked or [*measure_names(extended=False)]
        if asked or has("torch"):
            return names
        warn(["D was left out, since it needs torch: pip install 'fibgap[train]' installs it"])
        return [name for name in names if name != "d"]
    able = measured_by_blocks()
    if side and _CUT_VOXEL * side**3 <= room.memory:
        able += measures_with("cut")
    if unable := [name for name in asked if name not in able]:
        raise InputError(
            f"the measure '{unable[0]}' takes the whole volume in memory, more than the "
            f"{show_size(room.memory)} that were given; {' and '.join(able)} go block by block: "
            "give more (memory), or measure a part of the volume."
        )
    if asked:
        return asked
    left = [measure_symbol(name) for name in measure_names(extended=False) if name not in able]
    warn(
        [
            f"the volume is larger than the {show_size(room.memory)} of memory that were given: "
            f"{' and '.join(left)}, which cannot be measured block by block, were left out"
        ]
    )
    return able


def _central(volume: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Return the central cube of a volume on disk, in memory."""
    z, y, x = (slice((size - side) // 2, (size - side) // 2 + side) for size in volume.shape)
    return np.stack([volume[layer][y, x] for layer in range(z.start, z.stop)])


def _filled_layers(path: Path, room: Room) -> NDArray[np.int64] | None:
    """Return the layers that were filled, of the mask that `fill_stack` wrote, if there is one."""
    form = find_format(path)
    if form is None or not form.writes:
        return None
    if form.holds_several:
        try:
            mask = read_volume(path, dataset="filled", allocate=room.allocate)
        except InputError:
            return None
    else:
        beside = named_beside(path, "filled")
        if not beside.is_file():
            return None
        mask = read_volume(beside, allocate=room.allocate)
    return np.flatnonzero([layer.any() for layer in mask.solid])


def _misclassified(
    volume: NDArray[np.bool_],
    filled: NDArray[np.int64] | None,
    path: Path | str,
    truth: Path | str,
    room: Room,
) -> float:
    """Return the share of voxels of some layers, or of all, that differ from the truth."""
    try:
        true = read_volume(truth, allocate=room.allocate).solid
    except InputError as error:
        if str(truth) in str(error):
            raise
        raise InputError(
            f"the true volume '{truth}' must hold two values, one of them solid, or one phase of 0 "
            "or 255."
        ) from None
    if true.shape != volume.shape:
        raise InputError(
            f"the true volume '{truth}' has shape {true.shape}, but '{path}' has {volume.shape}."
        )
    layers = np.arange(len(volume)) if filled is None else filled
    if not on_disk(volume) or not len(layers):
        return voxel_error(volume, true, layers)
    # One layer after the other: they are of one size, so that the mean of them is that of all.
    return float(np.mean([voxel_error(volume[z][None], true[z][None], [0]) for z in layers]))


def _read(
    path: Path | str,
    dataset: str | None,
    phase: float | None,
    threshold: float | None,
    method: str | None,
    room: Room,
) -> Volume:
    """Return a volume of cubic voxels."""
    if phase is None and threshold is None and method is None:
        volume = read_volume(path, dataset=dataset, allocate=room.allocate)
    else:
        images = read_images(path, dataset=dataset, least=1, allocate=room.allocate)
        solid = segment(images, phase=phase, threshold=threshold, method=method).stack
        voxel = None
        if images.pixel_nm is not None and images.spacing_nm is not None:
            voxel = (images.spacing_nm, *images.pixel_nm)
        volume = Volume(solid.images, voxel, solid.notes)
    voxel = volume.voxel_nm
    if voxel is not None and max(voxel) > min(voxel) * (1 + 1e-3):
        shown = " x ".join(f"{each:.6g}" for each in voxel)
        raise InputError(
            f"'{path}' has voxels of {shown} nm (z, y, x), but directions are compared voxel by "
            "voxel, so they must be cubes: fill it or resample it first."
        )
    return volume
