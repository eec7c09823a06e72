"""Batches: what a network sees of planes, and what it should say."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.fillers.interpolation import spline_weights
from fibgap.network.architecture import Architecture
from fibgap.network.distances import BASE, SCALE, largest_distance, row_gaps
from fibgap.network.module import Network

#: A network that sees distances learns where these are at most so many gaps: beyond, it is not
#: asked (see `fibgap.network.distances.reach`).
BAND = 1.5


def interpolation_matrix(known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the matrix that interpolates all rows from the known ones by a cubic spline.

    Parameters
    ----------
    known : (R,) bool
        Known rows, the first and the last among them.

    Returns
    -------
    (R, R) float32
        Columns of missing rows are zero.
    """
    rows = np.flatnonzero(known)
    matrix = np.zeros((len(known), len(known)), dtype=np.float32)
    matrix[:, rows] = spline_weights(rows, np.arange(len(known)))
    return matrix


@dataclass(frozen=True)
class Batch:
    """What the network sees and what it should say, all float32 and (B, C, Z, X).

    Attributes
    ----------
    image : (B, 1 + 2 neighbours, Z, X)
        The truth with missing rows 0, between the planes on both its sides; or their distances.
    known : (B, 1, Z, X)
        1 in known rows.
    bicubic : (B, 1, Z, X)
        The cubic interpolation across missing rows; or that of distances.
    truth : (B, 1, Z, X)
        1 in the solid.
    counts : (B, 1, Z, X), optional
        1 where a prediction is asked for; left out, that is everywhere.
    """

    image: torch.Tensor
    known: torch.Tensor
    bicubic: torch.Tensor
    truth: torch.Tensor
    counts: torch.Tensor | None = None

    def network_input(self, architecture: Architecture) -> torch.Tensor:
        """Return the first argument of a network: the planes that it sees, and the mask."""
        centre, neighbours = self.image.shape[1] // 2, architecture.neighbours
        image = self.image[:, centre - neighbours : centre + neighbours + 1]
        if architecture.mask_channel:
            image = torch.cat([image, self.known], dim=1)
        return image.contiguous(memory_format=torch.channels_last)

    def answer(self, network: Network) -> torch.Tensor:
        """Return what a network says of it."""
        said: torch.Tensor = network(self.network_input(network.architecture), self.bicubic)
        return said

    def values(self, answer: torch.Tensor) -> torch.Tensor:
        """Return what it said of every pixel."""
        return answer.float()


def masked(truth: torch.Tensor, known: torch.Tensor, bicubic: torch.Tensor) -> Batch:
    """Return a batch from planes (B, C, Z, X), known rows (B, Z) and an interpolation (B, Z, X)."""
    centre = truth.shape[1] // 2
    target = truth[:, centre : centre + 1]
    rows = known[:, None, :, None].float()
    return Batch(truth * rows, rows.expand_as(target), bicubic[:, None], target)


def with_distances(
    truth: torch.Tensor, distance: torch.Tensor, known: torch.Tensor, gaps: torch.Tensor
) -> Batch:
    """Return a batch from a plane (B, 1, Z, X), interpolated distances (B, C, Z, X) and rows."""
    centre = distance.shape[1] // 2
    own = distance[:, centre : centre + 1]
    return Batch(
        torch.tanh(distance / SCALE),
        known[:, None, :, None].float().expand_as(truth),
        own.clamp(-BASE, BASE),
        truth,
        (own.abs() <= BAND * gaps[:, None, :, None]).float(),
    )


def whole_planes(
    planes: torch.Tensor, known: NDArray[np.bool_], distance: torch.Tensor | None = None
) -> Batch:
    """Return whole planes as one batch, all with the same known rows.

    Parameters
    ----------
    planes : (B, 1 + 2 neighbours, Z, X) uint8 tensor
        Planes of the truth, each between its neighbours.
    known : (Z,) bool
        Known rows, the first and the last among them.
    distance : (B, 1 + 2 neighbours, Z, X) tensor, optional
        Their distances, for a network that sees these instead.
    """
    truth = planes.float()
    matrix = torch.from_numpy(interpolation_matrix(known)).to(planes.device)
    rows = torch.from_numpy(known).to(planes.device).expand(len(planes), -1)
    if distance is not None:
        limit = float(largest_distance(known))
        centre = truth.shape[1] // 2
        return with_distances(
            truth[:, centre : centre + 1],
            torch.matmul(matrix, distance.float().clamp(-limit, limit)),
            rows,
            torch.from_numpy(row_gaps(known)).to(matrix).expand(len(planes), -1),
        )
    return masked(truth, rows, torch.matmul(matrix, truth[:, truth.shape[1] // 2]))
