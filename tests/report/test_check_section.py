"""The leave-slices-out check on the page: a line per filler, a table, and a sentence."""

import re

import numpy as np
import pytest
import tifffile

from fibgap.report.check_section import check_section
from fibgap.report.figures.hidden import plot_hidden
from fibgap.report.figures.style import ARM_COLORS
from fibgap.report.stack_page import stack_page
from fibgap.stacks import Choice, fill_stack, judging
from fibgap.stacks.hiding import Hidden
from fibgap.stacks.judging import LeftOut
from fibgap.stacks.verdict import fill_verdict


def check() -> LeftOut:
    """Return a check of two fillers: cuts in gaps of 3 and 4 voxels, a slice in one of 8."""
    hidden = Hidden(
        along=np.array(["y", "x", "z"]),
        widths=np.array([3.0, 4.0, 8.0]),
        pixels=np.array([100, 100, 100]),
        wrong={"nearest": np.array([4, 6, 20]), "signed_distance_spline": np.array([2, 3, 18])},
        refused={"shipped:compact": "it is too small."},
        blocks=(((0, 9), (0, 30), (0, 30)),),
    )
    return LeftOut(hidden, np.array([3.0, 3.0, 4.0]))


def test_every_filler_has_its_lines_in_its_colour():
    """By hand: shares of cuts, a full line, and of slices, a broken one; layers by width below."""
    above, below = plot_hidden(check()).axes
    lines = [line for line in above.lines if len(line.get_xdata())]
    best, other = lines[:2], lines[2:]
    assert [line.get_color() for line in lines] == [ARM_COLORS["RSD-s"]] * 2 + [
        ARM_COLORS["RNN-s"]
    ] * 2
    assert best[0].get_linestyle() == "-"
    assert best[1].get_linestyle() == "--"
    assert best[0].get_linewidth() > other[0].get_linewidth()
    assert best[0].get_xydata().tolist() == [[3, 2], [4, 3]]
    assert other[1].get_xydata().tolist() == [[8, 20]]
    bars = {round(bar.get_x() + bar.get_width() / 2, 6): bar.get_height() for bar in below.patches}
    assert bars == {3: 2, 4: 1, 8: 0}


def test_the_table_holds_the_shares():
    """A row per filler, the best first; cuts and slices by width; who was left out is said."""
    section = check_section(Choice("spline", "signed_distance_spline", "", check=check()))
    assert section is not None
    assert section["groups"] == [
        {"name": "Hidden cuts", "widths": ["3", "4"]},
        {"name": "Hidden slices", "widths": ["8"]},
    ]
    assert [row[0] for row in section["rows"]] == ["signed_distance_spline", "nearest"]
    assert [row[2] for row in section["rows"]] == [
        ["2.00", "3.00", "18.00"],
        ["4.00", "6.00", "20.00"],
    ]
    assert section["notes"] == ["shipped:compact was not compared: it is too small."]
    assert section["sentence"] == f"signed_distance_spline: {check().why()}"


def test_a_filler_that_was_asked_for_has_no_section():
    """Nothing was compared."""
    assert check_section(Choice("nearest", "nearest", "it was asked for.")) is None


def test_page_record_and_verdict_tell_the_choice(tmp_path, monkeypatch):
    """A stack that is filled by the best filler says so in all three, in the same words."""
    monkeypatch.setattr(judging, "shipped_networks", list)
    solid = np.asarray(sum(np.indices((25, 28, 30))) % 16 < 8)[::3]
    tifffile.imwrite(tmp_path / "s.tif", solid.astype(np.uint8) * np.uint8(255))
    told = []
    filled = fill_stack(
        tmp_path / "s.tif",
        tmp_path / "v.tif",
        voxel="2.5nm",
        spacing="7.5nm",
        page=stack_page,
        progress=lambda *each: told.append(each[0]),
    )
    assert filled.choice.check is not None
    sentence = filled.choice.check.why()
    assert filled.record["filler"]["why"] == filled.record["check"]["why"] == sentence
    assert any(sentence in each for each in filled.verdict)
    page = (tmp_path / "v.html").read_text()
    assert page.count(sentence) >= 2
    (section,) = re.findall(r'<section id="check">.*?</section>', page, re.S)
    assert section.count('<th scope="row">') == len(filled.choice.check.expected)
    assert "comparing fillers" in told
    assert (
        fill_verdict(filled.loaded, filled.gapped, filled.choice, filled.directions)
        == filled.verdict
    )


@pytest.mark.parametrize("filler", ["nearest", "shape_based"])
def test_what_was_asked_for_is_not_compared(tmp_path, filler):
    """The check costs nothing where nobody wants it."""
    solid = np.asarray(sum(np.indices((25, 28, 30))) % 16 < 8)[::3]
    tifffile.imwrite(tmp_path / "s.tif", solid.astype(np.uint8) * np.uint8(255))
    filled = fill_stack(
        tmp_path / "s.tif", tmp_path / "v.tif", voxel="2nm", spacing="6nm", filler=filler
    )
    assert filled.record["check"] is None
    assert len(filled.verdict) == 3
