"""Planes hold the voxels that they should, and the split keeps volumes apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibgap.errors import InputError
from fibgap.network.training.planes import FAMILIES, extract_planes, plane_manifest, split_planes

SHAPE = (5, 4, 3)


def volumes(count=3, shape=SHAPE):
    """Return random volumes."""
    return np.random.default_rng(6).random((count, *shape)) < 0.5


def split(manifest, by="volume", fraction=0.2, seed=0):
    """Split a manifest from an integer seed."""
    return split_planes(
        manifest, by=by, validation_fraction=fraction, rng=np.random.default_rng(seed)
    )


def test_planes_by_hand():
    """A zx-plane is a cut at one y, a zy-plane one at one x, both with z first."""
    volume = np.zeros(SHAPE, bool)
    volume[4, 2, 1] = True  # z, y, x
    zx, zy = extract_planes(volume, "zx"), extract_planes(volume, "zy")
    assert np.argwhere(zx).tolist() == [[2, 4, 1]]  # plane y = 2; z = 4, x = 1
    assert np.argwhere(zy).tolist() == [[1, 4, 2]]  # plane x = 1; z = 4, y = 2
    assert zx.shape == (4, 5, 3)
    assert zy.shape == (3, 5, 4)


@given(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)), st.integers(0, 99))
def test_every_plane_is_its_cut(shape, seed):
    """Every voxel of a volume is found again in both families, at its own place."""
    volume = np.random.default_rng(seed).random(shape) < 0.5
    for y, plane in enumerate(extract_planes(volume, "zx")):
        np.testing.assert_array_equal(plane, volume[:, y, :])
    for x, plane in enumerate(extract_planes(volume, "zy")):
        np.testing.assert_array_equal(plane, volume[:, :, x])
    assert extract_planes(volume, "zx").flags.c_contiguous


def test_slices_are_no_family():
    """The network inpaints cuts along z only."""
    assert FAMILIES == ("zx", "zy")
    with pytest.raises(InputError, match="'xy' is unknown; choose one of zx, zy"):
        extract_planes(volumes()[0], "xy")


def test_manifest_points_to_the_right_planes():
    """Row, family, volume and position of the manifest lead to the very cut of the very volume."""
    truth = dict(zip([4, 9, 2], volumes(), strict=True))
    stored = {
        family: np.concatenate([extract_planes(volume, family) for volume in truth.values()])
        for family in FAMILIES
    }
    manifest = plane_manifest(list(truth), SHAPE)
    for plane in manifest.itertuples():
        volume = truth[plane.volume]
        cut = volume[:, plane.position] if plane.family == "zx" else volume[:, :, plane.position]
        np.testing.assert_array_equal(stored[plane.family][plane.row], cut)
    # Every stored plane is listed once.
    for family in FAMILIES:
        rows = manifest.loc[manifest["family"] == family, "row"]
        assert sorted(rows) == list(range(len(stored[family])))
    # The volumes are random: no two planes of a family are equal by accident, or a wrong row
    # could pass for the right one.
    for family in FAMILIES:
        assert len(np.unique(stored[family], axis=0)) == len(stored[family])


def test_columns_of_the_manifest():
    """The manifest of one volume of 1 by 2 columns has one zx-plane and two zy-planes."""
    manifest = plane_manifest([7], (2, 1, 2))
    assert manifest.columns.tolist() == ["volume", "family", "position", "row"]
    assert manifest.to_numpy().tolist() == [[7, "zx", 0, 0], [7, "zy", 0, 0], [7, "zy", 1, 1]]


@given(
    st.lists(st.integers(0, 500), min_size=2, max_size=12, unique=True),
    st.floats(0.01, 0.99),
    st.integers(0, 2**32 - 1),
)
def test_no_volume_is_on_both_sides(indices, fraction, seed):
    """All planes of a volume are either for training or for validation, and neither is empty."""
    manifest = plane_manifest(indices, SHAPE)
    result = split(manifest, fraction=fraction, seed=seed)
    parts = result.groupby("volume")["part"].agg(["nunique", "first"])
    assert (parts["nunique"] == 1).all()
    assert set(parts["first"]) == {"training", "validation"}
    count = (parts["first"] == "validation").sum()
    # The share is met to within half a volume, unless that would leave one side empty.
    asked = len(indices) * fraction
    assert abs(count - min(max(asked, 1), len(indices) - 1)) <= 0.5
    # Nothing else is changed.
    pd.testing.assert_frame_equal(result.drop(columns="part"), manifest)


@pytest.mark.parametrize(("count", "validation"), [(2, 1), (3, 1), (10, 2), (30, 6), (100, 20)])
def test_four_fifths_learn(count, validation):
    """Of 10 volumes 8 are for training and 2 for validation; at least one is on each side."""
    result = split(plane_manifest(range(count), SHAPE))
    chosen = result.loc[result["part"] == "validation", "volume"].unique()
    assert len(chosen) == validation
    assert np.mean(result["part"] == "validation") == pytest.approx(validation / count)


def test_split_by_plane_is_the_literal_one():
    """Split by planes, a fifth of all planes validates and volumes are on both sides."""
    manifest = plane_manifest(range(10), (4, 20, 30))
    result = split(manifest, by="plane")
    assert (result["part"] == "validation").sum() == 100  # of 10 * (20 + 30)
    assert (result.groupby("volume")["part"].nunique() == 2).all()
    assert (result.groupby("family")["part"].nunique() == 2).all()


@pytest.mark.parametrize("by", ["volume", "plane"])
def test_split_follows_its_seed(by):
    """Equal seeds split equally, other seeds otherwise, and every unit gets its turn."""
    manifest = plane_manifest(range(5), (2, 2, 2))
    first, again = split(manifest, by, seed=1), split(manifest, by, seed=1)
    pd.testing.assert_frame_equal(first, again)
    results = [split(manifest, by, seed=seed)["part"] == "validation" for seed in range(40)]
    # A plane stays out of 40 draws of a fifth with a chance of 0.8^40 = 1e-4; the seeds are fixed.
    assert np.any(results, axis=0).all()
    assert not np.all(results, axis=0).any()


def test_split_of_a_read_manifest(tmp_path):
    """Written to CSV and read again, a manifest is split in the same way."""
    manifest = plane_manifest([3, 1, 8, 5], SHAPE)
    path = tmp_path / "manifest.csv"
    manifest.to_csv(path, index=False)
    written, plain = split(pd.read_csv(path)), split(manifest)
    assert written.to_dict("list") == plain.to_dict("list")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "family"}, "'family' is unknown; choose one of volume, plane"),
        ({"fraction": 0}, r"must lie in \(0, 1\), but is 0\."),
        ({"fraction": 1}, r"must lie in \(0, 1\), but is 1\."),
        ({"fraction": np.nan}, r"must lie in \(0, 1\), but is nan\."),
    ],
)
def test_impossible_split_fails_by_name(options, message):
    """A split needs a unit and a share between none and all."""
    with pytest.raises(InputError, match=message):
        split(plane_manifest(range(4), SHAPE), **options)


def test_one_volume_cannot_be_split():
    """A single volume is either for training or for validation, not both."""
    with pytest.raises(InputError, match="a split by volume needs at least 2"):
        split(plane_manifest([0], SHAPE))
