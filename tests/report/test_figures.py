"""Figures: what is drawn where, and the same bytes every time."""

import base64
import io
import math
import subprocess
import sys
from pathlib import Path

import matplotlib
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgb

from fibgap.errors import InputError
from fibgap.network.architecture import Architecture
from fibgap.report.figures import (
    Rebuilt,
    arm_color,
    figure_bytes,
    plot_curves,
    plot_errors,
    plot_history,
    plot_holes,
    plot_network,
    plot_showcase,
    plot_surfaces,
    save_figure,
    showcase_layers,
)
from fibgap.report.figures.holes import FILLED, largest_hole
from fibgap.report.figures.layers import indexed_png
from fibgap.report.figures.showcase import (
    COLORS,
    FALSE_PORE,
    FALSE_SOLID,
    MISSING,
    PALETTE,
    PORE,
    SOLID,
    kinds,
    scale_bar_nm,
)
from fibgap.report.figures.style import ARM_COLORS, MORE_COLORS
from fibgap.report.figures.surfaces import render_surface
from fibgap.stack import GappedVolume


def metrics():
    """Return LPF errors of three arms on four datasets."""
    means = {"Original": 0.02, "RNN-s": 0.05, "RML-s": 0.03}
    rows = [
        {"dataset": i, "arm": arm, "anisotropy_lpf": mean + 0.001 * i, "anisotropy_d": math.nan}
        for arm, mean in means.items()
        for i in range(4)
    ]
    return pd.DataFrame(rows)


def summary():
    """Return the means of the LPF errors with made-up intervals."""
    means = {"Original": 0.0215, "RNN-s": 0.0515, "RML-s": 0.0315}
    rows = [
        {"arm": arm, "measure": "anisotropy_lpf", "mean": mean, "low": mean - 1, "high": mean + 2}
        for arm, mean in means.items()
    ]
    return pd.DataFrame(rows).assign(confidence=0.9)


def errors(**options):
    """Return the figure of the LPF errors; nothing is drawn of a measure without values."""
    return plot_errors(metrics(), summary(), ["anisotropy_lpf", "anisotropy_d"], **options)


def reference():
    """Return published LPF errors of two of the arms and of one that is not in the metrics."""
    return pd.DataFrame(
        {
            "arm": ["Original", "RML-s", "DNN-s"],
            "measure": "lpf",
            "mean": [0.0188, 0.0341, 0.0633],
            "sd": [0.0131, 0.0131, 0.0276],
        }
    )


def curves(lags=12):
    """Return curves of two arms: exponentials, one stretched along z."""
    x = np.arange(lags)
    flat = np.exp(-x / 3.0)
    return {
        "Original": {"tpcf": np.stack([[flat] * 3] * 2), "lpf": np.stack([[flat**2] * 3] * 2)},
        "RNN-s": {
            "tpcf": np.stack([[np.exp(-x / 4.0), flat, flat]] * 2),
            "lpf": np.stack([[flat, flat**2, flat**2]] * 2),
        },
    }


def history():
    """Return five epochs, the third of which is the best, with one drop of the learning rate."""
    return pd.DataFrame(
        {
            "epoch": [1, 2, 3, 4, 5],
            "train_loss": [0.5, 0.2, 0.1, 0.09, 0.08],
            "validation_loss": [0.6, 0.3, 0.15, 0.2, 0.25],
            "learning_rate": [1e-3, 1e-3, 1e-3, 1e-4, 1e-4],
        }
    )


def dataset():
    """Return truth, gapped volume and arms of a 7 × 6 × 5 dataset with layers 0, 2 and 6 known."""
    truth = np.random.default_rng(1).random((7, 6, 5)) < 0.4
    layers = np.array([0, 2, 6])
    gapped = GappedVolume(truth[layers], layers, 2.5, 0, 2.5, 3)
    wrong = truth.copy()
    wrong[4] = ~wrong[4]
    arms = {
        "RNN-s": Rebuilt(wrong),
        "RML-s": Rebuilt(truth),
        "DNN-s": Rebuilt(truth[:5], first_layer=None),
        "SRCS-s": Rebuilt(wrong[1:5], first_layer=1),
    }
    return truth, gapped, arms


def hole():
    """Return a slab whose layer 2 has a hole of 3 pixels at rows 4 and 5, and the slab filled."""
    before = np.ones((4, 60, 60), dtype=bool)
    before[1, 50, 50] = before[2, 4, 7] = before[2, 5, 7] = before[2, 5, 8] = False
    return before, np.ones_like(before)


def drawings():
    """Return one figure of every kind by name."""
    return {
        "errors": errors(reference=reference()),
        "curves": plot_curves(curves(), 2.5),
        "history": plot_history(history()),
        "showcase": plot_showcase(*dataset()),
        "surfaces": plot_surfaces(*dataset()),
        "holes": plot_holes(*hole(), voxel_nm=2.5, arm="RCS-s"),
        "network": plot_network(Architecture(), title="table_s1"),
    }


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_figures_are_deterministic(suffix):
    """The same numbers give the same bytes: no dates, no random identifiers."""
    first, second = drawings(), drawings()
    for name, figure in first.items():
        content = figure_bytes(figure, suffix)
        assert content == figure_bytes(second[name], suffix), name
        assert b"date" not in content.lower() or suffix != ".svg"
        assert len(content) > 1000


def test_figures_leave_global_state_alone():
    """Drawing changes no setting and does not start pyplot or torch."""
    before = dict(matplotlib.rcParams)
    drawings()
    assert dict(matplotlib.rcParams) == before
    code = (
        "import sys, fibgap.statistics, fibgap.report.figures, fibgap.report.page; "
        "sys.exit('torch' in sys.modules or 'matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_a_colour_belongs_to_its_arm():
    """Every arm has its own colour, a new one always the same."""
    assert len(set(ARM_COLORS.values())) == len(ARM_COLORS)
    assert arm_color("Original") == "#000000"
    assert arm_color("new") in MORE_COLORS
    for figure in (errors(), plot_curves(curves(), 2.5)):
        drawn = {to_rgb(line.get_color()) for axes in figure.axes for line in axes.lines}
        drawn |= {
            to_rgb(line.get_markerfacecolor())
            for axes in figure.axes
            for line in axes.lines
            if line.get_marker() == "o"
        }
        assert to_rgb(arm_color("RNN-s")) in drawn


def test_errors_stand_where_they_belong():
    """Dots at datasets, circles at means, bars at intervals, diamonds at the paper's means."""
    figure = errors(reference=reference())
    (axes,) = figure.axes
    clouds = [c for c in axes.collections if isinstance(c, PathCollection)]
    dots = np.concatenate([cloud.get_offsets()[:, 0] for cloud in clouds])
    assert sorted(dots) == pytest.approx(sorted(metrics()["anisotropy_lpf"]))
    circles = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert circles == pytest.approx([0.0215, 0.0515, 0.0315])
    bars = [line.get_xdata() for line in axes.lines if line.get_marker() == "None"]
    assert [list(bar) for bar in bars[:3]] == [[m - 1, m + 2] for m in circles]
    diamonds = [line for line in axes.lines if line.get_marker() == "D"]
    assert diamonds[0].get_xdata().tolist() == [0.0188, 0.0341]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Original", "RNN-s", "RML-s"]
    top, bottom = sorted(axes.get_ylim(), reverse=True)
    assert axes.get_ylim() == (top, bottom)  # the first arm on top
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[1:] == ["mean and 90 % interval", "paper: mean ± standard deviation"]


def test_a_line_joins_the_dots_of_a_dataset():
    """Every dataset is one line through its own dots, from arm to arm; undefined ones are left."""
    values = metrics()
    values.loc[1, "anisotropy_lpf"] = math.nan  # dataset 1 of Original
    (axes,) = plot_errors(values, summary(), ["anisotropy_lpf"]).axes
    (lines,) = [c for c in axes.collections if isinstance(c, LineCollection)]
    wide = values.pivot(index="dataset", columns="arm", values="anisotropy_lpf")
    wide = wide[["Original", "RNN-s", "RML-s"]]
    drawn = [segment[:, 0].tolist() for segment in lines.get_segments()]
    assert drawn == [row.dropna().tolist() for _, row in wide.iterrows()]


def test_errors_without_values_are_refused():
    """An empty figure would look like a result."""
    with pytest.raises(InputError, match="anisotropy_d"):
        plot_errors(metrics(), summary(), ["anisotropy_d"])


def test_curves_by_hand():
    """Left the mean curves against nm, right z minus the mean of y and x."""
    figure = plot_curves(curves(), 2.5)
    left, right = figure.axes[:2]
    x = np.arange(12)
    assert left.lines[2].get_xdata()[1] == 2.5
    assert left.lines[2].get_ydata() == pytest.approx(np.exp(-x / 4.0))
    assert left.lines[3].get_ydata() == pytest.approx(np.exp(-x / 3.0))
    assert right.lines[0].get_ydata() == pytest.approx(np.zeros(12))
    assert right.lines[1].get_ydata() == pytest.approx(np.exp(-x / 4.0) - np.exp(-x / 3.0))
    assert len(figure.axes) == 4


@pytest.mark.parametrize("shape", [(3, 8), (2, 2, 8), (0, 3, 8)])
def test_curves_of_another_shape_are_refused(shape):
    """A curve needs three axes and at least one dataset."""
    with pytest.raises(InputError, match="tpcf of arm 'A'"):
        plot_curves({"A": {"tpcf": np.ones(shape)}}, 2.5)
    with pytest.raises(InputError, match="no curves"):
        plot_curves({}, 2.5)


def test_pixels_by_kind():
    """Of the four cases two are right; solid for pore is red and pore for solid is blue."""
    image = np.array([[True, True, False, False]])
    truth = np.array([[True, False, True, False]])
    expected = ["solid", "false solid", "false pore", "pore"]
    found = PALETTE[kinds(image, truth)][0]
    np.testing.assert_allclose(found, [to_rgb(COLORS[name]) for name in expected])


def test_showcase_shows_truth_gaps_and_errors():
    """Known rows are copied, missing rows shaded, a wrong layer is wrong throughout."""
    truth, gapped, arms = dataset()
    figure = plot_showcase(truth, gapped, arms, y=2, layer=4)
    pictures = {}
    for axes in figure.axes:
        pictures.setdefault(axes.get_title(loc="left"), []).append(axes)
    assert list(pictures) == ["Truth", "Slices", "RNN-s", "RML-s", "DNN-s", "SRCS-s"]
    image = pictures["Slices"][0].images[0].get_array()
    missing = (image == to_rgb(COLORS["missing"])).all(axis=(1, 2))
    assert missing.tolist() == (~gapped.known).tolist()
    np.testing.assert_allclose(image[[0, 2, 6]], PALETTE[kinds(truth[[0, 2, 6], 2])])
    np.testing.assert_allclose(
        pictures["RNN-s"][1].images[0].get_array(), PALETTE[kinds(~truth[4], truth[4])]
    )
    below = {name: [axes.texts[0].get_text() for axes in both] for name, both in pictures.items()}
    assert below["RNN-s"] == [f"{100 / 7:.1f} % misclassified here", "100.0 % misclassified here"]
    assert below["RML-s"] == ["0.0 % misclassified here"] * 2
    assert below["DNN-s"] == ["other geometry"] * 2


def test_an_arm_that_begins_later_is_judged_where_it_lies():
    """Layers 1 to 4 of the grid, of which layer 4 is wrong: a quarter; the others are no errors."""
    truth, gapped, arms = dataset()
    found = arms["SRCS-s"].on_grid(truth)
    assert (found == MISSING).all(axis=(1, 2)).tolist() == [True, *[False] * 4, True, True]
    np.testing.assert_array_equal(found[1:4], kinds(truth[1:4]))
    figure = plot_showcase(truth, gapped, {"SRCS-s": arms["SRCS-s"]}, y=2, layer=4)
    said = [axes.texts[0].get_text() for axes in figure.axes if axes.get_title("left") == "SRCS-s"]
    assert said == ["25.0 % misclassified here", "100.0 % misclassified here"]


def decoded(picture):
    """Return the colours of a sheet of layers."""
    content = base64.b64decode(picture["sheet"].removeprefix("data:image/png;base64,"))
    return matplotlib.image.imread(io.BytesIO(content))[..., :3]


def test_layers_stand_side_by_side_on_a_sheet():
    """Seven layers of 6 × 5 make three rows of three; layer 4 is the second of the second row."""
    truth, gapped, arms = dataset()
    layers = showcase_layers(truth, gapped, arms)
    assert (layers["columns"], layers["rows"], layers["first"]) == (3, 3, 0)
    assert layers["aspect"] == [5, 6]
    assert layers["known"] == gapped.known.tolist()
    assert layers["away"] == [0, 1, 0, 1, 2, 1, 0]
    pictures = {picture["name"]: picture for picture in layers["pictures"]}
    assert list(pictures) == ["Truth", "Slices", *arms]
    image = decoded(pictures["RNN-s"])
    assert image.shape == (18, 15, 3)
    # Colours are whole steps of 1 / 255.
    np.testing.assert_allclose(image[6:12, 5:10], PALETTE[kinds(~truth[4], truth[4])], atol=1 / 254)
    assert pictures["RNN-s"]["misclassified"] == [0.0, 0.0, 0.0, 0.0, 100.0, 0.0, 0.0]
    assert pictures["SRCS-s"]["misclassified"] == [None, 0.0, 0.0, 0.0, 100.0, None, None]
    assert pictures["DNN-s"]["misclassified"] is None


def test_layers_of_a_large_volume_are_its_middle():
    """Of seven layers the middle three, of 6 × 5 pixels the middle two by two."""
    truth, gapped, arms = dataset()
    layers = showcase_layers(truth, gapped, arms, window=2, most=3)
    assert (layers["first"], layers["away"], layers["aspect"]) == (2, [0, 1, 2], [2, 2])
    image = decoded(layers["pictures"][0])
    np.testing.assert_allclose(image[:2, :2], PALETTE[kinds(truth[2, 2:4, 1:3])], atol=1 / 254)


def test_an_indexed_png_is_a_png():
    """Another reader finds the colours of the palette where the indices are."""
    image = np.array([[0, 1, 2], [4, 3, 0]], dtype=np.uint8)
    read = matplotlib.image.imread(io.BytesIO(indexed_png(image, PALETTE)))[..., :3]
    np.testing.assert_allclose(read, PALETTE[image], atol=1 / 254)


def test_showcase_takes_the_middle_of_the_largest_gap():
    """Between the layers 2 and 6 the middle is 4; without arms there are still two pictures."""
    truth, gapped, _ = dataset()
    figure = plot_showcase(truth, gapped, {})
    assert any("xy-layer 4, missing" in text.get_text() for text in figure.texts)
    assert len(figure.axes) == 4


def test_showcase_crops_about_the_middle():
    """A window of 3 shows rows 2 to 4 of 7."""
    truth, gapped, arms = dataset()
    figure = plot_showcase(truth, gapped, arms, y=0, window=3)
    image = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(image, PALETTE[kinds(truth[2:5, 0, 1:4])])


@pytest.mark.parametrize(
    ("option", "message"), [({"y": 6}, "y is 6"), ({"layer": 7}, "layer is 7")]
)
def test_showcase_outside_is_refused(option, message):
    """Planes are counted from 0, so the sixth of six is number 5."""
    with pytest.raises(InputError, match=message):
        plot_showcase(*dataset(), **option)


def test_showcase_of_another_shape_is_refused():
    """The truth must lie on the grid of the slices."""
    truth, gapped, arms = dataset()
    with pytest.raises(InputError, match=r"\(6, 6, 5\)"):
        plot_showcase(truth[:6], gapped, arms)


@pytest.mark.parametrize(("width", "bar"), [(320, 50), (400, 100), (10, 2), (1000, 200)])
def test_scale_bar_is_round(width, bar):
    """The largest of 1, 2, 5 times a power of ten that fills at most 0.3 of the width."""
    assert scale_bar_nm(width) == bar


def test_history_by_hand():
    """The circle is at the lowest validation loss, the learning rate a step below it."""
    figure = plot_history(history().sample(frac=1, random_state=2))
    losses, rates = figure.axes
    assert losses.get_yscale() == "log"
    train, validation, best = losses.lines
    assert train.get_ydata().tolist() == [0.5, 0.2, 0.1, 0.09, 0.08]
    assert validation.get_xdata().tolist() == [1, 2, 3, 4, 5]
    assert (float(best.get_xdata()[0]), float(best.get_ydata()[0])) == (3, 0.15)
    (step,) = rates.lines
    assert step.get_drawstyle() == "steps-mid"
    assert step.get_ydata().tolist() == [1e-3, 1e-3, 1e-3, 1e-4, 1e-4]
    assert len(plot_history(history().drop(columns="learning_rate")).axes) == 1


def test_history_is_checked():
    """A logarithm needs positive losses, a curve an epoch."""
    with pytest.raises(InputError, match=r"0\.0"):
        plot_history(history().assign(train_loss=0.0))
    with pytest.raises(InputError, match="no epoch"):
        plot_history(history().head(0))
    with pytest.raises(InputError, match="'validation_loss'"):
        plot_history(history().drop(columns="validation_loss"))


def test_figures_are_saved_by_suffix(tmp_path):
    """Each file appears under its name in its format."""
    figure = plot_history(history())
    save_figure(figure, tmp_path / "a.png", tmp_path / "a.svg")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(InputError, match="jpg"):
        save_figure(figure, tmp_path / "a.jpg")


def seen_colors(found, **view):
    """Return, for every kind of voxel, the share of the surface's pixels that have its hue."""
    picture = render_surface(found, **view)
    lit = picture[picture[..., 3] == 1, :3]
    hues = lit / lit.max(axis=1, keepdims=True)
    palette = PALETTE / PALETTE.max(axis=1, keepdims=True)
    nearest = np.abs(hues[:, None] - palette).sum(axis=2).argmin(axis=1)
    return np.bincount(nearest, minlength=len(PALETTE)) / len(lit)


def test_a_surface_is_seen_from_the_first_layer():
    """From straight above the first layer covers all others; from below the last one does."""
    found = np.full((12, 16, 16), SOLID)
    found[:6] = FALSE_SOLID
    assert seen_colors(found, turn=0, tilt=90, pixels=32)[FALSE_SOLID] > 0.99
    assert seen_colors(found, turn=0, tilt=-90, pixels=32)[SOLID] > 0.99
    # From the side, half of the height each.
    shares = seen_colors(found, turn=0, tilt=0, pixels=48)
    assert shares[FALSE_SOLID] == pytest.approx(0.5, abs=0.1)  # a voxel or so of twelve
    picture = render_surface(found, turn=0, tilt=0, pixels=48)
    rows = np.nonzero(picture[..., 3].any(axis=1))[0]
    top, bottom = (picture[rows[k], 24, :3] for k in (2, -3))
    assert top[0] > 2 * top[1]  # red
    assert bottom[1] > 0.7 * bottom[0]  # the colour of solid


def test_the_picture_does_not_mirror():
    """Seen from the side with z down, x points right where y points towards the reader."""
    found = np.full((8, 8, 8), SOLID)
    found[:, :, :3] = FALSE_SOLID  # at small x
    picture = render_surface(found, turn=0, tilt=0, pixels=32)
    columns = np.nonzero(picture[16, :, 3])[0]
    left, right = (picture[16, columns[k], :3] for k in (2, -3))
    assert left[0] > 2 * left[1]
    assert right[1] > 0.7 * right[0]
    found = np.full((8, 8, 8), SOLID)
    found[:, 5:] = FALSE_SOLID  # at large y
    assert seen_colors(found, turn=0, tilt=0, pixels=32)[FALSE_SOLID] > 0.99


def test_lost_solid_shows_on_the_surface_behind_it():
    """Two layers of false pore above solid colour it; pore that should be pore does not."""
    found = np.full((10, 16, 16), SOLID)
    found[:2] = FALSE_PORE
    assert seen_colors(found, turn=0, tilt=90, pixels=32)[FALSE_PORE] > 0.8
    found[:2] = PORE
    assert seen_colors(found, turn=0, tilt=90, pixels=32)[FALSE_PORE] == 0


def test_nothing_solid_is_an_empty_picture():
    """A volume without solid has no surface."""
    assert render_surface(np.full((4, 4, 4), PORE), pixels=8)[..., 3].max() == 0


def test_surfaces_show_the_truth_and_every_arm():
    """One picture each, by name, in the arms' colours; the slices are no volume."""
    panels = plot_surfaces(*dataset()).axes
    titles = [panel.get_title(loc="left") for panel in panels]
    assert titles == ["Truth", "RNN-s", "RML-s", "DNN-s", "SRCS-s"]
    truth, gapped, arms = dataset()
    with pytest.raises(InputError, match=r"shape \(6, 6, 5\)"):
        plot_surfaces(truth[:6], gapped, arms)


def test_the_largest_hole_is_shown():
    """Layer 2 has the hole of three pixels; it alone has the colour of filled holes in B."""
    before, after = hole()
    assert largest_hole(before, after) == (2, (5, 7))
    figure = plot_holes(before, after, voxel_nm=2.5, arm="RCS-s", window=20)
    first, second = (panel.images[0].get_array() for panel in figure.axes)
    assert first.shape == second.shape == (20, 20, 3)
    brown = (np.abs(second - np.array(to_rgb(FILLED))) < 1e-6).all(axis=2)
    assert np.argwhere(brown).tolist() == [[4, 7], [5, 7], [5, 8]]  # the window begins at 0
    assert (np.abs(first - PALETTE[PORE]) < 1e-6).all(axis=2).sum() == 3
    assert "xy-layer 2; in the whole volume 4 voxels" in figure.get_suptitle()


def test_no_hole_is_said():
    """Where nothing was filled the middle layer is shown, and the number is 0."""
    volume = np.ones((4, 30, 30), dtype=bool)
    assert largest_hole(volume, volume) is None
    figure = plot_holes(volume, volume, voxel_nm=2.5, arm="RCS-s")
    assert "xy-layer 2; in the whole volume 0 voxels" in figure.get_suptitle()
    with pytest.raises(InputError, match=r"\(4, 30, 30\), but after it \(3, 30, 30\)"):
        plot_holes(volume, volume[:3], voxel_nm=2.5, arm="RCS-s")


def test_the_network_is_drawn_as_it_is_built():
    """Every number of filters of Table S1 stands in the drawing, and what joins what."""
    figure = plot_network(Architecture(), title="table_s1")
    words = [text.get_text() for text in figure.axes[0].texts]
    for index, filters in enumerate([96, 81, 70, 60, 50, 41, 32]):
        at = words.index(f"feature {index + 1}")
        assert words[at + 1] == f"{filters} of 3 × 3"
    for name, layer in {"A1": "16 of 1 × 1", "B1": "96 of 1 × 1", "B2": "64 of 3 × 3"}.items():
        assert words[words.index(name) + 1] == layer
    assert "all outputs, concatenated: 430 channels" in words
    assert "concatenated" in words
    added = plot_network(Architecture(bicubic="add", neighbours=3, mask_channel=True))
    words = [text.get_text() for text in added.axes[0].texts]
    assert "added" in words
    assert "8 × Z × X" in words
    assert "the plane, missing rows 0\n3 planes on each side\nwhich rows are known" in words
