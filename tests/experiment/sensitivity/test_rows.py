"""From settings to rows: every number in its place."""

import numpy as np
import pytest

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.sensitivity.chain import Measuring
from fibgap.experiment.sensitivity.plan import Case, make_plan
from fibgap.experiment.sensitivity.rows import (
    CASE_COLUMNS,
    collect_rows,
    measure_setting,
    pack_records,
)
from fibgap.io.shards import Record, process_shard

FACTORS = {"mean_voxels": [2, 4], "relative_sd": [], "depth_error_voxels": [0], "nominal_ratio": []}


def write_setting(path, datasets, compute, arms):
    """Write a setting's file as the rule does."""
    process_shard(
        path,
        stage="measure_sensitivity",
        datasets=datasets,
        digest="0",
        attributes={"arms": arms},
        compute=compute,
        log=str,
    )


def numbers(dataset):
    """Return a record that says where it comes from."""
    first = Record({"d": np.array([0.1, 0.2, 0.3])}, {"anisotropy_tpcf": 0.5 + dataset})
    second = Record({}, {"anisotropy_tpcf": 10.0 + dataset, "holes": 3})
    return pack_records({ORIGINAL: first, "RNN-s": second})


def test_rows_of_two_factors_from_one_setting(tmp_path):
    """A setting that stands for points of two factors gives its rows twice, arm by arm."""
    path = tmp_path / "default.h5"
    write_setting(path, [0, 1], numbers, [ORIGINAL, "RNN-s"])
    cases = [Case("a", 4.0, "RNN-s", "default"), Case("b", 0.3, ORIGINAL, "default")]
    rows = collect_rows({"default": path}, cases)
    assert list(rows.columns[:5]) == list(CASE_COLUMNS)
    assert rows["factor"].tolist() == ["a", "a", "b", "b"]
    assert rows["value"].tolist() == [4.0, 4.0, 0.3, 0.3]
    assert rows["dataset"].tolist() == [0, 1, 0, 1]
    assert rows["anisotropy_tpcf"].tolist() == [10.0, 11.0, 0.5, 1.5]
    assert rows["holes"].tolist()[:2] == [3, 3]
    assert rows["holes"].isna().tolist() == [False, False, True, True]
    assert rows.loc[2, ["d_z", "d_y", "d_x"]].tolist() == [0.1, 0.2, 0.3]


def test_an_arm_that_is_not_there_is_named(tmp_path):
    """A case without rows is an error, not a hole in the table."""
    path = tmp_path / "default.h5"
    write_setting(path, [0], numbers, [ORIGINAL, "RNN-s"])
    with pytest.raises(InputError, match="lacks the arm 'RCS-s' of factor a"):
        collect_rows({"default": path}, [Case("a", 4.0, "RCS-s", "default")])


def test_points_share_their_true_volumes(config, tmp_path):
    """The true volume of a dataset is the same at every point: its solid fraction is."""
    small = config(factors=FACTORS)
    plan, measuring = make_plan(small), Measuring(("tpcf", "lpf"), 0, 19)
    paths = {}
    for name, setting in plan.settings.items():
        arms = [arm for arm in small["arms"] if arm["name"] in setting.arms]
        compute = measure_setting(
            small["generate_volumes"], setting.to_dict(), arms, measuring, base_seed=5
        )
        paths[name] = tmp_path / f"{name}.h5"
        write_setting(paths[name], [0, 1], compute, [ORIGINAL, *setting.arms])
    rows = collect_rows(paths, plan.cases)
    assert len(rows) == 3 * 3 * 2
    assert rows[["anisotropy_tpcf", "anisotropy_lpf"]].notna().all(axis=None)
    # Cut at different last slices, so not quite the same, but far from another dataset's.
    target = rows[rows["arm"] == ORIGINAL].pivot(
        index=["factor", "value"], columns="dataset", values="anisotropy_tpcf"
    )
    assert np.all(np.ptp(target.to_numpy(), axis=0) < abs(np.diff(target.mean())))
    default = rows[rows["setting"] == "default"].drop(columns=["factor", "value"])
    assert len(default) == 2 * len(default.drop_duplicates())
