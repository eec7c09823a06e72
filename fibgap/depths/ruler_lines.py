"""Depths from lines of a ruler: several of them, each at its angle, with drift taken out."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.depths.result import Depths
from fibgap.errors import InputError

#: Lines nearer than this in the tangents of their angles move alike.
_ALIKE = 1e-3


def check_angles(angles_deg: ArrayLike, names: Sequence[str] | None = None) -> NDArray[np.float64]:
    """Return the tangents of the lines' angles to the milling direction.

    Raises
    ------
    InputError
        If an angle is no angle of a line, or all lines move alike.
    """
    angles = np.atleast_1d(np.asarray(angles_deg, dtype=np.float64))
    called = list(names) if names is not None else [str(index) for index in range(len(angles))]
    for name, angle in zip(called, angles, strict=True):
        if not -90 < angle < 90:
            raise InputError(
                f"the angle of line {name} to the milling direction lies between -90 and 90 "
                f"degrees, but is {angle:g}."
            )
    slopes = np.tan(np.deg2rad(angles))
    if len(slopes) < 2 or np.ptp(slopes) < _ALIKE:
        raise InputError(
            "a ruler needs two lines whose angles differ: "
            f"{', '.join(f'{angle:g}' for angle in angles)} degrees tell no depth."
        )
    return np.asarray(slopes)


def read_lines(
    positions_nm: ArrayLike,
    angles_deg: ArrayLike,
    *,
    sd_nm: ArrayLike,
    names: Sequence[str] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the depths that positions of lines tell, as they were read, and their deviations.

    Parameters
    ----------
    positions_nm : (L, N) float
        Position of every line in every slice in nm; NaN where a line was not seen.
    angles_deg : (L,) float
        Angle of every line to the milling direction in degrees: positive where it moves to larger
        positions with depth, 0 for a fiducial that does not move.
    sd_nm : float, (L, 1) or (L, N) float
        Standard deviations of the positions.
    names : sequence of str, optional
        What lines are called in messages; their numbers from 0 without it.

    Returns
    -------
    depths_nm : (N,) float64
        With the first slice as zero. NaN where fewer than two lines with different angles are seen.
    sd_nm : (N,) float64
        Standard deviations; infinite where there is no depth.

    Raises
    ------
    InputError
        If angles tell no depth, a deviation is not positive, or no two slices can be read.

    Notes
    -----
    Line i lies at ``a_i + t_i z_k + d_k`` in slice k, where `t_i` is the tangent of its angle and
    `d_k` the drift of the slice. Offsets, depths and drifts are those with the least sum of
    weighted squares. With two lines at the angles ``± a / 2`` this is `fibgap.depths.read_ruler`.

    Examples
    --------
    Two lines at ± 45 degrees; the second slice has drifted by 3 nm.

    >>> depths, sd = read_lines([[0, 13, 20], [100, 93, 80]], [45, -45], sd_nm=1)
    >>> depths.round(6).tolist(), sd.round(6).tolist()
    ([0.0, 10.0, 20.0], [0.707107, 0.707107, 0.707107])
    """
    positions = np.atleast_2d(np.asarray(positions_nm, dtype=np.float64))
    slopes = check_angles(angles_deg, names)
    if len(positions) != len(slopes):
        raise InputError(f"{len(positions)} lines need as many angles, but {len(slopes)} came.")
    deviations = np.broadcast_to(np.asarray(sd_nm, dtype=np.float64), positions.shape)
    seen = np.isfinite(positions)
    if not (np.isfinite(deviations[seen]) & (deviations[seen] > 0)).all():
        raise InputError(
            "the deviation of a line's position must be positive, but is "
            f"{deviations[seen].min():g} nm."
        )
    weight = np.where(seen, 1 / deviations**2, 0.0)
    values = np.where(seen, positions, 0.0)
    # Per slice: unknown depth and drift; offsets of lines are common to all slices.
    basis = np.stack([slopes, np.ones_like(slopes)], axis=1)
    blocks = np.einsum("lk,li,lj->kij", weight, basis, basis)
    # The weighted variance of the slopes that are seen in a slice, without its dimension.
    total = np.maximum(blocks[:, 1, 1], np.finfo(float).tiny)
    good = blocks[:, 0, 0] / total - (blocks[:, 0, 1] / total) ** 2 > _ALIKE**2 / 16
    if good.sum() < 2:
        raise InputError("the lines of the ruler are seen together in fewer than two slices.")
    inverse = np.linalg.inv(blocks[good])
    weight, values = weight[:, good], values[:, good]
    across = np.einsum("lk,li->kil", weight, basis)
    normal = np.diag(weight.sum(axis=1)) - np.einsum("kil,kij,kjm->lm", across, inverse, across)
    right = (weight * values).sum(axis=1) - np.einsum(
        "kil,kij,kj->l", across, inverse, np.einsum("lk,li,lk->ki", weight, basis, values)
    )
    # Two shifts are free, of all depths and of all drifts; and so is all that two lines could say.
    size, modes = np.linalg.eigh(normal)
    firm = size > 1e-9 * weight.sum(axis=1).max()
    covariance = (modes[:, firm] / size[firm]) @ modes[:, firm].T
    offsets = covariance @ right
    pulls = np.einsum("lk,li,lk->ki", weight, basis, values - offsets[:, None])
    found = np.einsum("kij,kj->ki", inverse, pulls)[:, 0]
    # What the offsets' errors do to the distance from the first slice.
    carried = -np.einsum("kj,kjl->kl", inverse[:, 0], across)
    carried = carried - carried[0]
    variance = inverse[:, 0, 0] + np.einsum("kl,lm,km->k", carried, covariance, carried)
    depths, errors = np.full(len(good), np.nan), np.full(len(good), np.inf)
    depths[good], errors[good] = found - found[0], np.sqrt(variance)
    return depths, errors


def between_readings(
    depths_nm: NDArray[np.float64], sd_nm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return depths with slices that a ruler did not tell put between their neighbours.

    Parameters
    ----------
    depths_nm, sd_nm : (N,) float64
        Of `read_lines`, NaN and infinite where there is no reading.

    Returns
    -------
    depths_nm, sd_nm : (N,) float64
        Slices in between are equally thick. Their deviations are those of a walk whose steps vary
        as the known thicknesses do.

    Raises
    ------
    InputError
        If the first or the last slices have no reading: nothing says where they lie.
    """
    known = np.flatnonzero(np.isfinite(depths_nm))
    ends = "first" if known[0] > 0 else "last" if known[-1] < len(depths_nm) - 1 else None
    if ends:
        count = int(known[0]) if ends == "first" else len(depths_nm) - 1 - int(known[-1])
        raise InputError(
            f"the ruler does not tell the depth of the {ends} {count} of {len(depths_nm)} slices: "
            "leave these slices out, or give a line that is seen there."
        )
    depths, sd = depths_nm.copy(), sd_nm.copy()
    steps = np.diff(depths_nm[known]) / np.diff(known)
    spread = max(float(steps.std()), 0.3 * float(np.abs(steps).mean()))
    for before, after in pairwise(known):
        many = after - before
        for step in range(1, many):
            share = step / many
            depths[before + step] = (1 - share) * depths_nm[before] + share * depths_nm[after]
            walk = spread**2 * many * share * (1 - share)
            ends_too = ((1 - share) * sd_nm[before]) ** 2 + (share * sd_nm[after]) ** 2
            sd[before + step] = np.sqrt(walk + ends_too)
    return depths, sd


def line_depths(
    positions_nm: ArrayLike,
    angles_deg: ArrayLike,
    *,
    sd_nm: ArrayLike,
    names: Sequence[str] | None = None,
) -> Depths:
    """Return the depths that positions of lines tell, in the order of milling.

    Parameters
    ----------
    positions_nm, angles_deg, sd_nm, names
        See `read_lines`.

    Returns
    -------
    Depths
        Source "ruler". Readings that contradict the order of milling are exchanged, and slices
        without a reading lie between their neighbours; notes say how many.

    Raises
    ------
    InputError
        See `read_lines`; if most readings contradict the order, or the first or last slices have
        no reading.
    """
    depths, sd = read_lines(positions_nm, angles_deg, sd_nm=sd_nm, names=names)
    return ordered_depths(depths, sd)


def ordered_depths(depths_nm: NDArray[np.float64], sd_nm: NDArray[np.float64]) -> Depths:
    """Return readings of lines as depths in the order of milling, see `line_depths`."""
    missing = int((~np.isfinite(depths_nm)).sum())
    depths, sd = between_readings(depths_nm, sd_nm)
    ordered = np.sort(depths)
    moved = int((ordered != depths).sum())
    if moved > len(depths) / 2:
        raise InputError(
            f"{moved} of {len(depths)} readings of the ruler contradict the order of slices: have "
            "all angles the right sign, or is the reading error too large?"
        )
    notes = []
    if moved:
        notes.append(f"{moved} readings contradict the order of milling and are exchanged.")
    if missing:
        notes.append(
            f"{missing} slices have no reading of the ruler: they lie between their neighbours."
        )
    step = np.sqrt(sd[1:] ** 2 + sd[:-1] ** 2)
    return Depths(ordered - ordered[0], "ruler", sd, tuple(notes), thickness_sd_nm=step)
