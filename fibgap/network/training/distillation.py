"""Distillation: a network learns the output of another one beside the truth."""

import torch

from fibgap.errors import InputError
from fibgap.network.architecture import Architecture
from fibgap.network.device import choose_precision
from fibgap.network.training.batches import Batch
from fibgap.network.weights import LoadedNetwork


class Teacher:
    """A trained network whose output another one learns.

    Parameters
    ----------
    loaded : LoadedNetwork
        The teacher. It may be of any architecture: it sees the planes that its pupil sees.
    share : float
        How much of the pupil's target is the teacher's output; the rest is the truth. 1 leaves
        the truth out.
    device : torch.device
        Where the training runs.

    Notes
    -----
    Hinton, Vinyals, Dean, Distilling the knowledge in a neural network, arXiv:1503.02531, 2015,
    for a squared error: the error against ``(1 - share) truth + share output`` has the gradient of
    the weighted sum of the errors against both. The teacher's output is near the mean of all
    structures that fit the slices, and less noisy a target than one of them.

    It computes in bf16 where the hardware has it.
    """

    def __init__(self, loaded: LoadedNetwork, share: float, device: torch.device) -> None:
        if not 0 < share <= 1:
            raise InputError(f"distillation.share must lie in (0, 1], but is {share}.")
        self.sha256, self.share, self.device = loaded.sha256, share, device
        self.precision = choose_precision("auto", device)
        self.network = loaded.network.eval()
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def target(self, batch: Batch) -> torch.Tensor:
        """Return what the pupil has to learn of a batch.

        Parameters
        ----------
        batch : Batch
            Patches of the pupil's training, (B, 1, Z, X).

        Returns
        -------
        torch.Tensor
            Shape (B, 1, Z, X), float32.
        """
        network_input = batch.network_input(self.network.architecture)
        reduced = self.precision != torch.float32
        with torch.autocast(self.device.type, self.precision, enabled=reduced):
            output = self.network(network_input, batch.bicubic)
        return torch.lerp(batch.truth, output.float(), self.share)


def neighbours_seen(architecture: Architecture, teacher: Teacher | None) -> int:
    """Return how many neighbours a plane of a batch needs for a network and its teacher."""
    seen_by = [architecture] if teacher is None else [architecture, teacher.network.architecture]
    return max(each.neighbours for each in seen_by)
