"""Where slices lie, for a stack on disk: from its images, a ruler in them, and both."""

import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from fibgap import fill_stack, simulate, stack_depths
from fibgap.cli import main
from fibgap.depths import RulerLine, read_ruler_table, read_table
from fibgap.errors import FibgapWarning, InputError
from fibgap.report.stack_page import stack_page
from fibgap.stacks import check_stack, load_stack
from fibgap.synthetic.structure import Level, generate_volume

#: A structure with waves of 18 pixels, sliced at 4 ± 1.2; voxels of 2.5 nm.
STACK = {"shape": (64, 128, 144), "wavelength": "45nm", "solid_fraction": 0.5}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A grey, blurred and noisy stack with a ruler above the structure."""
    return simulate(tmp_path_factory.mktemp("s") / "try", **STACK, grey=True, ruler=True)


@pytest.fixture
def how(made):
    """How that stack is read."""
    return {"otsu": True, "mask": made.mask, "ruler": made.ruler}


def errors(found, made):
    """Return the errors of depths in nm, but for a common shift."""
    return found.depths_nm - made.stack.depths_nm - (found.depths_nm[0] - made.stack.depths_nm[0])


def test_a_simulated_ruler_is_where_its_table_says(made):
    """The strip lies above the structure, and windows lie in the strip."""
    first = tifffile.imread(made.slices / "slice_0000.tif")
    assert first.shape == (128 + 32, 144)
    mask = tifffile.imread(made.mask)
    assert not mask[:32].any()
    assert mask[32:].all()
    lines = read_ruler_table(made.ruler)
    assert [line.name for line in lines] == ["left", "middle", "right"]
    assert lines[0].angle_deg == -lines[2].angle_deg > 0
    assert lines[1] == RulerLine(60, 0, 24, 32, 0, "middle")
    assert simulate(made.folder.parent / "bare", **STACK).ruler is None


def test_every_source_is_found_and_held_against_the_others(made, how):
    """Ruler, images and both agree with the truth within their deviations; a wrong mean does not.

    Slices are 10 nm thick on average; images of this size tell a mean to some 10 %, so 16 nm
    contradict them as well as the ruler.
    """
    ruler, images = (
        pytest.warns(FibgapWarning, match=f"nominal depths contradict {name}")
        for name in ("ruler", "images")
    )
    with ruler, images:
        found = stack_depths(made.slices, spacing="16nm", **how)
    assert set(found.sources) == {"ruler", "images", "fused", "nominal"}
    assert found.chosen == "fused"
    for name in ("ruler", "images", "fused"):
        depths = found.sources[name]
        ratio = errors(depths, made)[1:] / np.hypot(depths.sd_nm[1:], depths.sd_nm[0])
        assert np.sqrt(np.mean(ratio**2)) < 2, name
        # Errors of a random walk are alike; a constant would be off by 3 nm a slice.
        assert np.diff(errors(depths, made)).std() < 1.6, name
    ruler, fused = (np.diff(errors(found.sources[name], made)).std() for name in ("ruler", "fused"))
    assert fused < 1.1 * ruler
    assert any(line.startswith("nominal depths contradict images") for line in found.sentences)
    assert any(line.startswith("ruler depths agree with images") for line in found.sentences)
    assert any(line.startswith("in the planes, structures are") for line in found.sentences)
    table = [*found.table()]
    assert len(table) == len(made.stack.depths_nm) + 1
    assert json.dumps(found.to_dict())


def test_what_is_written_fills_the_stack(made, how, tmp_path):
    """The CSV of one command is the input of the other; records and page say the source."""
    with pytest.warns(FibgapWarning):
        found = stack_depths(
            made.slices, tmp_path / "d.csv", plot=tmp_path / "d.png", depths="ruler", **how
        )
    assert found.outputs == (tmp_path / "d.csv", tmp_path / "d.png")
    assert (tmp_path / "d.png").stat().st_size > 10_000
    back = read_table(tmp_path / "d.csv", count=len(found.depths.depths_nm))
    np.testing.assert_array_equal(back.depths_nm, found.depths.depths_nm)
    assert back.source == "ruler"
    filled = fill_stack(
        made.slices,
        tmp_path / "v.tif",
        depths=tmp_path / "d.csv",
        otsu=True,
        mask=made.mask,
        filler="nearest",
        page=stack_page,
    )
    record = json.loads((tmp_path / "v.json").read_text())
    assert record["stack"]["depths"] == "ruler"
    assert record["depths_sd_nm"] == [round(each, 6) for each in found.depths.sd_nm]
    assert len(record["thickness_sd_nm"]) == len(record["depths_nm"]) - 1
    page = (tmp_path / "v.html").read_text()
    assert "ruler: the distance of lines that were milled at an angle; standard deviation" in page
    assert "Bands hold 95 %" in page
    assert "at depths that a ruler told" in filled.verdict[0]


@pytest.mark.parametrize("source", ["images", "fused", "ruler", "table"])
def test_a_stack_is_filled_by_any_source(made, how, source):
    """The word says the source; a table of a ruler given as depths is the ruler."""
    if source == "table":
        how |= {"depths": how.pop("ruler")}
    else:
        how |= {"depths": source}
    if source == "images":
        del how["ruler"]
    loaded = load_stack(made.slices, **how)
    assert loaded.depths.source == ("ruler" if source == "table" else source)
    assert np.diff(errors(loaded.depths, made)).std() < 1.6
    assert loaded.facts["depth_sd_nm"] > 0
    assert loaded.facts["thickness_error_nm"] > 0
    if source != "images":
        assert made.ruler in loaded.files
        assert any(note.startswith("lines of the ruler were tracked") for note in loaded.notes)


def test_a_known_total_fixes_the_scale(made):
    """Depths from images end where the total says."""
    loaded = load_stack(made.slices, otsu=True, mask=made.mask, depths="images", total="0.123um")
    assert loaded.stack.depths_nm[-1] == pytest.approx(123)
    assert loaded.depths.sd_nm[-1] == pytest.approx(0, abs=1e-6)


def test_widths_that_somebody_read(made, tmp_path):
    """Widths in pixels with an angle and an error are a ruler, too."""
    widths = 100 - 2 * np.tan(np.deg2rad(30)) * made.stack.depths_nm / 2.5
    rows = "\n".join(f"{index},{width:.4f}" for index, width in enumerate(widths))
    path = tmp_path / "widths.csv"
    path.write_text(f"slice,width_px\n{rows}\n")
    how = {"otsu": True, "mask": made.mask, "ruler": path, "ruler_angle": 60.0}
    loaded = load_stack(made.slices, **how, ruler_sd="0.5px")
    np.testing.assert_allclose(errors(loaded.depths, made), 0, atol=1e-3)
    np.testing.assert_allclose(loaded.depths.sd_nm, 0.5 * 2.5 / (2 * np.tan(np.pi / 6)))
    for changes, message in (
        ({"ruler_angle": None, "ruler_sd": "1nm"}, r"full angle between its lines \(ruler_angle\)"),
        ({}, "does not say how well its widths were read"),
        ({"ruler_sd": "1nm", "ruler_angle": 0.0}, "between 0 and 180 degrees, but is 0"),
        ({"ruler_sd": "1nm", "ruler_angle": 180.0}, "between 0 and 180 degrees, but is 180"),
        ({"ruler_sd": "0.5"}, "has no unit"),
    ):
        with pytest.raises(InputError, match=message):
            load_stack(made.slices, **how | changes)
    path.write_text("slice,width_px\n0,100\n1,90\n")
    with pytest.raises(InputError, match=r"has 2 widths, but there are \d+ slices"):
        load_stack(made.slices, **how, ruler_sd="1nm")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"depths": "fused"}, r"those of a ruler \(fused\), but there is none \(ruler\)"),
        ({"depths": "ruler"}, "but there is none"),
        ({"ruler_angle": 60.0}, "ruler_angle 60.0 is given, but no table of a ruler"),
        ({"total": "100nm"}, "total of 100nm is given, which is of use to depths from images"),
        ({"depths": "images", "spacing": "10nm"}, "one of them says where slices lie"),
        ({"depths": "images", "depth_unit": "nm"}, "depth_unit 'nm' is given, but no table"),
        ({"ruler": "none.csv"}, "none.csv does not exist"),
    ],
)
def test_what_does_not_fit_together_is_refused(made, how, message):
    """Options without what they belong to are told by name."""
    with pytest.raises(InputError, match=message):
        load_stack(made.slices, otsu=True, mask=made.mask, **how)


def test_a_window_outside_of_the_images_is_told(made, how, tmp_path):
    """A ruler for other images, and one with a column missing, are named; check goes on."""
    text = made.ruler.read_text()
    (tmp_path / "r.csv").write_text(text.replace("left,10,", "left,130,"))
    checked = check_stack(made.slices, **how | {"ruler": tmp_path / "r.csv"})
    assert "window of line left goes from x = 130 to 154" in checked.problems[0]
    assert checked.facts["solid_fraction"] > 0.3
    (tmp_path / "r.csv").write_text(text.replace("height,", "h_,").replace("h_,", "high,"))
    with pytest.raises(InputError, match="has no column 'height'"):
        load_stack(made.slices, **how | {"ruler": tmp_path / "r.csv"})
    with pytest.raises(InputError, match="have angles of their own"):
        load_stack(made.slices, **how, ruler_sd="1nm")


def write(folder, images):
    """Write images of 0 and 255 as a stack of 2.5 nm."""
    tifffile.imwrite(
        folder / "s.tif",
        images.astype(np.uint8) * np.uint8(255),
        imagej=True,
        resolution=(1 / 2.5, 1 / 2.5),
        metadata={"axes": "ZYX", "unit": "nm"},
    )
    return folder / "s.tif"


def test_repeated_and_distant_slices_are_findings(made, tmp_path):
    """Two identical images and a wide gap are warnings with their numbers."""
    slices = made.stack.slices
    twice = np.insert(slices, 3, slices[3], axis=0)
    with pytest.warns(FibgapWarning, match=r"1 of \d+ pairs of slices are identical"):
        found = stack_depths(write(tmp_path, twice))
    assert found.thickness.same[3]
    gap = made.truth[np.r_[0:24:3, 37:55:3]]
    with pytest.warns(FibgapWarning, match=r"1 of 13 pairs of slices are so dissimilar"):
        found = stack_depths(write(tmp_path, gap))
    assert np.flatnonzero(found.thickness.blind).tolist() == [7]
    assert len(found.plot().axes) == 2


@pytest.mark.filterwarnings("ignore:drift from slice to slice")
def test_stacks_that_tell_nothing_are_refused(made, tmp_path):
    """Few slices, one phase, and slices smaller than the structure are errors that say so."""
    slices = made.stack.slices
    with pytest.raises(InputError, match="at least 8 slices, but there are 7"):
        stack_depths(write(tmp_path, slices[:7]))
    empty = slices.copy()
    empty[4] = True
    warned = pytest.warns(FibgapWarning, match=r"1 of \d+ slices hold one single value")
    with warned, pytest.raises(InputError, match="slice 4 shows one value only"):
        stack_depths(write(tmp_path, empty), crop=False)
    coarse = simulate(tmp_path / "c", shape=(60, 96, 96), wavelength="240nm", solid_fraction=0.5)
    part = coarse.stack.slices[:, 40:56, 20:36]
    mixed = np.array([each for each in part if 0 < each.mean() < 1])
    assert len(mixed) >= 8
    with pytest.raises(InputError, match="smaller than their structure"):
        stack_depths(write(tmp_path, mixed), crop=False)


def test_a_cut_along_z_tells_a_stretch(made, tmp_path):
    """A zx-cut of a stretched structure says by how much thickness from images is wrong."""
    fine = [Level(0.5, 20)]
    volume = generate_volume((200, 9, 280), fine, voxel_nm=2.5, seed=np.random.SeedSequence(3))
    cuts = volume.transpose(1, 0, 2)[[0, 8]]
    how = {"otsu": True, "mask": made.mask, "depths": "images"}
    found = stack_depths(made.slices, cut=write(tmp_path, cuts), **how)
    assert "does not deny that the material is isotropic" in found.sentences[-1]
    longer = cuts[:, (np.arange(300) / 1.5).astype(int)]
    with pytest.warns(FibgapWarning, match="times as long along z as across it: multiply"):
        found = stack_depths(made.slices, cut=write(tmp_path, longer), **how)
    factor = float(found.sentences[-1].split(" are ")[1].split()[0])
    # Two cuts of 200 x 280 pixels hold some 1,700 waves of 8 pixels: a factor is known to 4 %.
    assert factor == pytest.approx(1.5, rel=0.12)


def test_the_command(made, tmp_path):
    """It prints a table, or writes it, and JSON has everything."""
    common = [str(made.slices), "--otsu", "--mask", str(made.mask), "--ruler", str(made.ruler)]
    printed = CliRunner().invoke(main, ["depths", *common, "-q", "--json"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout)["chosen"] == "fused"
    shown = CliRunner().invoke(main, ["depths", *common, "--depths", "images"])
    assert "depths of the source 'images', with half of a 95 % band:" in shown.stdout
    out = tmp_path / "d.csv"
    done = CliRunner().invoke(main, ["depths", *common, "-o", str(out)])
    assert done.stdout.endswith(f"written: {out}\n")
    again = CliRunner().invoke(main, ["depths", *common, "-o", str(out)])
    assert again.exit_code == 2
    assert "is there already: choose another name, or replace it (--force)" in again.stderr
    odd = CliRunner().invoke(main, ["depths", *common, "--plot", str(tmp_path / "p.bmp")])
    assert "names no format of pictures" in odd.stderr


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        # Both windows hold the line in the middle, where each follows it.
        (["60,0,24,32,0", "61,0,24,32,-22.5"], "of the ruler have met in slice"),
        (["17,0,24,32,0", "84,0,24,32,0"], "needs two lines whose angles differ: 0, 0 degrees"),
        (["17,0,24,32,180", "84,0,24,32,0"], "lies between -90 and 90 degrees, but is 180"),
    ],
)
def test_a_ruler_of_lines_that_tell_nothing(made, tmp_path, rows, words):
    """Lines that cross, and angles of 0 or 180, are one sentence of the command."""
    ruler = tmp_path / "ruler.csv"
    ruler.write_text("\n".join(["x,y,width,height,angle_deg", *rows]))
    ran = CliRunner().invoke(main, ["depths", str(made.slices), "--otsu", "--ruler", str(ruler)])
    assert ran.exit_code == 2
    assert words in ran.output.splitlines()[-1]


@pytest.mark.parametrize("angle", [0, 180])
def test_an_angle_of_widths_that_tells_nothing(made, tmp_path, angle):
    """Sides that do not approach each other tell no depth."""
    widths = tmp_path / "widths.csv"
    rows = [str(100 - index) for index in range(len(made.stack.slices))]
    widths.write_text("\n".join(["width_px", *rows]))
    how = ["--ruler", str(widths), "--ruler-sd", "1px", "--ruler-angle", str(angle)]
    ran = CliRunner().invoke(main, ["depths", str(made.slices), "--otsu", *how])
    assert ran.exit_code == 2
    words = f"the angle of a ruler lies between 0 and 180 degrees, but is {angle}"
    assert words in ran.output.splitlines()[-1]
