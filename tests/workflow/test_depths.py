"""Arms that are not told true depths, as a user runs them."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from fibgap.io.shards import read_record

from .conftest import Project

pytestmark = pytest.mark.workflow

#: Two slices less thick than the images' structure, so that images tell something.
EXPERIMENT = yaml.safe_load("""
name: sources
base_seed: 11
datasets: {count: 2, shard_size: 2}
generate_volumes:
  shape: [64, 64, 64]
  levels:
    - {solid_fraction: 0.5, wavelength_nm: 80}
    - {solid_fraction: 0.5, wavelength_nm: 29}
arms:
  - {name: RNN-s, placement: repositioned, filler: nearest, tables: [S3]}
  - {name: RCS-s, placement: repositioned, filler: cubic_spline, tables: [S3]}
measure: {names: [tpcf, lpf]}
make_tables: {resamples: 100}
""")
OTHERS = [
    {"name": "RNN-ruler", "placement": "repositioned", "filler": "nearest", "depths": "ruler"},
    {"name": "RNN-images", "placement": "repositioned", "filler": "nearest", "depths": "images"},
    {"name": "RNN-nominal", "placement": "repositioned", "filler": "nearest", "depths": "nominal"},
]


def configured(project: Project, **changes: object) -> str:
    """Write the configuration with other values and return its path."""
    (project.folder / "config/sources.yaml").write_text(yaml.safe_dump({**EXPERIMENT, **changes}))
    return "config/sources.yaml"


def with_others(project: Project, **changes: object) -> str:
    """Write the configuration with the arms of other depths besides."""
    return configured(project, arms=[*EXPERIMENT["arms"], *OTHERS], **changes)


def test_arms_by_source_from_slices_to_the_page(fresh: Project) -> None:
    """Existing arms keep every number; a key reruns the source that reads it and no other."""
    target = "results/sources/tables/datasets.csv"
    done = fresh.run("--", target, config=configured(fresh))
    assert done.returncode == 0, done.stdout[-3000:]
    before = (fresh.folder / target).read_text()
    assert "depth" not in before
    assert "voxel_error_all" not in before

    done = fresh.run(config=with_others(fresh))
    assert done.returncode == 0, done.stdout[-3000:]
    after = pd.read_csv(fresh.folder / target, dtype=str)
    told = ["voxel_error_all", *(name for name in after if name.startswith("depth_"))]
    existing = after[after["arm"].isin(["Original", "RNN-s", "RCS-s"])]
    kept = existing.drop(columns=[*told, "thickness_rms_nm"]).to_csv(index=False)
    assert kept == before
    exact = after[after["arm"] == "RNN-s"].astype(dict.fromkeys(told, float))
    assert (exact[[name for name in told if name.startswith("depth_")]] == 0).all(axis=None)
    check_placement(fresh.folder / "results/sources")
    page = (fresh.folder / "results/sources/report.html").read_text()
    assert "By source of depths" in page
    assert (fresh.folder / "results/sources/tables/by_source.tex").stat().st_size > 500

    config = with_others(fresh, depths={"ruler": {"lines": 2}})
    jobs = fresh.planned("aggregate_metrics", config=config)
    # One arm has a ruler: its depths, its placement, its volumes, its measures.
    assert jobs["estimate_depths"] == jobs["place_slices"] == jobs["fill_gaps"] == 1
    assert jobs["measure"] == 1
    config = with_others(fresh, place_slices={"nominal_nm": 9})
    assert fresh.planned("aggregate_metrics", config=config)["estimate_depths"] == 1
    assert fresh.planned(config=with_others(fresh)) == {}
    fresh.edit("fibgap/depths/nominal.py", "spacing_nm * np.arange", "1.0 * spacing_nm * np.arange")
    edited = fresh.planned("aggregate_metrics", config=with_others(fresh))
    assert edited["estimate_depths"] == 3
    assert "mill_slices" not in edited


def check_placement(results: Path) -> None:
    """Check that slices lie where their source put them, rounded to layers."""
    for dataset in (0, 1):
        true = read_record(results / "slices/000.h5", dataset).arrays["depths_nm"]
        nominal = read_record(results / "placed/repositioned/nominal/000.h5", dataset)
        # 10 nm are four layers of 2.5 nm.
        assert nominal.arrays["layers"].tolist() == [4 * k for k in range(len(true))]
        ruler = read_record(results / "depths/ruler/000.h5", dataset)
        placed = read_record(results / "placed/repositioned/ruler/000.h5", dataset)
        layers = (ruler.arrays["depths_nm"] / 2.5 + 0.5).astype(int)
        assert placed.arrays["layers"].tolist() == sorted({*layers.tolist()})
        assert 0 < ruler.attributes["depth_rms_nm"] < 10
        assert abs(ruler.arrays["depths_nm"] - true).max() < 10


def test_a_wrong_source_is_refused_by_name(fresh: Project) -> None:
    """Nothing starts with a source that does not exist, and the message lists those that do."""
    arms = [{**OTHERS[0], "depths": "guessed"}]
    done = fresh.run("--dry-run", config=configured(fresh, arms=arms))
    assert done.returncode != 0
    assert "arms.0.depths is 'guessed', but it must be one of true, ruler, images" in done.stdout
