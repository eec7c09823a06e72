"""Fillers on many materials: rows that are added, tables that are made of them."""

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.generality.__main__ import main
from fibgap.experiment.generality.materials import MATERIALS, draw_volume, read_cubes
from fibgap.experiment.generality.page import BEGIN, END, tables, write_page
from fibgap.experiment.generality.trial import classical_fillers, network_fillers
from fibgap.io.volumes import write_volume
from fibgap.network.shipped import resolve_weights, weights_sha256
from fibgap.network.training import own

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--side", "24", "--cut", "16", "--network-volumes", "0")
FEW = ("--materials", "gold", "one level, solid 0.5", "--fillers", "nearest", "linear")


def test_fillers_come_from_the_registries() -> None:
    """What is registered or shipped is tried without being named again."""
    assert {"nearest", "cubic_spline", "signed_distance_spline"} <= set(classical_fillers())
    assert "network" not in classical_fillers()
    assert all(name.startswith("shipped:") for name in network_fillers())


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """Rows that are there stay as they are; a second volume adds its own."""
    rows = tmp_path / "rows.csv"
    assert main([str(rows), *SMALL, *FEW, "--volumes", "1"]) == 0
    first = pd.read_csv(rows)
    # Two materials, the truth and two fillers.
    assert len(first) == 6
    marked = first.assign(seconds=-1.0)
    marked.iloc[:-1].to_csv(rows, index=False)
    assert main([str(rows), *SMALL, *FEW, "--volumes", "2"]) == 0
    found = pd.read_csv(rows)
    assert len(found) == 12
    assert not found.duplicated(["material", "volume", "filler"]).any()
    assert (found["seconds"][:5] == -1).all()
    numbers = ["voxel_error", "truth_tpcf", "anisotropy_lpf", "solid_bias"]
    again = found[(found["volume"] == 0) & (found["filler"] == "nearest")].set_index("material")
    before = first[first["filler"] == "nearest"].set_index("material")
    # Six digits are kept.
    assert np.allclose(again[numbers], before.loc[again.index, numbers], rtol=1e-5, atol=0)
    assert (found.loc[found["filler"] == ORIGINAL, "voxel_error"].isna()).all()


def test_rows_of_other_weights_are_made_anew(tmp_path: Path) -> None:
    """A network that learned again under its name does not keep what the old one reached."""
    rows, weights = tmp_path / "rows.csv", tmp_path / "net.safetensors"
    small = ("--side", "32", "--cut", "0", "--volumes", "1", "--network-volumes", "1")
    command = [str(rows), *small, "--materials", "gold", "--fillers", "nearest", str(weights)]
    shutil.copy(resolve_weights("shipped:general"), weights)
    assert main(command) == 0
    first = pd.read_csv(rows).assign(seconds=-1.0)
    first.to_csv(rows, index=False)
    shutil.copy(resolve_weights("shipped:compact_any"), weights)
    assert main(command) == 0
    found = pd.read_csv(rows).set_index("filler")
    assert len(found) == 3
    assert found.loc["nearest", "seconds"] == -1
    assert found.loc[str(weights), "seconds"] >= 0
    before = first.set_index("filler").loc[str(weights)]
    assert found.loc[str(weights), "voxel_error"] != before["voxel_error"]
    assert (
        found.loc[str(weights), "weights"] == weights_sha256(str(weights))[:16] != before["weights"]
    )
    assert found["weights"].isna()[[ORIGINAL, "nearest"]].all()


def test_the_committed_rows_are_those_of_the_shipped_weights() -> None:
    """No row of the page is left of weights that are shipped no more."""
    rows = pd.read_csv(ROOT / "docs/reproduction/generality/rows.csv").dropna(subset="weights")
    assert set(network_fillers()) == set(rows["filler"])
    for name, each in rows.groupby("filler"):
        assert set(each["weights"]) == {weights_sha256(str(name))[:16]}


def test_the_committed_rows_of_lessons_are_those_of_the_shipped_weights() -> None:
    """They began with the weights that are shipped, and every row asked for a lesson."""
    rows = pd.read_csv(ROOT / "docs/reproduction/generality/learned.csv")
    assert {name.partition("?")[2] for name in rows["filler"]} == {"learn=yes&precision=bf16"}
    for name, each in rows.groupby("filler"):
        assert set(each["weights"]) == {weights_sha256(str(name).partition("?")[0])[:16]}


def test_a_network_learns_from_every_volume_if_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each volume has a lesson of its own, from the weights as they are shipped."""
    monkeypatch.setattr(own, "STEPS", 25)
    monkeypatch.setattr(own.Lesson, "taken", True)  # too short to be better
    rows, name = tmp_path / "rows.csv", "shipped:general"
    small = ("--side", "64", "--cut", "0", "--volumes", "0", "--network-volumes", "1")
    asked = [name, f"{name}?learn=yes", f"{name}?learn=no"]
    assert main([str(rows), *small, "--materials", "gold", "--fillers", *asked]) == 0
    errors = pd.read_csv(rows).set_index("filler")["voxel_error"]
    assert errors[asked[1]] != errors[asked[0]] == errors[asked[2]]


def test_a_network_is_asked_for_more_behind_its_name(tmp_path: Path) -> None:
    """Options change the volume; the name as it was given is the row's; without D, no D."""
    asked = ["shipped:general", "shipped:table_s1?families=zx&threshold=draw"]
    rows = tmp_path / "rows.csv"
    small = ("--side", "32", "--cut", "0", "--volumes", "1", "--network-volumes", "1")
    assert main([str(rows), *small, "--materials", "gold", "--fillers", "nearest", *asked]) == 0
    found = pd.read_csv(rows).set_index("filler")
    assert list(found.index) == [ORIGINAL, "nearest", *asked]
    assert found.loc[asked[0], "voxel_error"] < found.loc[asked[1], "voxel_error"]
    assert "anisotropy_d" not in found
    shown = tables(pd.read_csv(rows))
    assert "Error of LPF" in shown
    assert "Error of D" not in shown


@pytest.mark.parametrize(
    ("filler", "told"),
    [
        ("shipped:general?family=zx", "'family' is none of families, threshold, precision"),
        ("shipped:general?zx", "'zx' is none of families"),
        ("shipped:general?learn=1", "learn is yes or no, but is '1'"),
        ("shipped:general_tiny?families=zx", "no weights are shipped under .*general_tiny"),
        ("nearst", "filler 'nearst' is unknown"),
    ],
)
def test_what_is_asked_has_to_exist(
    filler: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name or an option that there is not ends with one sentence."""
    arguments = [str(tmp_path / "rows.csv"), *SMALL[:4], "--network-volumes", "1"]
    assert main([*arguments, "--volumes", "1", "--materials", "gold", "--fillers", filler]) == 2
    assert re.search(told, capsys.readouterr().err)


@pytest.mark.parametrize("name", MATERIALS)
def test_a_material_is_the_same_every_time(name: str) -> None:
    """A volume follows from its material and its number; another number is another one."""
    one, again, other = (draw_volume(name, index, 24)[0] for index in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert 0 < one.mean() < 1


def test_cubes_of_a_real_volume(tmp_path: Path) -> None:
    """The first cube lies at the first corner, the third at the last, however many there are."""
    volume = np.random.default_rng(0).random((20, 24, 22)) < 0.4
    write_volume(tmp_path / "real.tif", volume, 2.0)
    given = f"rock={tmp_path / 'real.tif'}:255"
    name, cubes = read_cubes(given, 12, 3)
    assert name == "rock"
    assert np.array_equal(cubes[0], volume[:12, :12, :12])
    assert np.array_equal(cubes[2], volume[-12:, -12:, -12:])
    assert np.array_equal(read_cubes(given, 12, 1)[1][0], cubes[0])
    for bad in ("rock", "rock=file", f"={tmp_path}:1", "rock=file:solid"):
        with pytest.raises(InputError, match="NAME=FILE:LABEL"):
            read_cubes(bad, 12, 1)
    with pytest.raises(InputError, match="5 cubes at most, but 6"):
        read_cubes(given, 12, 6)


def test_networks_alone_are_tried_on_real_volumes(tmp_path: Path) -> None:
    """Without a volume for fillers that need no training there are cubes for networks."""
    volume = gaussian_filter(np.random.default_rng(0).normal(size=(30, 30, 30)), 2) > 0
    write_volume(tmp_path / "real.tif", volume, 2.0)
    rows = tmp_path / "rows.csv"
    asked = ("--side", "28", "--cut", "0", "--volumes", "0", "--network-volumes", "1")
    real = ("--materials", "--real", f"rock={tmp_path / 'real.tif'}:255")
    assert main([str(rows), *asked, *real, "--fillers", "shipped:general"]) == 0
    assert "shipped:general" in set(pd.read_csv(rows)["filler"])


def test_tables_hold_means_and_mark_the_lowest(tmp_path: Path) -> None:
    """Means over volumes, the lowest bold, what lies around the marks of a page unchanged."""
    columns = ("truth_tpcf", "truth_lpf", "truth_d", "solid_bias", "seconds")
    columns += ("anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d")
    rows = pd.DataFrame(
        [
            ("gold", 0, "nearest", 0.08),
            ("gold", 1, "nearest", 0.06),
            ("gold", 0, "shipped:small", 0.04),
            ("gold", 0, ORIGINAL, np.nan),
        ],
        columns=["material", "volume", "filler", "voxel_error"],
    ).assign(**dict.fromkeys(columns, 0.5))
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\noutdated\n{END}\nafter\n")
    write_page(page, rows)
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")  # noqa: PT018 - one fact
    assert "outdated" not in text
    assert "| gold | 7.00 | **4.00** |" in text
    assert "| material | *Original* | `nearest` | `small` |" in text
    assert "Fillers without training: 2 volumes per material. Networks: 1 volume" in text
    files = rows.replace({"shipped:small": "weights/rows_2/rows.safetensors", "nearest": "a?b=c"})
    assert "| *Original* | `a?b=c` | `rows_2` |" in tables(files)
    page.write_text("no marks")
    with pytest.raises(InputError, match="lacks the marks"):
        write_page(page, rows)
    with pytest.raises(InputError, match="twice"):
        write_page(page, pd.concat([rows, rows]))


@pytest.mark.parametrize(
    ("page", "table"),
    [("generality.md", "rows.csv"), ("reproduction/generality/choices.md", "choices.csv")],
)
def test_a_page_shows_the_committed_rows(page: str, table: str) -> None:
    """The tables of a page are those of the rows that come with it."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    rows = pd.read_csv(ROOT / "docs/reproduction/generality" / table)
    assert text.split(BEGIN)[1].split(END)[0].strip() == tables(rows).strip()
