"""Patches are windows of planes, turned and flipped; gaps lie across z and are interpolated."""

import json

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline

from fibgap.errors import InputError
from fibgap.network.architecture import Architecture
from fibgap.network.training.batches import interpolation_matrix, whole_planes
from fibgap.network.training.patches import Epoch, PatchSampler, draw_known_rows
from fibgap.synthetic.milling import Milling, MillingRange

VOXEL_NM = 2.5
MILLINGS = MillingRange.of(Milling("normal", 8.0, 2.5, 2.5))
#: Two families of planes of random bits: a patch of 64 of them is found in one place only.
SHAPES = ((3, 20, 26), (2, 14, 20))
PATCH, MARGIN, STRIDE = 8, 3, 6
WINDOW = PATCH + 2 * MARGIN


@pytest.fixture(scope="module")
def planes():
    """Planes of random bits, one array a family."""
    rng = np.random.default_rng(7)
    return [torch.from_numpy(rng.integers(0, 2, shape, dtype=np.uint8)) for shape in SHAPES]


@pytest.fixture(scope="module")
def sampler(planes):
    """The sliding window over these planes."""
    return make_sampler(planes)


def make_sampler(planes, *, stride=STRIDE, **options):
    """Return the sliding window over planes."""
    return PatchSampler(
        planes,
        millings=MILLINGS,
        voxel_nm=VOXEL_NM,
        patch=PATCH,
        stride=stride,
        margin=MARGIN,
        **options,
    )


def turn(image: np.ndarray, number: int) -> np.ndarray:
    """Return one of the eight rotations and reflections of a square."""
    turned = np.rot90(image, number % 4)
    return turned[:, ::-1] if number >= 4 else turned


@pytest.fixture(scope="module")
def windows(planes):
    """Every window in every orientation by its inner pixels: (place, orientation, window)."""
    found = {}
    inner = slice(MARGIN, MARGIN + PATCH)
    for family, stack in enumerate(planes):
        for number, plane in enumerate(stack.numpy()):
            for row in range(0, plane.shape[0] - WINDOW + 1, STRIDE):
                for column in range(0, plane.shape[1] - WINDOW + 1, STRIDE):
                    window = plane[row : row + WINDOW, column : column + WINDOW]
                    for orientation in range(8):
                        whole = turn(window, orientation)
                        key = np.ascontiguousarray(whole[inner, inner]).tobytes()
                        assert key not in found
                        found[key] = ((family, number, row, column), orientation, whole)
    return found


def look_up(windows, patch: torch.Tensor):
    """Return where a patch comes from and how it was turned."""
    return windows[patch.numpy().astype(np.uint8).tobytes()]


def batches(sampler, seed, **options):
    """Return an epoch and all of its batches."""
    epoch = Epoch(sampler, np.random.default_rng(seed), **options)
    return epoch, [epoch.batch(step) for step in range(epoch.steps)]


def test_the_window_slides_over_every_plane(sampler, windows):
    """Starts 0 and 6 of 20 rows, 0, 6 and 12 of 26 columns: 3*2*3 + 2*1*2 = 22 windows."""
    assert len(sampler) == 22
    assert len(windows) == 22 * 8


def test_truth_is_a_window_turned_and_flipped(sampler, windows):
    """Every patch is one of the eight orientations of one window, and all eight occur."""
    _, drawn = batches(sampler, 1, batch_size=11, steps=20)
    places, orientations = set(), np.zeros(8, dtype=int)
    for batch in drawn:
        assert batch.truth.shape == (11, 1, PATCH, PATCH)
        for patch in batch.truth[:, 0]:
            place, orientation, _ = look_up(windows, patch)
            places.add(place)
            orientations[orientation] += 1
    assert len(places) == 22
    # 220 patches, 27.5 of each expected with a standard deviation of 4.9: 8 is four of these away.
    assert orientations.min() >= 8


def test_one_pass_sees_every_window_once(sampler, windows):
    """Without a number of steps an epoch is one pass: every window exactly once."""
    _, drawn = batches(sampler, 2, batch_size=11)
    places = [look_up(windows, patch)[0] for batch in drawn for patch in batch.truth[:, 0]]
    assert len(places) == len(set(places)) == 22


def test_an_incomplete_batch_is_left_out(sampler, windows):
    """22 windows fill two batches of 8, and no window is seen twice in them."""
    _, drawn = batches(sampler, 3, batch_size=8)
    places = [look_up(windows, patch)[0] for batch in drawn for patch in batch.truth[:, 0]]
    assert len(places) == len(set(places)) == 16


def test_long_epochs_go_round_evenly(sampler, windows):
    """Five batches of 11 are two and a half passes: every window is seen two or three times."""
    _, drawn = batches(sampler, 4, batch_size=11, steps=5)
    counts: dict[tuple, int] = {}
    for batch in drawn:
        for patch in batch.truth[:, 0]:
            place = look_up(windows, patch)[0]
            counts[place] = counts.get(place, 0) + 1
    assert sorted(counts.values()) == [2] * 11 + [3] * 11


def test_few_planes_fill_one_batch(sampler):
    """A batch larger than one pass is filled by going round."""
    epoch, drawn = batches(sampler, 5, batch_size=50)
    assert epoch.steps == 1
    assert len(drawn[0].truth) == 50


def test_missing_rows_are_empty_and_known_rows_true(sampler):
    """Whole rows are known or missing, so gaps lie across z however the patch was turned."""
    _, drawn = batches(sampler, 6, batch_size=11)
    missing = 0
    for batch in drawn:
        assert torch.equal(batch.known, batch.known[..., :1].expand_as(batch.known))
        assert set(batch.known.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(batch.image, batch.truth * batch.known)
        missing += int((batch.known[:, 0, :, 0] == 0).sum())
    # 8 nm are 3.2 rows: about two rows in three are missing.
    assert 0.5 < missing / (22 * PATCH) < 0.8


def test_turned_patches_have_gaps_across_z_too(sampler, windows):
    """Rows are masked after turning: the known rows of a turned patch equal its turned window."""
    epoch, drawn = batches(sampler, 7, batch_size=11)
    seen = set()
    for step, batch in enumerate(drawn):
        for index in range(11):
            _, orientation, whole = look_up(windows, batch.truth[index, 0])
            rows = epoch.known[epoch.milling[step * 11 + index]].numpy()
            inner = slice(MARGIN, MARGIN + PATCH)
            expected = np.where(rows[inner, None], whole[inner, inner], 0)
            assert np.array_equal(batch.image[index, 0].numpy(), expected)
            assert np.array_equal(batch.known[index, 0, :, 0].numpy(), rows[inner])
            seen.add(orientation % 2)
    assert seen == {0, 1}


def test_bicubic_is_the_spline_through_the_known_rows_of_the_window(sampler, windows):
    """Interpolation goes through all known rows of the window, those in the margin among them."""
    epoch, drawn = batches(sampler, 8, batch_size=11)
    inner = slice(MARGIN, MARGIN + PATCH)
    margin_rows = 0
    for step, batch in enumerate(drawn):
        for index in range(11):
            _, _, whole = look_up(windows, batch.truth[index, 0])
            rows = np.flatnonzero(epoch.known[epoch.milling[step * 11 + index]].numpy())
            spline = CubicSpline(rows, whole[rows][:, inner].astype(float))
            expected = spline(np.arange(WINDOW))[inner]
            # At most 14 products of a weight below 10 with 0 or 1, in single precision: 14 * 10
            # roundings of 6e-8.
            assert np.allclose(batch.bicubic[index, 0].numpy(), expected, rtol=0, atol=1e-5)
            assert rows[0] == 0
            assert rows[-1] == WINDOW - 1
            margin_rows += len(rows) - np.count_nonzero(np.isin(rows, np.arange(WINDOW)[inner]))
    assert margin_rows > 2 * 22


def test_known_rows_are_interpolated_exactly(sampler):
    """In known rows the interpolation is the truth itself, bit for bit."""
    _, drawn = batches(sampler, 9, batch_size=11)
    for batch in drawn:
        assert torch.equal(batch.bicubic * batch.known, batch.image)


def test_an_epoch_depends_on_its_generator_alone(sampler):
    """The same seed draws the same batches in any order, another seed draws others."""
    first, drawn = batches(sampler, 10, batch_size=11)
    second = Epoch(sampler, np.random.default_rng(10), batch_size=11)
    for step in (1, 0, 1):
        again = second.batch(step)
        for name in ("image", "known", "bicubic", "truth"):
            assert torch.equal(getattr(again, name), getattr(drawn[step], name))
    other = Epoch(sampler, np.random.default_rng(11), batch_size=11)
    assert not torch.equal(other.batch(0).truth, drawn[0].truth)
    assert not torch.equal(other.known, first.known)


def test_millings_are_dealt_out_evenly(planes):
    """With a bank of 5 millings for 22 patches each milling masks four or five of them."""
    sampler = make_sampler(planes, bank=5)
    epoch = Epoch(sampler, np.random.default_rng(12), batch_size=11)
    assert len(epoch.known) == len(epoch.matrices) == 5
    assert sorted(np.bincount(epoch.milling)) == [4, 4, 4, 5, 5]


def test_every_patch_has_a_milling_of_its_own(sampler):
    """As long as the bank suffices, no milling is used twice."""
    epoch = Epoch(sampler, np.random.default_rng(13), batch_size=11)
    assert sorted(epoch.milling) == list(range(22))


def test_the_mask_is_a_second_channel(sampler):
    """With the mask the network sees two channels, without it one."""
    batch = Epoch(sampler, np.random.default_rng(14), batch_size=3).batch(0)
    assert torch.equal(batch.network_input(Architecture()), batch.image)
    both = batch.network_input(Architecture(mask_channel=True))
    assert both.shape == (3, 2, PATCH, PATCH)
    assert torch.equal(both[:, :1], batch.image)
    assert torch.equal(both[:, 1:], batch.known)


def test_whole_planes_are_masked_and_nothing_else(planes):
    """Validation planes are neither cut nor turned: truth, mask and spline of the whole plane."""
    known = np.zeros(20, dtype=bool)
    known[[0, 3, 4, 9, 15, 19]] = True
    batch = whole_planes(planes[0][:, None], known)
    truth = planes[0].numpy()
    assert np.array_equal(batch.truth[:, 0].numpy(), truth)
    assert np.array_equal(batch.image[:, 0].numpy(), truth * known[:, None])
    assert np.array_equal(batch.known[:, 0].numpy(), np.broadcast_to(known[:, None], truth.shape))
    rows = np.flatnonzero(known)
    expected = CubicSpline(rows, truth[:, rows].astype(float), axis=1)(np.arange(20))
    # As above: at most 6 products of a weight below 10.
    assert np.allclose(batch.bicubic[:, 0].numpy(), expected, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def deep():
    """Two volumes of five planes each, of random bits."""
    bits = np.random.default_rng(8).integers(0, 2, (10, 20, 20), dtype=np.uint8)
    return torch.from_numpy(bits)


def test_neighbours_come_from_the_same_volume_and_turn_with_the_patch(deep):
    """Every patch lies between the planes beside it, turned alike, and never at an end."""
    sampler = make_sampler([deep], neighbours=1, depths=[5])
    # Three of five planes of each volume, windows at 0 and 6 in rows and columns.
    assert len(sampler) == 2 * 3 * 4
    inner = slice(MARGIN, MARGIN + PATCH)
    seen = set()
    _, drawn = batches(sampler, 5, batch_size=12, steps=10)
    for batch in drawn:
        assert batch.image.shape == (12, 3, PATCH, PATCH)
        assert torch.equal(batch.image[:, 1:2], batch.truth * batch.known)
        for image, known in zip(batch.image.numpy(), batch.known[:, 0].numpy(), strict=True):
            places = [
                (index, orientation)
                for index in range(1, 9)
                for row in (0, 6)
                for column in (0, 6)
                for orientation in range(8)
                if all(
                    np.array_equal(
                        turn(
                            deep[index + across, row : row + WINDOW, column : column + WINDOW],
                            orientation,
                        )[inner, inner]
                        * known,
                        image[1 + across],
                    )
                    for across in (-1, 0, 1)
                )
            ]
            assert len(places) == 1
            seen.add(places[0])
    assert {index for index, _ in seen} == {1, 2, 3, 6, 7, 8}
    assert {orientation for _, orientation in seen} == set(range(8))


def test_a_network_sees_the_planes_that_it_knows_of(deep):
    """Of a batch with two neighbours a network with one sees the inner ones, and then the mask."""
    known = np.zeros(20, dtype=bool)
    known[[0, 7, 19]] = True
    batch = whole_planes(deep[None, :5], known)
    assert torch.equal(batch.truth, deep[None, 2:3].float())
    one = batch.network_input(Architecture(neighbours=1, mask_channel=True))
    assert torch.equal(one, torch.cat([batch.image[:, 1:4], batch.known], dim=1))
    assert torch.equal(batch.network_input(Architecture(neighbours=2)), batch.image)
    assert torch.equal(batch.image, deep[None, :5] * torch.from_numpy(known)[:, None])


def test_the_interpolation_is_that_of_the_plane_itself(deep):
    """Neighbours change nothing in the interpolated layer, in patches and in whole planes."""
    known = np.zeros(20, dtype=bool)
    known[[0, 7, 19]] = True
    assert torch.equal(
        whole_planes(deep[None, :5], known).bicubic, whole_planes(deep[None, 2:3], known).bicubic
    )
    for neighbours in (0, 2):
        sampler = make_sampler([deep], neighbours=neighbours, depths=[5])
        epoch, drawn = batches(sampler, 6, batch_size=4)
        for step, batch in enumerate(drawn):
            rows = epoch.known[epoch.milling[4 * step : 4 * step + 4]]
            inside = rows[:, MARGIN : MARGIN + PATCH]
            # In known rows the interpolation is the image itself.
            values = batch.bicubic[:, 0][inside], batch.truth[:, 0][inside]
            torch.testing.assert_close(*values, rtol=0, atol=1e-5)


@pytest.mark.parametrize("neighbours", [3, 8])
def test_a_volume_must_hold_the_neighbours(deep, neighbours):
    """Five planes have none with three neighbours on each side."""
    message = f"volume of 5 planes is too small for a network that sees {neighbours} neighbouring"
    with pytest.raises(InputError, match=message):
        make_sampler([deep], stride=1, neighbours=neighbours, depths=[5])


@pytest.mark.parametrize(("rows", "columns"), [(13, 40), (40, 13)])
def test_planes_must_hold_a_window(rows, columns):
    """Planes with a side of 13 are too small for patches of 8 with margins of 3."""
    small = torch.zeros((2, rows, columns), dtype=torch.uint8)
    with pytest.raises(InputError, match=rf"{rows} x {columns} are too small .* at least 14"):
        make_sampler([small], stride=1)


@pytest.mark.parametrize("planes", [[], [torch.zeros((0, 20, 20), dtype=torch.uint8)]])
def test_there_must_be_planes(planes):
    """Without a plane there is nothing to cut."""
    with pytest.raises(InputError, match="no training planes"):
        make_sampler(planes, stride=1)


def test_even_millings_know_every_fourth_row():
    """Slices of exactly 10 nm are 4 rows of 2.5 nm apart, and every phase occurs."""
    even = MillingRange.of(Milling("normal", 10.0, 0.0, 2.5))
    rng = np.random.default_rng(15)
    phases = []
    for _ in range(200):
        rows = np.flatnonzero(draw_known_rows(even, 33, VOXEL_NM, rng))
        assert rows[0] == 0
        assert rows[-1] == 32
        own = rows[(rows % 4) == (rows[len(rows) // 2] % 4)]
        assert np.array_equal(own, np.arange(own[0], 33, 4))
        assert own[0] < 4
        # Beside these only the first and the last row are known.
        assert set(rows) == {0, 32, *own}
        phases.append(own[0])
    # 50 of each expected with a standard deviation of 6.1: 25 is four of these away.
    assert np.bincount(phases, minlength=4).min() >= 25


def test_known_rows_follow_the_milling():
    """Slices of 8 nm in mean make 2.5 / 8 of the rows known, away from the ends."""
    rng = np.random.default_rng(16)
    known = np.array([draw_known_rows(MILLINGS, 60, VOXEL_NM, rng) for _ in range(400)])
    shares = known[:, 1:-1].mean(axis=1)
    # The normal cut off at 2.5 nm has a slightly larger mean: 8 + 2.5 * pdf(2.2) / cdf(2.2).
    expected = VOXEL_NM / (8 + 2.5 * 0.0355 / 0.9861)
    # Four standard errors of the mean over 400 windows.
    assert abs(shares.mean() - expected) < 4 * shares.std() / 20
    # No row is special: a binomial share of 400 has a standard deviation of 0.023 at most.
    assert np.abs(known[:, 1:-1].mean(axis=0) - expected).max() < 5 * 0.024


@pytest.mark.parametrize("known", [[0, 1], [0, 7], [0, 3, 7], [0, 2, 3, 6, 7]])
def test_interpolation_needs_known_rows_only(known):
    """Missing rows have no weight, known rows reproduce themselves, and weights sum to 1."""
    mask = np.zeros(known[-1] + 1, dtype=bool)
    mask[known] = True
    matrix = interpolation_matrix(mask)
    assert (matrix[:, ~mask] == 0).all()
    assert np.array_equal(matrix[mask], np.eye(len(mask), dtype=np.float32)[mask])
    # A handful of single-precision weights of order 1.
    assert np.allclose(matrix.sum(axis=1), 1, rtol=0, atol=1e-6)


def test_interpolation_is_exact_on_cubics():
    """A spline without knots at its ends gives every cubic back."""
    mask = np.zeros(12, dtype=bool)
    mask[[0, 2, 5, 6, 10, 11]] = True
    z = np.linspace(-1, 1, 12)
    cubic = 1 - 2 * z + 0.5 * z**2 + 3 * z**3
    # Weights of order 1 in single precision, six of them.
    assert np.allclose(interpolation_matrix(mask) @ cubic, cubic, rtol=0, atol=5e-6)


def test_millings_stay_within_their_ranges():
    """Means, relative deviations and distributions fill their ranges and never leave them."""
    millings = MillingRange(("normal", "gamma"), (6.0, 16.0), (0.1, 0.5), 2.5)
    rng = np.random.default_rng(17)
    drawn = [millings.draw(rng) for _ in range(300)]
    means = np.array([milling.mean_nm for milling in drawn])
    spreads = np.array([milling.sd_nm / milling.mean_nm for milling in drawn])
    assert {milling.distribution for milling in drawn} == {"normal", "gamma"}
    assert {milling.floor_nm for milling in drawn} == {2.5}
    # 300 draws leave a twentieth of an even range empty with a chance of 0.95**300 = 2e-7.
    assert 6 <= means.min() < 6.5 < 15.5 < means.max() <= 16
    # Multiplied by the mean and divided again: a rounding or two.
    assert 0.1 - 1e-12 <= spreads.min() < 0.12 < 0.48 < spreads.max() <= 0.5 + 1e-12


def test_a_share_of_millings_is_the_own_one():
    """So many millings as the share says are the own one; the others stay within the ranges."""
    own = Milling("normal", 10, 3, 2.5)
    ranges = (("gamma",), (6.0, 16.0), (0.1, 0.5), 2.5)
    millings = MillingRange(*ranges, own=own, own_share=0.25)
    rng = np.random.default_rng(18)
    drawn = [millings.draw(rng) for _ in range(1000)]
    # Binomial, standard deviation 13.7: six of them have a chance of 2e-9.
    assert abs(sum(milling == own for milling in drawn) - 250) < 82
    assert {milling.distribution for milling in drawn if milling != own} == {"gamma"}
    again = MillingRange.from_dict(json.loads(json.dumps(millings.to_dict())))
    assert (again.own, again.own_share) == (own, 0.25)


def test_without_a_share_millings_are_those_of_before():
    """The same numbers are drawn, and a file says nothing of an own milling."""
    plain = MillingRange(("gamma",), (6.0, 16.0), (0.1, 0.5), 2.5)
    assert plain.to_dict().keys() == {"distributions", "mean_nm", "relative_sd", "floor_nm"}
    rng = np.random.default_rng(1)
    mean, _, spread = rng.uniform(6, 16), rng.integers(1), rng.uniform(0.1, 0.5)
    assert plain.draw(np.random.default_rng(1)) == Milling("gamma", mean, mean * spread, 2.5)
    assert MillingRange.from_dict(plain.to_dict()) == plain


@pytest.mark.parametrize("share", [0.5, -0.1, 1.5, float("nan")])
def test_a_share_needs_an_own_milling_and_lies_between_0_and_1(share):
    """Anything else is an error that names the value."""
    own = None if share == 0.5 else Milling()
    with pytest.raises(InputError, match=f"own_share .* is {share}"):
        MillingRange(("normal",), (10, 10), (0, 0), 2.5, own=own, own_share=share)
