"""Own stacks in the workflow, as a user runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from fibgap.stacks import fill_stack, simulate

from .conftest import Project, copy_project
from .test_profiles import resources_of

pytestmark = pytest.mark.workflow

#: Two stacks as they could come from two microscopes, and three ways to fill them.
OWN = yaml.safe_load("""
name: mine
stacks:
  sponge: {path: sponge/slices, depths: sponge/depths.csv, truth: sponge/truth.tif}
  foam: {path: foam/slices, depths: foam/depths.csv, otsu: true, fillers: [rounded]}
fillers:
  copied: {filler: nearest}
  rounded: {filler: signed_distance_spline, fill_holes: true}
  network: {filler: network, weights: "shipped:compact_any"}
measure: {diffusivity_cut: 16}
""")
STACKS = "results/mine/stacks"


def write_config(project: Project, **changes: object) -> str:
    """Write the configuration of own stacks with other sections and return its path."""
    path = "own.yaml"
    (project.folder / path).write_text(yaml.safe_dump({**OWN, **changes}, sort_keys=False))
    return path


def with_stacks(folder: Path) -> Project:
    """Return a copy of the project with both stacks."""
    project = copy_project(folder)
    simulate(project.folder / "sponge", shape=(28, 24, 26), wavelength="40nm")
    simulate(project.folder / "foam", shape=(24, 26, 24), wavelength="40nm", grey=True, seed=3)
    return project


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which both stacks were filled by one command."""
    project = with_stacks(tmp_path_factory.mktemp("stacks"))
    done = project.run("stacks", config=write_config(project))
    assert done.returncode == 0, done.stdout[-5000:]
    return project


@pytest.fixture
def again(filled: Project, tmp_path: Path) -> Project:
    """Return a copy of that project, which a test may change."""
    shutil.copytree(filled.folder, tmp_path / "copy", symlinks=True)
    return Project(tmp_path / "copy")


@pytest.fixture
def unfilled(tmp_path: Path) -> Project:
    """Return a project with both stacks in which nothing has run."""
    return with_stacks(tmp_path / "fresh")


def test_every_stack_is_filled_in_every_way(filled: Project) -> None:
    """The table has a row per stack and filler, the page a link to every volume and its page."""
    folder = filled.folder / STACKS
    table = pd.read_csv(folder / "stacks.csv")
    made = [*zip(table["stack"], table["filler"], strict=True)]
    sponge = [("sponge", name) for name in ("copied", "rounded", "network")]
    assert made == [*sponge, ("foam", "rounded")]
    errors = table[["anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d", "seconds"]]
    assert (errors > 0).all(axis=None)
    page = (folder / "report.html").read_text("utf-8")
    links = set(re.findall(r'href="(?!#)([^"]+)"', page))
    assert links == {
        f"{stack}/{name}.{suffix}" for stack, name in made for suffix in ("tif", "html", "json")
    }
    assert all((folder / link).is_file() for link in links)
    assert "snakemake stacks --configfile own.yaml" in page


def test_misclassified_voxels_are_counted_where_the_truth_is_known(filled: Project) -> None:
    """In filled layers alone: the number is that of the two files and the mask beside them."""
    table = pd.read_csv(filled.folder / STACKS / "stacks.csv").set_index(["stack", "filler"])
    truth = tifffile.imread(filled.folder / "sponge/truth.tif")
    volume, mask = (
        tifffile.imread(filled.folder / STACKS / f"sponge/copied{end}.tif")
        for end in ("", "_filled")
    )
    wrong = (volume != truth)[mask > 0].mean()
    assert table.loc[("sponge", "copied"), "voxel_error"] == pytest.approx(wrong)
    assert np.isnan(table.loc[("foam", "rounded"), "voxel_error"])


def test_the_workflow_fills_as_the_command_does(filled: Project, tmp_path: Path) -> None:
    """The same options give the same volume, bit by bit, and the same record of options."""
    foam = filled.folder / "foam"
    by_hand = fill_stack(
        foam / "slices",
        tmp_path / "by_hand.tif",
        depths=foam / "depths.csv",
        otsu=True,
        filler="signed_distance_spline",
        fill_holes=True,
    )
    made = filled.folder / STACKS / "foam/rounded.tif"
    assert np.array_equal(tifffile.imread(made) > 0, by_hand.volume)
    record = json.loads(made.with_suffix(".json").read_text("utf-8"))
    assert record["options"] == {**by_hand.record["options"], "depths": "foam/depths.csv"}
    assert record["anisotropy"] == by_hand.record["anisotropy"]


def test_a_second_run_has_nothing_to_do(filled: Project) -> None:
    """What is done is not done again, whether it is asked for by name or not."""
    assert filled.planned("stacks", config="own.yaml") == {}
    assert filled.planned(config="own.yaml") == {}


def test_a_changed_input_is_filled_again(again: Project) -> None:
    """Other depths, or an image more, concern their stack and no other."""
    table = again.folder / "foam/depths.csv"
    table.write_text(table.read_text().replace(",0.000\n", ",-1.000\n"))
    jobs = {"check_stack": 1, "fill_stack": 1, "measure_stack": 1, "report_stacks": 1}
    assert again.planned("--", "stacks", config="own.yaml") == {**jobs, "stacks": 1}


def test_another_option_concerns_its_filler_alone(again: Project) -> None:
    """A filler that is told something else fills again, and the stack is not checked again."""
    fillers = {**OWN["fillers"], "copied": {"filler": "linear"}}
    config = write_config(again, fillers=fillers)
    jobs = {"fill_stack": 1, "measure_stack": 1, "report_stacks": 1, "stacks": 1}
    assert again.planned("--", "stacks", config=config) == jobs


def test_limits_follow_from_the_size_of_a_stack(filled: Project) -> None:
    """Once a stack was checked, its jobs say their memory and time, a network's the most."""
    done = filled.run("--dry-run", "--forceall", "--", "stacks", config="own.yaml")
    jobs = resources_of(done.stdout)
    memory = {
        rule: max(int(own["mem_mb"]) for own in jobs[rule])
        for rule in ("check_stack", "fill_stack", "infer_stack", "measure_stack")
    }
    assert max(memory, key=lambda rule: memory[rule]) == "infer_stack"
    assert min(memory.values()) > 300


def test_a_check_asks_for_what_its_images_take_or_may_take(fresh: Project) -> None:
    """By hand, in MB: 1.25 (300 + 190 + 8 times 32 of images), or with 16 in their place."""
    with h5py.File(fresh.folder / "large.h5", "w") as file:
        file["images"] = np.zeros((64, 512, 512), dtype=np.uint16)
        file.create_dataset("broken_off", (64, 512, 512), dtype=np.uint8, chunks=(1, 64, 64))
    large = {"path": "large.h5", "dataset": "images"}

    def planned(**stacks: object) -> str:
        (fresh.folder / "own.yaml").write_text(yaml.safe_dump({"name": "mine", "stacks": stacks}))
        return fresh.run("--dry-run", "--", "stacks", config="own.yaml").stdout

    jobs = resources_of(planned(whole=large, limited={**large, "memory": "16MiB"}))["check_stack"]
    assert sorted(int(own["mem_mb"]) for own in jobs) == [633, 933]
    said = planned(limited={**large, "memory": "much"})
    assert "stacks.limited.memory: memory must be a size such as 4GB, but is 'much'" in said
    # What is wrong with its images the check will say.
    jobs = resources_of(planned(whole={**large, "dataset": "broken_off"}))["check_stack"]
    assert [int(own["mem_mb"]) for own in jobs] == [613]


def test_without_fillers_fibgap_chooses(unfilled: Project) -> None:
    """Stacks alone are a configuration: `auto` fills them all, which may take a network."""
    stacks = {name: {"path": f"{name}/slices", "spacing": "10nm"} for name in ("sponge", "foam")}
    (unfilled.folder / "least.yaml").write_text(yaml.safe_dump({"name": "mine", "stacks": stacks}))
    jobs = unfilled.planned(config="least.yaml")
    assert jobs == dict.fromkeys(("check_stack", "infer_stack", "measure_stack"), 2) | {
        "report_stacks": 1,
        "all": 1,
    }


def test_the_choice_is_made_in_the_job(unfilled: Project) -> None:
    """`auto` compares fillers, the network among them, takes the best and says why."""
    simulate(unfilled.folder / "tall", shape=(48, 48, 48), wavelength="40nm")
    stacks = {"tall": {"path": "tall/slices", "depths": "tall/depths.csv"}}
    config = write_config(unfilled, stacks=stacks, fillers={"best": {"filler": "auto"}})
    target = f"{STACKS}/tall/best.json"
    done = unfilled.run("--", target, config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    record = json.loads((unfilled.folder / target).read_text("utf-8"))
    names = {*record["check"]["fillers"]}
    assert {"nearest", "signed_distance_spline", "shipped:general"} <= names
    assert record["filler"]["name"] in {*names, "network"}
    assert record["check"]["taken"] in names
    assert f"of {len(names)} fillers that were compared" in record["filler"]["why"]


def test_a_stack_among_others_is_not_read_anew(again: Project) -> None:
    """What fills a stack, and whether its truth is known, is not how it is read."""
    sponge = {**OWN["stacks"]["sponge"], "fillers": ["copied"]}
    del sponge["truth"]
    config = write_config(again, stacks={**OWN["stacks"], "sponge": sponge})
    jobs = {"measure_stack": 1, "report_stacks": 1, "stacks": 1}
    assert again.planned("--", "stacks", config=config) == jobs


def test_a_stack_takes_the_memory_that_it_is_given(unfilled: Project) -> None:
    """By blocks the volume is the same, and every job asks for no more than it may take."""
    simulate(unfilled.folder / "tall", shape=(96, 32, 32), wavelength="40nm")
    own = {"path": "tall/slices", "depths": "tall/depths.csv", "fillers": ["copied"]}
    config = write_config(unfilled, stacks={"sponge": own})
    target = f"{STACKS}/sponge/measures/copied.json"
    done = unfilled.run("--", target, config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    volume = unfilled.folder / STACKS / "sponge/copied.tif"
    before = tifffile.imread(volume), json.loads((unfilled.folder / target).read_text("utf-8"))
    # 256 bytes for each of 32 x 32 pixels are the least, 262 kB. Filling the 91 layers in memory
    # takes 398 kB, reading them to be measured 280 kB, and D on a cube of 16 voxels 492 kB.
    config = write_config(unfilled, stacks={"sponge": {**own, "memory": "270kB"}})
    done = unfilled.run("--", target, config=config)
    assert done.returncode != 0
    assert "stack 'sponge': the measure 'd' takes the whole volume in memory" in done.stdout
    limited = {"names": ["tpcf", "lpf"]}
    config = write_config(unfilled, stacks={"sponge": {**own, "memory": "270kB"}}, measure=limited)
    done = unfilled.run("--", target, config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    log = unfilled.folder / "results/mine/logs/fill_stack/sponge/copied.log"
    assert "it was filled block by block, on disk" in log.read_text("utf-8")
    assert np.array_equal(tifffile.imread(volume), before[0])
    after = json.loads((unfilled.folder / target).read_text("utf-8"))
    for name in ("tpcf", "lpf"):
        assert after["measures_zyx"][name] == before[1]["measures_zyx"][name]


def test_the_shipped_configuration_has_a_plan(fresh: Project) -> None:
    """Its comments say how its two stacks are made; they are filled in five ways in all."""
    for name in ("try", "thin"):
        simulate(fresh.folder / name, shape=(16, 16, 16))
    jobs = fresh.planned("stacks", config="config/stacks.yaml")
    assert jobs == {
        "check_stack": 2,
        "fill_stack": 4,
        "infer_stack": 1,
        "measure_stack": 5,
        "report_stacks": 1,
        "stacks": 1,
    }


def test_own_stacks_beside_synthetic_datasets(unfilled: Project) -> None:
    """A configuration with both makes both, or the stacks alone if they are asked for."""
    write_config(unfilled)
    both = ["--configfile", "tests/config/tiny.yaml", "own.yaml"]
    jobs = unfilled.planned(*both)
    assert {"write_report", "train_network", "report_stacks", "fill_stack"} <= set(jobs)
    assert not {"write_report", "generate_volumes"} & set(unfilled.planned("stacks", *both))


@pytest.mark.parametrize(
    ("stack", "said"),
    [
        ({"path": "nowhere"}, "stacks.foam.path: 'nowhere' does not exist."),
        ({"depht": "x"}, "unknown key 'depht' in stacks.foam; perhaps 'depths' is meant"),
    ],
)
def test_mistakes_are_told_by_their_key_before_anything_starts(
    unfilled: Project, stack: dict[str, object], said: str
) -> None:
    """One sentence names the key and the value; nothing is written."""
    stacks = {**OWN["stacks"], "foam": {**OWN["stacks"]["foam"], **stack}}
    done = unfilled.run("stacks", config=write_config(unfilled, stacks=stacks))
    assert done.returncode != 0
    assert f"configuration: {said}" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (unfilled.folder / "results").exists()


def test_weights_that_are_not_there_are_told(unfilled: Project) -> None:
    """Before anything starts, by the path."""
    fillers = {"rounded": {"filler": "network", "weights": "no.safetensors"}}
    done = unfilled.run("stacks", config=write_config(unfilled, fillers=fillers))
    assert done.returncode != 0
    assert "weights file no.safetensors does not exist" in done.stdout
    assert not (unfilled.folder / "results").exists()


def test_a_stack_that_cannot_be_filled_is_named(unfilled: Project) -> None:
    """Grey images need a threshold: the stack is named, and the other one is done all the same."""
    stacks = {**OWN["stacks"], "foam": {"path": "foam/slices", "depths": "foam/depths.csv"}}
    targets = [f"{STACKS}/sponge/copied.tif", f"{STACKS}/foam/copied.tif"]
    config = write_config(unfilled, stacks=stacks)
    done = unfilled.run("--keep-going", "--", *targets, config=config)
    assert done.returncode != 0
    assert re.search("error: stack 'foam': the stack holds .* grey values, so what is", done.stdout)
    assert "Traceback" not in done.stdout
    assert [(unfilled.folder / target).exists() for target in targets] == [True, False]


def test_volumes_may_be_folders(again: Project) -> None:
    """In the format OME-Zarr a volume is a folder; it is measured and shown as any other."""
    config = write_config(again, fill_stack={"format": "ome.zarr"})
    measures = f"{STACKS}/sponge/measures/copied.json"
    before = json.loads((again.folder / measures).read_text())
    done = again.run("--", measures, config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (again.folder / STACKS / "sponge/copied.ome.zarr").is_dir()
    after = json.loads((again.folder / measures).read_text())
    assert after["misclassified"] == before["misclassified"]
    assert after["anisotropy"] == before["anisotropy"]
    assert again.planned("--", measures, config=config) == {}


def test_stacks_and_checkout_may_lie_anywhere(tmp_path: Path) -> None:
    """Spaces, quotes, no home, no file locks, and another folder to work in: all is well."""
    project = copy_project(tmp_path / "it's my düsty dir")
    work = tmp_path / "where it's done"
    simulate(work.parent / "own", shape=(20, 16, 18))
    work.mkdir()
    (work.parent / "own").rename(work / "my stack's slices")
    stack = {"path": "my stack's slices/slices", "depths": "my stack's slices/depths.csv"}
    config = {
        "name": "odd",
        "stacks": {"own": stack},
        "fillers": {"copied": {"filler": "nearest"}},
        "fill_stack": {"format": "h5"},
        "measure": {"names": ["tpcf", "lpf"]},
    }
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(config))
    environment = {
        **{key: value for key, value in os.environ.items() if key != "XDG_CACHE_HOME"},
        "HOME": "/proc/none",
        "HDF5_USE_FILE_LOCKING": "FALSE",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, "-m", "snakemake", "-s", project.folder / "Snakefile"]
    command += ["--directory", work, "--configfile", tmp_path / "own.yaml", "--cores", "1"]
    done = subprocess.run(
        [*command, "stacks"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with h5py.File(work / "results/odd/stacks/own/copied.h5") as file:
        assert file["filled"].shape == file["volume"].shape
    assert (work / "results/odd/stacks/report.html").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {
        project.folder.name,
        work.name,
        "own.yaml",
    }
