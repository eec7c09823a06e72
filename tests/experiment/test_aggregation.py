"""Measures of shards become one table and one set of curves, every dataset exactly once."""

import math

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.experiment.aggregation import (
    LEADING,
    collect_curves,
    collect_metrics,
    require_every_dataset_once,
    shard_arm,
    summarise_shards,
)
from fibgap.io.shards import Record, process_shard


def measures_of(arm: str, dataset: int) -> Record:
    """Return made-up measures that tell arm and dataset; later datasets have fewer lags."""
    first = 10 * len(arm) + dataset
    curve = first + np.arange(3 * (6 - dataset), dtype=float).reshape(3, -1) / 100
    attributes = {"anisotropy_tpcf": first / 1000, "solid_fraction": 0.4}
    if arm != "Original":
        attributes |= {"voxel_error": float("nan"), "n_slices": 7 + dataset, "zeta": 1.5}
    return Record({"tpcf": curve, "d": first + np.array([0.0, 0.1, 0.2])}, attributes)


@pytest.fixture
def write(tmp_path):
    """Write a shard of measures of an arm and return its path."""

    def go(arm, datasets):
        path = tmp_path / arm / f"{datasets[0]}.h5"
        process_shard(
            path,
            stage="measure",
            datasets=datasets,
            digest="d",
            attributes={} if arm == "Original" else {"arm": arm},
            compute=lambda dataset: measures_of(arm, dataset),
            log=lambda line: None,
        )
        return path

    return go


@pytest.fixture
def shards(write):
    """Two arms and the true volumes, three datasets in two shards each."""
    return [write(arm, k) for arm in ("RNN-s", "Original", "DNN-s") for k in ([0, 1], [2])]


def test_the_truth_is_an_arm_of_its_own(write):
    """A shard without the name of an arm holds the measures of true volumes."""
    assert shard_arm(write("RNN-s", [0])) == "RNN-s"
    assert shard_arm(write("Original", [0])) == "Original"


def test_the_table_has_a_row_for_every_dataset_and_arm(shards):
    """Rows are sorted by arm and dataset and hold what was recorded there."""
    table = collect_metrics(shards)
    rows = [(arm, dataset) for arm in ("DNN-s", "Original", "RNN-s") for dataset in range(3)]
    assert list(zip(table["arm"], table["dataset"], strict=True)) == rows
    recorded = [(10 * len(arm) + dataset) / 1000 for arm, dataset in rows]
    assert table["anisotropy_tpcf"].tolist() == recorded
    require_every_dataset_once(table, ["RNN-s", "DNN-s", "Original"], 3)


def test_columns_come_in_a_fixed_order(shards):
    """The columns of every run come first and in one order; errors nobody recorded are left out."""
    table = collect_metrics(shards)
    recorded = ["dataset", "arm", "anisotropy_tpcf", "voxel_error", "solid_fraction"]
    leading = [*recorded, *LEADING[LEADING.index("n_slices") :]]
    assert list(table.columns) == [*leading, "d_x", "d_y", "d_z", "zeta"]
    assert table["n_dropped"].isna().all()


def test_diffusivities_are_told_by_axis(shards):
    """The first value of D belongs to z, the second to y, the third to x."""
    row = collect_metrics(shards).query("arm == 'RNN-s' and dataset == 1").iloc[0]
    assert (row["d_z"], row["d_y"], row["d_x"]) == (51.0, 51.1, 51.2)


def test_what_is_undefined_is_nan(shards):
    """The true volume has no slices, and an arm of another geometry no voxel error."""
    table = collect_metrics(shards).set_index(["arm", "dataset"])
    assert math.isnan(table.loc[("Original", 0), "n_slices"])
    assert math.isnan(table.loc[("RNN-s", 0), "voxel_error"])
    assert table.loc[("RNN-s", 2), "n_slices"] == 9


def test_order_of_shards_does_not_matter(shards):
    """A table and its curves are the same whichever shard was done first."""
    backwards = shards[::-1]
    assert collect_metrics(shards).equals(collect_metrics(backwards))
    first, second = collect_curves(shards), collect_curves(backwards)
    assert set(first) == set(second)
    for arm, curves in first.items():
        assert np.array_equal(curves["tpcf"], second[arm]["tpcf"])


@pytest.mark.parametrize(
    ("datasets", "found"),
    [
        ([[0, 1]], "2 datasets in 2 rows"),
        ([[0, 1], [1, 2]], "3 datasets in 4 rows"),
        ([[0], [2, 3]], "3 datasets in 3 rows"),
        ([[0, 1], [2, 3]], "4 datasets in 4 rows"),
    ],
    ids=["missing", "doubled", "another", "too many"],
)
def test_every_dataset_counts_once(write, shards, datasets, found):
    """An arm with a dataset missing, doubled or strange is told by its name."""
    table = collect_metrics([*shards, *(write("RCS-s", shard) for shard in datasets)])
    require_every_dataset_once(table, ["RNN-s", "DNN-s"], 3)
    with pytest.raises(InputError, match=rf"arm 'RCS-s' .* {found}, but 3 datasets once each"):
        require_every_dataset_once(table, ["RNN-s", "RCS-s"], 3)


def test_an_arm_without_measures_is_missed(shards):
    """An arm of which no shard came is told, not left out."""
    with pytest.raises(InputError, match=r"arm 'RML-s' has measures of 0 datasets"):
        require_every_dataset_once(collect_metrics(shards), ["RNN-s", "RML-s"], 3)


def test_curves_are_cut_to_common_lags(shards):
    """Curves of 6, 5 and 4 lags share their first 4, datasets and axes stay in order."""
    curves = collect_curves(shards)
    assert set(curves) == {"RNN-s", "DNN-s", "Original"}
    assert set(curves["RNN-s"]) == {"tpcf"}  # D is a number along every axis and has no lags
    assert curves["RNN-s"]["tpcf"].shape == (3, 3, 4)
    for dataset in range(3):
        expected = measures_of("RNN-s", dataset).arrays["tpcf"][:, :4]
        assert np.array_equal(curves["RNN-s"]["tpcf"][dataset], expected)


def test_shards_have_means_and_spreads_of_their_own_datasets(shards):
    """By hand: two datasets and one; a column that an arm lacks stays NaN."""
    table = summarise_shards(collect_metrics(shards), 2).set_index(["arm", "shard"])
    assert table["datasets"].to_dict() == {
        (arm, shard): 2 - shard for arm in ("DNN-s", "Original", "RNN-s") for shard in (0, 1)
    }
    full, last = table.loc[("RNN-s", 0)], table.loc[("RNN-s", 1)]
    assert full["anisotropy_tpcf_mean"] == pytest.approx((0.050 + 0.051) / 2)
    assert full["anisotropy_tpcf_sd"] == pytest.approx(0.001 / math.sqrt(2))
    assert last["anisotropy_tpcf_mean"] == pytest.approx(0.052)
    assert math.isnan(last["anisotropy_tpcf_sd"])
    assert (full["n_slices_mean"], full["zeta_sd"]) == (7.5, 0.0)
    assert math.isnan(table.loc[("Original", 0), "n_slices_mean"])
    assert not {"dataset_mean", "arm_mean"} & set(table.columns)


def test_means_of_shards_give_the_mean_of_all(shards):
    """Weighted by their datasets, the shards of any size give the mean over all datasets."""
    metrics = collect_metrics(shards)
    whole = metrics.groupby("arm")["anisotropy_tpcf"].mean()
    for size in (1, 2, 3, 25):
        table = summarise_shards(metrics, size)
        weighted = table["anisotropy_tpcf_mean"] * table["datasets"]
        sums = weighted.groupby(table["arm"]).sum() / 3
        assert sums.to_dict() == pytest.approx(whole.to_dict())
