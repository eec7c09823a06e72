"""Effective diffusivity of one phase along each axis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from fibgap.errors import InputError, require
from fibgap.measures.registry import register
from fibgap.stack import require_binary

if TYPE_CHECKING:
    from fibgap.measures.laplace import Solution


@register("d")
def effective_diffusivity(
    volume: ArrayLike,
    *,
    phase: bool = False,
    cut: int | None = None,
    spacing: Sequence[float] = (1, 1, 1),
    tolerance: float = 1e-5,
    iteration_limit: int = 500,
    device: str = "cpu",
) -> NDArray[np.float64]:
    """Return the effective diffusivity of one phase along each axis, relative to free diffusion.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True.
    phase : bool
        The phase that conducts: False for the pores, True for the solid. The other one insulates.
        For the solid this is the effective thermal or electrical conductivity of the ligaments,
        relative to that of the massive material.
    cut : int, optional
        Side in voxels of the central cube that is measured; the whole volume if not given.
    spacing : (float, float, float)
        Sides of a voxel along z, y, x in any unit: only their ratios count.
    tolerance : float
        The solver stops when its estimate of the relative error of D falls below this.
    iteration_limit : int
        Most iterations along one axis.
    device : str
        Where torch computes: "cpu", with as many threads as torch is set to, or "cuda".

    Returns
    -------
    (3,) float64
        Diffusivity along z, y, x: 1 where nothing is in the way, exactly 0 where the phase does
        not connect the two faces.

    Raises
    ------
    InputError
        If the volume is not binary, an argument is out of its range, or CUDA is asked for and
        not there.
    RuntimeError
        If the solver does not converge within the limit.

    Notes
    -----
    Laplace's equation in the conducting voxels, by finite volumes: fixed concentrations on the
    two outer faces, which lie half a voxel beyond the outermost voxel centres, and no flux
    through any other face. ``D = flux / area * length / (concentration difference)``, with the
    area of the whole cross-section. `fibgap.measures.laplace` solves it by conjugate gradients
    with a multigrid preconditioner; the problem and its discretisation are those of TauFactor
    (Cooper et al., SoftwareX 5, 203, 2016), which takes several times as long by over-relaxation.
    Voxels that are not connected to both faces carry no flux and are left out beforehand.

    D comes from the energy of the field, which is least for the solution: D is never too small but
    for rounding. `tolerance` is where the solver stops, not a bound of the error of D. In tortuous
    pores that hardly connect, D was up to 160 times the tolerance too large; a smaller tolerance
    brings it down. Single precision reaches no tolerance much below 1e-7.
    `fibgap.measures.bounds.diffusivity_bounds` encloses D from both sides.

    ASSUME: the paper does not define its D; this project reads it as the effective diffusivity of
    the pore space.

    Examples
    --------
    One straight channel through a quarter of the cross-section conducts along z alone:

    >>> solid = np.ones((4, 4, 4), bool)
    >>> solid[:, :2, :2] = False
    >>> effective_diffusivity(solid).round(6).tolist()
    [0.25, 0.0, 0.0]
    """
    diffusivity = np.zeros(3)
    for problem in problems(volume, phase, cut, spacing, tolerance, iteration_limit, device):
        diffusivity[problem.axis] = problem.diffusivity(problem.solve().flux)
    return diffusivity


@register("d_solid", symbol="D of the solid", extended=True)
def solid_conductivity(
    volume: ArrayLike, *, cut: int | None = None, spacing: Sequence[float] = (1, 1, 1)
) -> NDArray[np.float64]:
    """Return the effective conductivity of the solid along each axis, relative to the massive one.

    Parameters
    ----------
    volume, cut, spacing
        See `effective_diffusivity`, whose `phase` is True here.

    Returns
    -------
    (3,) float64
        Conductivity along z, y, x: 1 without pores, 0 where the solid does not connect two faces.

    Examples
    --------
    A plate across x that fills a quarter of the volume:

    >>> plate = np.zeros((4, 4, 4), bool)
    >>> plate[:, :, 1] = True
    >>> solid_conductivity(plate).round(6).tolist()
    [0.25, 0.25, 0.0]
    """
    return effective_diffusivity(volume, phase=True, cut=cut, spacing=spacing)


@dataclass(frozen=True)
class Problem:
    """Diffusion along one axis of a volume in which something connects the two faces.

    Attributes
    ----------
    axis : int
        0 is z, 1 is y, 2 is x.
    connected : (Z, Y, X) bool
        Voxels that carry a flux; `axis` comes first.
    weights : (float, float, float)
        Conductance between two voxels along each axis of `connected`, that along the first being 1.
    tolerance, iteration_limit, device
        See `effective_diffusivity`.
    """

    axis: int
    connected: NDArray[np.bool_]
    weights: tuple[float, float, float]
    tolerance: float
    iteration_limit: int
    device: str

    def solve(self, *, double: bool = False) -> "Solution":
        """Return the solution, in single precision or in double."""
        import torch

        from fibgap.measures.laplace import conductance

        found = conductance(
            self.connected,
            self.tolerance,
            self.iteration_limit,
            self.device,
            weights=self.weights,
            dtype=torch.float64 if double else torch.float32,
        )
        if not found.error <= self.tolerance:
            raise RuntimeError(
                f"D did not reach a tolerance of {self.tolerance} in {found.iterations} "
                f"iterations: its error is about {found.error:.1g}."
            )
        return found

    def diffusivity(self, flux: float) -> float:
        """Return D for a flux in units of the conductance between two voxels along the axis."""
        depth, height, width = self.connected.shape
        return flux * depth / (height * width)


def problems(
    volume: ArrayLike,
    phase: bool,
    cut: int | None,
    spacing: Sequence[float],
    tolerance: float,
    iteration_limit: int,
    device: str,
) -> Iterator[Problem]:
    """Yield what is to be solved: the axes along which the phase connects the faces.

    Parameters
    ----------
    volume, phase, cut, spacing, tolerance, iteration_limit, device
        See `effective_diffusivity`.
    """
    conducting = require_binary(volume, "volume") == bool(phase)
    if conducting.ndim != 3:
        raise InputError(f"volume must be three-dimensional, but its shape is {conducting.shape}.")
    if not 0 < tolerance < 1:
        raise InputError(f"tolerance must lie between 0 and 1, exclusive, but is {tolerance}.")
    if iteration_limit < 1:
        raise InputError(f"iteration_limit must be at least 1, but is {iteration_limit}.")
    sides = np.asarray(spacing, np.float64)
    if sides.shape != (3,) or not (np.isfinite(sides) & (sides > 0)).all():
        raise InputError(f"spacing must be three positive lengths (z, y, x), but is {spacing}.")
    if cut is not None:
        conducting = central_cube(conducting, cut)
    if min(conducting.shape) < 2:
        raise InputError(
            f"diffusivity needs two voxels or more along each axis, but the shape is "
            f"{conducting.shape}."
        )
    _check_device(device)
    clusters, _ = ndimage.label(conducting)  # connected through faces of voxels only
    for axis in range(3):
        connected = connecting_clusters(clusters, axis)
        if connected.any():
            # A face's area over the way between centres, for a conductance of 1 along the axis.
            along = np.concatenate([sides[[axis]], np.delete(sides, axis)])
            one, two, three = ((along[0] / along) ** 2).tolist()
            yield Problem(
                axis,
                np.ascontiguousarray(np.moveaxis(connected, axis, 0)),
                (one, two, three),
                tolerance,
                iteration_limit,
                device,
            )


def central_cube(volume: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Return the cube in the middle of a volume.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Any volume.
    side : int
        Side of the cube in voxels. Where the rest is odd, one voxel more is cut from the end.

    Returns
    -------
    (side, side, side) bool
        A view of the volume.

    Raises
    ------
    InputError
        If the side is not positive, or longer than a side of the volume.

    Examples
    --------
    >>> central_cube(np.arange(27).reshape(3, 3, 3), 1).tolist()
    [[[13]]]
    """
    if not 0 < side <= min(volume.shape):
        raise InputError(
            f"cut must lie between 1 and the shortest side of {min(volume.shape)} voxels, "
            f"but is {side}."
        )
    starts = [(length - side) // 2 for length in volume.shape]
    return volume[tuple(slice(start, start + side) for start in starts)]


def connecting_clusters(clusters: NDArray[np.int32], axis: int) -> NDArray[np.bool_]:
    """Return the voxels of all clusters that touch both faces of an axis.

    Parameters
    ----------
    clusters : (Z, Y, X) int32
        Number of each voxel's cluster; 0 belongs to none.
    axis : int
        Axis whose first and last layers are the faces.

    Returns
    -------
    (Z, Y, X) bool
        The voxels that can carry a flux.

    Examples
    --------
    >>> connecting_clusters(np.array([[[1, 0, 2], [1, 0, 2], [1, 3, 0]]]), 1).astype(int).tolist()
    [[[1, 0, 0], [1, 0, 0], [1, 0, 0]]]
    """
    touching_both = np.intersect1d(clusters.take(0, axis), clusters.take(-1, axis))
    connects = np.zeros(int(clusters.max()) + 1, np.bool_)
    connects[touching_both] = True
    connects[0] = False
    return connects[clusters]


def _check_device(device: str) -> None:
    require("torch", "The measure D", "train")
    kind = device.partition(":")[0]
    if kind not in ("cpu", "cuda"):
        raise InputError(f"device must be cpu or cuda, but is {device!r}.")
    if kind == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise InputError(f"device is {device!r}, but torch finds no CUDA device.")
