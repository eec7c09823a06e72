"""Distances in the slices of training volumes, for both directions of milling in a plane."""

from collections.abc import Sequence

import numpy as np
import torch

from fibgap.fillers.distance import signed_distance

#: The distances of one family of planes: milled along the rows, and along the columns.
Distances = tuple[torch.Tensor, torch.Tensor]


def slice_distances(planes: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how far every voxel of planes lies from the interface in its slice.

    Parameters
    ----------
    planes : (N, Z, X) uint8
        All planes of whole volumes, one after the other; 1 = solid.
    depth : int
        How many planes in a row come from one volume.

    Returns
    -------
    (N, Z, X) float16, (N, Z, X) float16
        Distances in voxels, positive in the solid: in the slices of one row of the planes each,
        and, for planes that are turned, of one column each.

    Examples
    --------
    >>> planes = np.array([[[1, 1]], [[1, 0]], [[1, 0]]], dtype=np.uint8)
    >>> rows, columns = slice_distances(planes, 3)
    >>> columns[:, 0, 1].tolist(), columns[0, 0, 0].item() > 3
    ([0.5, -0.5, -1.5], True)
    """
    solid = planes.astype(np.bool_).reshape(-1, depth, *planes.shape[1:])
    rows, columns = (np.empty(solid.shape, dtype=np.float16) for _ in range(2))
    for volume, by_row, by_column in zip(solid, rows, columns, strict=True):
        for row in range(volume.shape[1]):
            by_row[:, row] = signed_distance(volume[:, row])
        for column in range(volume.shape[2]):
            by_column[..., column] = signed_distance(volume[..., column])
    return rows.reshape(planes.shape), columns.reshape(planes.shape)


def all_distances(
    planes: Sequence[np.ndarray], depths: Sequence[int] | None, device: torch.device
) -> list[Distances]:
    """Return the distances of each family of planes, on the device where they are wanted."""
    found = []
    for group, stack in enumerate(planes):
        both = slice_distances(stack, depths[group] if depths else len(stack))
        found.append((torch.from_numpy(both[0]).to(device), torch.from_numpy(both[1]).to(device)))
    return found
