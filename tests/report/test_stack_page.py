"""The page of a filled stack says what was done, in one file that loads nothing."""

import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml
from scipy.ndimage import gaussian_filter

import fibgap
from fibgap.errors import FibgapWarning
from fibgap.report.figures.showcase import PALETTE, PORE, SOLID
from fibgap.report.figures.stack import plot_cuts, plot_depths, plot_histogram
from fibgap.report.stack_page import CITATION, stack_page
from fibgap.stack import GappedVolume
from fibgap.stacks import FilledStack, fill_stack

ROOT = Path(fibgap.__file__).resolve().parents[1]


def filled(folder: Path, *, grey: bool = False, spread: float = 0.5, **how: str) -> FilledStack:
    """Return a small filled stack."""
    noise = np.random.default_rng(0).normal(size=(6, 18, 20))
    solid = gaussian_filter(noise, (spread, 2, 2), mode="wrap") > 0
    images = np.where(solid, 200, 50) + np.random.default_rng(1).integers(0, 20, solid.shape)
    images = images if grey else solid * 255
    tifffile.imwrite(folder / "s.tif", images.astype(np.uint8))
    more = {"otsu": True} if grey else {}
    return fill_stack(folder / "s.tif", folder / "v.tif", voxel="2.5nm", **more, **how)


def test_it_leads_with_the_verdict_and_needs_nothing(tmp_path):
    """All sentences and the command stand on it, and it refers to no other file or host."""
    result = filled(tmp_path, spacing="10nm")
    page = stack_page(result)
    body = page[page.index("<body>") :]
    places = [body.index(sentence) for sentence in result.verdict]
    assert places == sorted(places)
    assert places[-1] < body.index("<main>")
    assert result.record["command"] in page
    assert "<dd>nominal: one thickness for all slices</dd>" in page
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert 'class="warnings"' not in page
    assert page == stack_page(result)


def test_warnings_come_before_pictures(tmp_path):
    """What looks wrong is seen before anything that looks right."""
    with pytest.warns(FibgapWarning, match="nothing was filled"):
        result = filled(tmp_path, spread=2, spacing="2.5nm")
    body = stack_page(result).split("<body>")[1]
    title, warning = body.index("One thing looks wrong"), body.index("<li>no layer is missing")
    assert title < warning < body.index("<main>")


def test_grey_values_have_their_histogram(tmp_path):
    """The histogram stands where there were grey values, with the threshold in it."""
    grey = filled(tmp_path, grey=True, spacing="10nm")
    assert "What is solid" in stack_page(grey)
    (line,) = plot_histogram(grey.loaded.histogram).axes[0].lines
    assert line.get_xdata()[0] == grey.loaded.histogram.thresholds[0]
    (tmp_path / "b").mkdir()
    binary = filled(tmp_path / "b", spacing="10nm")
    assert plot_histogram(binary.loaded.histogram) is None
    assert "What is solid" not in stack_page(binary)


def test_cuts_show_the_widest_gap(tmp_path):
    """Of gaps of one and three layers the second is shown, in its middle, beside a slice."""
    slices = np.random.default_rng(0).random((3, 9, 8)) < 0.5
    gapped = GappedVolume(slices, np.array([0, 2, 6]), 2.5, 0, 2.5, 3)
    volume = np.random.default_rng(1).random((7, 9, 8)) < 0.5
    volume[gapped.layers] = slices
    titles = [axes.get_title("left") for axes in plot_cuts(volume, gapped).axes]
    assert titles[:2] == ["xy, nearest slice (layer 2)", "xy, layer 4, filled"]
    images = [axes.images[0].get_array() for axes in plot_cuts(volume, gapped).axes[:6]]
    shapes = [image.shape[:2] for image in images]
    assert shapes == [(9, 8), (9, 8), (7, 8), (7, 8), (7, 9), (7, 9)]
    # Of the slices, rows without one are grey in the zx- and the zy-plane; none is when filled.
    grey = [[len(np.unique(row, axis=0)) == 1 for row in images[k]] for k in (2, 4)]
    assert grey[0][1]
    assert grey[0][3:6] == [True] * 3
    assert np.array_equal(images[2][[0, 2, 6]], images[3][[0, 2, 6]])


def test_a_large_volume_is_shown_around_its_widest_gap():
    """The marked layer lies within the picture, wherever the widest gap is."""
    layers = np.array([0, 2, 4, 6, 8, 10, 12, 14, 20])
    slices = np.random.default_rng(0).random((9, 12, 12)) < 0.5
    gapped = GappedVolume(slices, layers, 2.5, 0, 2.5, 9)
    volume = np.random.default_rng(1).random((21, 12, 12)) < 0.5
    axes = plot_cuts(volume, gapped, window=8).axes
    assert axes[0].get_title("left") == "xy, nearest slice (layer 14)"
    shown = axes[3].images[0].get_array()
    assert shown.shape[:2] == (8, 8)
    (mark,) = {line.get_ydata()[0] for line in axes[3].lines}
    assert mark == 4  # of layers 13 to 20 the fifth is layer 17
    expected = np.where(volume[13:21, 6, 2:10], PALETTE[SOLID, 0], PALETTE[PORE, 0])
    assert np.array_equal(shown[..., 0], expected)


def test_constant_thickness_can_be_drawn(tmp_path):
    """A histogram of one value has bins of a width."""
    result = filled(tmp_path, spacing="10nm")
    bars = plot_depths(result.loaded).axes[2].patches
    assert sum(bar.get_width() for bar in bars) == 5


def test_the_citation_is_that_of_the_project():
    """The page's words are those of CITATION.cff."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    (author,) = cited["authors"]
    assert f"{author['name']}. {cited['title']}. Version {cited['version']}." == CITATION
