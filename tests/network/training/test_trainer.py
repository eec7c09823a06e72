"""Training learns, stops when it should, and goes on after a kill as if nothing had happened."""

import math
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from fibgap.errors import InputError
from fibgap.io.files import exclusive
from fibgap.network.architecture import Architecture
from fibgap.network.training import trainer as module
from fibgap.network.training.batches import Batch, whole_planes
from fibgap.network.training.progress import TrainingDivergedError
from fibgap.network.training.trainer import BEST, CHECKPOINT, LOCK
from fibgap.network.weights import load_weights

#: What a run measures of itself rather than of the network.
CLOCK = ["seconds", "patches_per_s"]
HISTORY = [
    "epoch",
    "train_loss",
    "validation_loss",
    "learning_rate",
    "patches_per_s",
    "seconds",
]


class Killed(BaseException):
    """The process is gone; nothing may catch this."""


def best_weights(trainer) -> dict[str, torch.Tensor]:
    """Return the best weights of a run."""
    return load_weights(trainer.folder / BEST).network.state_dict()


def assert_same_weights(first, second) -> None:
    """Compare weights bit by bit."""
    assert list(first) == list(second)
    for name, values in first.items():
        assert torch.equal(values, second[name]), name


def assert_same_run(first, second) -> None:
    """Compare all that two trainings came to: weights, best weights, optimizer, rate, history."""
    assert_same_weights(first.network.state_dict(), second.network.state_dict())
    assert_same_weights(best_weights(first), best_weights(second))
    for optimizer, other in zip(first.optimizers, second.optimizers, strict=True):
        moments, others = optimizer.state_dict(), other.state_dict()
        assert moments["param_groups"] == others["param_groups"]
        for index, state in moments["state"].items():
            for name, values in state.items():
                assert torch.equal(values, others["state"][index][name])
    assert first.progress.best_epoch == second.progress.best_epoch
    assert first.progress.best_loss == second.progress.best_loss
    history = first.history().drop(columns=CLOCK)
    pd.testing.assert_frame_equal(history, second.history().drop(columns=CLOCK), check_exact=True)


def kill_in_epoch(trainer, epoch: int, step: int) -> None:
    """Let a trainer die in the middle of an epoch."""
    plain = trainer._train_epoch

    def train(drawn):
        if trainer.progress.epoch + 1 == epoch:
            drawn.steps = step
            plain(drawn)
            raise Killed
        return plain(drawn)

    trainer._train_epoch = train


def test_it_overfits_one_patch(make_trainer, waves):
    """Shown one masked patch only, a network learns every pixel of it, where the spline errs."""
    trainer = make_trainer(
        train=[waves[:1]],
        architecture=Architecture.from_width(0.2),
        learning_rate=0.005,
        batch_size=1,
    )
    patch = trainer._epoch(0).batch(0)
    trainer._train_epoch(SimpleNamespace(steps=150, batches=lambda: repeat(patch, 150)))
    # A single pixel on the wrong side of one half would leave at least 0.5**2 / 256.
    smallest = 0.25 / 16**2
    assert trainer.loss(trainer.network, patch).item() < smallest
    assert ((patch.bicubic - patch.truth) ** 2).mean().item() > 10 * smallest


@pytest.mark.parametrize("mask_channel", [False, True])
@pytest.mark.parametrize("bicubic", ["concatenate", "add"])
def test_every_variant_learns(make_trainer, mask_channel, bicubic):
    """With either way to join the spline, with and without a mask, the loss falls."""
    trainer = make_trainer(
        architecture=Architecture.from_width(0.05, mask_channel=mask_channel, bicubic=bicubic),
        epochs=2,
        steps_per_epoch=15,
        learning_rate=0.01,
        schedule="one_cycle",
    )
    before = trainer._validate()
    trainer.run()
    assert trainer.progress.best_loss < before


def test_reduced_precision_learns_as_well(make_trainer):
    """In bf16 the weights stay in single precision and the loss falls."""
    trainer = make_trainer(precision="bf16", epochs=1, steps_per_epoch=10, learning_rate=0.01)
    before = trainer._validate()
    trainer.run()
    assert trainer.progress.best_loss < before
    assert {values.dtype for values in trainer.network.state_dict().values()} == {torch.float32}
    assert trainer.summary("complete")["precision"] == "bfloat16"


SCHEDULED = [
    # A rate that is reduced after every epoch that is not better: it changes within the run.
    {"schedule": "plateau", "reduce_patience": 0, "learning_rate": 0.02},
    {"schedule": "one_cycle", "learning_rate": 0.02},
]


@pytest.mark.parametrize("options", SCHEDULED, ids=lambda options: options["schedule"])
def test_a_killed_training_goes_on_as_if_nothing_was(make_trainer, options):
    """Killed twice in the middle of an epoch, a run ends with the same bits as one that was not."""
    plain = make_trainer("plain", epochs=5, **options)
    assert plain.run() == "complete"
    for epoch, step in ((3, 2), (4, 1)):
        killed = make_trainer("killed", epochs=5, **options)
        kill_in_epoch(killed, epoch, step)
        with pytest.raises(Killed):
            killed.run()
    lines: list[str] = []
    last = make_trainer("killed", epochs=5, lines=lines, **options)
    assert last.run() == "complete"
    assert lines[0] == "resumed after epoch 3 of 5"
    assert_same_run(plain, last)
    assert last.history()["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert sorted(path.name for path in last.folder.iterdir()) == [BEST, CHECKPOINT]


def test_two_trainings_never_share_a_folder(make_trainer):
    """While somebody has the folder, a training waits and touches nothing in it."""
    trainer, entered = make_trainer(epochs=1), threading.Event()
    trainer.resume = lambda: entered.set()
    with ThreadPoolExecutor(1) as pool:
        with exclusive(trainer.folder / LOCK):
            waiting = pool.submit(trainer.run)
            # Without the lock it enters within milliseconds.
            assert not entered.wait(0.5)
        assert waiting.result(60) == "complete"
    assert entered.is_set()


def test_killed_before_its_first_checkpoint_it_starts_afresh(make_trainer):
    """What died in its first epoch leaves nothing that a second run could mistake."""
    killed = make_trainer("killed")
    kill_in_epoch(killed, 1, 2)
    with pytest.raises(Killed):
        killed.run()
    again, plain = make_trainer("killed"), make_trainer("plain")
    again.run()
    plain.run()
    assert_same_run(plain, again)


def test_killed_between_weights_and_checkpoint_it_does_the_epoch_again(make_trainer, monkeypatch):
    """Best weights of an epoch that is in no checkpoint are found again, not lost."""
    plain = make_trainer("plain", learning_rate=0.01)
    plain.run()
    killed = make_trainer("killed", learning_rate=0.01)
    save = killed.save_checkpoint

    def die():
        if killed.progress.epoch == 2:
            raise Killed
        save()

    monkeypatch.setattr(killed, "save_checkpoint", die)
    with pytest.raises(Killed):
        killed.run()
    again = make_trainer("killed", learning_rate=0.01)
    again.run()
    assert_same_run(plain, again)


def test_what_a_killed_writer_left_is_removed(make_trainer, tmp_path):
    """Half a checkpoint of a dead process neither disturbs nor stays."""
    folder = tmp_path / "run"
    folder.mkdir()
    # Beyond the largest number that a process can have.
    (folder / f".{CHECKPOINT}.4194305.tmp").write_bytes(b"half")
    make_trainer("run", epochs=1).run()
    assert sorted(path.name for path in folder.iterdir()) == [BEST, CHECKPOINT]


def test_a_finished_training_is_not_repeated(make_trainer):
    """Run again, a complete training takes no step and changes no weight."""
    first = make_trainer()
    first.run()
    before = (first.folder / BEST).read_bytes()
    again = make_trainer()
    kill_in_epoch(again, 5, 1)
    assert again.run() == "complete"
    assert (again.folder / BEST).read_bytes() == before
    assert_same_run(first, again)


def test_every_epoch_is_drawn_anew(make_trainer):
    """Order, orientation and millings of the patches differ from epoch to epoch."""
    trainer = make_trainer(steps_per_epoch=4)
    first, again, second = (trainer._epoch(number) for number in (0, 0, 1))
    assert np.array_equal(first.corners, again.corners)
    assert not np.array_equal(first.corners, second.corners)
    assert not np.array_equal(first.turns, second.turns)
    assert not torch.equal(first.known, second.known)


def test_the_seed_decides_everything(make_trainer):
    """The same seed gives the same bits and another seed others, whatever torch drew before."""
    runs = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        torch.rand(len(runs) + 1)
        runs[name] = make_trainer(name, base_seed=seed, epochs=2)
        runs[name].run()
    assert_same_run(runs["a"], runs["b"])
    first, other = (runs[name].network.state_dict()["l2.weight"] for name in ("a", "c"))
    assert not torch.equal(first, other)


def test_training_leaves_the_random_numbers_of_others_alone(make_trainer):
    """A training draws nothing from torch's global generator."""
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make_trainer(epochs=1).run()
    assert torch.equal(torch.rand(3), expected)


def scripted(trainer, losses):
    """Let a trainer's validation losses follow a script, and keep the weights of every epoch."""
    script, weights = iter(losses), []

    def validate():
        weights.append({k: v.clone() for k, v in trainer.network.state_dict().items()})
        return next(script)

    trainer._validate = validate
    return weights


def test_it_stops_early(make_trainer):
    """Three epochs after the best one training stops, and the best weights are that epoch's."""
    trainer = make_trainer(epochs=20, steps_per_epoch=1, stop_patience=3)
    weights = scripted(trainer, [1.0, 0.8, 0.9, 0.95, 0.8, 0.1])
    assert trainer.run() == "stopped early"
    assert trainer.progress.epoch == 5
    assert trainer.progress.best_epoch == 2
    assert_same_weights(best_weights(trainer), weights[1])
    assert not torch.equal(weights[1]["l2.weight"], weights[4]["l2.weight"])


def test_patience_survives_a_kill(make_trainer):
    """A run that goes on counts the epochs without improvement from before."""
    options = {"epochs": 20, "steps_per_epoch": 1, "stop_patience": 3}
    trainer = make_trainer(**options)
    scripted(trainer, [1.0, 0.8, 0.9, 0.95])
    kill_in_epoch(trainer, 4, 1)
    with pytest.raises(Killed):
        trainer.run()
    again = make_trainer(**options)
    scripted(again, [0.95, 0.9, 0.1])
    assert again.run() == "stopped early"
    assert (again.progress.epoch, again.progress.best_epoch) == (5, 2)


def test_the_patience_of_the_rate_survives_a_kill(make_trainer):
    """A run that goes on reduces the rate when one that was not killed would have."""
    options = {"epochs": 5, "steps_per_epoch": 1, "reduce_patience": 2, "learning_rate": 0.001}
    trainer = make_trainer(**options)
    scripted(trainer, [0.5, 0.6, 0.6])
    kill_in_epoch(trainer, 4, 1)
    with pytest.raises(Killed):
        trainer.run()
    again = make_trainer(**options)
    scripted(again, [0.55, 0.55])
    again.run()
    # Epochs 2, 3 and 4 are not better than epoch 1.
    rates = again.history()["learning_rate"].to_numpy()
    assert rates == pytest.approx([1e-3] * 4 + [1e-4], rel=1e-12)


def test_one_cycle_does_not_stop_early(make_trainer):
    """A cycle goes through its whole course, however the loss behaves on the way."""
    trainer = make_trainer(
        epochs=6, steps_per_epoch=1, stop_patience=2, schedule="one_cycle", learning_rate=0.01
    )
    scripted(trainer, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert trainer.run() == "complete"
    assert (trainer.progress.epoch, trainer.progress.best_epoch) == (6, 1)


def test_the_rate_falls_by_ten_when_the_loss_stalls(make_trainer):
    """After more than two epochs without a better loss the rate is a tenth, and so on."""
    trainer = make_trainer(epochs=8, steps_per_epoch=1, reduce_patience=2, learning_rate=0.001)
    scripted(trainer, [0.5, 0.6, 0.5, 0.7, 0.6, 0.6, 0.6, 0.6])
    trainer.run()
    rates = trainer.history()["learning_rate"].to_numpy()
    # Epoch 1 is the best; epochs 2, 3 and 4 are not better, nor are 5, 6 and 7. Each reduction is
    # one product in double precision.
    assert rates == pytest.approx([1e-3] * 4 + [1e-4] * 3 + [1e-5], rel=1e-12)


def test_the_rate_stays_while_the_loss_falls(make_trainer):
    """A loss that falls now and then keeps the rate."""
    trainer = make_trainer(epochs=8, steps_per_epoch=1, reduce_patience=2)
    scripted(trainer, [0.9, 1.0, 1.0, 0.8, 1.0, 1.0, 0.7, 0.6])
    trainer.run()
    assert set(trainer.history()["learning_rate"]) == {1e-3}


def test_one_cycle_warms_up_and_decays(make_trainer):
    """The rate rises to its highest in the first fifth and falls to almost nothing at the end."""
    trainer = make_trainer(
        epochs=10, steps_per_epoch=5, batch_size=1, schedule="one_cycle", learning_rate=0.01
    )
    begin = trainer.optimizers[0].param_groups[0]["lr"]
    rates = []
    trainer.optimizers[0].register_step_pre_hook(
        lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"])
    )
    trainer.run()
    assert len(rates) == 50
    assert rates[0] == begin < 0.01 / 20
    assert int(np.argmax(rates)) == 50 // 5 - 1
    assert max(rates) == pytest.approx(0.01, rel=1e-12)
    assert (np.diff(rates[:10]) > 0).all()
    assert (np.diff(rates[9:]) < 0).all()
    assert rates[-1] < 0.01 / 1e4


class Clock:
    """A clock on which every look takes 20 seconds."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 20
        return self.now


def test_a_budget_stops_and_a_second_run_goes_on(make_trainer, monkeypatch):
    """Out of time, training stops after an epoch; run again it ends as without a budget."""
    plain = make_trainer("plain", learning_rate=0.01)
    plain.run()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=Clock().monotonic))
    epochs = []
    for _ in range(10):
        # Three looks an epoch: a minute each.
        trainer = make_trainer("paused", learning_rate=0.01, budget_minutes=1.5)
        status = trainer.run()
        epochs.append(trainer.progress.epoch)
        if status != "out of budget":
            break
    assert status == "complete"
    assert epochs[0] < epochs[1] <= epochs[-1] == 4
    assert (trainer.folder / BEST).exists()
    assert_same_run(plain, trainer)


def test_the_smallest_budget_is_one_epoch(make_trainer):
    """A first run takes at least one epoch, so that there are weights to deliver."""
    trainer = make_trainer(budget_minutes=1e-9)
    assert trainer.run() == "out of budget"
    assert trainer.progress.epoch == 1
    assert (trainer.folder / BEST).exists()


def test_without_a_budget_time_does_not_matter(make_trainer, monkeypatch):
    """Without a budget a run goes to its end."""
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=Clock().monotonic))
    assert make_trainer().run() == "complete"


def test_a_checkpoint_of_another_configuration_is_refused(make_trainer):
    """A checkpoint is used under its own digest only, and the message holds both."""
    make_trainer(epochs=1, digest="old").run()
    trainer = make_trainer(epochs=1, digest="new")
    with pytest.raises(InputError, match=r"digest old, not new.*remove it to start afresh"):
        trainer.run()


@pytest.fixture
def checkpoint(make_trainer):
    """The checkpoint of a run of one epoch, and a trainer that would go on from it."""
    make_trainer(epochs=1).run()
    trainer = make_trainer(epochs=2)
    return trainer.folder / CHECKPOINT, trainer


@pytest.mark.parametrize("damage", ["empty", "truncated", "text", "flipped", "keys", "shape"])
def test_a_damaged_checkpoint_is_refused(checkpoint, damage):
    """A checkpoint that is not whole is told by its path, and nothing is trained from it."""
    path, trainer = checkpoint
    content = bytearray(path.read_bytes())
    if damage in ("keys", "shape"):
        state = torch.load(path, weights_only=True)
        if damage == "keys":
            del state["optimizers"]
        else:
            state["network"]["l2.bias"] = torch.zeros(2)
        torch.save(state, path)
    else:
        if damage == "flipped":
            weights = trainer.network.state_dict()["b1.0.weight"]
            state = torch.load(path, weights_only=True)["network"]["b1.0.weight"]
            assert state.shape == weights.shape
            content[content.index(state.numpy().tobytes()) + 7] ^= 0x40
        path.write_bytes(
            {
                "empty": b"",
                "truncated": bytes(content[: len(content) // 2]),
                "text": b"epoch 1\n" * 100,
                "flipped": bytes(content),
            }[damage]
        )
    with pytest.raises(InputError, match=r"is damaged .*remove it to start afresh") as caught:
        trainer.run()
    assert str(path) in str(caught.value)
    assert trainer.progress.history == []


def test_a_checkpoint_that_hides_code_is_not_executed(checkpoint, malicious):
    """A checkpoint is read as numbers only: what hides in it never runs."""
    path, trainer = checkpoint
    payload, trace = malicious
    state = torch.load(path, weights_only=True)
    torch.save({**state, "progress": payload}, path)
    with pytest.raises(InputError, match="is damaged"):
        trainer.run()
    assert not trace.exists()


def diverge(trainer, epoch: int, what: str):
    """Make the loss infinite or NaN in one epoch."""
    if what == "training":
        plain = trainer._train_epoch

        def train(drawn):
            if trainer.progress.epoch + 1 == epoch:
                for group in trainer.optimizers[0].param_groups:
                    group["lr"] = 1e30
            return plain(drawn)

        trainer._train_epoch = train
    else:
        plain_validation = trainer._validate

        def validate():
            return math.inf if trainer.progress.epoch + 1 == epoch else plain_validation()

        trainer._validate = validate


@pytest.mark.parametrize("what", ["training", "validation"])
def test_a_loss_that_is_no_number_stops_training(make_trainer, what):
    """When the loss explodes training stops, says in which epoch, and the best weights stay."""
    trainer = make_trainer(epochs=5)
    diverge(trainer, 3, what)
    plain = make_trainer("plain", epochs=5)
    kill_in_epoch(plain, 3, 1)
    with pytest.raises(Killed):
        plain.run()
    with pytest.raises(TrainingDivergedError, match=r"became (nan|inf) in epoch 3") as caught:
        trainer.run()
    assert str(trainer.folder / BEST) in str(caught.value)
    assert_same_weights(best_weights(trainer), best_weights(plain))
    # The checkpoint is that of the last good epoch, and a repaired run goes on from there.
    again = make_trainer(epochs=5)
    assert again.resume()
    assert again.progress.epoch == 2


def one_batch(known, truth, guess):
    """Return a batch of one plane with a made-up interpolation."""
    rows = torch.tensor(known, dtype=torch.float32)[:, None].expand(len(known), truth.shape[1])
    return Batch((truth * rows)[None, None], rows[None, None], guess[None, None], truth[None, None])


@pytest.mark.parametrize(
    ("loss_rows", "expected"),
    [
        # Four rows of three pixels, wrong by 0, 1, 2, 3: squares 0, 1, 4, 9.
        ("all", (0 + 1 + 4 + 9) / 4),
        # The rows 1 and 2 are missing.
        ("missing", (1 + 4) / 2),
    ],
)
def test_loss_counts_the_rows_it_should(make_trainer, loss_rows, expected):
    """The loss is the mean squared error, over all rows or over the missing ones."""
    trainer = make_trainer(
        loss_rows=loss_rows, architecture=Architecture.from_width(0.05, bicubic="add")
    )
    # This network starts as the interpolation itself.
    truth = torch.tensor([[0.0, 1.0, 1.0]] * 4)
    guess = truth + torch.arange(4.0)[:, None]
    batch = one_batch([1, 0, 0, 1], truth, guess)
    assert trainer.loss(trainer.network, batch).item() == expected


def test_without_missing_rows_there_is_no_loss(make_trainer):
    """A patch in which nothing is missing teaches nothing, and its loss is 0 and not NaN."""
    trainer = make_trainer(
        loss_rows="missing", architecture=Architecture.from_width(0.05, bicubic="add")
    )
    truth = torch.ones(4, 3)
    batch = one_batch([1, 1, 1, 1], truth, truth + 1)
    assert trainer.loss(trainer.network, batch).item() == 0


def test_validation_takes_whole_planes_evenly(make_trainer, waves):
    """Three of each six planes: the first, the last, and one between; neither cut nor turned."""
    trainer = make_trainer(validation=[waves[:6], waves[6:]], validation_planes=6)
    chosen = [batch.truth[0, 0].numpy().astype(np.uint8) for batch in trainer.validation]
    expected = [waves[index] for index in (0, 2, 5, 6, 8, 11)]
    assert len(chosen) == 6
    for ours, theirs in zip(chosen, expected, strict=True):
        assert np.array_equal(ours, theirs)
    masks = {tuple(batch.known[0, 0, :, 0].tolist()) for batch in trainer.validation}
    assert len(masks) > 1
    assert all(mask[0] == mask[-1] == 1 for mask in masks)


def test_validation_is_the_same_in_every_epoch(make_trainer):
    """Validation planes and their masks depend on the seed alone and are drawn once."""
    first, second = make_trainer("a"), make_trainer("b")
    first.run()
    for ours, theirs in zip(first.validation, second.validation, strict=True):
        assert torch.equal(ours.image, theirs.image)
        assert torch.equal(ours.bicubic, theirs.bicubic)


def test_validation_loss_is_the_mean_over_planes(make_trainer):
    """The validation loss is the mean of the losses of the single planes."""
    trainer = make_trainer(validation_planes=3)
    losses = []
    for batch in trainer.validation:
        with torch.inference_mode():
            output = trainer.network(batch.image, batch.bicubic)
        losses.append(((output - batch.truth) ** 2).mean().item())
    # The mean of three numbers in single precision.
    assert trainer._validate() == pytest.approx(np.mean(losses), rel=1e-6)
    assert trainer.network.training


def test_there_must_be_validation_planes(make_trainer):
    """Without validation planes nobody could tell when to stop."""
    with pytest.raises(InputError, match="no validation planes"):
        make_trainer(validation=[])


def test_an_epoch_is_one_pass_unless_told(make_trainer):
    """Nine planes of 24 hold one window of 24 each: four batches of two are a pass."""
    assert make_trainer(steps_per_epoch=0).steps == 4
    assert make_trainer(steps_per_epoch=7).steps == 7


def test_history_and_weights_are_delivered(make_trainer, tmp_path):
    """The best weights and one row an epoch arrive where they belong, with their story."""
    trainer = make_trainer(learning_rate=0.01, base_seed=3)
    status = trainer.run()
    weights, history = tmp_path / "out" / "w.safetensors", tmp_path / "out" / "history.csv"
    trainer.deliver(weights, history, status)
    assert sorted(path.name for path in weights.parent.iterdir()) == [
        "history.csv",
        "w.safetensors",
    ]
    loaded = load_weights(weights)
    assert_same_weights(loaded.network.state_dict(), best_weights(trainer))
    table = pd.read_csv(history)
    assert table.columns.tolist() == HISTORY
    assert table["epoch"].tolist() == [1, 2, 3, 4]
    assert (np.diff(table["seconds"]) >= 0).all()
    best = int(table["validation_loss"].idxmin())
    told = loaded.training
    assert told["best_epoch"] == table["epoch"][best]
    assert told["best_validation_loss"] == pytest.approx(table["validation_loss"][best], rel=1e-15)
    assert told["status"] == "complete"
    assert (told["epochs"], told["steps_per_epoch"], told["base_seed"]) == (4, 3, 3)
    assert told["training"]["learning_rate"] == 0.01
    assert told["millings"]["mean_nm"] == [8.0, 8.0]
    assert told["device"] == "cpu"
    assert told["precision"] == "float32"


def test_best_weights_come_with_their_checkpoint_folder_only(make_trainer):
    """A run whose folder lost its best weights says so instead of delivering others."""
    trainer = make_trainer(epochs=1)
    trainer.run()
    shutil.rmtree(trainer.folder)
    with pytest.raises(InputError, match=r"best\.safetensors does not exist"):
        trainer.best_network()


def test_progress_is_told_every_epoch(make_trainer):
    """Every epoch has a line with its losses, and the last line says how training ended."""
    lines: list[str] = []
    trainer = make_trainer(epochs=3, lines=lines)
    trainer.run()
    assert [line.split()[1] for line in lines[:3]] == ["1/3", "2/3", "3/3"]
    for line, row in zip(lines, trainer.progress.history, strict=False):
        assert f"loss {row['train_loss']:.5f}" in line
        assert f"validation {row['validation_loss']:.5f}" in line
    assert lines[3].startswith("complete: epoch 3, best validation loss")


def test_whole_planes_feed_validation(make_trainer, waves):
    """A validation batch is the whole plane with its own known rows."""
    batch = make_trainer().validation[0]
    known = batch.known[0, 0, :, 0].numpy().astype(bool)
    plane = torch.from_numpy(batch.truth[0].numpy().astype(np.uint8))
    again = whole_planes(plane[None], known)
    assert torch.equal(again.bicubic, batch.bicubic)
    assert torch.equal(again.image, batch.image)
