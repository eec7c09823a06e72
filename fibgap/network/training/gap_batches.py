"""Batches of gaps: slices of training volumes, milled anew, augmented, batch by batch."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers.distance import clipped_distance
from fibgap.network.distances import base, largest_distance
from fibgap.network.gaps import sight
from fibgap.network.gaps.architecture import ANCHORS, PLACES
from fibgap.network.gaps.module import GapNetwork
from fibgap.network.training.batches import BAND
from fibgap.network.training.patches import draw_known_rows
from fibgap.synthetic.milling import MillingRange

#: Layers of a gap that a network is asked for at once, at most; of a wider gap some, at random.
MOST_LAYERS = 6
#: Batches that are cut in advance.
_AHEAD = 4
#: Distances are kept in steps of so many to a voxel.
STEPS = 7.5


@dataclass(frozen=True)
class GapBatch:
    """What the network sees of gaps and what it should say, all float32.

    Attributes
    ----------
    image : (B, C, Y, X)
        See `fibgap.network.gaps.sight.seen`.
    hats : (B, T, ANCHORS)
        Places of the layers in their gaps, see `fibgap.network.gaps.sight.hats`.
    base : (B, T, Y, X)
        The logits that are corrected.
    truth : (B, T, Y, X)
        1 in the solid.
    counts : (B, T, Y, X)
        How much each voxel counts: all layers of a gap together as much as one.
    """

    image: torch.Tensor
    hats: torch.Tensor
    base: torch.Tensor
    truth: torch.Tensor
    counts: torch.Tensor

    def answer(self, network: GapNetwork) -> torch.Tensor:
        """Return what the network says."""
        corrections: torch.Tensor = network(self.image)
        return corrections

    def values(self, answer: torch.Tensor) -> torch.Tensor:
        """Return the logits of what it said, in the layers of the gaps."""
        spread = torch.bmm(self.hats, answer.float().flatten(2))
        return spread.view_as(self.base) + self.base


@dataclass(frozen=True)
class _Gap:
    """One gap of one volume, as it is cut: everything is drawn, nothing is computed."""

    volume: int
    axis: int
    known: NDArray[np.bool_]
    lower: int
    corner: tuple[int, int]
    layers: NDArray[np.int64]
    turns: int
    from_behind: bool


class GapSampler:
    """Gaps of training volumes, cut where and when they are asked for.

    Parameters
    ----------
    volumes : sequence of (Z, Y, X) uint8
        1 = solid.
    millings : MillingRange
        Which millings are drawn.
    voxel_nm : float
        Voxel size in nm.
    patch : int
        Side of a patch in pixels.
    device : torch.device
        Where batches are wanted.
    axes : sequence of int
        Along which axes volumes are milled.
    counted : sequence of (Z, Y, X) bool, optional
        Which voxels of each volume count in the loss; all, where it is left out.

    Raises
    ------
    InputError
        If there is no volume, or one is smaller than a patch.
    """

    def __init__(
        self,
        volumes: Sequence[NDArray[np.uint8]],
        *,
        millings: MillingRange,
        voxel_nm: float,
        patch: int,
        device: torch.device,
        axes: Sequence[int] = (0, 1, 2),
        counted: Sequence[NDArray[np.bool_]] | None = None,
    ) -> None:
        self.millings, self.voxel_nm = millings, voxel_nm
        self.patch, self.device = patch, device
        if not volumes:
            raise InputError("there are no training volumes to cut gaps from.")
        self.volumes = [np.asarray(volume, dtype=np.uint8) for volume in volumes]
        for volume in self.volumes:
            if min(volume.shape) < patch:
                raise InputError(
                    f"volumes of {' x '.join(map(str, volume.shape))} are too small for patches of "
                    f"{patch}."
                )
        self.axes, self.counted = list(axes), counted
        self.distances = [
            {axis: _distances(volume, axis) for axis in self.axes} for volume in self.volumes
        ]

    def __len__(self) -> int:
        """Return how many patches lie side by side in all slices of all volumes."""
        return sum(len(self.axes) * volume.size // self.patch**2 for volume in self.volumes)

    def draw(self, rng: np.random.Generator) -> _Gap:
        """Draw a volume, an axis and a milling of it, a missing layer of that, and so its gap."""
        volume = int(rng.integers(len(self.volumes)))
        axis = self.axes[rng.integers(len(self.axes))]
        shape = self.volumes[volume].shape
        while True:
            known = draw_known_rows(self.millings, shape[axis], self.voxel_nm, rng)
            missing = np.flatnonzero(~known)
            if len(missing):
                break
        rows = np.flatnonzero(known)
        lower = int(np.searchsorted(rows, rng.choice(missing))) - 1
        layers = np.arange(rows[lower] + 1, rows[lower + 1])
        if len(layers) > MOST_LAYERS:
            layers = np.sort(rng.choice(layers, MOST_LAYERS, replace=False))
        sides = [length for index, length in enumerate(shape) if index != axis]
        corner = tuple(int(rng.integers(side - self.patch + 1)) for side in sides)
        turns, from_behind = int(rng.integers(8)), bool(rng.integers(2))
        return _Gap(volume, axis, known, lower, corner, layers, turns, from_behind)  # type: ignore[arg-type]

    def batch(self, gaps: Sequence[_Gap]) -> GapBatch:
        """Cut and interpolate gaps."""
        count, side = len(gaps), self.patch
        layers = max(len(gap.layers) for gap in gaps)
        hats = np.zeros((count, layers, ANCHORS), np.float32)
        logits = np.zeros((count, layers, side, side), np.float32)
        truth, counts = np.zeros_like(logits), np.zeros_like(logits)
        images = []
        for index, gap in enumerate(gaps):
            own = slice(len(gap.layers))
            image, logits[index, own], counts[index, own] = self._seen(gap)
            images.append(image)
            hats[index, own] = sight.hats(self._places(gap))
            truth[index, own] = self._cut(self.volumes[gap.volume], gap, gap.layers)
            if self.counted is not None:
                counts[index, own] *= self._cut(self.counted[gap.volume], gap, gap.layers)
        arrays = (np.stack(images), hats, logits, truth, counts)
        return GapBatch(*(torch.from_numpy(array).to(self.device) for array in arrays))

    def _cut(self, volume: NDArray, gap: _Gap, layers: NDArray[np.int64]) -> NDArray:
        """Cut the patch of a gap out of some layers, turned."""
        return self._turned(np.moveaxis(volume, gap.axis, 0), gap, layers)

    def _turned(self, stack: NDArray, gap: _Gap, layers: NDArray[np.int64]) -> NDArray:
        """Cut the patch of a gap out of layers of a stack, turned."""
        if gap.from_behind:
            layers = len(stack) - 1 - layers
        y, x = gap.corner
        cut = stack[layers, y : y + self.patch, x : x + self.patch]
        cut = np.rot90(cut, gap.turns % 4, (1, 2))
        return cut[:, :, ::-1] if gap.turns >= 4 else cut

    def _places(self, gap: _Gap) -> NDArray[np.float64]:
        """Return where the layers of a gap lie in it, from 0 to 1."""
        below, above = np.flatnonzero(gap.known)[gap.lower : gap.lower + 2]
        return np.asarray((gap.layers - below) / (above - below))

    def _seen(
        self, gap: _Gap
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return what is seen of a gap, what is corrected in its layers, and what counts there."""
        rows = np.flatnonzero(gap.known)
        around = sight.window(gap.lower, len(rows))
        own = rows[around]
        cut = self._turned(self.distances[gap.volume][gap.axis], gap, own)
        distances = cut.astype(np.float32) / np.float32(STEPS)
        limit = np.float32(largest_distance(gap.known))
        lower = gap.lower - around.start
        weights = sight.interpolation(own.astype(np.float64), lower, gap.layers.astype(np.float64))
        between = np.tensordot(weights, np.clip(distances, -limit, limit), 1)
        middle, inside = between[: len(PLACES)], between[len(PLACES) :]
        chosen = sight.beside(gap.lower, len(rows))
        image = sight.seen(distances[chosen - around.start], middle, rows[chosen].astype(float))
        near = np.abs(inside) <= BAND * (own[lower + 1] - own[lower])
        return image, base(inside), near.astype(np.float32) / np.float32(len(gap.layers))


def _distances(volume: NDArray[np.uint8], axis: int) -> NDArray[np.int8]:
    """Return the distances in the slices of a volume along an axis, in `STEPS`."""
    stack = np.moveaxis(volume, axis, 0).astype(np.bool_)
    steps = np.empty(stack.shape, dtype=np.int8)
    for layer, image in zip(steps, stack, strict=True):
        distance = clipped_distance(np.ascontiguousarray(image), sight.FARTHEST)
        np.rint(distance * STEPS, out=distance)
        layer[...] = distance
    return steps


class GapEpoch:
    """One pass over gaps: everything is drawn, and cut when it is asked for.

    Parameters
    ----------
    sampler : GapSampler
        Of the training volumes.
    rng : numpy.random.Generator
        Decides everything.
    batch_size : int
        Gaps a batch.
    steps : int
        Number of batches.
    """

    def __init__(
        self, sampler: GapSampler, rng: np.random.Generator, *, batch_size: int, steps: int
    ) -> None:
        self.sampler, self.batch_size, self.steps = sampler, batch_size, steps
        self.gaps = [sampler.draw(rng) for _ in range(steps * batch_size)]

    def batch(self, step: int) -> GapBatch:
        """Cut one batch."""
        part = slice(step * self.batch_size, (step + 1) * self.batch_size)
        return self.sampler.batch(self.gaps[part])

    def batches(self) -> Iterator[GapBatch]:
        """Yield all batches; the next ones are cut meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            waiting: deque[Future[GapBatch]] = deque()
            for step in range(self.steps):
                waiting.append(pool.submit(self.batch, step))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
