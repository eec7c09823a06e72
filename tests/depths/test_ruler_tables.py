"""Tables of rulers: windows around lines, or widths."""

import numpy as np
import pytest

from fibgap.depths import Depths, RulerLine, is_ruler, read_ruler_table, read_table, write_table
from fibgap.errors import InputError


def table(tmp_path, text, name="ruler.csv"):
    """Write a table."""
    path = tmp_path / name
    path.write_text(text)
    return path


def test_lines_and_their_windows(tmp_path):
    """Columns are found by their first word, in any order; a name is optional."""
    text = "name;angle (deg);X [px];y;width;height\nleft;15,5;20;2;24;30\nstays;0;60;2;24;30\n"
    path = table(tmp_path, text)
    assert is_ruler(path)
    assert read_ruler_table(path) == (
        RulerLine(20, 2, 24, 30, 15.5, "left"),
        RulerLine(60, 2, 24, 30, 0, "stays"),
    )
    bare = table(tmp_path, "x,y,w,h,angle\n1,2,24,30,-15\n2,2,24,30,0\n")
    assert read_ruler_table(bare)[0] == RulerLine(1, 2, 24, 30, -15, "0")


def test_widths(tmp_path):
    """Widths are in pixels or have a unit of length, and may have deviations of their own."""
    widths = read_ruler_table(table(tmp_path, "slice,width_px\n0,100\n1,98.5\n"))
    assert widths.in_pixels
    assert widths.to_nm(2.0)[0].tolist() == [200, 197]
    assert widths.sd is None
    widths = read_ruler_table(table(tmp_path, "slice,width [um],sd_nm\n0,1.0,2\n1,0.9,3\n"))
    assert widths.to_nm(7.0)[0].tolist() == pytest.approx([1000, 900])
    assert widths.to_nm(7.0)[1].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y,width,angle\n1,2,24,15\n", "has no column 'height': a ruler of lines needs"),
        ("x,y,height\n1,2,24\n", "has no column 'width'"),
        ("slice,remark_1\n0,5.5\n", "is no table of a ruler: it has neither the columns x, y"),
        ("x,y,width,height,angle\n1.5,2,24,24,15\n", "line 2: x is 1.5, but a window has whole"),
        ("x,y,width,height,angle\n1,2,24,24,steep\n", "line 2: angle is 'steep', not a number"),
        ("slice,width\n0,100\n1,98\n", "column 'width' has no unit of length"),
        ("slice,width_nm\n0,100\n1,\n", "line 3: width_nm has no value"),
    ],
)
def test_what_is_no_ruler_is_told_by_name(tmp_path, text, message):
    """A missing column and a cell without a number are named."""
    with pytest.raises(InputError, match=message):
        read_ruler_table(table(tmp_path, text))


def test_a_table_of_depths_is_no_ruler(tmp_path):
    """Depths beside the widths of images are depths."""
    assert not is_ruler(table(tmp_path, "slice,z_nm,width_px\n0,0,512\n1,10,512\n"))
    assert is_ruler(table(tmp_path, "slice,width_nm\n0,100\n1,98\n"))


@pytest.mark.parametrize("source", ["images", "ruler", "fused", "nominal", "measured"])
def test_written_depths_come_back(tmp_path, source):
    """Depths, their source and all deviations are the same after writing and reading."""
    depths = Depths(
        np.array([0.0, 9.1, 21.3, 30.0]),
        source,
        np.array([0.0, 1, 2, 3.3]),
        thickness_sd_nm=np.array([1.0, 1.5, 2.5]),
    )
    write_table(tmp_path / "d.csv", depths)
    found = read_table(tmp_path / "d.csv", count=4)
    assert found.source == source
    np.testing.assert_array_equal(found.depths_nm, depths.depths_nm)
    np.testing.assert_array_equal(found.sd_nm, depths.sd_nm)
    np.testing.assert_array_equal(found.thickness_sd_nm, depths.thickness_sd_nm)
    assert any("column 'thickness_nm' agrees with it" in note for note in found.notes)
    assert not is_ruler(tmp_path / "d.csv")


def test_written_depths_of_a_turned_stack(tmp_path):
    """Rows are those of the slices as delivered, from the deepest one up."""
    depths = Depths(
        np.array([0.0, 10, 25]), "images", np.array([0, 1, 2.0]), (), True, np.array([1, 1.5])
    )
    write_table(tmp_path / "d.csv", depths, ["c.tif", "b.tif", "a.tif"])
    lines = (tmp_path / "d.csv").read_text().splitlines()
    assert lines[2] == "c.tif,25.0,2.0,15.0,1.5"
    found = read_table(tmp_path / "d.csv", names=["c.tif", "b.tif", "a.tif"])
    assert found.turned
    assert found.depths_nm.tolist() == [0, 10, 25]
    assert found.sd_nm.tolist() == [0, 1, 2]
