"""The workflow as a user runs it: to the end, again, after edits, with wrong input."""

import copy
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.numpy import save_file
from snakemake.scheduling import job_scheduler

from .conftest import ROOT, Project, copy_project

#: Python runs a module of this name at its start.
WITHOUT_OPENVINO = """
import importlib.util

found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "openvino" else found(name, *rest)
"""
pytestmark = pytest.mark.workflow

TINY = yaml.safe_load((ROOT / "tests/config/tiny.yaml").read_text())
ARMS = ["Original", "RNN-s", "RCS-s", "RSD-s", "DNN-s", "SRCS-s", "RML-s"]
SYNTHESIS_ON = {"generate_volumes", "mill_slices", "place_slices", "fill_gaps", "measure"}


def write_config(project: Project, stem: str, **changes: object) -> str:
    """Write the tiny configuration with other values and return its path."""
    path = f"config/{stem}.yaml"
    (project.folder / path).write_text(yaml.safe_dump({**TINY, **changes}))
    return path


def test_a_run_ends_in_both_tables_and_the_report(finished: tuple[Project, str]) -> None:
    """One command makes Tables S3 and S4 in three formats, the figures and one HTML page."""
    results = finished[0].folder / "results/tiny"
    for table, rows in (("S3", ["RNN", "RCS", "RSD", "RML"]), ("S4", ["DNN", "SRCS", "RML"])):
        for suffix in ("csv", "md", "tex"):
            assert (results / f"tables/table_{table}.{suffix}").stat().st_size > 500
        text = (results / f"tables/table_{table}.md").read_text()
        found = re.findall(r"^\| (?:\*)?(Original|\w+)-?\*", text, flags=re.MULTILINE)
        assert found[: len(rows) + 1] == ["Original", *rows]
        assert "not the full training of Table S2" in text
    for suffix in ("csv", "md", "tex"):
        assert (results / f"tables/extended.{suffix}").stat().st_size > 500
    report = (results / "report.html").read_text()
    assert "Further measures" in report
    assert "</html>" in report
    assert (results / "showcase/RML-s.tif").exists()


def test_every_dataset_is_measured_once_for_every_arm(finished: tuple[Project, str]) -> None:
    """The table of datasets has one row a dataset and arm, and no error is missing."""
    table = pd.read_csv(finished[0].folder / "results/tiny/tables/datasets.csv")
    assert sorted(zip(table["arm"], table["dataset"], strict=True)) == sorted(
        (arm, dataset) for arm in ARMS for dataset in range(3)
    )
    assert table[["anisotropy_tpcf", "anisotropy_lpf", "anisotropy_d"]].notna().all(axis=None)
    by_voxel = table.set_index("arm")["voxel_error"]
    assert by_voxel.drop(["Original", "DNN-s"]).between(0, 1).all()
    assert by_voxel[["Original", "DNN-s"]].isna().all()


def test_every_shard_has_its_means(finished: tuple[Project, str]) -> None:
    """The table of shards has one row a shard and arm; the last shard is the smaller one."""
    table = pd.read_csv(finished[0].folder / "results/tiny/tables/shards.csv")
    sizes = {(row.arm, row.shard): row.datasets for row in table.itertuples()}
    assert sizes == {(arm, shard): 2 - shard for arm in ARMS for shard in (0, 1)}
    assert table["anisotropy_d_mean"].notna().all()


def test_progress_names_every_dataset(finished: tuple[Project, str]) -> None:
    """While it runs, every dataset of a shard gives a line, and so does every epoch."""
    # Two jobs may write at once, so that a line begins behind another.
    assert len(re.findall(r"measure [\w-]+: dataset \d", finished[1])) == 18
    assert len(re.findall(r"^train_network: epoch \d/2", finished[1], flags=re.MULTILINE)) == 2


def test_a_second_run_has_nothing_to_do(finished: tuple[Project, str]) -> None:
    """What is done is not done again."""
    done = finished[0].run()
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_edits_without_effect_rerun_nothing(copied: Project) -> None:
    """A newer date, another comment and a filler that no arm uses are no reason to compute."""
    copied.edit(
        "fibgap/holes.py", "    holes = pixels = 0", "    # None yet.\n    holes = pixels = 0"
    )
    copied.edit("fibgap/fillers/shape.py", "facing) >= -TIE", "facing) > -TIE")
    for path in copied.folder.rglob("*.py"):
        path.touch()
    assert copied.planned() == {}


def test_another_slice_thickness_keeps_the_true_volumes(copied: Project) -> None:
    """A changed value in the configuration reruns the rules that read it, and those after them."""
    config = write_config(copied, "thick", mill_slices={"mean_nm": 12, "sd_nm": 3})
    jobs = copied.planned(config=config)
    assert {"mill_slices", "train_network", "measure_truth"} <= set(jobs)
    assert not {"generate_volumes", "extract_planes", "split_planes"} & set(jobs)


def test_cores_and_shards_change_no_bit(finished: tuple[Project, str], fresh: Project) -> None:
    """All datasets in one shard on one core give the very rows of shards of two on two cores."""
    done = finished[0].folder / "results/tiny"
    config = write_config(
        fresh,
        "alone",
        name="alone",
        datasets={"count": 3, "shard_size": 3},
        networks={"compact": {"weights": str(done / "networks/compact/weights.safetensors")}},
        training_sets={},
        arms=[arm for arm in TINY["arms"] if arm["name"] in ("RCS-s", "RML-s")],
    )
    target = "results/alone/tables/datasets.csv"
    again = fresh.run("--cores", "1", "--", target, config=config)
    assert again.returncode == 0, again.stdout[-3000:]
    table = (done / "tables/datasets.csv").read_text().splitlines()
    arms = ("arm", "Original", "RCS-s", "RML-s")
    wanted = [line for line in table if line.split(",")[1] in arms]
    assert (fresh.folder / target).read_text().splitlines() == wanted
    assert len(wanted) == 1 + 3 * 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mill_slice": {}}, "unknown key 'mill_slice'"),
        ({"name": "../outside"}, "name is '../outside'"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(
    fresh: Project, changes: dict[str, object], said: str
) -> None:
    """Nothing starts with a configuration that is wrong, and one sentence names the key."""
    done = fresh.run(config=write_config(fresh, "wrong", **changes))
    assert done.returncode != 0
    assert said in done.stdout
    assert not (fresh.folder / "results").exists()


def test_weights_that_are_not_there_are_refused_by_name(fresh: Project) -> None:
    """A configuration that names a missing weights file fails before anything starts."""
    networks = {"compact": {"weights": "nowhere.safetensors"}}
    done = fresh.run("--dry-run", config=write_config(fresh, "wrong", networks=networks))
    assert done.returncode != 0
    assert "weights file nowhere.safetensors does not exist" in done.stdout


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_gpu_that_is_not_there_is_refused_before_anything_starts(fresh: Project) -> None:
    """--resources gpu=1 means CUDA or an error, never the CPU in silence."""
    target = "results/tiny/networks/compact/weights.safetensors"
    done = fresh.run("--resources", "gpu=1", "--", target)
    assert done.returncode != 0
    assert "gpu=1 was asked for, but CUDA is not available" in done.stdout
    assert not (fresh.folder / "results").exists()
    # Jobs that use no GPU run all the same.
    done = fresh.run("--resources", "gpu=1", "--", "results/tiny/volumes/001.h5")
    assert done.returncode == 0, done.stdout[-3000:]


def test_an_engine_that_is_not_there_is_refused_before_anything_starts(
    fresh: Project, tmp_path: Path
) -> None:
    """A configuration names the engine; without its package not one volume is generated."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(WITHOUT_OPENVINO)
    path = f"{tmp_path / 'hook'}{os.pathsep}{fresh.folder}"
    fresh.edit(
        "tests/config/tiny.yaml", "\nname: tiny\n", "\nname: tiny\ninfer: {engine: openvino}\n"
    )
    done = fresh.run(variables={"PYTHONPATH": path})
    assert done.returncode != 0
    assert "engine 'openvino' is not installed: pip install 'openvino' installs it." in done.stdout
    assert not (fresh.folder / "results").exists()


def test_a_checkout_may_lie_anywhere(tmp_path: Path) -> None:
    """In a path with spaces and quotes, called from another folder, with a home of no use."""
    project = copy_project(tmp_path / "it's my düsty dir")
    python = project.folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / "elsewhere").mkdir()
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    environment = {
        **{key: value for key, value in os.environ.items() if key != "XDG_CACHE_HOME"},
        "HOME": "/proc/none",
        "PYTHONPATH": os.pathsep.join(libraries),
    }
    tables = "results/faults/measures/Original/001.h5"
    command = [python, "-m", "snakemake", "--snakefile", project.folder / "Snakefile"]
    command += ["--configfile", project.folder / "tests/config/faults.yaml"]
    done = subprocess.run(
        [*command, "--cores", "1", "--", tables],
        cwd=tmp_path / "elsewhere",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "elsewhere" / tables).exists()


def test_braces_in_the_path_of_a_checkout_are_refused(tmp_path: Path) -> None:
    """Snakemake would replace them: neither a setup nor a run starts."""
    project = copy_project(tmp_path / "a{b}c")
    done = project.run("--dry-run")
    assert done.returncode != 0
    assert "the path of this checkout has braces, move it: " in done.stdout
    shutil.copy(ROOT / "Makefile", project.folder)
    made = subprocess.run(
        ["make", "setup"], cwd=project.folder, capture_output=True, text=True, check=False
    )
    assert made.returncode == 2
    assert "The path of this checkout has the sign {, move it: " in made.stderr
    assert not (project.folder / ".venv").exists()


def test_braces_in_the_path_of_a_working_directory_are_refused(
    fresh: Project, tmp_path: Path
) -> None:
    """As in that of a checkout, wherever the checkout lies."""
    (tmp_path / "a{b}c").mkdir()
    done = fresh.run("--dry-run", "--directory", str(tmp_path / "a{b}c"))
    assert done.returncode != 0
    assert "the path of this working directory has braces, move it: " in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("config", "profile"), [("config/quick.yaml", "gpu"), ("config/paper.yaml", "slurm")]
)
def test_shipped_configurations_have_a_plan(fresh: Project, config: str, profile: str) -> None:
    """A dry run lists all steps, and hundreds of datasets stay a few hundred jobs."""
    jobs = fresh.planned(config=config, profile=profile)
    assert SYNTHESIS_ON | {"make_tables", "write_report", "infer"} <= set(jobs)
    # The network of the paper's experiment comes with its weights.
    assert ("train_network" in jobs) == (config != "config/paper.yaml")
    assert sum(jobs.values()) < 400


def test_the_scheduler_has_the_limiter_that_is_switched_off() -> None:
    """The attribute that keeps long runs fast exists in the pinned Snakemake."""
    assert "self.job_rate_limiter" in inspect.getsource(job_scheduler)


def test_the_weights_remember_their_training(finished: tuple[Project, str]) -> None:
    """A weights file says what it is without its configuration."""
    from fibgap.network.shipped import read_training

    folder = finished[0].folder / "results/tiny/networks/compact"
    architecture, training = read_training(folder / "weights.safetensors")
    assert architecture["mask_channel"] is True
    assert training["epochs"] == 2
    assert training["status"] == "complete"
    assert training["millings"]["mean_nm"] == [10.0, 10.0]
    history = pd.read_csv(Path(folder) / "history.csv")
    assert history["epoch"].tolist() == [1, 2]


def test_ablations_train_a_network_once(copied: Project) -> None:
    """Arms that differ in inference alone share the weights of their base."""
    jobs = copied.planned("--", "ablations", config="config/ablations.yaml")
    assert jobs["train_network"] == 4
    assert jobs["infer"] == 6 * 4
    assert jobs["tabulate_ablations"] == 1
    assert "write_report" not in jobs


def test_weights_of_another_version_are_told_in_one_sentence(copied: Project) -> None:
    """Inference with weights of an unknown format stops with their name, and fills nothing."""
    made = copied.folder / "results/tiny/networks/compact/weights.safetensors"
    with safe_open(made, framework="np") as stream:
        metadata = {**stream.metadata(), "format": "fibgap-network-0"}
        tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    save_file(tensors, copied.folder / "old.safetensors", metadata)
    networks = {"compact": {"weights": "old.safetensors"}}
    filled = "results/tiny/filled/RML-s/000.h5"
    done = copied.run("--", filled, config=write_config(copied, "old", networks=networks))
    assert done.returncode != 0
    said = "error: weights file old.safetensors has format 'fibgap-network-0', not "
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert not (copied.folder / filled).exists()


def test_a_loss_that_is_no_number_is_told_in_one_sentence(copied: Project) -> None:
    """Training with a rate that makes the loss explode stops and says so, without a traceback."""
    network = copy.deepcopy(TINY["networks"])
    network["compact"]["training"]["learning_rate"] = 1e30
    target = "results/tiny/networks/compact/weights.safetensors"
    done = copied.run("--", target, config=write_config(copied, "steep", networks=network))
    assert done.returncode != 0
    assert re.search("error: the loss became (nan|inf) in epoch 1; training stopped", done.stdout)
    assert "Traceback" not in done.stdout
