"""Without kept volumes a run ends with the showcase and small files, killed on its way or not."""

from pathlib import Path

import pytest

from fibgap.io.tiff import read_tiff
from tests.faults.harness import ARMS, CONFIG, kill, new_experiment

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

#: What lies in the folder of an experiment at the end, volumes not among it.
KEPT = {
    "benchmarks",
    "figures",
    "logs",
    "measures",
    "networks",
    "planes",
    "report.html",
    "showcase",
    "tables",
}


def test_only_the_showcase_and_small_files_remain(tmp_path: Path) -> None:
    """Every bulky volume is gone at the end, and one dataset lies there as stacks and meshes."""
    experiment = new_experiment(tmp_path / "paper")
    experiment.edit(CONFIG, "shard_size: 2}", "shard_size: 3, keep_volumes: false, showcase: 2}")
    process = experiment.start("all", hold="measure")
    experiment.wait_for_jobs(1, "measure", "(1/", process)
    kill(process, whole_tree=True)
    assert experiment.run("--unlock", config=CONFIG).returncode == 0
    experiment.make("all")
    files = [path for path in experiment.results.rglob("*") if path.is_file()]
    names = {path.relative_to(experiment.results) for path in files}
    assert {name.parts[0] for name in names} == KEPT
    # Of HDF5 only curves and numbers are left.
    shards = {str(name) for name in names if name.suffix == ".h5"}
    assert shards == {f"measures/{arm}/000.h5" for arm in ARMS}
    assert {str(name) for name in names if name.parts[0] == "planes"} == {
        "planes/gold/manifest.csv",
        "planes/gold/split.csv",
    }
    stacks = {name.name for name in names if name.parts[0] == "showcase"} - {".snakemake_timestamp"}
    meshes = {f"{arm}.ply" for arm in ARMS}
    assert stacks == {f"{arm}.tif" for arm in (*ARMS, "slices")} | meshes
    truth = read_tiff(experiment.results / "showcase/Original.tif")
    assert 0.1 < (truth > 0).mean() < 0.9
    assert experiment.missing_rows() == 0
    assert experiment.left_over() == []
    # And nothing of it is made again.
    assert "Nothing to be done" in experiment.make("all")
