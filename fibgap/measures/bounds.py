"""Bounds that enclose the effective diffusivity: a potential from above, a flux from below."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from fibgap.measures.diffusivity import Problem, problems

Floats = NDArray[np.float64]


def diffusivity_bounds(
    volume: ArrayLike,
    *,
    phase: bool = False,
    cut: int | None = None,
    spacing: Sequence[float] = (1, 1, 1),
    tolerance: float = 1e-5,
    iteration_limit: int = 500,
    device: str = "cpu",
) -> Floats:
    """Return a lower and an upper bound of the effective diffusivity along each axis.

    Parameters
    ----------
    volume, phase, cut, spacing, iteration_limit, device
        See `fibgap.measures.diffusivity.effective_diffusivity`.
    tolerance : float
        Where the solver stops. A smaller one brings the bounds closer together.

    Returns
    -------
    (3, 2) float64
        Along z, y, x: the lower bound, the upper bound; both 0 where nothing connects the faces.

    Raises
    ------
    InputError
        As `effective_diffusivity`.
    RuntimeError
        If the solver does not converge within the limit.

    Notes
    -----
    Both hold for the equations of finite volumes, whose exact solution has the diffusivity D, but
    for rounding in double precision.

    * Above, by Dirichlet's principle: no potential has less energy than the solution. The
      potential is what the solver found.
    * Below, by Thomson's principle: a flux that is balanced in every voxel and carries the current
      I dissipates at least ``I**2 / conductance``, so the conductance is at least I² over what it
      dissipates. The flux is that of the same potential. What is not balanced yet flows off along
      the shortest ways to the faces, which is at hand for every voxel and makes it exact.

    Examples
    --------
    >>> channel = np.ones((4, 4, 4), bool)
    >>> channel[:, :2, :2] = False
    >>> diffusivity_bounds(channel).round(6).tolist()
    [[0.25, 0.25], [0.0, 0.0], [0.0, 0.0]]
    """
    found = np.zeros((3, 2))
    for problem in problems(volume, phase, cut, spacing, tolerance, iteration_limit, device):
        field = problem.solve(double=True).field.cpu().numpy()
        found[problem.axis] = [problem.diffusivity(flux) for flux in _bounds(problem, field)]
    return found


def _bounds(problem: Problem, field: Floats) -> tuple[float, float]:
    """Return a lower and an upper bound of the flux between faces at 0 and 1, from any field."""
    start, end, weight = _edges(problem)
    # The two faces are nodes before and behind the voxels.
    levels = np.concatenate([[0.0], field[problem.connected].astype(np.float64), [1.0]])
    flux = weight * (levels[end] - levels[start])
    upper = float(np.sum(flux * (levels[end] - levels[start])))
    flux = _balanced(start, end, flux, len(levels))
    current = float(flux[start == 0].sum())
    return current**2 / float(np.sum(flux**2 / weight)), upper


def _edges(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return start, end and conductance of all ways of the flux.

    Node 0 is the face before the first layer, the last node the one behind the last layer.
    """
    connected = problem.connected
    count = int(np.count_nonzero(connected))
    number = np.zeros(connected.shape, np.int64)
    number[connected] = np.arange(1, count + 1)
    first, last = number[0][connected[0]], number[-1][connected[-1]]
    starts, ends = [np.zeros_like(first), last], [first, np.full_like(last, count + 1)]
    weights = [np.full(len(first) + len(last), 2.0)]  # half a voxel to a face
    for axis in range(3):
        before, after = (np.delete(number, each, axis).ravel() for each in (-1, 0))
        both = (before > 0) & (after > 0)
        starts.append(before[both])
        ends.append(after[both])
        weights.append(np.full(int(both.sum()), problem.weights[axis]))
    return np.concatenate(starts), np.concatenate(ends), np.concatenate(weights)


def _balanced(start: NDArray[np.int64], end: NDArray[np.int64], flux: Floats, nodes: int) -> Floats:
    """Return a flux that is balanced in all nodes but the first and the last one.

    The surplus of every node flows along a tree of shortest ways to the nearer of these two.
    """
    surplus = np.bincount(end, flux, nodes) - np.bincount(start, flux, nodes)
    # One root joined to both faces; a search through the graph of edges then gives the tree.
    root = nodes
    one, two = np.append(start, [root, root]), np.append(end, [0, nodes - 1])
    graph = sparse.coo_array((np.ones(len(one), np.int8), (one, two)), shape=(nodes + 1,) * 2)
    order, before = csgraph.breadth_first_order(graph.tocsr(), root, directed=False)
    place = np.empty(nodes + 1, np.int64)
    place[order] = np.arange(nodes + 1)
    # Nodes come in the order of their distance: a level starts where those before it end.
    source = place[before[order[1:]]]
    levels = [1, 3]
    while levels[-1] < nodes + 1:
        levels.append(1 + int(np.searchsorted(source, levels[-1], side="left")))
    through = surplus[order[1:]].copy()  # of every node in order, without the root
    for low, high in zip(levels[-2:0:-1], levels[:1:-1], strict=True):
        np.add.at(through, source[low - 1 : high - 1] - 1, through[low - 1 : high - 1])
    # Node to edge: the way from every node (but root and faces) to the one before it.
    node = order[3:]
    towards = before[node]
    keys = np.minimum(start, end) * (nodes + 1) + np.maximum(start, end)
    sorting = np.argsort(keys)
    wanted = np.minimum(node, towards) * (nodes + 1) + np.maximum(node, towards)
    edge = sorting[np.searchsorted(keys, wanted, sorter=sorting)]
    balanced = flux.copy()
    balanced[edge] += np.where(start[edge] == node, 1, -1) * through[2:]
    return balanced
