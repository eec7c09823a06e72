"""The page of many own stacks: what is on it, and nothing from elsewhere."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from fibgap.report.figures.cut import write_picture, zx_cut
from fibgap.report.figures.showcase import MISSING, PALETTE, PORE, SOLID
from fibgap.report.stacks_page import StackSection, read_stack, stacks_frame, stacks_page
from fibgap.stack import GappedVolume

#: Layers 0, 1 and 4 are known; the plane in the middle is solid on its left.
SLICES = np.zeros((3, 3, 6), dtype=bool)
SLICES[:, 1, :2] = True
GAPPED = GappedVolume(SLICES, np.array([0, 1, 4]), 2.5, 0, 2.5, 3)


def written(folder: Path, name: str = "foam", **measured: object) -> StackSection:
    """Return a stack with one volume, as the rules write it."""
    (folder / name / "measures").mkdir(parents=True)
    error = {"along_z": 0.125, "in_plane": 0.0625}
    values = {
        folder / f"{name}.json": {"verdict": ["Six slices."], "warnings": ["thin slices"]},
        folder / name / "by_net.json": {
            "filler": {"name": "network", "weights": "/home/nets/gold.safetensors"},
            "volume": {"file": "by_net.tif"},
            "warnings": ["thin slices", "it was <empty>"],
        },
        folder / name / "measures/by_net.json": {
            "solid_fraction": 0.25,
            "misclassified": None,
            "anisotropy": {"tpcf": error, "d": {"along_z": None, "in_plane": None}},
            "warnings": [],
            **measured,
        },
    }
    for path, content in values.items():
        path.write_text(json.dumps(content))
    for path in (folder / f"{name}.png", folder / name / "by_net.png"):
        write_picture(path, zx_cut(GAPPED))
    return read_stack(name, folder, {"by_net": 2.5})


def test_the_page_has_every_number_and_loads_nothing(tmp_path: Path) -> None:
    """Verdict, numbers and links to the files beside it; a dash for what is undefined."""
    page = stacks_page("Own stacks: mine", [written(tmp_path)], ["snakemake stacks"])
    assert "1 stack, filled to 1 volume." in page
    assert "Six slices." in page
    cells = re.findall(r"<td[^>]*>(.*?)</td>", page, flags=re.DOTALL)
    assert cells[:-1] == [
        "network, gold",
        "25.0 %",
        "0.125<small>y, x: 0.062</small>",
        "–<small>y, x: –</small>",
        "2.5",
    ]
    assert re.findall(r'href="([^#"]+)"', page) == [
        "foam/by_net.tif",
        "foam/by_net.html",
        "foam/by_net.json",
    ]
    assert "Misclassified</th>" not in page
    assert not re.findall(r'src="(?!data:)', page)


def test_warnings_are_told_once_and_by_their_filler(tmp_path: Path) -> None:
    """What is wrong with the stack is no fault of a filler."""
    page = stacks_page("", [written(tmp_path)], [])
    found = re.findall(r"<li>(.*?)</li>", page)
    assert found == ["thin slices", "by_net: it was &lt;empty&gt;"]
    assert "Something looks wrong with foam" in page


def test_the_table_has_a_row_per_volume(tmp_path: Path) -> None:
    """The numbers of the page and more of their digits, by names of columns."""
    stacks = [written(tmp_path, name, misclassified=0.03125) for name in ("foam", "sponge")]
    frame = stacks_frame(stacks).set_index("stack")
    assert [*frame.index] == ["foam", "sponge"]
    row = frame.loc["foam"]
    assert (row["filler"], row["filled_by"], row["warnings"]) == ("by_net", "network, gold", 2)
    assert (row["anisotropy_tpcf"], row["in_plane_tpcf"], row["seconds"]) == (0.125, 0.0625, 2.5)
    assert row["voxel_error"] == 0.03125
    assert np.isnan(float(row["anisotropy_d"] or np.nan))
    assert "3.12 %" in stacks_page("", stacks, [])


@pytest.mark.parametrize("filled", [False, True])
def test_a_cut_shows_the_plane_in_the_middle(tmp_path: Path, filled: bool) -> None:
    """z runs downwards, missing layers are grey until they are filled, slices have a mark."""
    volume = np.zeros((5, 3, 6), dtype=bool)
    volume[:, 1, 2:] = True  # another plane than that of the slices, so that it is seen
    picture = zx_cut(GAPPED, volume if filled else None)
    write_picture(tmp_path / "cut.png", picture)
    assert np.array_equal(np.rint(imread(tmp_path / "cut.png")[..., :3] * 255), picture)
    marks = (picture[:, 0] != 255).any(axis=1)
    assert marks.tolist() == [True, True, False, False, True]
    assert (picture[:, 3] == 255).all()
    shown = [[SOLID] * 2 + [PORE] * 4 if known else [MISSING] * 6 for known in marks]
    if filled:
        shown = [[PORE] * 2 + [SOLID] * 4] * 5
    assert np.array_equal(picture[:, 4:], np.rint(255 * PALETTE[np.array(shown)]))


def test_a_large_stack_is_cut_about_its_widest_gap() -> None:
    """The window lies inside, about the gap between layers 1 and 4, and shows the middle of x."""
    picture = zx_cut(GAPPED, window=3)
    assert picture.shape == (3, 3 + 1 + 3, 3)
    assert (picture[:, 0] != 255).any(axis=1).tolist() == [True, False, False]
