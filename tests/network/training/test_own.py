"""A network learns from the stack that it is to fill, from its known slices alone."""

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.fillers import fill
from fibgap.network.engines import make_engine
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.gaps.module import GapNetwork
from fibgap.network.shipped import resolve_weights
from fibgap.network.training import courses, own
from fibgap.network.training.lessons import learned
from fibgap.network.training.own import learn_from_stack
from fibgap.network.training.settings import Training
from fibgap.network.weights import LoadedNetwork, load_weights
from fibgap.stack import GappedVolume


def surface(side: tuple[int, int, int], lengths: tuple[float, float, float]) -> np.ndarray:
    """Return one side of Schwarz's minimal surface P, with a wavelength by axis."""
    axes = np.ogrid[tuple(slice(0, each) for each in side)]
    waves = (np.cos(2 * np.pi * axis / length) for axis, length in zip(axes, lengths, strict=True))
    return np.asarray(sum(waves) > 0.1)


LAYERS = np.cumsum([0, 4, 5, 4, 3, 5, 4, 4, 5, 3, 4, 5, 4, 4, 3, 5])


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """A regular structure, unlike anything that the network learned before."""
    return surface((int(LAYERS[-1]) + 1, 64, 60), (11.3, 11.3, 11.3))


@pytest.fixture(scope="module")
def gapped(truth) -> GappedVolume:
    """What is left of it: slices some four voxels apart."""
    return GappedVolume(truth[LAYERS], LAYERS, 1.0, 0, 1.0, len(LAYERS))


@pytest.fixture(scope="module")
def weights() -> LoadedNetwork:
    """The small network for any material."""
    return load_weights(resolve_weights("shipped:general_small"))


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(own, "STEPS", 100)


def test_a_network_fills_better_what_it_has_learned_from(truth, gapped, weights):
    """It misclassifies fewer voxels of the layers that are really missing, which nobody showed."""
    engine = make_engine(weights)
    made, lesson = learned(engine, gapped, (1, 2))
    assert lesson.taken
    assert lesson.after < 0.9 * lesson.before
    missing = gapped.missing_layers
    before, after = (
        (fill(gapped, "network", network=each, refuse=False) != truth)[missing].mean()
        for each in (engine, made)
    )
    assert after < 0.9 * before
    assert (made.precision, made.name) == (engine.precision, engine.name)
    assert made.weights.training == engine.weights.training
    told = f"{lesson.after:.2%} in place of {lesson.before:.2%}"
    assert f"learned from {lesson.slices} slices of this stack, and misclassifies {told}" in (
        lesson.sentence()
    )


def test_known_slices_alone_are_learned_from_and_some_are_held_back(gapped, weights, monkeypatch):
    """No filled layer is ever the truth, and what it is tried on it has not learned."""
    seen: list[np.ndarray] = []
    tried: list[int] = []
    monkeypatch.setattr(
        own, "_learn", lambda network, course, *rest: seen.append(course.sampler.corners)
    )
    plain = courses._trial

    def trial(planes, distances, layer, *rest):
        tried.append(layer)
        return plain(planes, distances, layer, *rest)

    monkeypatch.setattr(courses, "_trial", trial)
    volume = fill(gapped, "signed_distance_spline")
    lesson = learn_from_stack(weights, gapped, volume)
    inner = {int(layer) for layer in LAYERS[1:-1]}  # three layers on both sides
    learned_from = set(seen[0][:, 1].tolist())
    assert set(tried) | learned_from == inner
    assert not set(tried) & learned_from
    assert (lesson.slices, lesson.held_back) == (len(learned_from), len(set(tried)))
    assert lesson.held_back == 3
    # Nothing was learned here, so nothing is taken.
    assert lesson.after == lesson.before
    assert lesson.along_z_after == lesson.along_z_before > 0
    assert lesson.weights is weights


def test_what_makes_it_worse_is_not_taken(gapped, weights, monkeypatch):
    """With an absurd rate the network forgets: the one before fills, and that is said."""
    monkeypatch.setattr(courses._Planes, "training", Training(batch_size=16, learning_rate=3.0))
    monkeypatch.setattr(own, "STEPS", 25)
    lesson = learn_from_stack(weights, gapped, fill(gapped, "signed_distance_spline"))
    assert not lesson.taken
    assert lesson.weights is weights
    assert lesson.sentence().startswith("What the network learned from 11 slices of this stack was")


def test_the_same_stack_teaches_the_same(gapped, weights, monkeypatch):
    """All random numbers come from one seed."""
    monkeypatch.setattr(own, "STEPS", 25)
    monkeypatch.setattr(own.Lesson, "taken", True)  # too short to be better
    volume = fill(gapped, "signed_distance_spline")
    one, two = (learn_from_stack(weights, gapped, volume) for _ in range(2))
    assert one.to_dict() == two.to_dict()
    assert one.after != one.before
    assert one.weights is not two.weights
    for name, values in one.weights.tensors.items():
        assert np.array_equal(values, two.weights.tensors[name])


def test_a_material_that_is_another_one_along_z_teaches_nothing(weights):
    """What is learned across its slices is wrong along z: hidden slices say so."""
    truth = surface((int(LAYERS[-1]) + 1, 64, 60), (40.0, 10.0, 10.0))
    gapped = GappedVolume(truth[LAYERS], LAYERS, 1.0, 0, 1.0, len(LAYERS))
    lesson = learn_from_stack(weights, gapped, fill(gapped, "signed_distance_spline"))
    assert lesson.after < lesson.before
    assert lesson.along_z_after > lesson.along_z_before
    assert not lesson.taken
    assert lesson.weights is weights


@pytest.mark.parametrize("axis", [1, 2])
def test_an_axis_that_does_not_look_like_z_teaches_nothing(gapped, weights, monkeypatch, axis):
    """With one axis every patch is milled along that one."""
    monkeypatch.setattr(own, "STEPS", 25)
    turns: list[int] = []

    class Watched(courses.Epoch):
        def batch(self, step):
            turns.extend(self.turns.tolist())
            return super().batch(step)

    monkeypatch.setattr(courses, "Epoch", Watched)
    learn_from_stack(weights, gapped, fill(gapped, "signed_distance_spline"), axes=[axis])
    # An odd number of quarter turns makes columns, which lie along x, the milled rows.
    assert {turn % 2 for turn in turns} == {axis - 1}
    assert len(set(turns)) == 4


def test_trials_hide_rows_along_their_axis(weights):
    """Along x a trial is that along y of the same volume with both exchanged."""
    volume = surface((20, 50, 50), (9.0, 13.0, 17.0))
    planes = own.torch.from_numpy(volume.view(np.uint8))
    far = courses.all_distances([volume.view(np.uint8)], [20], planes.device)[0]
    turned = np.ascontiguousarray(volume.transpose(0, 2, 1))
    other = own.torch.from_numpy(turned.view(np.uint8))
    beside = courses.all_distances([turned.view(np.uint8)], [20], planes.device)[0]
    milling = own.MillingRange.of(own.Milling("normal", 4, 1, 1))
    rng = np.random.default_rng
    one = courses._trial(planes, far, 9, 3, 2, milling, rng(0))
    two = courses._trial(other, beside, 9, 3, 1, milling, rng(0))
    assert own.torch.equal(one.truth, two.truth)
    assert own.torch.equal(one.image, two.image)
    assert not own.torch.equal(
        one.truth, courses._trial(planes, far, 9, 3, 1, milling, rng(0)).truth
    )
    assert np.array_equal(one.truth[0, 0].numpy(), turned[9])


def test_what_cannot_teach_is_refused(gapped, weights):
    """A network of rows, a material that is not alike, and a stack that is too small."""
    volume = fill(gapped, "nearest")
    rows = load_weights(resolve_weights("shipped:table_s1"))
    with pytest.raises(InputError, match="only a network that corrects distances can learn"):
        learn_from_stack(rows, gapped, volume)
    with pytest.raises(InputError, match="the material changes along neither y nor x"):
        learn_from_stack(weights, gapped, volume, axes=[])
    few = GappedVolume(gapped.slices[:9], LAYERS[:9], 1.0, 0, 1.0, 9)
    with pytest.raises(InputError, match=r"takes 8 slices of 48 x 48 .* but it has 7 of 64 x 60"):
        learn_from_stack(weights, few, volume[: LAYERS[8] + 1])
    narrow = GappedVolume(gapped.slices[:, :, :40], LAYERS, 1.0, 0, 1.0, 16)
    with pytest.raises(InputError, match="but it has 14 of 64 x 40"):
        learn_from_stack(weights, narrow, volume[:, :, :40])


def gaps_course(filled_volume, axes) -> courses.Course:
    """Return what a network of gaps learns from, of three known layers out of five."""
    milling = own.MillingRange.of(own.Milling("normal", 4, 1, 1))
    filled = courses.Filled(
        filled_volume, np.array([4, 12]), np.array([8]), axes, milling, own.torch.device("cpu")
    )
    architecture = GapArchitecture(widths=(4,), blocks=(1,))
    return courses.make_course(architecture, filled, np.random.default_rng(0))


@pytest.mark.parametrize("axis", [1, 2])
def test_a_network_of_gaps_learns_from_known_slices_alone(axis):
    """Only what lies in the known layers counts, and only the axis that looks like z is milled."""
    volume = surface((20, 56, 64), (9.0, 13.0, 17.0))
    course = gaps_course(volume, [axis])
    counted = set()
    for batch in course.epoch(np.random.default_rng(1), 10).batches():
        counts = batch.counts.numpy() > 0
        # z lies along y or x of a patch, by how it is turned.
        for patch in counts.reshape(-1, *counts.shape[2:]):
            lines = patch.any(0), patch.any(1)
            counted.add(min(line.sum() for line in lines))
    assert max(counted) == 2
    assert {gap.axis for gap in course.epoch(np.random.default_rng(2), 5).gaps} == {axis}


def test_a_network_of_gaps_is_tried_on_slices_that_were_held_back():
    """Before any training it misclassifies what the spline of distances does, there alone."""
    volume = surface((20, 56, 64), (9.0, 13.0, 17.0))
    course = gaps_course(volume, [1])
    network = GapNetwork(GapArchitecture(widths=(4,), blocks=(1,))).eval()
    (gapped, truth), *others = course.trials
    assert not others
    assert np.array_equal(truth[:, 0], volume[8][gapped.missing_layers])
    spline = fill(gapped, "network", network=network)[gapped.missing_layers][:, [8]]
    assert course.misclassified(network) == pytest.approx((spline != truth).mean())
    assert 0 < course.misclassified(network) < 0.2


def test_the_middle_of_a_large_stack_is_enough(monkeypatch):
    """As many slices and pixels as are allowed, between known layers."""
    monkeypatch.setattr(own, "MOST_SLICES", 3)
    monkeypatch.setattr(own, "MOST_SIDE", 10)
    volume = np.random.default_rng(0).random((13, 12, 9)) < 0.5
    layers, cut = own._middle(np.array([0, 2, 5, 9, 12]), volume)
    assert layers.tolist() == [0, 3, 7]
    assert np.array_equal(cut, volume[2:10, 1:11])
