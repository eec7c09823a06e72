"""Laplace's equation in the conducting voxels of a volume, by multigrid.

Conjugate gradients on the balance of fluxes of every voxel, preconditioned by one V-cycle: damped
Jacobi smoothing, and coarse grids whose cells are blocks of 2 x 2 x 2 cells of the finer one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

#: Damping of the Jacobi smoother: it leaves the fewest iterations on structures like ours, and the
#: preconditioner is positive definite for every value under 1.
DAMPING = 0.8
#: Grids of at most so many cells are solved exactly.
DIRECT_CELLS = 400


@dataclass(frozen=True)
class Grid:
    """Conductances of one grid, all of shape (Z, Y, X) with even sides.

    Attributes
    ----------
    ahead : tuple of torch.Tensor
        Along each axis, conductance from a cell to the next one; 0 in the last layer.
    outside : torch.Tensor
        Conductance to the face before the first and behind the last layer of axis 0.
    diagonal : torch.Tensor
        Sum of all conductances of a cell.
    smoother : torch.Tensor
        `DAMPING` over the diagonal, 0 where nothing conducts.
    """

    ahead: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    outside: torch.Tensor
    diagonal: torch.Tensor
    smoother: torch.Tensor

    @classmethod
    def of(
        cls, ahead: tuple[torch.Tensor, torch.Tensor, torch.Tensor], outside: torch.Tensor
    ) -> "Grid":
        """Return the grid with these conductances."""
        diagonal = outside.clone()
        for axis, conductance in enumerate(ahead):
            inner = conductance.narrow(axis, 0, conductance.shape[axis] - 1)
            diagonal += conductance
            diagonal.narrow(axis, 1, inner.shape[axis]).add_(inner)
        smoother = torch.where(diagonal > 0, DAMPING / diagonal.clamp_min(1e-30), 0)
        return cls(ahead, outside, diagonal, smoother)

    def apply(self, field: torch.Tensor) -> torch.Tensor:
        """Return the net flux out of every cell, for faces at concentration 0."""
        return self._with_neighbours(self.diagonal * field, field, -1)

    def residual(self, wanted: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
        """Return what the net flux out of every cell lacks of a wanted one."""
        return self._with_neighbours(
            torch.addcmul(wanted, self.diagonal, field, value=-1), field, 1
        )

    def _with_neighbours(self, flux: torch.Tensor, field: torch.Tensor, sign: int) -> torch.Tensor:
        """Add what flows in from the neighbours of every cell, with a sign."""
        for axis, conductance in enumerate(self.ahead):
            length = field.shape[axis] - 1
            inner = conductance.narrow(axis, 0, length)
            flux.narrow(axis, 0, length).addcmul_(inner, field.narrow(axis, 1, length), value=sign)
            flux.narrow(axis, 1, length).addcmul_(inner, field.narrow(axis, 0, length), value=sign)
        return flux

    def coarser(self) -> "Grid":
        """Return the grid of blocks of 2 x 2 x 2 cells.

        Between blocks lie four faces in parallel and twice the way: half the sum of what conducts.
        """
        ahead = []
        for axis, conductance in enumerate(self.ahead):
            # Of the two layers of a block only the second one is its neighbour's neighbour.
            crossing = conductance.unflatten(axis, (-1, 2)).select(axis + 1, 1)
            for other in range(3):
                if other != axis:
                    crossing = crossing.unflatten(other, (-1, 2)).sum(other + 1)
            ahead.append(_even(crossing / 2))
        return Grid.of((ahead[0], ahead[1], ahead[2]), _even(_blocks(self.outside) / 2))


def _even(cells: torch.Tensor) -> torch.Tensor:
    """Return an array with layers of zeros added behind odd sides."""
    odd = [side % 2 for side in reversed(cells.shape)]
    return torch.nn.functional.pad(cells, (0, odd[0], 0, odd[1], 0, odd[2]))


def _blocks(cells: torch.Tensor) -> torch.Tensor:
    """Return sums over blocks of 2 x 2 x 2 cells; pair by pair, since torch's sum is slow here."""
    cells = cells[0::2] + cells[1::2]
    cells = cells[:, 0::2] + cells[:, 1::2]
    return cells[:, :, 0::2] + cells[:, :, 1::2]


def _dot(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return a scalar product that depends on no number of threads: layer by layer."""
    return float((one * other).sum((1, 2)).double().cpu().numpy().sum())


class Preconditioner:
    """One symmetric V-cycle over all grids from the finest down to one that is solved exactly."""

    def __init__(self, finest: Grid) -> None:
        self.grids = [finest]
        while self.grids[-1].diagonal.numel() > DIRECT_CELLS:
            self.grids.append(self.grids[-1].coarser())
        self.direct = _inverse(self.grids[-1])

    def __call__(self, residual: torch.Tensor, level: int = 0) -> torch.Tensor:
        """Return an approximate solution for a residual."""
        grid = self.grids[level]
        if level == len(self.grids) - 1:
            return (self.direct @ residual.flatten()).view(residual.shape)
        field = grid.smoother * residual
        rest = _even(_blocks(grid.residual(residual, field)))
        coarse = self(rest, level + 1)
        z, y, x = (side // 2 for side in field.shape)
        # Cells that do not conduct take a value, too; nothing multiplies it but 0.
        rows = coarse[:z, :y, :x].repeat_interleave(2, 2)[:, None, :, None]
        field.view(z, 2, y, 2, 2 * x).add_(rows)
        return field.addcmul_(grid.smoother, grid.residual(residual, field))


def _inverse(grid: Grid) -> torch.Tensor:
    """Return the inverse of a small grid's matrix, 0 for cells that do not conduct."""
    size = grid.diagonal.numel()
    units = torch.eye(size, dtype=grid.diagonal.dtype, device=grid.diagonal.device)
    columns = [grid.apply(unit.view(grid.diagonal.shape)).flatten() for unit in units]
    matrix = torch.stack(columns, 1).double().cpu().numpy()
    inverse = np.zeros_like(matrix)
    wet = np.flatnonzero(np.diagonal(matrix) > 0)
    inverse[np.ix_(wet, wet)] = np.linalg.pinv(matrix[np.ix_(wet, wet)], hermitian=True)
    return torch.as_tensor(inverse).to(grid.diagonal)


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Attributes
    ----------
    flux : float
        Through the volume, in units of the conductance between two voxels along axis 0.
    error : float
        Estimate of its relative error at the end.
    iterations : int
        How many there were.
    field : torch.Tensor
        Concentration in every voxel, shape (Z, Y, X).
    """

    flux: float
    error: float
    iterations: int
    field: torch.Tensor


def conductance(
    connected: NDArray[np.bool_],
    tolerance: float,
    iteration_limit: int,
    device: str,
    *,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    dtype: torch.dtype = torch.float32,
) -> Solution:
    """Solve for the flux through a volume whose faces along axis 0 are held at 0 and 1.

    Parameters
    ----------
    connected : (Z, Y, X) bool
        Voxels that conduct, all of them connected to both faces.
    tolerance : float
        Relative error at which the iteration ends.
    iteration_limit : int
        Most iterations.
    device : str
        Where torch computes.
    weights : (float, float, float)
        Conductance between two voxels along each axis, that along axis 0 being 1.
    dtype : torch.dtype
        Precision of the solver.

    Returns
    -------
    Solution
        Flux, its estimated error, and the field.

    Notes
    -----
    The flux is the energy ``sum g (difference)^2`` of the field, which is least for the solution:
    an error of the field enters in its square, and the flux comes out too large, never too small
    (but for rounding).
    The square of the error in this norm is ``r A^-1 r`` with the residual ``r``, and is estimated
    by ``r M r`` with the preconditioner M instead of the inverse.
    """
    mask = torch.as_tensor(connected, dtype=dtype, device=device)
    layers = len(mask)
    outside = torch.zeros_like(mask)
    outside[0] += 2 * mask[0]
    outside[-1] += 2 * mask[-1]
    ahead = []
    for axis in range(3):
        both = torch.zeros_like(mask)
        length = mask.shape[axis] - 1
        both.narrow(axis, 0, length).copy_(
            weights[axis] * mask.narrow(axis, 0, length) * mask.narrow(axis, 1, length)
        )
        ahead.append(_even(both))
    grid = Grid.of((ahead[0], ahead[1], ahead[2]), _even(outside))
    inflow = torch.zeros_like(grid.diagonal)
    inflow[layers - 1, : mask.shape[1], : mask.shape[2]] = 2 * mask[-1]
    height = (torch.arange(len(inflow), dtype=dtype, device=device) + 0.5) / layers
    conducts = grid.diagonal > 0
    field = height[:, None, None] * conducts
    precondition = Preconditioner(grid)
    residual = grid.residual(inflow, field)
    search = torch.zeros_like(field)
    energy, before = _energy(grid, field, layers), 1.0
    for iteration in range(iteration_limit + 1):
        correction = precondition(residual)
        now = _dot(residual, correction)
        # Rounding may leave less than nothing of a flux that is blocked.
        if now <= tolerance * max(energy, 0.0) or iteration == iteration_limit:
            break
        search = torch.add(correction, search, alpha=now / before if iteration else 0.0)
        image = grid.apply(search)
        step = now / _dot(search, image)
        field.add_(search, alpha=step)
        residual.add_(image, alpha=-step)
        energy -= step * now  # what the step takes from it
        before = now
    field *= conducts
    flux = _energy(grid, field, layers)
    within = tuple(slice(side) for side in mask.shape)
    return Solution(flux, now / flux, iteration, field[within])


def _energy(grid: Grid, field: torch.Tensor, layers: int) -> float:
    """Return the energy of a field between faces at 0 and 1."""
    total = _dot(grid.outside[:1], field[:1] ** 2)
    total += _dot(grid.outside[layers - 1 : layers], (1 - field[layers - 1 : layers]) ** 2)
    for axis, ahead in enumerate(grid.ahead):
        length = field.shape[axis] - 1
        total += _dot(ahead.narrow(axis, 0, length), field.diff(dim=axis) ** 2)
    return total
