"""What a training makes small."""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from fibgap.network.module import AnyNetwork
from fibgap.network.training.batches import Batch
from fibgap.network.training.gap_batches import GapBatch


@dataclass(frozen=True)
class Loss:
    """The mean error of a network against the truth, over the rows that count.

    Attributes
    ----------
    rows : str
        "all", or "missing": those that the network has to fill.
    device : str
        Kind of the device, such as "cpu".
    precision : torch.dtype
        Of the arithmetic; the error itself is in float32.
    """

    rows: str
    device: str
    precision: torch.dtype

    def __call__(self, network: AnyNetwork, batch: Batch | GapBatch) -> torch.Tensor:
        """Return the loss of a batch.

        Squared, or for a network that sees distances, whose output is a logit, the cross entropy.
        """
        reduced = self.precision != torch.float32
        with torch.autocast(self.device, self.precision, enabled=reduced):
            answer = batch.answer(network)  # type: ignore[arg-type]
        output = batch.values(answer)
        if network.architecture.sees == "distances":
            error = F.binary_cross_entropy_with_logits(output, batch.truth, reduction="none")
        else:
            error = (output - batch.truth) ** 2
        if isinstance(batch, GapBatch):
            counts = batch.counts
        elif self.rows == "all":
            return error.mean()
        else:
            counts = 1 - batch.known
            if batch.counts is not None:
                counts = counts * batch.counts
        return (error * counts).sum() / counts.sum().clamp(min=1)
