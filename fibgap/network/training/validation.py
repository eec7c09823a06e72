"""The planes on which a training is validated."""

from collections.abc import Sequence

import numpy as np
import torch

from fibgap.errors import InputError
from fibgap.network.training.batches import Batch, whole_planes
from fibgap.network.training.distances import Distances
from fibgap.network.training.patches import draw_known_rows, planes_between
from fibgap.synthetic.milling import MillingRange


def choose_validation(
    planes: Sequence[torch.Tensor],
    count: int,
    *,
    millings: MillingRange,
    voxel_nm: float,
    rng: np.random.Generator,
    neighbours: int = 0,
    depths: Sequence[int] | None = None,
    distances: Sequence[Distances] | None = None,
) -> list[Batch]:
    """Choose whole planes, evenly, and mask every one by a milling of its own, once for all.

    Parameters
    ----------
    planes : sequence of (N, Z, X) uint8 tensors
        One per family, 1 = solid.
    count : int
        About how many planes of all families together; every family gives at least one.
    millings : MillingRange
        Which millings are drawn.
    voxel_nm : float
        Voxel size in nm.
    rng : numpy.random.Generator
        Decides the millings.
    neighbours, depths, distances
        See `fibgap.network.training.patches.PatchSampler`.

    Returns
    -------
    list of Batch
        One plane each, on the device of the planes.

    Raises
    ------
    InputError
        If there is no plane.
    """
    total = sum(len(stack) for stack in planes)
    if total == 0:
        raise InputError("there are no validation planes.")
    share = min(1.0, count / total)
    batches = []
    for group, stack in enumerate(planes):
        depth = depths[group] if depths else len(stack)
        inner = planes_between(len(stack), neighbours, depth)
        chosen = np.linspace(0, len(inner) - 1, max(1, round(len(inner) * share)))
        for index in inner[chosen.round().astype(int)]:
            known = draw_known_rows(millings, stack.shape[1], voxel_nm, rng)
            part = slice(index - neighbours, index + neighbours + 1)
            seen = None if distances is None else distances[group][0][part][None]
            batches.append(whole_planes(stack[part][None], known, seen))
    return batches
