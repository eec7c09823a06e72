"""Where a training stands, and what it says of an epoch."""

import math
from dataclasses import dataclass, field

from fibgap.errors import InputError


@dataclass
class Progress:
    """Where a training stands: all of it goes into the checkpoint."""

    epoch: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    def add(
        self,
        train_loss: float,
        validation_loss: float,
        rate: float,
        patches: int,
        seconds: float,
    ) -> bool:
        """Note an epoch, and return whether its validation loss is the lowest so far.

        Parameters
        ----------
        train_loss, validation_loss : float
            Losses of the epoch.
        rate : float
            Learning rate at its end.
        patches : int
            How many patches were learned from.
        seconds : float
            What it took, without validation.
        """
        self.epoch += 1
        self.seconds += seconds
        self.history.append(
            {
                "epoch": self.epoch,
                "train_loss": train_loss,
                "validation_loss": validation_loss,
                "learning_rate": rate,
                "patches_per_s": round(patches / seconds, 2),
                "seconds": round(self.seconds, 2),
            }
        )
        best = validation_loss < self.best_loss
        if best:
            self.best_loss, self.best_epoch = validation_loss, self.epoch
        return best

    def line(self, epochs: int, patches_per_s: float) -> str:
        """Say how the last epoch of so many went, and how long the others take at most."""
        last = self.history[-1]
        left = (epochs - self.epoch) * self.seconds / self.epoch
        return (
            f"epoch {self.epoch}/{epochs}  loss {last['train_loss']:.5f}  "
            f"validation {last['validation_loss']:.5f}  rate {last['learning_rate']:.1e}  "
            f"{patches_per_s:.0f} patches/s  at most {left / 60:.1f} min left"
        )


class TrainingDivergedError(InputError):
    """The loss is no longer a number, by what was asked; the last good weights were kept."""
