"""How a network is trained: Table S2 and what may be chosen instead."""

from dataclasses import dataclass
from typing import Literal

from fibgap.network.choices import Precision
from fibgap.settings import check_settings, described, setting

Schedule = Literal["plateau", "one_cycle"]
LossRows = Literal["all", "missing"]
Optimizer = Literal["adam", "muon"]


@described
@dataclass(frozen=True)
class Training:
    """How a network is trained; the defaults are Table S2.

    Notes
    -----
    PAPER: Table S2 and section 3. ASSUME: "if the loss did not decrease" means the validation
    loss, for the rate and for early stopping. ASSUME: patience for the rate is PyTorch's, which
    lets so many epochs pass and counts a loss as better if it is lower by a part in 10^4.
    """

    epochs: int = setting("Number of epochs at most.", 500, ge=1)
    steps_per_epoch: int = setting(
        "Batches an epoch; 0 takes as many as the sliding window fills once.", 0, ge=0
    )
    batch_size: int = setting("Patches a batch.", 64, ge=1)
    patch: int = setting("Side of a patch.", 64, unit="pixels", ge=8)
    stride: int = setting("Step of the sliding window.", 32, unit="pixels", ge=1)
    margin: int = setting(
        "Rows above and below a patch that take part in its interpolation.",
        16,
        unit="pixels",
        ge=0,
    )
    schedule: Schedule = setting(
        "`plateau` is Table S2; `one_cycle` warms up and decays over all epochs.", "plateau"
    )
    learning_rate: float = setting(
        "Initial rate of `plateau`, highest rate of `one_cycle`.", 0.001, gt=0
    )
    optimizer: Optimizer = setting(
        "What changes the weights: `adam`, or `muon` for those of inner layers, and Adam for the "
        "rest.",
        "adam",
    )
    muon_rate: float = setting("Rate of `muon`, as `learning_rate` is that of Adam.", 0.01, gt=0)
    reduce_factor: float = setting(
        "Factor on the rate when the validation loss stalls; for `plateau`.", 0.1, gt=0, lt=1
    )
    reduce_patience: int = setting(
        "Epochs without improvement before the rate is reduced; for `plateau`.", 10, ge=0
    )
    stop_patience: int = setting(
        "Epochs without improvement before training ends; for `plateau`.", 25, ge=1
    )
    loss_rows: LossRows = setting(
        "Rows of a patch that count in the loss; missing rows are what a filler predicts.", "all"
    )
    precision: Precision = setting("Arithmetic; `auto` is bf16 where the hardware has it.", "auto")
    validation_planes: int = setting(
        "Number of whole validation planes, spread evenly over all of them.", 64, ge=1
    )
    budget_minutes: float = setting(
        "Time on the clock after which training pauses at the end of an epoch; 0 sets no limit.",
        0,
        unit="minutes",
        ge=0,
    )

    def __post_init__(self) -> None:
        check_settings(self)
