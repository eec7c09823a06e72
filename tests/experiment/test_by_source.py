"""The table by source of depths: arms that differ in their depths alone, against the true ones."""

import numpy as np
import pandas as pd
import pytest

from fibgap.experiment.by_source import by_source_frame, source_families
from fibgap.report.tables import by_source_table, to_latex, to_markdown
from fibgap.report.tables.by_source import CIRCULAR
from fibgap.statistics import Bootstrap

ARMS = [
    {"name": "RNN-ruler", "filler": "nearest", "depths": "ruler", "tables": []},
    {"name": "RNN-s", "filler": "nearest", "depths": "true", "tables": ["S3"]},
    {"name": "RCS-s", "filler": "cubic_spline", "depths": "true", "tables": ["S3"]},
    {"name": "RNN-images", "filler": "nearest", "depths": "images", "tables": []},
]


@pytest.fixture(scope="module")
def metrics():
    """Ten datasets: a ruler adds 0.01 to each voxel error, images take 0.02 off the anisotropy."""
    own = np.linspace(0.05, 0.09, 10)
    rows = []
    for arm, voxels, isotropy, rms in (
        ("Original", np.nan, 0.0, np.nan),
        ("RNN-s", own, 0.12, 0.0),
        ("RCS-s", own, 0.11, 0.0),
        ("RNN-ruler", own + 0.01, 0.12, 1.5),
        ("RNN-images", own + np.linspace(-0.01, 0.01, 10), 0.10, 6.0),
    ):
        rows.append(
            pd.DataFrame(
                {
                    "dataset": range(10),
                    "arm": arm,
                    "anisotropy_tpcf": isotropy,
                    "truth_tpcf": voxels,
                    "voxel_error": voxels,
                    "voxel_error_all": voxels,
                    "depth_rms_nm": rms,
                    "depth_sd_nm": rms,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def frame(metrics):
    """The frame of these datasets."""
    return by_source_frame(metrics, ARMS, Bootstrap(resamples=200))


def test_a_family_differs_in_depths_alone():
    """Names and tables do not count; a filler that has one source only has nothing to compare."""
    families = source_families(ARMS)
    assert families == [{"RNN-s": "true", "RNN-ruler": "ruler", "RNN-images": "images"}]
    assert list(families[0]) == ["RNN-s", "RNN-ruler", "RNN-images"]
    other = {**ARMS[0], "fill_holes": True}
    assert source_families([other, *ARMS[1:3]]) == []


def test_differences_are_those_of_datasets(frame):
    """A ruler that adds 0.01 everywhere is significant: the smallest p of ten pairs is 2 / 2^10.

    The family has two arms and four measures: eight comparisons.
    """
    row = frame[(frame["arm"] == "RNN-ruler") & (frame["measure"] == "voxel_error_all")].iloc[0]
    assert row["n"] == 10
    assert row["mean"] == pytest.approx(0.08)
    assert row["difference"] == pytest.approx(0.01)
    assert row["p"] == pytest.approx(2 / 2**10)
    assert row["comparisons"] == 8
    images = frame[(frame["arm"] == "RNN-images") & (frame["measure"] == "voxel_error")].iloc[0]
    assert images["difference"] == pytest.approx(0, abs=1e-12)
    assert images["p_holm"] == 1


def test_errors_of_depths_are_described_and_not_tested(frame):
    """They are means with intervals; true depths have none by definition."""
    depths = frame[frame["measure"] == "depth_rms_nm"]
    assert depths.set_index("arm")["mean"].to_dict() == {
        "RNN-s": 0.0,
        "RNN-ruler": 1.5,
        "RNN-images": 6.0,
    }
    assert depths["p"].isna().all()


def test_the_table_says_what_is_significant_and_what_is_circular(frame):
    """Bold are differences from true depths; below stands why isotropy cannot judge images."""
    table = by_source_table(frame)
    text = to_markdown(table)
    ruler = next(line for line in text.splitlines() if line.startswith("| RNN-ruler"))
    assert ruler.split(" | ")[1] == "ruler"
    assert ruler.split(" | ")[2].startswith("**0.0800 (")
    assert "| 1.50 |" in ruler  # all equal: no interval
    images = next(line for line in text.splitlines() if line.startswith("| RNN-images"))
    assert "**0.1000**" in images
    assert images.split(" | ")[2].startswith("0.0700 (")
    assert f"- {CIRCULAR}" in text
    assert [block.key for block in table.blocks] == ["voxels", "truth", "depths"]
    sources = table.only("depths").blocks[0]
    assert len(sources.labels) == 3
    assert r"\end{table}" in to_latex(table)


def test_a_table_read_back_is_the_same(frame, tmp_path):
    """Its CSV holds all that the table shows."""
    frame.to_csv(tmp_path / "by_source.csv", index=False, float_format="%.10g")
    again = pd.read_csv(tmp_path / "by_source.csv", keep_default_na=False, na_values=[""])
    assert to_markdown(by_source_table(again)) == to_markdown(by_source_table(frame))
