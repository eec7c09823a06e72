"""Patches: windows of planes, augmented, with rows masked and interpolated, batch by batch."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.network.distances import largest_distance, row_gaps
from fibgap.network.training.batches import Batch, interpolation_matrix, masked, with_distances
from fibgap.network.training.distances import Distances
from fibgap.stack import nearest_layer
from fibgap.synthetic.milling import MillingRange, draw_depths

#: Slices of the stack above a window that are drawn and thrown away, so that a window's first
#: slice lies at no special place.
_LEAD_IN = (4.0, 8.0)


def draw_known_rows(
    millings: MillingRange, rows: int, voxel_nm: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw which rows of a window are known, from a milling drawn anew.

    Returns
    -------
    (rows,) bool
        The first and the last row are always known, as they are in a stack that is cut at its
        first and last slice, so that nothing is ever extrapolated.
    """
    milling = millings.draw(rng)
    lead_in = rng.uniform(*_LEAD_IN) * milling.mean_nm
    depths = draw_depths(milling, lead_in + (rows - 1) * voxel_nm, rng) - lead_in
    known = np.zeros(rows, dtype=np.bool_)
    known[nearest_layer(depths[depths >= 0], voxel_nm).clip(max=rows - 1)] = True
    known[[0, -1]] = True
    return known


def planes_between(count: int, neighbours: int, depth: int) -> NDArray[np.int64]:
    """Return which planes of a stack have neighbours on both sides in their own volume.

    Parameters
    ----------
    count : int
        Number of planes.
    neighbours : int
        How many planes on each side are wanted.
    depth : int
        How many planes in a row come from one volume.

    Raises
    ------
    InputError
        If no plane has so many neighbours.

    Examples
    --------
    >>> planes_between(10, 1, 5).tolist()
    [1, 2, 3, 6, 7, 8]
    """
    place = np.arange(count) % depth
    found = np.flatnonzero((place >= neighbours) & (place < depth - neighbours))
    if count and not len(found):
        raise InputError(
            f"a volume of {depth} planes is too small for a network that sees {neighbours} "
            "neighbouring planes on each side."
        )
    return found


class PatchSampler:
    """Sliding windows over planes, cut, augmented and masked when they are asked for.

    Nothing but the planes and one epoch's millings is held in memory, and an epoch's batches
    depend on the generator that is passed in alone.

    Parameters
    ----------
    planes : sequence of (N, Z, X) uint8 tensors
        The training planes, on the device where batches are wanted; 1 = solid.
    millings : MillingRange
        Which millings are drawn.
    voxel_nm : float
        Voxel size in nm.
    patch : int
        Side of a patch in pixels.
    stride : int
        Step of the sliding window in pixels.
    margin : int
        Rows above and below a patch that take part in its interpolation.
    bank : int
        Number of millings drawn for an epoch at most; every patch gets one of them.
    neighbours : int
        How many planes on each side are cut with a patch.
    depths : sequence of int or None
        For each array, how many planes in a row come from one volume; None: all.
    distances : sequence of Distances or None
        For each array, the distances that a network sees instead of the planes, from
        `fibgap.network.training.distances.all_distances`.

    Raises
    ------
    InputError
        If a plane is smaller than a patch with its margins, or a volume has too few planes.

    Notes
    -----
    PAPER: section 3, patches of 64 with a stride of 32. ASSUME: windows of patch + 2 margin on a
    side lie inside the plane; augmentation turns and flips the truth of the whole window and rows
    are masked afterwards, so gaps always lie across z.
    """

    def __init__(
        self,
        planes: Sequence[torch.Tensor],
        *,
        millings: MillingRange,
        voxel_nm: float,
        patch: int = 64,
        stride: int = 32,
        margin: int = 16,
        bank: int = 2048,
        neighbours: int = 0,
        depths: Sequence[int] | None = None,
        distances: Sequence[Distances] | None = None,
    ) -> None:
        self.planes = list(planes)
        self.distances = None if distances is None else list(distances)
        self.neighbours = neighbours
        self.millings = millings
        self.voxel_nm = voxel_nm
        self.patch, self.margin, self.bank = patch, margin, bank
        self.window = patch + 2 * margin
        corners = []
        for group, stack in enumerate(self.planes):
            count, rows, columns = stack.shape
            depth = depths[group] if depths else count
            if min(rows, columns) < self.window:
                raise InputError(
                    f"planes of {rows} x {columns} are too small for patches of {patch} with a "
                    f"margin of {margin}: a side of at least {self.window} is needed."
                )
            grid = np.meshgrid(
                [group],
                planes_between(count, neighbours, depth),
                np.arange(0, rows - self.window + 1, stride),
                np.arange(0, columns - self.window + 1, stride),
                indexing="ij",
            )
            corners.append(np.stack([axis.ravel() for axis in grid], axis=1))
        self.corners = np.concatenate(corners) if corners else np.empty((0, 4), dtype=np.int64)
        if len(self.corners) == 0:
            raise InputError("there are no training planes to cut patches from.")

    def __len__(self) -> int:
        """Return the number of patches that the sliding window sees."""
        return len(self.corners)

    def draw_bank(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Draw millings: known rows (count, window) and interpolations (count, patch, window)."""
        known = np.empty((count, self.window), dtype=np.bool_)
        matrices = np.empty((count, self.patch, self.window), dtype=np.float32)
        inner = slice(self.margin, self.margin + self.patch)
        for index in range(count):
            known[index] = draw_known_rows(self.millings, self.window, self.voxel_nm, rng)
            matrices[index] = interpolation_matrix(known[index])[inner]
        return known, matrices


class Epoch:
    """One pass over the patches (or a part of it): everything drawn, nothing cut yet.

    Parameters
    ----------
    sampler : PatchSampler
        The planes.
    rng : numpy.random.Generator
        Decides order, augmentation and millings.
    batch_size : int
        Patches a batch.
    steps : int or None
        Number of batches; None: as many whole batches as the sliding window fills, at least one.
    """

    def __init__(
        self,
        sampler: PatchSampler,
        rng: np.random.Generator,
        *,
        batch_size: int,
        steps: int | None = None,
    ) -> None:
        self.sampler = sampler
        self.batch_size = batch_size
        self.steps = steps or max(1, len(sampler) // batch_size)
        count = self.steps * batch_size
        rounds = [rng.permutation(len(sampler)) for _ in range(-(-count // len(sampler)))]
        self.corners = sampler.corners[np.concatenate(rounds)[:count]]
        self.turns = rng.integers(8, size=count)
        known, matrices = sampler.draw_bank(min(count, sampler.bank), rng)
        self.milling = rng.permutation(np.arange(count) % len(known))
        device = sampler.planes[0].device
        self.known = torch.from_numpy(known).to(device)
        self.matrices = torch.from_numpy(matrices).to(device)

    def batches(self) -> Iterator[Batch]:
        """Yield all batches."""
        return map(self.batch, range(self.steps))

    def batch(self, step: int) -> Batch:
        """Cut, augment, mask and interpolate one batch of patches."""
        part = slice(step * self.batch_size, (step + 1) * self.batch_size)
        sampler = self.sampler
        device = self.known.device
        side = torch.arange(sampler.window, device=device)
        corners = torch.from_numpy(self.corners[part]).to(device)
        turns = torch.from_numpy(self.turns[part]).to(device)
        across = torch.arange(-sampler.neighbours, sampler.neighbours + 1, device=device)

        def cut(groups: Sequence[torch.Tensor], chosen: torch.Tensor, into: torch.Tensor) -> None:
            """Cut the chosen windows, with as many planes as there is room for."""
            seen = across if into.shape[1] > 1 else across[sampler.neighbours, None]
            for group, planes in enumerate(groups):
                own = torch.nonzero((corners[:, 0] == group) & chosen)[:, 0]
                plane, row, column = corners[own, 1:].unbind(1)
                into[own] = planes[
                    (plane[:, None] + seen)[:, :, None, None],
                    (row[:, None] + side)[:, None, :, None],
                    (column[:, None] + side)[:, None, None, :],
                ]

        def turn_all(windows: torch.Tensor) -> torch.Tensor:
            for turn in range(1, 8):
                own = torch.nonzero(turns == turn)[:, 0]
                turned = torch.rot90(windows[own], turn % 4, dims=(2, 3))
                windows[own] = turned.flip(3) if turn >= 4 else turned
            return windows.float()

        milling = torch.from_numpy(self.milling[part]).to(device)
        shape = (len(corners), len(across), sampler.window, sampler.window)
        every = torch.ones(len(corners), dtype=torch.bool, device=device)
        if sampler.distances is None:
            truth = torch.empty(shape, dtype=torch.uint8, device=device)
            cut(sampler.planes, every, truth)
            return self._mask(turn_all(truth), milling)
        truth = torch.empty((len(corners), 1, *shape[2:]), dtype=torch.uint8, device=device)
        cut(sampler.planes, every, truth)
        distance = torch.empty(shape, dtype=torch.float16, device=device)
        for odd in range(2):  # a quarter turn makes columns rows
            cut([both[odd] for both in sampler.distances], turns % 2 == odd, distance)
        return self._interpolate(turn_all(truth), turn_all(distance), milling)

    def _interpolate(
        self, truth: torch.Tensor, distance: torch.Tensor, milling: torch.Tensor
    ) -> Batch:
        """Interpolate the distances of whole windows."""
        sampler = self.sampler
        inner = slice(sampler.margin, sampler.margin + sampler.patch)
        columns = distance[..., inner].permute(0, 2, 1, 3)  # (B, Z, C, X)
        known = self.known[milling]
        limit = torch.from_numpy(largest_distance(known.cpu().numpy())).to(columns)
        limit = limit[:, None, None, None]
        columns = columns.clamp(-limit, limit)
        flat = torch.bmm(self.matrices[milling], columns.flatten(2))
        return with_distances(
            truth[:, :, inner, inner],
            flat.unflatten(2, columns.shape[2:]).transpose(1, 2),
            known[:, inner],
            torch.from_numpy(row_gaps(known.cpu().numpy())[:, inner]).to(columns),
        )

    def _mask(self, truth: torch.Tensor, milling: torch.Tensor) -> Batch:
        """Mask the missing rows of whole windows and interpolate across them."""
        inner = slice(self.sampler.margin, self.sampler.margin + self.sampler.patch)
        columns = truth[..., inner]
        bicubic = torch.bmm(self.matrices[milling], columns[:, self.sampler.neighbours])
        return masked(columns[:, :, inner], self.known[milling][:, inner], bicubic)
