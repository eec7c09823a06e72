"""A network learns what another one says, beside the truth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from fibgap.errors import InputError
from fibgap.network.architecture import Architecture
from fibgap.network.training.batches import Batch
from fibgap.network.training.distillation import Teacher
from fibgap.network.training.trainer import Trainer

CPU = torch.device("cpu")


class Says(torch.nn.Module):
    """A teacher that says one number everywhere, or what it was shown."""

    def __init__(self, what, mask_channel=False):
        super().__init__()
        self.what, self.architecture = what, Architecture(mask_channel=mask_channel)
        self.channels = []

    def forward(self, image, bicubic):
        self.channels.append(image.shape[1])
        return bicubic if self.what == "bicubic" else torch.full_like(bicubic, self.what)


@dataclass
class Loaded:
    """What a teacher wants of loaded weights."""

    network: Any
    sha256: str = "sum"


def teacher_that(says, share, **options):
    """Return a teacher that says something simple."""
    return Teacher(Loaded(Says(says, **options)), share, CPU)


@pytest.fixture
def batch():
    """A batch of two patches with every second row known."""
    truth = torch.arange(24.0).reshape(2, 1, 4, 3) % 2
    known = torch.tensor([1.0, 0.0, 1.0, 0.0])[None, None, :, None].expand_as(truth)
    return Batch(truth * known, known.contiguous(), truth * 0.25, truth)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_the_target_lies_between_truth_and_teacher(batch, share):
    """By hand: the truth, moved towards the teacher's number by the share."""
    target = teacher_that(0.75, share).target(batch)
    assert target.dtype == torch.float32
    torch.testing.assert_close(target, batch.truth * (1 - share) + 0.75 * share)


def test_the_teacher_sees_the_mask_if_it_was_trained_with_one(batch):
    """A teacher's input is that of its own architecture, whatever its pupil's."""
    for masked, channels in ((False, 1), (True, 2)):
        teacher = teacher_that("bicubic", 1.0, mask_channel=masked)
        torch.testing.assert_close(teacher.target(batch), batch.bicubic)
        assert teacher.network.channels == [channels]


def test_a_real_teacher_is_asked_as_it_answers(batch, make_network):
    """With a share of 1 the target is the output of the network itself, without a gradient."""
    network = make_network(width_factor=0.1)
    target = Teacher(Loaded(network), 1.0, CPU).target(batch)
    with torch.no_grad():
        expected = network(batch.network_input(network.architecture), batch.bicubic)
    # A teacher computes in bf16 where the processor has it: 8 bits of a number.
    torch.testing.assert_close(target, expected, rtol=0, atol=0.02 * expected.abs().max().item())
    assert not target.requires_grad


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_beyond_its_bounds_is_refused(share):
    """The share is named with its value."""
    with pytest.raises(InputError, match=rf"distillation.share .* {share}"):
        teacher_that(0.5, share)


def trained(make_trainer, folder, teacher, **options):
    """Return a trainer that has trained with a teacher, or without one."""
    trainer: Trainer = make_trainer(folder, epochs=2, **options)
    trainer.teacher = teacher
    trainer.run()
    return trainer


def test_a_teacher_that_says_the_truth_changes_nothing(make_trainer):
    """With the truth for a teacher's answer the training is the same, bit by bit."""

    class TheTruth(Teacher):
        def target(self, batch):
            return torch.lerp(batch.truth, batch.truth.clone(), self.share)

    oracle = TheTruth(Loaded(Says(0.0)), 0.5, CPU)
    with_teacher = trained(make_trainer, "with", oracle)
    alone = trained(make_trainer, "alone", None)
    for ours, theirs in zip(
        with_teacher.network.parameters(), alone.network.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_the_pupil_learns_what_the_teacher_says(make_trainer):
    """A teacher of one number everywhere is learned; the validation stays against the truth."""
    pupil = trained(
        make_trainer,
        "pupil",
        teacher_that(0.25, 1.0),
        steps_per_epoch=60,
        learning_rate=0.02,
        schedule="one_cycle",
    )
    losses = [epoch["train_loss"] for epoch in pupil.progress.history]
    assert losses[-1] < 0.01
    batch = pupil.validation[0]
    with torch.no_grad():
        said = pupil.network(batch.network_input(Architecture()), batch.bicubic)
    assert said.mean().item() == pytest.approx(0.25, abs=0.05)
    planes = [batch.truth for batch in pupil.validation]
    constant = np.mean([((0.25 - truth) ** 2).mean().item() for truth in planes])
    assert pupil.progress.history[-1]["validation_loss"] == pytest.approx(constant, rel=0.1)


def test_the_teacher_is_remembered(make_trainer):
    """Weights say which teacher they had, by its checksum."""
    assert (
        trained(make_trainer, "a", teacher_that(0.5, 0.5)).summary("x")["teacher_sha256"] == "sum"
    )
    assert trained(make_trainer, "b", None).summary("x")["teacher_sha256"] is None
