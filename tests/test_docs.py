"""The documents say what the code does: examples run, numbers are those of committed tables.

That every link leads somewhere is checked by `make docs`.
"""

import pydoc
import re
import shlex
import textwrap
from collections import Counter
from pathlib import Path

import imageio.v3
import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fibgap import fill, fillers, measure, place_slices, read_tiff
from fibgap.cli import check
from fibgap.cli import fill as fill_command
from fibgap.cli import main as command
from fibgap.experiment.config import check as check_configuration
from fibgap.experiment.config import stack_fillers
from fibgap.experiment.evaluation import measure_volume
from fibgap.experiment.generality.materials import PHANTOMS
from fibgap.experiment.generality.trial import is_network
from fibgap.io.records import gapped_to_record
from fibgap.io.shards import process_shard
from fibgap.io.tiff import write_tiff
from fibgap.measures import registry
from fibgap.network.architecture import Architecture
from fibgap.network.module import Network, count_parameters
from fibgap.network.training import own
from fibgap.stack import GappedVolume
from fibgap.synthetic.milling import cut_slices

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
RUNS = DOCS / "reproduction"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
MEASURES = ("anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d")
TRUTH = ("truth_tpcf", "truth_lpf", "truth_d")
BY_SOURCE = ("voxel_error_all", "voxel_error", "depth_rms_nm", *MEASURES, *TRUTH)


def examples(page: Path) -> list[str]:
    """Return the Python examples of a page, in order."""
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", page.read_text("utf-8"), re.M | re.S)
    return [textwrap.dedent(block) for block in blocks]


def tables(page: Path) -> list[list[list[str]]]:
    """Return the tables of a page: rows of cells, without heads."""
    blocks = re.findall(r"(?:^ *\|.*\n)+", page.read_text("utf-8"), re.M)
    rows = [[line.strip().strip("|").split("|") for line in block.splitlines()] for block in blocks]
    return [[[cell.strip() for cell in row] for row in table[2:]] for table in rows]


def table_after(page: Path, words: str) -> list[list[str]]:
    """Return the first table after some words of a page."""
    rest = page.read_text("utf-8").split(words)[1]
    return tables(page)[len(tables(page)) - len(re.findall(r"(?:^ *\|.*\n)+", rest, re.M))]


def code(page: Path) -> list[str]:
    """Return what stands between backticks on a page, but for blocks."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", text)


# What a page names.


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_and_objects_exist(page: Path) -> None:
    """A page names no file of the project and no object of the library that is not there."""
    folders = "|".join(
        path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."
    )
    for name in code(page):
        if re.fullmatch(rf"(?:{folders})/[\w./*-]+", name) and not name.startswith("results"):
            assert any(ROOT.glob(name.rstrip("/"))), name
        elif re.fullmatch(r"fibgap(\.\w+)+", name):
            assert pydoc.locate(name), name


@pytest.mark.parametrize(("tag", "words"), [("ASSUME", "## Choices"), ("PAPER", "## The paper's")])
def test_every_tag_has_its_row(tag: str, words: str) -> None:
    """A file with n tags in its comments has n rows in the table of that tag."""
    sources = [*ROOT.glob("fibgap/**/*.py"), *ROOT.glob("rules/*.smk")]
    counts = {
        path.relative_to(ROOT).as_posix(): len(re.findall(rf"\b{tag}:", path.read_text("utf-8")))
        for path in [*sources, *ROOT.glob("workflow_scripts/*.py")]
    }
    shown = Counter(row[-1].strip("`") for row in table_after(DOCS / "method.md", words))
    assert shown == {path: count for path, count in counts.items() if count}


def test_every_rule_has_its_row() -> None:
    """The tables of rules hold every rule once, and no other."""
    rules = [
        name
        for path in ROOT.glob("rules/*.smk")
        for name in re.findall(r"^rule (\w+):", path.read_text("utf-8"), re.M)
    ]
    shown = [row[0].strip("`") for table in tables(DOCS / "rules.md")[:5] for row in table]
    assert sorted(shown) == sorted(rules)


# Numbers.


def test_parameters_of_every_layer_are_as_documented() -> None:
    """The layers of Table S1 have the number of parameters that the page gives them."""
    network = Network(Architecture())
    layers = [getattr(network, name) for name in ("features", "a1", "b1", "b2", "b3", "l1", "l2")]
    expected = [f"{count_parameters(layer):,}" for layer in [*layers, network]]
    rows = table_after(DOCS / "method.md", "The layers, for one input channel:")
    assert [row[-1] for row in rows] == expected


def committed(run: str, table: str) -> pd.DataFrame:
    """Return a committed table; the paper's with the arms that another run adds to it."""
    found = pd.read_csv(RUNS / run / f"{table}.csv")
    if run == "paper" and (path := RUNS / "general" / f"{table}.csv").is_file():
        added = pd.read_csv(path)
        added = added[~added["arm"].isin(found["arm"])]
        found = pd.concat([found, added], ignore_index=True)
    return found


def cells(run: str, table: str) -> pd.DataFrame:
    """Return a committed table of cells by arm and measure."""
    frame = committed(run, table)
    return frame.drop_duplicates(["arm", "measure"]).set_index(["arm", "measure"])


def test_the_readme_shows_the_committed_tables() -> None:
    """The README's table has the means of the run over 250 datasets, and the paper's."""
    found = pd.concat([cells("paper", "table_S3"), cells("paper", "table_S4")])
    found = found[~found.index.duplicated()]
    rows = table_after(ROOT / "README.md", "## The result in one table")
    assert {row[0] for row in rows} == set(found.index.get_level_values("arm"))
    for arm, _, *errors, wrong in rows:
        for name, shown in zip(MEASURES, errors, strict=True):
            cell = found.loc[arm, name]
            # Published with four digits: the last one is rounded up at a half, as people do.
            paper = f" ({cell['paper_mean'] + 1e-9:.3f})" if cell["paper_mean"] > 0 else ""
            assert shown.replace("\u00a0", " ") == f"{cell['mean']:.3f}{paper}"
        share = found.loc[(arm, "voxel_error"), "mean"]
        assert wrong == (f"{100 * share:.1f} %" if share > 0 else "")


def test_the_agreement_with_the_paper_is_the_committed_one() -> None:
    """Means, spreads, intervals and verdicts are those of the committed comparison."""
    found = cells("paper", "agreement")
    rows = table_after(DOCS / "reproduction.md", "## The arms of the paper")
    assert len(rows) == len(found)
    for arm, name, mean, interval, paper, verdict in rows:
        cell = found.loc[arm, f"anisotropy_{name.lower()}"]
        assert mean == f"{cell['mean']:.4f} ± {cell['sd']:.4f}"
        assert interval == f"{cell['low']:.4f} to {cell['high']:.4f}"
        assert paper == f"{cell['paper_mean']:.4f} ± {cell['paper_sd']:.4f}"
        assert verdict == cell["verdict"]


def test_closed_shares_are_the_committed_ones() -> None:
    """What a network closes, with its interval, is what the committed table says."""
    found = cells("paper", "shares")
    rows = table_after(DOCS / "reproduction.md", "### How much a network closes")
    assert len(rows) == len(found)
    for name, arm, share, interval, _ in rows:
        cell = found.loc[arm, f"anisotropy_{name.lower()}"]
        assert share == f"{100 * cell['share']:.0f} %"
        assert interval == f"{100 * cell['low']:.0f} to {100 * cell['high']:.0f} %"


@pytest.mark.parametrize(
    ("words", "columns", "run"),
    [
        ("### Against the truth", [*TRUTH, "voxel_error", "solid_fraction"], "paper"),
        ("## The shipped networks side by side", ["", *MEASURES, "voxel_error"], "networks"),
        ("## By source of depths", ["", *BY_SOURCE], "depths"),
    ],
)
def test_means_of_arms_follow_from_the_committed_datasets(
    words: str, columns: list[str], run: str
) -> None:
    """Every mean that a table shows is that of the committed rows per dataset and arm."""
    means = committed(run, "datasets").groupby("arm").mean(numeric_only=True)
    for arm, *shown in table_after(DOCS / "reproduction.md", words):
        for name, cell in zip(columns, shown, strict=False):
            if name and cell not in ("–", "0"):
                number, _, percent = cell.partition(" ")
                mean = means.loc[arm, name] * (100 if percent else 1)
                decimals = len(number.partition(".")[2])
                # Half a digit of rounding, and its own rounding in binary.
                assert float(number) == pytest.approx(mean, abs=0.5001 * 10**-decimals)


def misclassified(table: str) -> pd.DataFrame:
    """Return the mean voxel error by material and filler, without bodies, of a table of rows."""
    rows = pd.read_csv(RUNS / "generality" / f"{table}.csv")
    rows = rows[~rows["material"].isin(list(PHANTOMS))]
    return rows.pivot_table(index="material", columns="filler", values="voxel_error")


def test_what_choices_are_worth_follows_from_the_committed_rows() -> None:
    """Means over materials, extremes and gold are those of the rows, to the digits shown."""
    errors = misclassified("choices")
    assert len(errors) == 17
    trained, small = "weights/{}/{}.safetensors?precision=bf16", "shipped:general_small?{}"
    base, shipped = trained.format("base", "base"), small.format("precision=bf16")
    pairs = [([trained.format(f"base_{seed}", "base") for seed in (7003, 7004)], base)]
    for name in ("rows", "gold_alone", "no_neighbours", "no_mask"):
        pairs.append(([trained.format(name, name)], base))
    pairs.append((["signed_distance_spline"], base))
    for asked in ("families=zx", "threshold=keep_fraction"):
        pairs.append(([small.format(f"{asked}&precision=bf16")], shipped))
    pairs.append(([base], shipped))
    rows = table_after(DOCS / "networks.md", "## What each choice is worth")
    for (names, other), (_, *shown) in zip(pairs, rows, strict=True):
        ratio = errors[names].div(errors[other], axis=0)
        expected = (
            np.exp(np.log(ratio).mean()),
            [ratio.min(axis=None)],
            [ratio.max(axis=None)],
            ratio.loc["gold"],
        )
        for cell, ratios in zip(shown, expected, strict=True):
            told = [each.replace("−", "-") for each in re.findall(r"[+−][\d.]+", cell)]
            # Half of the last digit that is shown.
            atol = 0.5001 * 10.0 ** -len(told[0].partition(".")[2])
            changes = 100 * (np.asarray(ratios) - 1)
            np.testing.assert_allclose(np.array(told, dtype=float), changes, rtol=0, atol=atol)


def test_what_the_general_network_is_good_for_follows_from_the_committed_rows() -> None:
    """It misclassifies fewer voxels than the best classical filler, by as much as is said."""
    errors = misclassified("rows")
    best = errors.drop(columns=[name for name in errors if is_network(name)]).min(axis=1)
    less = 100 * (1 - errors["shipped:general"] / best)
    text = " ".join((DOCS / "networks.md").read_text("utf-8").split())
    told = re.search(
        r"best of them on all (\d+) materials and .*?: (\d+) to (\d+) % fewer on", text
    )
    assert told is not None
    assert told.groups() == (str(len(less)), f"{less.min():.0f}", f"{less.max():.0f}")
    least = re.search(r"on rough fields \((\d+) %\) and on the cathode \((\d+) %\)", text)
    assert least is not None
    assert list(least.groups()) == [f"{gain:.0f}" for gain in less.nsmallest(2)]
    assert list(less.nsmallest(2).index) == ["rough field", "cathode"]


def test_what_a_lesson_is_worth_follows_from_the_committed_rows() -> None:
    """Before and after, on the same volume, and beside the best filler without training."""
    keys = ["material", "filler"]
    after = pd.read_csv(RUNS / "generality/learned.csv").set_index(keys)
    rows = pd.read_csv(RUNS / "generality/rows.csv").query("volume == 0").set_index(keys)
    shown = table_after(DOCS / "networks.md", "the best filler that needs none")
    assert len(shown) == len(after)
    name = "shipped:general"
    for material, best, *changes in shown:
        each = rows.loc[material]
        classical = each[[not is_network(filler) and filler != "Original" for filler in each.index]]
        assert best == f"{100 * classical['voxel_error'].min():.2f}"
        pairs = rows.loc[material, name], after.loc[material, f"{name}?learn=yes&precision=bf16"]
        for column, change in zip(
            ("voxel_error", "solid_bias", "truth_tpcf", "truth_lpf", "truth_d"),
            changes,
            strict=True,
        ):
            form = {"voxel_error": ".2f", "solid_bias": "+.1f"}.get(column, ".1f")
            values = [100 * row[column] for row in pairs]
            told = " → ".join(f"{value:{form}}".replace("-", "−") for value in values)
            assert change == ("–" if np.isnan(values).any() else told)


# Examples.


def gapped_example() -> tuple[NDArray[np.bool_], GappedVolume]:
    """Return a random volume and what five slices at uneven depths leave of it."""
    volume = np.random.default_rng(5).random((13, 12, 12)) < 0.5
    stack = cut_slices(volume, np.array([0.0, 5.0, 12.5, 22.5, 30.0]), 2.5)
    return volume, place_slices(stack, "repositioned")


def test_example_of_reading_shards_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example reads from shards what was written to them."""
    monkeypatch.chdir(tmp_path)
    volume, gapped = gapped_example()
    measured = measure_volume(volume, ["tpcf", "lpf"])
    for path, record in (
        ("placed/repositioned/true", gapped_to_record(gapped)),
        ("measures/RNN-s", measured),
    ):
        process_shard(
            f"results/quick/{path}/000.h5",
            stage="test",
            datasets=[3, 4],
            digest="d",
            attributes={},
            compute=lambda _, record=record: record,
            log=str,
        )
    (example,) = examples(DOCS / "rules.md")
    exec(example, {})
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "[3, 4]"
    # Depths 0, 5, 12.5, 22.5 and 30 nm over voxels of 2.5 nm; three layers are missing at most.
    assert second == "(13, 12, 12) [ 0  2  5  9 12] 3"
    at_lag_one, error = map(float, third.split())
    assert at_lag_one == (volume[1:] & volume[:-1]).mean()
    assert error == measured.attributes["anisotropy_tpcf"]


def own_slices(folder: Path) -> NDArray[np.bool_]:
    """Write slices of a coarse structure as images and as a stack, and their depths."""
    truth = gaussian_filter(np.random.default_rng(0).normal(size=(28, 26, 26)), 2.5) > 0
    layers = [0, 3, 7, 12, 15, 19, 24, 27]
    (folder / "slices").mkdir()
    for number, layer in enumerate(layers):
        image = np.where(truth[layer], 200, 40).astype(np.uint8)
        imageio.v3.imwrite(folder / "slices" / f"slice{number}.png", image)
    write_tiff(folder / "slices.tif", truth[layers], 2.5)
    depths = "".join(f"{2.5 * layer}\n" for layer in layers)
    (folder / "depths.csv").write_text("depth [nm]\n" + depths)
    return truth[layers]


def test_examples_of_own_stacks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page leads from images and depths to volumes that keep every slice."""
    monkeypatch.chdir(tmp_path)
    slices = own_slices(tmp_path)
    page = DOCS / "own-stacks.md"
    names: dict[str, object] = {}
    for example in examples(page):
        exec(example, names)
    gapped = names["gapped"]
    assert isinstance(gapped, GappedVolume)
    assert gapped.shape == (28, 26, 26)
    for rebuilt in (read_tiff("rebuilt.tif") == 255, names["volume"], names["by_network"]):
        assert np.array_equal(np.asarray(rebuilt)[gapped.layers], slices)


def test_commands_of_own_stacks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk-through runs from its first command to its last, and prints what it shows."""
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "own-stacks.md").read_text("utf-8")
    blocks = re.findall(r"^```(sh|text)\n(.*?)^```", page, re.M | re.S)
    assert len(blocks) == 8
    # A shorter lesson: what it is worth is not what this test asks.
    monkeypatch.setattr(own, "STEPS", 25)
    printed = ""
    for kind, text in blocks:
        if kind == "text":
            assert printed.startswith(text)
            continue
        words = shlex.split(text)
        assert words.pop(0) == "fibgap"
        result = CliRunner().invoke(command, words)
        assert result.exit_code == 0, result.stderr
        printed = result.stdout
    written = re.findall(r"^\| `(volume[\w.]*)` \|", page, re.M)
    # One of them only where a network fills, which is best for this stack.
    assert len(written) == 5
    assert all(Path(name).stat().st_size for name in written)


def test_the_configuration_of_own_stacks_is_one() -> None:
    """The page's configuration is complete, and its keys are those that there are."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "own-stacks.md").read_text(), re.M | re.S)
    config = check_configuration(yaml.safe_load(text))
    assert stack_fillers(config) == {
        "anode": ["copied", "spline", "network"],
        "cathode": ["spline"],
    }


def test_tables_of_own_stacks_hold_what_there_is() -> None:
    """Every filler and every option of the command that the page names is there."""
    page = DOCS / "own-stacks.md"
    shown = {row[0].strip("`") for row in table_after(page, "## Choose a filler")}
    assert shown == {*fillers.filler_names()} - {"lower"}
    options = {option for each in (check, fill_command) for p in each.params for option in p.opts}
    options |= {option for p in fill_command.params for option in p.secondary_opts}
    named = {word for text in code(page) for word in re.findall(r"--[a-z-]+", text)}
    assert named - {"--truth", "--help"} <= options


def test_example_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's example turns a stack and its depths into a volume that keeps every slice."""
    monkeypatch.chdir(tmp_path)
    slices = own_slices(tmp_path)
    (example,) = examples(ROOT / "README.md")
    exec(example, {})
    rebuilt = read_tiff("rebuilt.tif")
    assert rebuilt.shape == (28, 26, 26)
    assert np.array_equal(rebuilt[[0, 3, 7, 12, 15, 19, 24, 27]] == 255, slices)


def test_recipe_for_a_filler_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe's filler is found by its name and copies the layer with the lower index."""
    monkeypatch.setattr(fillers, "_FILLERS", dict(fillers._FILLERS))
    filler, _ = examples(DOCS / "extending.md")
    exec(filler, {})
    _, gapped = gapped_example()
    filled = fill(gapped, "lower")
    sources = [0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4]
    assert np.array_equal(filled, gapped.slices[sources])


def test_recipe_for_a_measure_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers that alternate along z differ from every neighbour along z and from none in xy."""
    monkeypatch.setattr(registry, "_MEASURES", dict(registry._MEASURES))
    _, recipe = examples(DOCS / "extending.md")
    exec(recipe, {})
    layers = np.zeros((6, 4, 4), dtype=bool)
    layers[::2] = True
    assert measure(layers, ["interface"])["interface"].tolist() == [1.0, 0.0, 0.0]
