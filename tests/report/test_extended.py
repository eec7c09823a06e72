"""The table of further measures: values with intervals, errors beside them."""

import numpy as np
import pandas as pd
import pytest

from fibgap.report.tables import extended_frame, extended_table, to_csv, to_latex, to_markdown
from fibgap.statistics import Bootstrap

ARMS = ["Original", "RNN-s"]
QUICK = Bootstrap(confidence=0.9, resamples=100, base_seed=1)


@pytest.fixture
def metrics() -> pd.DataFrame:
    """Three datasets with one measure by direction and one without."""
    rows = []
    for arm, longer in (("Original", 0.0), ("RNN-s", 3.0)):
        for dataset in range(3):
            lengths = {"z": 20.0 + dataset + longer, "y": 19.0 + dataset, "x": 21.0 + dataset}
            truth = {} if arm == "Original" else {"truth_euler": 0.5, "truth_solid_chord": 0.15}
            rows.append(
                {
                    "dataset": dataset,
                    "arm": arm,
                    "euler": -14.0 - dataset - longer,
                    **{f"solid_chord_{axis}": length for axis, length in lengths.items()},
                    "anisotropy_solid_chord": longer / 20,
                    **truth,
                }
            )
    return pd.DataFrame(rows)


def test_values_by_hand(metrics: pd.DataFrame) -> None:
    """Means along z and in the plane, and errors; Student's t over three datasets."""
    frame = extended_frame(metrics, ARMS, QUICK)
    assert list(dict.fromkeys(frame["measure"])) == ["solid_chord", "euler"]
    frame = frame.set_index(["measure", "arm", "quantity"]).sort_index()
    chord = frame.loc[("solid_chord", "RNN-s")]
    assert chord["mean"].to_dict() == pytest.approx(
        {"z": 24, "plane": 21, "anisotropy": 0.15, "truth": 0.15}
    )
    assert chord["unit"].to_dict() == {"z": "nm", "plane": "nm", "anisotropy": "", "truth": ""}
    euler = frame.loc[("euler", "Original")]
    assert euler.loc["z", "mean"] == -15
    assert np.isnan(euler.loc["truth", "mean"])
    # The standard error is 1 / √3, and t is 2.920 for two degrees of freedom at 90 %.
    assert euler.loc["z", "high"] == pytest.approx(-15 + 2.920 / np.sqrt(3), abs=1e-3)


def test_the_table_in_every_format(metrics: pd.DataFrame) -> None:
    """One row per measure and arm, the unit in brackets, a dash where a value is undefined."""
    table = extended_table(extended_frame(metrics, ARMS, QUICK))
    text = to_markdown(table)
    assert "| Mean chord of the solid (nm) | RNN-*s* | 24 (22.31 to 25.69) | 21 (" in text
    assert "| Euler characteristic | *Original* | −15 (−16.69 to −13.31) | – | – | – |" in text
    assert "intervals of 90 %" in text
    assert r"Mean chord of the solid (nm) & RNN-\textit{s} & 24 (22.31 to 25.69)" in to_latex(table)
    assert len(to_csv(table).splitlines()) == 1 + len(table.data)


def test_without_further_measures_there_is_no_row() -> None:
    """The three measures of the paper make no extended table."""
    plain = pd.DataFrame({"dataset": [0], "arm": ["RNN-s"], "d_z": [0.5], "anisotropy_d": [0.1]})
    assert extended_frame(plain, ["RNN-s"], QUICK).empty
