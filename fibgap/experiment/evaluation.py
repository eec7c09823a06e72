"""What is measured of one dataset: the true volume, and every arm beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.io.shards import Record
from fibgap.measures import measure
from fibgap.measures.anisotropy import anisotropy_error, truth_error
from fibgap.measures.voxelwise import dice, solid_fraction, voxel_error
from fibgap.stack import GappedVolume, between_slices
from fibgap.statistics import depth_columns


def anisotropy_errors(curves: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    """Return the anisotropy error of every measure, by column name of the dataset table.

    Parameters
    ----------
    curves : dict of (3, L), (3,) or (1,) float64
        Measures along z, y and x; a number without a direction has no such error.
    """
    return {
        f"anisotropy_{name}": anisotropy_error(*values)
        for name, values in curves.items()
        if len(values) == 3
    }


def truth_errors(
    curves: dict[str, NDArray[np.float64]], true_curves: dict[str, NDArray[np.float64]]
) -> dict[str, float]:
    """Return the error of every measure against the true volume's, by column name.

    Of a measure by direction, it is that along z.
    """
    return {
        f"truth_{name}": truth_error(values[0], true_curves[name][0])
        for name, values in curves.items()
    }


def measure_volume(
    volume: NDArray[np.bool_],
    names: Sequence[str],
    *,
    cut: int = 0,
    centred: bool = False,
    voxel_nm: float = 1.0,
    threads: int | None = None,
) -> Record:
    """Measure one volume on its own: curves and anisotropy errors.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Gold = True.
    names : sequence of str
        Measures, see `fibgap.measures`.
    cut : int
        Side in voxels of the central cut on which D is taken, of the pores and of the solid; 0 for
        the whole volume. A volume with a shorter side is cut to that side.
    centred : bool
        Whether the square of the solid fraction is taken off the TPCF.
    voxel_nm : float
        Side of a voxel in nm, for measures that are lengths.
    threads : int or None
        Threads of the solver of D; None leaves torch's setting alone.

    Returns
    -------
    Record
        The measures as arrays; anisotropy errors and the solid fraction as attributes.

    Notes
    -----
    ASSUME: D is taken on a central cut, since it is what costs the time.
    """
    if threads is not None and not {"d", "d_solid"}.isdisjoint(names):
        import torch

        torch.set_num_threads(threads)
    side = min(cut, *volume.shape) if cut else None
    curves = measure(volume, names, cut=side, centred=centred, voxel_nm=voxel_nm)
    return Record(curves, {**anisotropy_errors(curves), "solid_fraction": solid_fraction(volume)})


def within_truth(
    gapped: GappedVolume, volume: NDArray[np.bool_], layers: int
) -> tuple[GappedVolume, NDArray[np.bool_]]:
    """Return the part of a rebuilt volume that lies in the true one.

    Slices at depths that were measured with an error may lie beyond the ends of the true volume,
    where there is no voxel to compare with.

    Parameters
    ----------
    gapped : GappedVolume
        The placement.
    volume : (Z, Y, X) bool
        The rebuilt volume.
    layers : int
        Number of layers of the true volume.

    Returns
    -------
    GappedVolume
        From its first to its last known layer inside; unchanged where the geometry is not kept.
    (Z', Y, X) bool
        The same layers of the volume.
    """
    if gapped.origin_layer is None:
        return gapped, volume
    depth = gapped.layers + gapped.origin_layer
    inside = (depth >= 0) & (depth < layers)
    if inside.all():
        return gapped, volume
    first, last = np.flatnonzero(inside)[[0, -1]].tolist()
    known = gapped.layers
    return gapped.between(first, last), volume[known[first] : known[last] + 1]


def compare_with_truth(
    record: Record,
    volume: NDArray[np.bool_],
    gapped: GappedVolume,
    truth: NDArray[np.bool_],
    true_record: Record,
) -> Record:
    """Add what only a known truth can tell: errors of measures along z and errors by voxel.

    Parameters
    ----------
    record : Record
        The measures of an arm, from `measure_volume`.
    volume : (Z, Y, X) bool
        The arm's volume.
    gapped : GappedVolume
        Its placement.
    truth : (Z', Y, X) bool
        The true volume, whole.
    true_record : Record
        The measures of the true volume.

    Returns
    -------
    Record
        With attributes truth_*, voxel_error and dice; the last two are NaN where the placement
        changes the geometry, or where nothing was missing.

    Notes
    -----
    ASSUME: a placement that changes the geometry has no true voxel to compare a voxel with.
    """
    by_voxel = {"voxel_error": float("nan"), "dice": float("nan")}
    missing = gapped.missing_layers
    if gapped.origin_layer is not None and len(missing):
        true_part = between_slices(truth, gapped)
        by_voxel = {
            "voxel_error": voxel_error(volume, true_part, missing),
            "dice": dice(volume, true_part, missing),
        }
    errors = truth_errors(dict(record.arrays), dict(true_record.arrays))
    return Record(record.arrays, {**record.attributes, **errors, **by_voxel})


def error_in_all_layers(
    volume: NDArray[np.bool_], gapped: GappedVolume, truth: NDArray[np.bool_]
) -> float:
    """Return the share of misclassified voxels in all layers of a volume, known ones included.

    Where depths are wrong, a slice lies in the wrong layer: it is wrong there, too, and it hides
    the layer that would have been filled worse. So filled layers alone would flatter wrong depths.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        The arm's volume, from `within_truth`.
    gapped : GappedVolume
        Its placement, from `within_truth`.
    truth : (Z', Y, X) bool
        The true volume, whole.

    Returns
    -------
    float
        From 0 to 1; NaN where the placement changes the geometry.
    """
    if gapped.origin_layer is None:
        return float("nan")
    return voxel_error(volume, between_slices(truth, gapped), np.arange(len(volume)))


def wrong_depths(
    volume: NDArray[np.bool_],
    gapped: GappedVolume,
    truth: NDArray[np.bool_],
    told: Mapping[str, Any],
) -> dict[str, float]:
    """Return what stands beside the other errors where slices may lie at wrong depths.

    Parameters
    ----------
    volume, gapped, truth
        See `error_in_all_layers`.
    told : dict
        Attributes of the depths by which the arm was placed, among them those of
        `fibgap.experiment.depth_sources.depth_errors`; empty where these were the true ones.

    Returns
    -------
    dict
        By column name, see `fibgap.statistics.depth_columns`: errors of true depths are 0.
    """
    all_layers, *errors = depth_columns()
    return {
        all_layers: error_in_all_layers(volume, gapped, truth),
        **{name: float(told.get(name, 0.0)) for name in errors},
    }
