"""What a training goes through: patches of planes, or gaps of volumes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.training.batches import Batch
from fibgap.network.training.distances import Distances, all_distances
from fibgap.network.training.gap_batches import GapBatch, GapEpoch, GapSampler
from fibgap.network.training.patches import Epoch, PatchSampler
from fibgap.network.training.settings import Training
from fibgap.network.training.validation import choose_validation
from fibgap.network.weights import AnyArchitecture
from fibgap.synthetic.milling import MillingRange

AnyEpoch = Epoch | GapEpoch
#: Gaps of a batch of validation.
_VALIDATED_TOGETHER = 8


@dataclass(frozen=True)
class Subject:
    """What a network learns from, and what it is validated on.

    Attributes
    ----------
    sampler : PatchSampler or GapSampler
        Of the training volumes.
    validation : sequence of Batch or GapBatch
        The same for the whole training.
    """

    sampler: PatchSampler | GapSampler
    validation: Sequence[Batch | GapBatch]

    def epoch(self, rng: np.random.Generator, *, batch_size: int, steps: int) -> AnyEpoch:
        """Draw an epoch."""
        if isinstance(self.sampler, GapSampler):
            return GapEpoch(self.sampler, rng, batch_size=batch_size, steps=steps)
        return Epoch(self.sampler, rng, batch_size=batch_size, steps=steps)


def make_subject(
    architecture: AnyArchitecture,
    training: Training,
    train_planes: list[NDArray[np.uint8]],
    validation_planes: list[NDArray[np.uint8]],
    *,
    millings: MillingRange,
    voxel_nm: float,
    depths: Sequence[int] | None,
    rng: np.random.Generator,
    device: torch.device,
) -> Subject:
    """Return what a network learns from.

    Parameters
    ----------
    architecture, training, train_planes, validation_planes, millings, voxel_nm, depths, device
        See `fibgap.network.training.trainer.Trainer`.
    rng : numpy.random.Generator
        Decides the millings of the validation.
    """
    if isinstance(architecture, GapArchitecture):

        def gaps(planes: list[NDArray[np.uint8]]) -> GapSampler:
            # The planes of one family are the whole volumes.
            depth = depths[0] if depths else len(planes[0])
            return GapSampler(
                list(planes[0].reshape(-1, depth, *planes[0].shape[1:])),
                millings=millings,
                voxel_nm=voxel_nm,
                patch=training.patch,
                device=device,
            )

        tried = gaps(validation_planes)
        chosen = GapEpoch(
            tried,
            rng,
            batch_size=_VALIDATED_TOGETHER,
            steps=max(1, training.validation_planes // _VALIDATED_TOGETHER),
        )
        return Subject(gaps(train_planes), list(chosen.batches()))

    def seen(planes: list[NDArray[np.uint8]]) -> list[Distances] | None:
        return all_distances(planes, depths, device) if architecture.sees == "distances" else None

    sampler = PatchSampler(
        [torch.from_numpy(planes).to(device) for planes in train_planes],
        millings=millings,
        voxel_nm=voxel_nm,
        patch=training.patch,
        stride=training.stride,
        margin=training.margin,
        neighbours=architecture.neighbours,
        depths=depths,
        distances=seen(train_planes),
    )
    validation = choose_validation(
        [torch.from_numpy(planes).to(device) for planes in validation_planes],
        training.validation_planes,
        millings=millings,
        voxel_nm=voxel_nm,
        rng=rng,
        neighbours=architecture.neighbours,
        depths=depths,
        distances=seen(validation_planes),
    )
    return Subject(sampler, validation)
