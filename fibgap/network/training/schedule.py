"""What changes the weights, and the learning rate over a training."""

import torch

from fibgap.network.module import AnyNetwork
from fibgap.network.training.muon import Muon
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
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=training.epochs * steps,
        pct_start=0.2,
        cycle_momentum=False,
    )


def make_optimizers(network: AnyNetwork, training: Training) -> list[torch.optim.Optimizer]:
    """Return what changes the weights of a network.

    Returns
    -------
    list of torch.optim.Optimizer
        Adam; or Muon for the weights of inner layers, and Adam for the rest.
    """
    named = dict(network.named_parameters())
    inner = [
        name
        for name, parameter in named.items()
        if training.optimizer == "muon" and parameter.ndim > 1 and not name.startswith(network.ends)
    ]
    rest = [parameter for name, parameter in named.items() if name not in inner]
    made: list[torch.optim.Optimizer] = [torch.optim.Adam(rest, lr=training.learning_rate)]
    if inner:
        made.append(Muon([named[name] for name in inner], lr=training.muon_rate))
    return made
