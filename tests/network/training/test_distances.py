"""A network that sees distances learns from those in the slices of a whole training volume."""

import numpy as np
import pytest
import torch

from fibgap.errors import InputError
from fibgap.fillers.distance import signed_distance
from fibgap.network.architecture import Architecture
from fibgap.network.distances import BASE, SCALE
from fibgap.network.training.batches import whole_planes
from fibgap.network.training.distances import all_distances, slice_distances
from fibgap.network.training.patches import Epoch, PatchSampler
from fibgap.network.training.planes import extract_planes
from fibgap.synthetic.materials import draw_material
from fibgap.synthetic.milling import MillingRange

SHAPE = (24, 24, 24)
#: Every second row at least; the limit of distances is 1.25 mean gaps.
MILLINGS = MillingRange(("normal",), (2.0, 2.5), (0.1, 0.3), 1.0)


@pytest.fixture(scope="module")
def volume():
    """A small volume with as much solid as pore."""
    return draw_material("rough", SHAPE, np.random.default_rng(3))


@pytest.fixture(scope="module")
def families(volume):
    """Its planes, one array a family."""
    return [extract_planes(volume, family).view(np.uint8) for family in ("zx", "zy")]


def test_distances_are_those_in_slices(volume, families):
    """In both families, by rows and by columns: the slices are cuts of one and the same volume."""
    zx, zx_turned = slice_distances(families[0], SHAPE[1])
    zy, zy_turned = slice_distances(families[1], SHAPE[2])
    along_z = np.stack([signed_distance(image) for image in volume])
    along_y = np.stack([signed_distance(volume[:, y]) for y in range(SHAPE[1])], axis=1)
    along_x = np.stack([signed_distance(volume[..., x]) for x in range(SHAPE[2])], axis=2)
    for found, expected in (
        (zx.transpose(1, 0, 2), along_z),
        (zy.transpose(1, 2, 0), along_z),
        (zx_turned.transpose(1, 0, 2), along_x),
        (zy_turned.transpose(1, 2, 0), along_y),
    ):
        # A float16 holds numbers below 32 to a 64th, half of which is rounding.
        np.testing.assert_allclose(found, expected, atol=1 / 128)


@pytest.fixture(scope="module")
def drawn(families):
    """Patches of these planes, in all orientations."""
    planes = [torch.from_numpy(stack) for stack in families]
    sampler = PatchSampler(
        planes,
        millings=MILLINGS,
        voxel_nm=1.0,
        patch=12,
        stride=4,
        margin=4,
        neighbours=2,
        depths=SHAPE[1:],
        distances=all_distances(families, SHAPE[1:], torch.device("cpu")),
    )
    epoch = Epoch(sampler, np.random.default_rng(5), batch_size=64, steps=2)
    return [epoch.batch(0), epoch.batch(1)]


def test_known_rows_show_the_truth(drawn):
    """However a patch is turned, its distances have the sign of the truth where rows are known.

    Half a pixel is the smallest distance; distances cut by columns instead of rows, or turned the
    wrong way, agree with the truth by chance alone.
    """
    for batch in drawn:
        known = batch.known.bool()
        assert ((batch.bicubic > 0) == (batch.truth > 0.5))[known].all()
        assert batch.bicubic[known].abs().min() >= 0.49
        wrong = ((batch.bicubic > 0) != (batch.truth > 0.5))[~known].float().mean()
        assert 0 < wrong < 0.25


def test_a_patch_sees_distances_of_its_neighbours(drawn):
    """All rows of all planes are there, and that in the middle is what the output is added to."""
    for batch in drawn:
        assert batch.image.shape == (64, 5, 12, 12)
        middle = batch.image[:, 2:3]
        torch.testing.assert_close(
            torch.tanh(batch.bicubic / SCALE)[batch.bicubic.abs() < BASE],
            middle[batch.bicubic.abs() < BASE],
        )
        assert (batch.image != 0).all()
        # From one plane to the next a distance changes by a voxel at most, or across an interface
        # from half a voxel on one side to half a voxel on the other; cut distances change by less.
        steps = (batch.image[:, 1:] - batch.image[:, :-1]).abs()
        assert steps[batch.known.bool().expand_as(steps)].max() <= 1.01 / SCALE


def test_what_is_far_from_the_interface_does_not_count(drawn):
    """Within one and a half gaps a prediction is asked for, beyond that the sign decides."""
    for batch in drawn:
        assert batch.counts is not None
        assert set(batch.counts.unique().tolist()) <= {0.0, 1.0}
        missing = ~batch.known.bool()
        # No gap here is below 2 voxels.
        assert (batch.counts[missing & (batch.bicubic.abs() <= 3)] == 1).all()


def test_whole_planes_see_what_patches_see(families):
    """The distances of a plane whose rows are all known are its own."""
    planes = torch.from_numpy(families[0])
    rows, _ = all_distances(families[:1], SHAPE[1:2], torch.device("cpu"))[0]
    known = np.ones(SHAPE[0], dtype=bool)
    batch = whole_planes(planes[None, 4:7], known, rows[None, 4:7])
    # One row is a gap of 1: distances count up to 1.25.
    torch.testing.assert_close(batch.bicubic[0, 0], rows[5].float().clamp(-1.25, 1.25))
    assert batch.truth.shape == (1, 1, SHAPE[0], SHAPE[2])


def test_a_network_that_sees_distances_adds_to_them():
    """An output beside distances that it does not correct has no meaning."""
    with pytest.raises(InputError, match="bicubic must be 'add'"):
        Architecture(sees="distances")
    with pytest.raises(InputError, match="sees must be 'rows' or 'distances', but is 'both'"):
        Architecture(sees="both")


def test_training_corrects_the_spline(make_trainer, families):
    """It starts at the cross entropy of the spline's own logit, and a few steps lower it."""
    architecture = Architecture.from_width(
        0.06, mask_channel=True, neighbours=1, bicubic="add", sees="distances"
    )
    trainer = make_trainer(
        train=families,
        validation=families,
        architecture=architecture,
        millings=MillingRange(("normal",), (10.0, 12.5), (0.1, 0.3), 2.5),
        depths=SHAPE[1:],
        epochs=3,
        steps_per_epoch=12,
        batch_size=8,
        schedule="one_cycle",
        learning_rate=0.01,
        loss_rows="missing",
    )
    batch = trainer.validation[0]
    counts = (1 - batch.known) * batch.counts
    logit = batch.bicubic
    entropy = torch.log1p(torch.exp(-logit)) * batch.truth
    entropy += torch.log1p(torch.exp(logit)) * (1 - batch.truth)
    expected = (entropy * counts).sum() / counts.sum()
    with torch.no_grad():
        torch.testing.assert_close(trainer.loss(trainer.network, batch), expected)
    start = trainer._validate()
    trainer.run()
    assert trainer.progress.best_loss < 0.9 * start
