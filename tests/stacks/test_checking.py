"""A check says what a stack is, and everything that is wrong with it, and writes nothing."""

import json

import numpy as np
import pytest
import tifffile

from fibgap.errors import FibgapWarning
from fibgap.stacks import check_stack

from .conftest import DEPTHS, write_table


def test_a_good_stack(folder, table, tmp_path):
    """It counts layers: slices lie on 12 of those from 0 to 90 nm in steps of 2.5 nm."""
    before = sorted(tmp_path.rglob("*"))
    checked = check_stack(folder, depths=table)
    assert checked.problems == checked.warnings == ()
    assert checked.placement["n_layers"] == 37
    assert checked.placement["n_slices"] == 12
    assert checked.placement["largest_gap_layers"] == 4  # from 17.5 to 30 nm
    assert sorted(tmp_path.rglob("*")) == before
    text = "\n".join(checked.lines())
    assert "12 slices of 24 x 28 pixels, type uint8" in text
    assert "37 layers of 2.5 nm, 12 known and 25 to be filled" in text
    assert json.loads(json.dumps(checked.to_dict(), allow_nan=False))["can_be_filled"] is True


def test_all_problems_at_once(tmp_path):
    """No pixel size, three labels and no depths are three sentences, not three attempts."""
    labels = np.random.default_rng(0).integers(0, 3, (6, 10, 10)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    checked = check_stack(tmp_path / "labels.tif")
    assert len(checked.problems) == 3
    for problem, words in zip(
        checked.problems, ("pixel size", "3 grey values", "where the slices lie"), strict=True
    ):
        assert words in problem
    assert checked.loaded is None
    assert checked.placement == {}
    assert checked.facts["slices"] == 6
    assert [*checked.lines()] == ["images: 6 slices of 10 x 10 pixels, type uint8"]


def test_slices_that_share_a_layer_are_counted(folder, tmp_path):
    """Two slices 1 nm apart lie on one layer of 2.5 nm: one of them counts between layers only."""
    depths = DEPTHS.copy()
    depths[1] = 1.0
    checked = check_stack(folder, depths=write_table(tmp_path / "d.csv", depths))
    assert checked.placement["n_sharing"] == 1
    assert "of 12 slices 1 share a layer" in [*checked.lines()][-1]


def test_warnings_are_told_beside_problems(folder, tmp_path):
    """What is suspicious is told though the stack cannot be filled for another reason."""
    with pytest.warns(FibgapWarning):
        checked = check_stack(
            folder, depths=write_table(tmp_path / "d.csv", np.arange(12.0)), phase=7
        )
    assert any("slice numbers" in warning for warning in checked.warnings)
    assert "label 7 is not in the stack" in checked.problems[0]


def test_fillers_are_compared_if_that_is_asked_for(folder, table):
    """The same check as that of a fill, in the facts and in lines, and nothing is written."""
    before = sorted(folder.parent.rglob("*"))
    checked = check_stack(folder, depths=table, judge=True)
    assert checked.choice is not None
    found = checked.to_dict()["check"]
    assert found["taken"] in found["fillers"]
    assert f"{found['taken']}: {found['why']}" in [*checked.lines()]
    assert sorted(folder.parent.rglob("*")) == before
    assert check_stack(folder, depths=table).to_dict()["check"] is None


def test_a_stack_of_too_few_slices_is_not_judged(tmp_path, solid):
    """The usual filler is named, with the reason."""
    tifffile.imwrite(tmp_path / "s.tif", solid[:5].astype(np.uint8))
    with pytest.warns(FibgapWarning, match="drift"):  # so coarse that they seem to be shifted
        checked = check_stack(tmp_path / "s.tif", spacing="9nm", voxel="3nm", judge=True)
    assert "needs 8 of them, but this one has 5" in [*checked.lines()][-1]
