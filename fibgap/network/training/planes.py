"""Planes: the zx- and zy-cuts of volumes that the network learns from, and their split."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fibgap.errors import InputError

FAMILIES = ("zx", "zy")


def extract_planes(volume: NDArray[np.bool_], family: str) -> NDArray[np.bool_]:
    """Return all planes of one family of a volume.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True.
    family : str
        "zx" (one plane for every y) or "zy" (one plane for every x).

    Returns
    -------
    (Y, Z, X) or (X, Z, Y) bool
        Planes, each with the milling direction first.

    Examples
    --------
    >>> volume = np.zeros((2, 3, 4), dtype=bool)
    >>> extract_planes(volume, "zx").shape, extract_planes(volume, "zy").shape
    ((3, 2, 4), (4, 2, 3))
    """
    if family not in FAMILIES:
        raise InputError(f"plane family '{family}' is unknown; choose one of zx, zy.")
    return np.ascontiguousarray(np.moveaxis(volume, 1 if family == "zx" else 2, 0))


def plane_manifest(volumes: Sequence[int], shape: Sequence[int]) -> pd.DataFrame:
    """List the planes of training volumes in the order in which they are stored.

    Parameters
    ----------
    volumes : sequence of int
        Indices of the training volumes.
    shape : (3,) int
        Their common shape (Z, Y, X).

    Returns
    -------
    pandas.DataFrame
        One row per plane: volume, family, position (y for zx, x for zy), and row, the plane's place
        in the array of its family.

    Examples
    --------
    >>> plane_manifest([7], (2, 1, 2))
       volume family  position  row
    0       7     zx         0    0
    1       7     zy         0    0
    2       7     zy         1    1
    """
    rows = []
    for order, volume in enumerate(volumes):
        for family, count in zip(FAMILIES, shape[1:], strict=True):
            position = np.arange(count)
            rows.append(
                pd.DataFrame(
                    {
                        "volume": volume,
                        "family": family,
                        "position": position,
                        "row": order * count + position,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def split_planes(
    manifest: pd.DataFrame,
    *,
    by: str,
    validation_fraction: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Split planes into training and validation.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Planes, from `plane_manifest`.
    by : str
        "volume" (all planes of a volume on one side) or "plane" (the supplement's literal text).
    validation_fraction : float
        Share for validation, in (0, 1).
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    pandas.DataFrame
        The manifest with a column `part`, "training" or "validation", neither of them empty.

    Raises
    ------
    InputError
        If a split that leaves both parts something is impossible.

    Notes
    -----
    ASSUME: by volume, because the zx- and zy-planes of one volume share voxels. PAPER: section 1
    splits planes, ca. 80 % and 20 %.
    """
    if not 0 < validation_fraction < 1:
        raise InputError(f"validation_fraction must lie in (0, 1), but is {validation_fraction}.")
    if by == "volume":
        units = np.asarray(manifest["volume"].unique())
        unit_of_plane = np.searchsorted(np.sort(units), manifest["volume"])
    elif by == "plane":
        units = unit_of_plane = np.arange(len(manifest))
    else:
        raise InputError(f"split by '{by}' is unknown; choose one of volume, plane.")
    if len(units) < 2:
        raise InputError(f"a split by {by} needs at least 2 of them, but there is {len(units)}.")
    count = min(max(1, round(len(units) * validation_fraction)), len(units) - 1)
    chosen = np.zeros(len(units), dtype=np.bool_)
    chosen[rng.permutation(len(units))[:count]] = True
    return manifest.assign(part=np.where(chosen[unit_of_plane], "validation", "training"))
