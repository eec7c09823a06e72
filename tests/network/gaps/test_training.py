"""A network of gaps learns from gaps whose truth is known, and goes on after a kill."""

import numpy as np
import pytest
import torch

from fibgap.errors import InputError
from fibgap.fillers.distance import signed_distance
from fibgap.network.gaps import sight
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.training import gap_batches as batches
from fibgap.network.training.gap_batches import GapEpoch, GapSampler
from fibgap.network.training.muon import Muon
from fibgap.network.training.schedule import make_optimizers
from fibgap.network.training.settings import Training
from fibgap.network.weights import load_weights
from fibgap.synthetic.milling import Milling, MillingRange

ARCHITECTURE = GapArchitecture(widths=(6, 8), blocks=(1, 1))
MILLINGS = MillingRange.of(Milling("normal", 8.0, 2.0, 2.5))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def volume():
    """A volume of 24^3 voxels, different along every axis."""
    z, y, x = np.ogrid[:24, :24, :24]
    waves = np.cos(0.5 * z + 0.3 * y) + np.cos(0.6 * y - 0.2 * x) + np.cos(0.4 * x + 0.1 * z)
    return (waves > 0.2).astype(np.uint8)


def sampler(volume, **options) -> GapSampler:
    """Return a sampler of one volume."""
    given = {"millings": MILLINGS, "voxel_nm": 2.5, "patch": 16, "device": CPU, **options}
    return GapSampler([volume], **given)


def test_truth_and_distances_are_those_of_the_volume(volume):
    """However a gap is turned: what is asked for lies between the slices that are seen."""
    own = sampler(volume)
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(60):
        gap = own.draw(rng)
        seen.add((gap.axis, gap.turns, gap.from_behind))
        batch = own.batch([gap])
        stack = np.moveaxis(volume, gap.axis, 0)
        stack = stack[::-1] if gap.from_behind else stack
        y, x = gap.corner
        stack = np.rot90(stack[:, y : y + 16, x : x + 16], gap.turns % 4, (1, 2))
        stack = stack[..., ::-1] if gap.turns >= 4 else stack
        assert np.array_equal(batch.truth[0].numpy(), stack[gap.layers])
        rows = np.flatnonzero(gap.known)
        below, above = rows[gap.lower], rows[gap.lower + 1]
        assert below < gap.layers.min()
        assert gap.layers.max() < above
        # The sign of what is seen of the two slices is their phase.
        image = batch.image[0].numpy()
        assert np.array_equal(image[2] > 0, stack[below] == 1)
        assert np.array_equal(image[3] > 0, stack[above] == 1)
        places = (gap.layers - below) / (above - below)
        assert np.allclose(batch.hats[0].numpy(), sight.hats(places))
        # All layers of a gap count as much as one.
        inside = batch.counts[0] > 0
        assert torch.allclose(batch.counts[0][inside], torch.tensor(1 / len(gap.layers)))
    assert len({axis for axis, *_ in seen}) == 3
    assert len({turns for _, turns, _ in seen}) == 8


def test_distances_are_kept_to_a_fifteenth_of_a_voxel(volume):
    """Kept in one byte each, they are those of the slices as far as they count."""
    own = sampler(volume)
    for axis in range(3):
        stack = np.moveaxis(volume, axis, 0).astype(bool)
        exact = np.stack([signed_distance(image) for image in stack])
        kept = own.distances[0][axis].astype(float) / batches.STEPS
        assert np.abs(kept - np.clip(exact, -16, 16)).max() < 0.5 / batches.STEPS + 1e-6


def test_an_epoch_depends_on_its_generator_alone(volume):
    """The same draw gives the same batches, in whatever order they are cut."""
    own = sampler(volume)
    first = GapEpoch(own, np.random.default_rng(3), batch_size=2, steps=7)
    second = GapEpoch(own, np.random.default_rng(3), batch_size=2, steps=7)
    other = GapEpoch(own, np.random.default_rng(4), batch_size=2, steps=7)
    cut = list(first.batches())
    assert len(cut) == 7
    for step in reversed(range(7)):
        assert torch.equal(cut[step].image, second.batch(step).image)
    assert not torch.equal(cut[0].image, other.batch(0).image)


def test_wide_gaps_are_asked_for_in_part(volume):
    """Of a gap with many layers a few are taken, at random, each in its place."""
    wide = MillingRange.of(Milling("normal", 40.0, 1.0, 2.5))
    own = sampler(volume, millings=wide)
    gap = own.draw(np.random.default_rng(0))
    rows = np.flatnonzero(gap.known)
    assert rows[gap.lower + 1] - rows[gap.lower] > batches.MOST_LAYERS + 1
    assert len(set(gap.layers.tolist())) == batches.MOST_LAYERS
    assert (np.diff(gap.layers) > 0).all()


def test_what_is_too_small_is_refused(volume):
    """A patch larger than a volume, and no volume at all."""
    with pytest.raises(InputError, match=r"24 x 24 x 24 are too small for patches of 32"):
        sampler(volume, patch=32)
    with pytest.raises(InputError, match="no training volumes"):
        GapSampler([], millings=MILLINGS, voxel_nm=2.5, patch=16, device=CPU)


@pytest.fixture
def make_gap_trainer(make_trainer, volume):
    """Make a trainer of a small network of gaps in a folder of its own."""

    def make(folder="run", **options):
        planes = [np.moveaxis(volume, 1, 0), np.moveaxis(volume, 2, 0)]
        given = {
            "architecture": ARCHITECTURE,
            "train": planes,
            "validation": planes,
            "depths": [24, 24],
            "epochs": 3,
            "steps_per_epoch": 20,
            "batch_size": 4,
            "schedule": "one_cycle",
            "learning_rate": 0.003,
            "optimizer": "muon",
            "loss_rows": "missing",
            "validation_planes": 16,
        }
        return make_trainer(folder, **{**given, **options})

    return make


def test_it_learns_and_goes_on_where_it_stopped(make_gap_trainer):
    """The loss falls; a training that was interrupted gives the same weights to the bit."""
    whole = make_gap_trainer("whole", epochs=6)
    assert whole.run() == "complete"
    losses = whole.history()["validation_loss"]
    assert losses.iloc[-1] < 0.9 * losses.iloc[0]
    first = make_gap_trainer("parts", epochs=6)
    plain = first._train_epoch

    def train(epoch):
        if first.progress.epoch == 3:
            raise KeyboardInterrupt
        return plain(epoch)

    first._train_epoch = train
    with pytest.raises(KeyboardInterrupt):
        first.run()
    second = make_gap_trainer("parts", epochs=6)
    assert second.run() == "complete"
    for name, values in whole.network.state_dict().items():
        assert torch.equal(values, second.network.state_dict()[name]), name
    assert load_weights(second.folder / "best.safetensors").architecture == ARCHITECTURE


def test_muon_turns_a_step_into_an_orthogonal_matrix():
    """Whatever the gradient, all singular values of a step are about the rate."""
    torch.manual_seed(0)
    weights = torch.nn.Parameter(torch.zeros(8, 5, 3, 3))
    flat = torch.nn.Parameter(torch.zeros(20, 4))
    optimizer = Muon([weights, flat], lr=0.1)
    weights.grad = torch.randn_like(weights) * torch.logspace(-2, 2, 8)[:, None, None, None]
    flat.grad = torch.randn_like(flat)
    optimizer.step()
    # Five iterations bring them to between 0.7 and 1.2, small ones from below.
    values = torch.linalg.svdvals(weights.detach().flatten(1)) / 0.1
    assert values.max() < 1.25
    assert values.median() > 0.6
    high = torch.linalg.svdvals(flat.detach()) / (0.1 * 5**0.5)
    assert ((high > 0.6) & (high < 1.25)).all()


def test_muon_finds_the_minimum():
    """A matrix goes to the one whose squared distance is made small."""
    torch.manual_seed(1)
    aim = torch.randn(6, 6)
    weights = torch.nn.Parameter(torch.zeros(6, 6))
    optimizer = Muon([weights], lr=0.1)
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 200)
        optimizer.zero_grad()
        ((weights - aim) ** 2).sum().backward()
        optimizer.step()
    assert (weights - aim).abs().max() < 0.05 * aim.abs().max()


def test_muon_has_the_inner_layers_and_adam_the_rest():
    """The first and the last layer and all biases are Adam's; without Muon everything is."""
    network = batches.GapNetwork(ARCHITECTURE)
    named = {id(values): name for name, values in network.named_parameters()}
    adam, muon = make_optimizers(network, Training(optimizer="muon", muon_rate=0.02))
    inner = {named[id(each)] for each in muon.param_groups[0]["params"]}
    rest = {named[id(each)] for each in adam.param_groups[0]["params"]}
    assert inner | rest == set(named.values())
    assert not inner & rest
    assert {"down.0.weight", "up.0.weight", "down_blocks.1.0.first.weight"} <= inner
    assert {"stem.weight", "tail.weight", "down.0.bias"} <= rest
    assert muon.param_groups[0]["lr"] == 0.02
    assert len(make_optimizers(network, Training())) == 1
