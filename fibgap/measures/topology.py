"""How a structure hangs together: Euler characteristic, clusters, and what of it percolates."""

from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from fibgap.errors import InputError
from fibgap.measures.diffusivity import connecting_clusters
from fibgap.measures.registry import register
from fibgap.measures.volumes import as_volume

#: How many neighbours of a voxel may connect to it.
CONNECTIVITIES = (6, 26)


@register("euler", symbol="Euler characteristic", extended=True)
def euler_characteristic(volume: ArrayLike, *, connectivity: int = 6) -> NDArray[np.float64]:
    """Return the Euler characteristic of the solid: parts, less tunnels, plus enclosed pores.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True.
    connectivity : {6, 26}
        Whether solid voxels connect through faces only (pores then through edges and corners,
        too), or through edges and corners as well (pores then through faces only).

    Returns
    -------
    (1,) float64
        A whole number without a direction. Outside the volume is pore: what the faces cut off is a
        part of its own, and a tunnel that the faces cut open is none. So the number is one of this
        volume; compare volumes of the same size only.

    Raises
    ------
    InputError
        If the volume is not binary, or the connectivity is another one.

    Notes
    -----
    Voxels, edges between two, faces of four and cubes of eight, ``V - E + F - C``: with 6
    neighbours of voxels that are all solid, with 26 the same sum over blocks where any voxel is
    (Ohser and Mücklich, Statistical Analysis of Microstructures in Materials Science, 2000). The
    digital number is exact. That of the continuous structure differs where necks and gaps are of
    the size of a voxel; how far, the two connectivities together show.

    Examples
    --------
    A ring has one part and one tunnel:

    >>> ring = np.ones((1, 3, 3), bool)
    >>> ring[0, 1, 1] = False
    >>> euler_characteristic(ring).tolist()
    [0.0]
    """
    if connectivity not in CONNECTIVITIES:
        raise InputError(f"connectivity must be 6 or 26, but is {connectivity}.")
    solid = as_volume(volume)
    if connectivity == 6:
        return np.array([_alternating_sum(solid, np.logical_and)])
    # Blocks reach half beyond the volume: there, outside is pore. A single voxel has 8 corners,
    # 12 edges, 6 faces and itself, so the sum begins with the corners.
    return 0.0 - np.array([_alternating_sum(np.pad(solid, 1), np.logical_or)])


def _alternating_sum(voxels: NDArray[np.bool_], combine: np.ufunc) -> float:
    """Return voxels, less blocks of two, plus blocks of four, less blocks of eight."""
    total = 0
    for axes in product((False, True), repeat=3):
        blocks = voxels
        for axis in np.flatnonzero(axes):
            lines = np.moveaxis(blocks, axis, 0)
            blocks = np.moveaxis(combine(lines[:-1], lines[1:]), 0, axis)
        total += (-1) ** sum(axes) * int(np.count_nonzero(blocks))
    return float(total)


def _cluster_count(volume: ArrayLike, phase: bool) -> NDArray[np.float64]:
    return np.array([ndimage.label(as_volume(volume) == phase)[1]], np.float64)


@register("solid_clusters", symbol="Clusters of the solid", extended=True)
def solid_clusters(volume: ArrayLike) -> NDArray[np.float64]:
    """Return the number of clusters of the solid, connected through faces of voxels.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True.

    Returns
    -------
    (1,) float64
        A whole number without a direction; loose voxels count, too.

    Examples
    --------
    >>> solid_clusters([[[1, 0, 1], [0, 1, 1]]]).tolist()
    [2.0]
    """
    return _cluster_count(volume, True)


@register("pore_clusters", symbol="Clusters of the pores", extended=True)
def pore_clusters(volume: ArrayLike) -> NDArray[np.float64]:
    """Return the number of clusters of the pores, connected through faces of voxels.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True.

    Returns
    -------
    (1,) float64
        A whole number without a direction.

    Examples
    --------
    >>> pore_clusters([[[1, 0, 1], [0, 1, 1]]]).tolist()
    [2.0]
    """
    return _cluster_count(volume, False)


def _percolating_share(volume: ArrayLike, phase: bool) -> NDArray[np.float64]:
    of_phase = as_volume(volume) == phase
    clusters, _ = ndimage.label(of_phase)
    count = int(np.count_nonzero(of_phase))
    if not count:
        return np.full(3, np.nan)
    through = [np.count_nonzero(connecting_clusters(clusters, axis)) for axis in range(3)]
    return np.array(through) / count


@register("solid_percolation", symbol="Percolating share of the solid", extended=True)
def solid_percolation(volume: ArrayLike) -> NDArray[np.float64]:
    """Return the share of the solid in clusters that touch both faces of an axis.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True.

    Returns
    -------
    (3,) float64
        Along z, y, x, from 0 to 1; NaN without solid. Connected through faces of voxels.

    Examples
    --------
    >>> solid_percolation([[[1, 1, 1], [0, 0, 0], [0, 1, 0]]]).tolist()
    [1.0, 0.0, 0.75]
    """
    return _percolating_share(volume, True)


@register("pore_percolation", symbol="Percolating share of the pores", extended=True)
def pore_percolation(volume: ArrayLike) -> NDArray[np.float64]:
    """Return the share of the pores in clusters that touch both faces of an axis.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True.

    Returns
    -------
    (3,) float64
        Along z, y, x, from 0 to 1; NaN without pores. Connected through faces of voxels.

    Examples
    --------
    >>> pore_percolation([[[1, 1, 1], [0, 0, 0], [0, 1, 0]]]).tolist()
    [1.0, 0.0, 1.0]
    """
    return _percolating_share(volume, False)
