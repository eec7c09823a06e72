"""Training: on-line patches, a checkpoint every epoch, resumed after a kill as if nothing was."""

import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from fibgap import seeds
from fibgap.io.files import exclusive, write_aside
from fibgap.network.device import choose_precision
from fibgap.network.module import AnyNetwork, count_parameters, make_network
from fibgap.network.training.checkpoint import damaged, read_checkpoint, write_checkpoint
from fibgap.network.training.loss import Loss
from fibgap.network.training.progress import Progress, TrainingDivergedError
from fibgap.network.training.schedule import make_optimizers, make_scheduler
from fibgap.network.training.settings import Training
from fibgap.network.training.subjects import AnyEpoch, make_subject
from fibgap.network.weights import AnyArchitecture, LoadedNetwork, load_weights, save_weights
from fibgap.synthetic.milling import MillingRange

CHECKPOINT = "checkpoint.pt"
BEST = "best.safetensors"
LOCK = ".lock"


class Trainer:
    """One training run in one folder.

    Parameters
    ----------
    architecture : Architecture or GapArchitecture
        What is trained.
    training : Training
        How it is trained.
    train_planes, validation_planes : list of (N, Z, X) uint8 arrays
        Planes of the truth, one array per family, 1 = solid.
    depths : sequence of int or None
        For each family, how many planes in a row come from one volume; None: all. It matters to a
        network that sees neighbouring planes.
    millings : MillingRange
        Which millings are learned from.
    voxel_nm : float
        Voxel size in nm.
    base_seed : int
        Decides initial weights, order, augmentation and millings.
    folder : path
        Holds the checkpoint and the best weights so far; a run that was killed goes on from here.
    device : torch.device
        Where to train.
    digest : str
        Digest of configuration and data: a checkpoint with another one is refused.
    initial : LoadedNetwork or None
        Weights of the same architecture to start from, instead of random ones.
    log : callable
        Receives progress lines.
    """

    def __init__(
        self,
        architecture: AnyArchitecture,
        training: Training,
        train_planes: list[np.ndarray],
        validation_planes: list[np.ndarray],
        *,
        millings: MillingRange,
        voxel_nm: float,
        base_seed: int,
        folder: Path | str,
        device: torch.device,
        depths: Sequence[int] | None = None,
        digest: str = "",
        initial: LoadedNetwork | None = None,
        log: Callable[[str], None] = print,
    ) -> None:
        self.training, self.base_seed, self.device = training, base_seed, device
        self.digest, self.log, self.folder = digest, log, Path(folder)
        self.precision = choose_precision(training.precision, device)
        self.loss = Loss(training.loss_rows, device.type, self.precision)
        self.subject = make_subject(
            architecture,
            training,
            train_planes,
            validation_planes,
            millings=millings,
            voxel_nm=voxel_nm,
            depths=depths,
            rng=seeds.generator(base_seed, "validation_millings"),
            device=device,
        )
        self.sampler, self.validation = self.subject.sampler, self.subject.validation
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seeds.torch_seed(base_seed, "initial_weights"))
            self.network = make_network(architecture)
        self.initial_sha256 = None if initial is None else initial.sha256
        if initial is not None:
            self.network.load_state_dict(initial.network.state_dict())
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizers = make_optimizers(self.network, training)
        patches = len(self.sampler)
        self.steps = training.steps_per_epoch or max(1, patches // training.batch_size)
        self.schedulers = [make_scheduler(each, training, self.steps) for each in self.optimizers]
        self.progress = Progress()

    def _validate(self) -> float:
        """Return the validation loss over whole planes."""
        self.network.eval()
        with torch.inference_mode():
            losses = [self.loss(self.network, batch) for batch in self.validation]
        self.network.train()
        return float(torch.stack(losses).double().mean())

    def _epoch(self, number: int) -> AnyEpoch:
        """Draw an epoch; its randomness depends on its number alone."""
        rng = seeds.generator(self.base_seed, "patches", number)
        return self.subject.epoch(rng, batch_size=self.training.batch_size, steps=self.steps)

    def _train_epoch(self, epoch: AnyEpoch) -> float:
        """Take all steps of an epoch and return the mean training loss."""
        total = torch.zeros((), device=self.device, dtype=torch.float64)
        for batch in epoch.batches():
            loss = self.loss(self.network, batch)
            self.network.zero_grad(set_to_none=True)
            loss.backward()
            for optimizer in self.optimizers:
                optimizer.step()
            for scheduler in self.schedulers:
                if isinstance(scheduler, torch.optim.lr_scheduler.OneCycleLR):
                    scheduler.step()
            total += loss.detach().double()
        return float(total / epoch.steps)

    def save_checkpoint(self) -> None:
        """Write the state of the run aside and move it into place."""
        state = {
            "digest": self.digest,
            "network": self.network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "schedulers": [scheduler.state_dict() for scheduler in self.schedulers],
            "progress": json.dumps(vars(self.progress)),
        }
        write_checkpoint(self.folder / CHECKPOINT, state)

    def resume(self) -> bool:
        """Go on from the folder's checkpoint, if there is one.

        Raises
        ------
        InputError
            If the checkpoint is damaged or belongs to another configuration.
        """
        path = self.folder / CHECKPOINT
        if not path.exists():
            return False
        state = read_checkpoint(path, self.digest, self.device)
        try:
            self.network.load_state_dict(state["network"])
            for name in ("optimizers", "schedulers"):
                for own, kept in zip(getattr(self, name), state[name], strict=True):
                    own.load_state_dict(kept)
            self.progress = Progress(**json.loads(state["progress"]))
        except Exception as error:  # whatever is wrong with a state, it is no use
            raise damaged(path, error) from error
        return True

    def summary(self, status: str) -> dict[str, Any]:
        """Return what weights remember of their training."""
        return {
            "status": status,
            "digest": self.digest,
            "base_seed": self.base_seed,
            "started_from_sha256": self.initial_sha256,
            "training": vars(self.training),
            "millings": self.sampler.millings.to_dict(),
            "voxel_nm": self.sampler.voxel_nm,
            "steps_per_epoch": self.steps,
            "patches_in_sliding_window": len(self.sampler),
            "epochs": self.progress.epoch,
            "best_epoch": self.progress.best_epoch,
            "best_validation_loss": self.progress.best_loss,
            "seconds": round(self.progress.seconds, 1),
            "device": self.device.type,
            "precision": str(self.precision).removeprefix("torch."),
            "parameters": count_parameters(self.network),
            "torch": torch.__version__,
        }

    def run(self) -> str:
        """Train to the end, to early stopping, or to the end of the wall-clock budget.

        A second process waits while one trains in the folder, and then goes on from there.

        Returns
        -------
        str
            "complete", "stopped early" or "out of budget". The best weights so far lie in the
            folder as ``best.safetensors``.

        Raises
        ------
        TrainingDivergedError
            If the loss becomes NaN or infinite; the best weights so far stay where they are.
        """
        with exclusive(self.folder / LOCK):
            return self._run()

    def _run(self) -> str:
        """Train in the folder, which nobody else is in."""
        training, progress = self.training, self.progress
        if self.resume():
            progress = self.progress
            self.log(f"resumed after epoch {progress.epoch} of {training.epochs}")
        begin = time.monotonic()
        budget = training.budget_minutes or math.inf
        status = "complete"
        with ThreadPoolExecutor(1) as pool:
            upcoming = pool.submit(self._epoch, progress.epoch)
            while progress.epoch < training.epochs:
                if self._stale():
                    status = "stopped early"
                    break
                if progress.history and time.monotonic() - begin > 60 * budget:
                    status = "out of budget"
                    break
                started = time.monotonic()
                epoch = upcoming.result()
                if progress.epoch + 1 < training.epochs:
                    upcoming = pool.submit(self._epoch, progress.epoch + 1)
                train_loss = self._train_epoch(epoch)
                self._finish_epoch(train_loss, time.monotonic() - started)
        self.log(
            f"{status}: epoch {progress.epoch}, best validation loss {progress.best_loss:.6f} "
            f"in epoch {progress.best_epoch}"
        )
        return status

    def _stale(self) -> bool:
        """Return whether the validation loss has not improved for too long."""
        waited = self.progress.epoch - self.progress.best_epoch
        return self.training.schedule == "plateau" and waited >= self.training.stop_patience

    def _finish_epoch(self, train_loss: float, seconds: float) -> None:
        """Validate, keep the best weights, note the history and write the checkpoint."""
        training, progress = self.training, self.progress
        rate = self.optimizers[0].param_groups[0]["lr"]
        validation_loss = self._validate()
        bad = next((x for x in (train_loss, validation_loss) if not math.isfinite(x)), None)
        if bad is not None:
            kept = (
                f"the best weights so far (epoch {progress.best_epoch}) are kept in "
                f"{self.folder / BEST}"
                if progress.best_epoch
                else "there are no good weights yet"
            )
            raise TrainingDivergedError(
                f"the loss became {bad} in epoch {progress.epoch + 1}; training stopped, and "
                f"{kept}: try a learning_rate below {training.learning_rate:g}."
            )
        patches = self.steps * training.batch_size
        best = progress.add(train_loss, validation_loss, rate, patches, seconds)
        for scheduler in self.schedulers:
            if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
                scheduler.step(validation_loss)
        if best:
            save_weights(self.folder / BEST, self.network, self.summary("best so far"))
        self.save_checkpoint()
        self.log(progress.line(training.epochs, patches / seconds))

    def history(self) -> pd.DataFrame:
        """Return the loss curves, one row per epoch."""
        return pd.DataFrame(self.progress.history)

    def best_network(self) -> AnyNetwork:
        """Return the network with the best weights so far, in evaluation mode on the CPU."""
        return load_weights(self.folder / BEST).network

    def deliver(self, weights: Path | str, history: Path | str, status: str) -> None:
        """Write the best weights and the history to where they belong."""
        save_weights(weights, self.best_network(), self.summary(status))
        with write_aside(history) as aside:
            self.history().to_csv(aside, index=False)
