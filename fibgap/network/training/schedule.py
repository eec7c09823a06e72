"""The learning rate over a training."""

import torch

from fibgap.network.training.settings import Training


def make_scheduler(
    optimizer: torch.optim.Optimizer, training: Training, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule of a training.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Whose rate it sets.
    training : Training
        Says which schedule.
    steps : int
        Steps an epoch.

    Returns
    -------
    torch.optim.lr_scheduler.LRScheduler
        For "plateau" to be stepped once an epoch with the validation loss, for "one_cycle" once a
        step of training.
    """
    if training.schedule == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=training.reduce_factor, patience=training.reduce_patience
        )
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=training.learning_rate,
        total_steps=training.epochs * steps,
        pct_start=0.2,
        cycle_momentum=False,
    )
