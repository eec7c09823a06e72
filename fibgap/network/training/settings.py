"""How a network is trained: Table S2 and what may be chosen instead."""

from dataclasses import dataclass

from fibgap.errors import InputError

SCHEDULES = ("plateau", "one_cycle")
LOSS_ROWS = ("all", "missing")


@dataclass(frozen=True)
class Training:
    """How a network is trained; the defaults are Table S2.

    Attributes
    ----------
    epochs : int
        Number of epochs at most.
    steps_per_epoch : int or None
        Batches an epoch; None: as many as the sliding window fills once.
    batch_size, patch, stride, margin : int
        Patches a batch; side, step and interpolation margin of the window in pixels.
    schedule : str
        "plateau" (Table S2) or "one_cycle" (a warm-up and a cosine decay over all epochs).
    learning_rate : float
        The initial rate of "plateau", the highest of "one_cycle".
    reduce_factor, reduce_patience, stop_patience
        The rate is multiplied by the factor after more than so many epochs in a row without a
        better validation loss; training ends after so many. For "plateau" only.
    loss_rows : str
        "all" rows of a patch, or only the "missing" ones, which are what a filler predicts.
    precision : str
        "fp32", "bf16" or "auto".
    validation_planes : int
        Number of whole validation planes, spread evenly over all of them.
    budget_minutes : float or None
        Wall-clock time after which training stops at the end of an epoch, to go on another time.

    Notes
    -----
    PAPER: Table S2 and section 3. ASSUME: "if the loss did not decrease" means the validation
    loss, for the rate and for early stopping. ASSUME: patience for the rate is PyTorch's, which
    lets so many epochs pass and counts a loss as better if it is lower by a part in 10^4.
    """

    epochs: int = 500
    steps_per_epoch: int | None = None
    batch_size: int = 64
    patch: int = 64
    stride: int = 32
    margin: int = 16
    schedule: str = "plateau"
    learning_rate: float = 1e-3
    reduce_factor: float = 0.1
    reduce_patience: int = 10
    stop_patience: int = 25
    loss_rows: str = "all"
    precision: str = "auto"
    validation_planes: int = 64
    budget_minutes: float | None = None

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise InputError(f"schedule '{self.schedule}' is unknown; choose one of {SCHEDULES}.")
        if self.loss_rows not in LOSS_ROWS:
            raise InputError(f"loss_rows '{self.loss_rows}' is unknown; choose one of {LOSS_ROWS}.")
        least = dict.fromkeys(("epochs", "batch_size", "patch", "stride", "validation_planes"), 1)
        for name, low in {**least, "stop_patience": 1, "reduce_patience": 0, "margin": 0}.items():
            if getattr(self, name) < low:
                raise InputError(f"{name} must be at least {low}, but is {getattr(self, name)}.")
        if not self.learning_rate > 0:
            raise InputError(f"learning_rate must be positive, but is {self.learning_rate}.")
