"""Tables of depths in every form in which microscopes and spreadsheets write them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fibgap.depths import Depths, read_table, write_table
from fibgap.errors import InputError


@pytest.fixture
def table(tmp_path):
    """Write a table and return its path."""

    def write(text, encoding="utf-8"):
        path = tmp_path / "depths.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def nm_of(path, **options):
    """Return the depths of a table in nm."""
    return read_table(path, **options).depths_nm.tolist()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    depths=st.lists(st.integers(1, 99_999), min_size=2, max_size=9, unique=True).map(sorted),
    separator=st.sampled_from(["\t", ";", "; ", " ", "   "]),
    comma=st.booleans(),
    unit=st.sampled_from([("nm", 0), ("um", 3), ("\u00b5m", 3), ("mm", 6), ("m", 9)]),
    title=st.sampled_from(["z_{}", "z[{}]", "Depth_{}", "zpos({})"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_every_form_gives_the_same_depths(
    table, depths, separator, comma, unit, title, encoding, end
):
    """Separator, decimal mark, unit, encoding and ends of lines are forms of one and the same."""
    name, exponent = unit
    lines = [f"slice{separator}{title.format(name)}"]
    for number, depth in enumerate(depths):
        # A depth in hundredths of a nm, written in full in the table's unit.
        text = f"{depth / 100 / 10**exponent:.{exponent + 2}f}"
        lines.append(f"{number:04d}{separator}{text.replace('.', ',') if comma else text}")
    found = read_table(table(end.join([*lines, ""]), encoding))
    # A float that is nearest to the decimal number in nm, written by another way of division.
    np.testing.assert_allclose(found.depths_nm, np.array(depths) / 100, rtol=1e-12)
    assert found.source == "measured"
    assert not found.turned


@pytest.mark.parametrize(
    "text",
    [
        "slice,z_um\n1,0.0100\n2,0.0203\n3,0.0290\n",
        '"slice","z (um)"\n"1","0,0100"\n"2","0,0203"\n"3","0,0290"\n',  # quoted decimal commas
        ",z_um\n0,0.0100\n1,0.0203\n2,0.0290\n",  # a data frame's index
        "sep=;\nslice;z_um\n1;0,0100\n2;0,0203\n3;0,0290\n",  # a spreadsheet's mark
        "z_um\n0.0100\n0.0203\n0.0290\n",
        "z_um\n0,0100\n0,0203\n0,0290\n",  # one column, decimal commas
        "# slice z_um\n1 0.0100\n2 0.0203\n3 0.0290\n",  # names in a comment
        "# a log of 3 slices\n% of a day\nslice z_um\n1 0.0100\n// skipped\n2 0.0203\n3 0.0290\n",
        "slice;z;by\n;um;\n1;0,0100;A\n2;0,0203;A\n3;0,0290;B\n",  # units in a line of their own
        "Stage log\nslice,z_um\n1,0.0100\n2,0.0203\n3,0.0290\n",  # a title
        "10 nm\n20.3 nm\n0.029 um\n",  # units beside the numbers
        "a.tif 10 nm\nb.tif 20.3 nm\nc.tif 29 nm\n",
        "slice,x [mm],y [mm],z [m],time\n1,5,3,1e-8,10:00\n2,5,3,2.03E-8,10:01\n3,5,3,2.9e-8,9:9\n",
        "no.,thickness_um,total thickness (nm)\n1,9,10\n2,9,20.3\n3,9,29\n".replace(",9,", ",,"),
        "Schnitt;Tiefe (nm)\n1;10,0\n2;20,3\n3;29,0\n",  # the unit says what it is
        "Bild;Tiefe\n1;10,0 nm\n2;20,3 nm\n3;29,0 nm\n",  # one of two counts slices
        "slice,z_um\n1,0.0100\n2,0.0203\n3,0.0290\n\n  \n,,\n",  # what a spreadsheet leaves
        "slice,z_um\n3,0.0290\n1,0.0100\n2,0.0203\n",  # sorted by slice
    ],
)
def test_depths_by_hand(table, text):
    """Slices at 10, 20.3 and 29 nm, however the table says it."""
    assert nm_of(table(text)) == [10, 20.3, 29]


def test_what_is_taken_is_said(table):
    """A person is told which column was taken, in which unit."""
    notes = read_table(table("slice;Stage Z [\u00b5m];t\n1;0,5;9\n2;0,6;9\n")).notes
    assert notes == ("depth is column 'Stage Z [\u00b5m]' of depths.csv, in \u00b5m.",)


def test_real_increments(table):
    """Names of slices with leading zeros are no depths; µm become nm."""
    found = nm_of(table("slice,z_um\n00100,1.0894\n00101,1.0988\n00102,1.1088\n"))
    assert found == [1089.4, 1098.8, 1108.8]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("0.0\n10.2\n19.7\n", {"unit": "nm"}, [0, 10.2, 19.7]),
        ("5 0.0\n6 10.2\n7 19.7\n", {"unit": "nm"}, [0, 10.2, 19.7]),  # slice numbers
        ("a.tif,0.5\nb.tif,0.6\n", {"unit": "um"}, [500, 600]),
        ("1,0894\n1,0988\n", {"unit": "um", "decimal": ","}, [1089.4, 1098.8]),
        ("4,10\n9,20\n", {"unit": "nm", "decimal": ".", "column": 2}, [10, 20]),
        ("0,10\n1,20\n2,31\n", {"unit": "nm"}, [10, 20, 31]),  # the first column counts on
        ("slice\tz_nm\n1\t1,089\n2\t1,099\n", {"decimal": ","}, [1.089, 1.099]),
        ("a,b_nm\n7,10\n3,20\n", {"column": "b"}, [10, 20]),
        ("a_nm,b_nm\n7,10\n3,20\n", {"column": "B_nm"}, [10, 20]),
        ("a,b_nm\n7,10\n3,20\n", {"column": 2, "kind": "thickness", "count": 2}, [0, 10]),
        ("1\n2\n3\n", {"unit": "nm", "column": 1}, [1, 2, 3]),  # asked for by name
    ],
)
def test_what_a_table_leaves_open_is_given(table, text, options, expected):
    """Unit, column, kind and decimal mark can be given where the table does not say them."""
    assert nm_of(table(text), **options) == expected


def test_thicknesses_add_up(table):
    """The depth of a slice is the sum of the thicknesses before it: 0, 10, 19 nm."""
    path = table("slice,thickness_nm\n1,10\n2,9\n3,11\n")
    found = read_table(path, count=3)
    assert found.depths_nm.tolist() == [0, 10, 19]
    assert found.notes[1].endswith("the last one, 11 nm, does not count.")
    # One thickness fewer than slices: all of them lie between slices.
    found = read_table(path, count=4)
    assert found.depths_nm.tolist() == [0, 10, 19, 30]
    assert found.notes[1].endswith("the thicknesses before it.")


def test_deviations_come_along(table):
    """A column of standard deviations belongs to depths; those of thicknesses add in squares."""
    found = read_table(table("depth_um,sd_nm\n0.02,4\n0.01,3\n"))
    assert found.turned
    assert found.sd_nm.tolist() == [3, 4]
    found = read_table(table("thickness_nm,sigma\n10,3\n10,4\n10,1\n"))
    assert found.sd_nm.tolist() == [0, 3, 5]
    with pytest.raises(InputError, match=r"line 3: sd_nm is -4 nm, but a standard deviation"):
        read_table(table("depth_nm,sd_nm\n1,3\n2,-4\n"))


@pytest.mark.parametrize(
    ("thicknesses", "word"), [((10, 9, 11, 8), "next"), (("", 10, 9, 11), "before")]
)
def test_depths_and_thicknesses_that_agree(table, thicknesses, word):
    """Thicknesses beside depths are distances to the next slice or from the one before."""
    rows = zip((0.010, 0.020, 0.029, 0.040), thicknesses, strict=True)
    text = "z_um,dz_nm\n" + "".join(f"{depth:.3f},{step}\n" for depth, step in rows)
    found = read_table(table(text))
    assert found.depths_nm.tolist() == [10, 20, 29, 40]
    assert word in found.notes[1]


def test_rounding_is_no_contradiction(table):
    """10.4, 20.8 and 31.2 nm written in whole nm differ by 11 and 10, and by 10.4 as written."""
    text = "depth_nm,thickness_nm\n10,10.4\n21,10.4\n31,10.4\n"
    assert nm_of(table(text)) == [10, 21, 31]
    # 1.05 nm off cannot be: two depths are rounded by at most 0.5 nm each, 10.4 by 0.05.
    with pytest.raises(InputError, match=r"'thickness_nm' contradicts .* \(line 3 has 8\.9 nm for"):
        read_table(table(text.replace("21,10.4", "21,8.9")))


def test_the_constant_of_a_setting_is_no_thickness(table):
    """A set thickness beside measured depths contradicts them; the person names the one to take."""
    path = table("z_nm,slice thickness (nm)\n0,10\n13,10\n21,10\n")
    with pytest.raises(InputError, match=r"line 2 has 10 nm for 13 nm\); name the one to take"):
        read_table(path)
    assert nm_of(path, column="z_nm") == [0, 13, 21]
    assert nm_of(path, column="slice thickness") == [0, 10, 20]


def test_falling_depths_are_turned_round(table):
    """A stack milled towards the stage's zero comes back from the other end, and says so."""
    found = read_table(table("z_um\n0.030\n0.018\n0.010\n"))
    assert found.depths_nm.tolist() == [10, 18, 30]
    assert found.turned
    assert "turned round" in found.notes[1]
    slices = np.array([[[1, 0]], [[1, 1]], [[0, 0]]])
    stack = found.stack(slices, 2.5)
    np.testing.assert_array_equal(stack.slices, slices[::-1])
    assert found.order(["a", "b", "c"]) == ["c", "b", "a"]
    with pytest.raises(InputError, match="2 slices need as many depths, but 3 came"):
        found.order(slices[:2])


def test_rows_are_taken_by_file_name(table):
    """Rows that name files belong to these slices, whatever their order and their folders."""
    path = table("file,z_um\nD:\\log\\b.tif,0.02\nD:\\log\\a.tif,0.01\nD:\\log\\c.tif,0.03\n")
    assert nm_of(path, names=["x/a.tif", "x/b.tif", "x/c.tif"]) == [10, 20, 30]
    # Segmented files often have another ending; a log may name more than was kept.
    found = read_table(path, names=["a.png", "c.png"])
    assert found.depths_nm.tolist() == [10, 30]
    assert found.notes[-1].endswith("column 'file'; not used: 1, of other files.")
    with pytest.raises(InputError, match=r"names no slice 'd\.tif' in column 'file'"):
        read_table(path, names=["a.tif", "d.tif"])
    # Names that have nothing to do with the table's leave its order.
    with pytest.raises(InputError, match="depths must rise"):
        read_table(path, names=["1.tif", "2.tif", "3.tif"])
    with pytest.raises(InputError, match=r"has 3 depths .* but there are 2 slices"):
        read_table(path, names=["1.tif", "2.tif"])


def test_thicknesses_of_slices_that_are_not_used_count(table):
    """A slice left out is still material: the next one lies below it."""
    path = table("file,thickness_nm\na.tif,10\nb.tif,9\nc.tif,11\n")
    assert nm_of(path, names=["a.tif", "c.tif"]) == [0, 19]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("slice,z_um\n1,0.01\n2,nan\n3,0.03\n", "line 3: z_um 'nan' is no number"),
        ("slice,z_um\n1,nan\n2,0.02\n3,0.03\n", "line 2: z_um 'nan' is no number"),
        ("slice;z_um\na;nan\nb;0.02\n", r"line 2 \('a;nan'\) stands where the first row is wanted"),
        ("z_um\nnan\n0.02\n0.3\n", r"line 2 \('nan'\) stands where the first row"),
        ("slice,z_um\n1,0.01\n2,\n3,0.03\n", "line 3: z_um has no value"),
        ("slice,z_um\n1,0.01\n2,-\n3,0.03\n", "line 3: z_um '-' is no number"),
        ("slice,z_um\n1,0.01\n2,0.02x\n3,0.03\n", "line 3: z_um '0.02x' has the unit 'x'"),
        ("slice,z_um\n1,0.01\n2,0.02 nm\n3,0.03\n", r"'0\.02 nm' is in nm, but um is given"),
        ("slice,z_um\n1,0.01\n\n3,0.03\n", "line 3 is blank between rows"),
        ("slice,z_um\n1,0.01\n,\n3,0.03\n", "line 3 is blank between rows"),
        (
            "slice,z_um\n1,0.01\n2,0.02,9\n3,0.03\n",
            r"line 3 \('2,0.02,9'\) has 3 columns, but mo",
        ),
        ("slice,z_um\n1\n2,0.02\n3,0.03\n", r"line 2 \('1'\) has 1 column, but most lines have 2"),
        ("slice,z_um,w\n1,0.01\n2,0.02\n", r"line 1 \('slice,z_um,w'\) has 3 columns, but the"),
        ("log\n1,0.01\n2,0.02\n", r"line 1 \('log'\) has 1 column, but the lines below it have 2"),
        (
            "slice,z_um\n1,0.01\n2,0.03\n3,0.02\n4,0.04\n",
            "line 3 lies at 30 nm and line 4, the",
        ),
        (
            "slice,z_um\n1,0.01\n2,0.01\n3,0.02\n",
            "line 2 lies at 10 nm and line 3, the next, at",
        ),
        ("slice,z_um\n1,0.04\n2,0.03\n3,0.035\n4,0.01\n", "must fall .* line 3 lies at 30 nm"),
        ("slice,z_um\n1,0.01\n2,0.02\n2,0.03\n", "has slice 2 in line 4 and in line 3"),
        ("slice,dz_nm\n1,10\n2,0\n3,9\n", "line 3: dz_nm is 0 nm, but a thickness is positive"),
        (
            "slice,dz_nm\n1,10\n2,9\n4,11\n",
            r"slice 2 \(line 3\) is followed by slice 4: the",
        ),
        ("slice,z\n1,10\n2,20\n", "column 'z' has no unit of length"),
        ("slice,z (px)\n1,10\n2,20\n", r"column 'z \(px\)' has no unit of length"),
        ("10\n20\n", "column 'column 1' has no unit of length"),
        ("a (nm),b (um),c\n1,10,1\n2,20,2\n", r"could be the depth: 'a \(nm\)', 'b \(um\)'; na"),
        ("z_um,depth_nm\n1,10\n2,20\n", "more than one column that could be the depth: 'z_um', 'd"),
        (
            "3.5 10\n4.9 20\n",
            "more than one column that could be the depth: 'column 1', 'colu",
        ),
        (
            "slice,time_s\n1,10\n2,20\n",
            r"no column of depths .* \(its columns are 'slice', 'time",
        ),
        ("1\n2\n3\n", "whole numbers that rise by one count slices"),
        ("slice,z_um,Z_um\n1,1,1\n2,2,2\n", "has two columns of the name 'z_um'"),
        ("z_um\n0.01\n", "has 1 depth, but at least 2 are needed"),
        ("1,0894\n1,0988\n", "the comma in line 1 .* can be a decimal comma or separate columns"),
        ("slice 1,10\nslice 2,20\n", "the comma in line 1 .* decimal comma or separate columns"),
        ("n\tz_nm\n1\t1,089\n2\t1,099\n", "comma in line 2 .* decimal comma or group thousands"),
        ("n;z_nm\n1;1,5\n2;2.5\n", r"line 2 has a decimal comma \('1,5'\), but line 3 a point"),
        ("n;z_nm\n1;1.089,5\n2;1.099,5\n", "no column of depths"),
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("slice,z_um\n", "has no line with a number"),
        (b"PK\x03\x04\x14\x00\x06\x00", "is a workbook or an archive: save the table as CSV"),
        (b"II*\x00\x08\x00\x00\x00\x01\x02", "is no text"),
        (b"\x89HDF\r\n\x1a\n\x00\x00", "is no text"),
    ],
)
def test_what_is_no_table_of_depths_fails_by_line(table, text, message):
    """What cannot be a depth is refused in one sentence that names the file and the line."""
    path = table(text)
    with pytest.raises(InputError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "nm"}, "column 'z_um' of file .* is in um, but nm is given as its unit"),
        ({"unit": "px"}, "the unit of depths is 'px', which is no unit of length"),
        ({"kind": "height"}, "kind must be one of depth, thickness, but is 'height'"),
        ({"kind": "thickness"}, "no column of depths or thicknesses"),
        ({"decimal": "'"}, "decimal must be '.' or ','"),
        ({"column": "w"}, "has no column 'w'; its columns are 'slice', 'z_um'"),
        ({"column": 3}, "has no column '3'"),
        ({"column": 0}, "has no column '0'"),
        ({"count": 2}, r"has 3 depths \(the last in line 4\), but there are 2 slices"),
        ({"count": 4}, r"has 3 depths \(the last in line 4\), but there are 4 slices"),
        ({"column": "z_um", "kind": "thickness", "count": 9}, "has 3 thicknesses .* are 9 slices"),
    ],
)
def test_what_a_person_gives_must_fit_the_table(table, options, message):
    """A unit, a column or a number of slices that the table contradicts is refused by name."""
    with pytest.raises(InputError, match=message):
        read_table(table("slice,z_um\n1,0.01\n2,0.02\n3,0.03\n"), **options)


def test_a_missing_file_and_a_folder_fail_by_name(tmp_path):
    """A path that is no file is refused."""
    with pytest.raises(InputError, match=r"nothing\.csv does not exist"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_table(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="0123456789.,;\t -#nmuz\n\"'a", max_size=60))
def test_no_text_is_a_defect(table, text):
    """Whatever a file holds, it is read as increasing depths or refused as input."""
    try:
        found = read_table(table(text), unit="nm")
    except InputError:
        return
    assert all(after > before for before, after in pairwise(found.depths_nm))


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_written_is_read_again(tmp_path, turned):
    """Depths, deviations and the order of slices survive a file bit for bit."""
    depths = np.array([0.1, 1 / 3, 1089.4])
    given = Depths(
        depths, "fused", np.array([0.0, 0.25, 1 / 7]), ("a note, with a comma.",), turned
    )
    path = tmp_path / "out.csv"
    write_table(path, given)
    found = read_table(path, count=3)
    np.testing.assert_array_equal(found.depths_nm, given.depths_nm)
    np.testing.assert_array_equal(found.sd_nm, given.sd_nm)
    assert found.turned == turned
    write_table(path, Depths(depths, "nominal", turned=turned), ["z_3.tif", "b, c.tif", "a.tif"])
    with pytest.raises(InputError, match="2 names came for 3 slices"):
        write_table(path, given, ["a.tif", "b.tif"])
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["# depths of slices; source: nominal", "slice,depth_nm"]
    assert lines[2] == ("z_3.tif,1089.4" if turned else "z_3.tif,0.1")
    found = read_table(path, names=["z_3.tif", "b, c.tif", "a.tif"])
    assert found.turned == turned
    np.testing.assert_array_equal(found.depths_nm, depths)
