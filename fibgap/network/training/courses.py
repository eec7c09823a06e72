"""What a network learns from in a stack that was filled once, and what it is tried on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.inference import predict
from fibgap.network.module import AnyNetwork, Network
from fibgap.network.training.batches import Batch, whole_planes
from fibgap.network.training.distances import Distances, all_distances
from fibgap.network.training.gap_batches import GapEpoch, GapSampler
from fibgap.network.training.patches import Epoch, PatchSampler, draw_known_rows
from fibgap.network.training.settings import Training
from fibgap.network.training.subjects import AnyEpoch
from fibgap.network.weights import AnyArchitecture, LoadedNetwork
from fibgap.stack import GappedVolume
from fibgap.synthetic.milling import MillingRange

#: Side of the part of a stack, across its slices, on which a network of gaps is tried.
_TRIED = 128


@dataclass(frozen=True)
class Filled:
    """A stack that was filled once, as far as it is learned from.

    Attributes
    ----------
    solid : (Z, Y, X) bool
        The filled volume.
    own, held : (N,) int
        Known layers that are learned from, and those that are held back.
    axes : sequence of int
        Along which axes it is milled: 1 for y, 2 for x, or both.
    millings : MillingRange
        How, in voxels.
    device : torch.device
        Where to learn.
    """

    solid: NDArray[np.bool_]
    own: NDArray[np.int64]
    held: NDArray[np.int64]
    axes: Sequence[int]
    millings: MillingRange
    device: torch.device


class Course(Protocol):
    """What a network learns from, and what it is tried on.

    Attributes
    ----------
    training : Training
        With which optimiser and rates.
    """

    training: Training

    def epoch(self, rng: np.random.Generator, steps: int) -> AnyEpoch:
        """Draw so many batches."""

    def misclassified(self, network: AnyNetwork) -> float:
        """Return the misclassified share of what was hidden of slices that were held back."""


def make_course(architecture: AnyArchitecture, filled: Filled, rng: np.random.Generator) -> Course:
    """Return what a network of an architecture learns from, and is tried on."""
    if isinstance(architecture, GapArchitecture):
        return _Gaps(filled, rng)
    return _Planes(architecture.neighbours, filled, rng)


class _Planes:
    """Patches of slices, with rows along y or x hidden."""

    training = Training(batch_size=16, learning_rate=1e-3)

    def __init__(self, neighbours: int, filled: Filled, rng: np.random.Generator) -> None:
        solid = filled.solid.view(np.uint8)
        n_z, n_y, n_x = solid.shape
        planes = torch.from_numpy(solid).to(filled.device)
        distances = all_distances([solid], [n_z], filled.device)[0]
        self.axes = filled.axes
        self.trials = [
            _trial(planes, distances, int(layer), neighbours, axis, filled.millings, rng)
            for layer in filled.held
            for axis in filled.axes
        ]
        margin = min(16, (min(n_y, n_x) - 32) // 2)
        self.sampler = PatchSampler(
            [planes],
            millings=filled.millings,
            voxel_nm=1.0,
            patch=min(64, min(n_y, n_x) - 2 * margin),
            stride=8,
            margin=margin,
            neighbours=neighbours,
            depths=[n_z],
            distances=[distances],
        )
        corners = self.sampler.corners
        self.sampler.corners = corners[np.isin(corners[:, 1], filled.own)]

    def epoch(self, rng: np.random.Generator, steps: int) -> Epoch:
        """Draw so many batches."""
        drawn = Epoch(self.sampler, rng, batch_size=self.training.batch_size, steps=steps)
        if len(self.axes) == 1:
            # A quarter turn makes columns rows: an odd number of them, and x is milled.
            drawn.turns = drawn.turns // 2 * 2 + (self.axes[0] - 1)
        return drawn

    @torch.inference_mode()
    def misclassified(self, network: AnyNetwork) -> float:
        """Return the misclassified share of hidden voxels."""
        assert isinstance(network, Network)
        wrong = hidden = 0
        for batch in self.trials:
            missing = batch.known == 0
            logits = network(batch.network_input(network.architecture), batch.bicubic)
            wrong += int((((logits >= 0) != (batch.truth > 0)) & missing).sum())
            hidden += int(missing.sum())
        return wrong / max(1, hidden)


def _trial(
    planes: torch.Tensor,
    distances: Distances,
    layer: int,
    neighbours: int,
    axis: int,
    millings: MillingRange,
    rng: np.random.Generator,
) -> Batch:
    """Return a known layer with rows along y, or x, hidden."""
    part = slice(layer - neighbours, layer + neighbours + 1)
    seen, far = planes[part], distances[axis - 1][part]
    if axis == 2:
        seen, far = seen.transpose(1, 2).contiguous(), far.transpose(1, 2).contiguous()
    known = draw_known_rows(millings, seen.shape[1], 1.0, rng)
    return whole_planes(seen[None], known, far[None])


class _Gaps:
    """Gaps along y or x, of which the known layers are seen from the side."""

    training = Training(batch_size=8, learning_rate=3e-4, optimizer="muon", muon_rate=2e-3)

    def __init__(self, filled: Filled, rng: np.random.Generator) -> None:
        solid = filled.solid
        self.held = filled.held
        counted = np.zeros(solid.shape, dtype=np.bool_)
        counted[filled.own] = True
        self.sampler = GapSampler(
            [solid.view(np.uint8)],
            millings=filled.millings,
            voxel_nm=1.0,
            patch=min(96, *(side // 8 * 8 for side in solid.shape)),
            device=filled.device,
            axes=filled.axes,
            counted=[counted],
        )
        self.trials = []
        for axis in filled.axes:
            cut = [slice(None)] + [slice(0, min(side, _TRIED)) for side in solid.shape[1:]]
            stack = np.ascontiguousarray(np.moveaxis(solid[tuple(cut)], axis, 0))
            layers = np.flatnonzero(draw_known_rows(filled.millings, len(stack), 1.0, rng))
            gapped = GappedVolume(stack[layers], layers, 1.0, 0, 1.0, len(layers))
            self.trials.append((gapped, stack[gapped.missing_layers][:, filled.held]))

    def epoch(self, rng: np.random.Generator, steps: int) -> GapEpoch:
        """Draw so many batches."""
        return GapEpoch(self.sampler, rng, batch_size=self.training.batch_size, steps=steps)

    def misclassified(self, network: AnyNetwork) -> float:
        """Return the misclassified share of hidden voxels."""
        wrong = hidden = 0
        for gapped, truth in self.trials:
            values = predict(LoadedNetwork.of(network), gapped)[gapped.missing_layers]
            wrong += int(((values[:, self.held] >= 0.5) != truth).sum())
            hidden += truth.size
        return wrong / max(1, hidden)
