"""The figure: a column a factor, a row a measure, and every mean where it belongs."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.report.figures import arm_color, figure_bytes
from fibgap.report.figures.sensitivity import plot_sensitivity

DEFAULTS = {"mean_voxels": 4.0, "relative_sd": 0.3}


def summary(high=0.01):
    """Return means of two arms and two measures along two factors, points out of order."""
    rows = []
    for factor, values in (("mean_voxels", [8.0, 2.0, 4.0]), ("relative_sd", [0.0, 0.3])):
        for value in values:
            for arm, level in (("RNN-s", 0.2), (ORIGINAL, 0.1)):
                for measure in ("anisotropy_tpcf", "voxel_error"):
                    lacking = arm == ORIGINAL and measure == "voxel_error"
                    mean = np.nan if lacking else level + 0.01 * value
                    rows.append(
                        {
                            "factor": factor,
                            "value": value,
                            "arm": arm,
                            "measure": measure,
                            "n": 0 if lacking else 20,
                            "mean": mean,
                            "low": mean - 0.01,
                            "high": mean + high,
                            "confidence": 0.95,
                        }
                    )
    return pd.DataFrame(rows)


def lines_of(axes, arm):
    """Return the curves of an arm in a panel."""
    return [
        line
        for line in axes.get_lines()
        if same_color(line.get_color(), arm_color(arm)) and len(line.get_xdata()) > 1
    ]


def test_every_mean_stands_in_its_panel():
    """Points are joined in order of the factor, spreads in per cent, moved by little."""
    figure = plot_sensitivity(summary(), defaults=DEFAULTS, voxel_nm=2.5)
    assert len(figure.axes) == 4
    tpcf_mean, tpcf_spread, voxel_mean, _ = figure.axes
    (line,) = lines_of(tpcf_mean, "RNN-s")
    assert np.allclose(line.get_ydata(), [0.22, 0.24, 0.28])
    # Moved sideways by less than a fiftieth of the axis.
    assert np.allclose(line.get_xdata(), [2, 4, 8], atol=6 / 50)
    (line,) = lines_of(tpcf_spread, ORIGINAL)
    assert np.allclose(line.get_xdata(), [0, 30], atol=30 / 50)
    assert np.allclose(line.get_ydata(), [0.1, 0.103])
    assert lines_of(voxel_mean, ORIGINAL) == []


def test_bars_are_the_intervals():
    """Every mean has a bar from the lower to the upper end of its interval."""
    axes = plot_sensitivity(summary(), defaults=DEFAULTS, voxel_nm=2.5).axes[0]
    (bars,) = [c for c in axes.collections if same_color(c.get_color()[0][:3], arm_color("RNN-s"))]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    assert np.allclose(ends, [[0.21, 0.23], [0.23, 0.25], [0.27, 0.29]])


def test_axes_are_named_in_units():
    """A column says what is varied and how long a voxel is, a row what is measured."""
    figure = plot_sensitivity(summary(), defaults=DEFAULTS, voxel_nm=2.5)
    assert "voxels\n(1 voxel = 2.5 nm)" in figure.axes[2].get_xlabel()
    assert figure.axes[3].get_xlabel() == "Spread of the thickness / % of its mean"
    assert figure.axes[0].get_ylabel() == "TPCF\nanisotropy error"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:2] == ["RNN-s", "Original (true volume)"]
    assert "95 % interval of the mean" in labels


def test_wide_intervals_do_not_flatten_the_curves():
    """The scale ends at two and a half times the largest mean if the intervals go far beyond."""
    figure = plot_sensitivity(summary(high=50.0), defaults=DEFAULTS, voxel_nm=2.5)
    assert figure.axes[0].get_ylim() == pytest.approx((0, 2.5 * 0.28))


def test_the_same_bytes_every_time():
    """Two runs give the same files."""
    one, two = (
        figure_bytes(plot_sensitivity(summary(), defaults=DEFAULTS, voxel_nm=2.5), ".svg")
        for _ in range(2)
    )
    assert one == two


def test_nothing_to_plot_is_an_error():
    """Without points there is no figure."""
    with pytest.raises(InputError, match="no points"):
        plot_sensitivity(summary().iloc[:0], defaults=DEFAULTS, voxel_nm=2.5)
