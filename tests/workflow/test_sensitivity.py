"""The target sensitivity as a user runs it."""

import pandas as pd
import pytest
import yaml

from .conftest import Project

pytestmark = pytest.mark.workflow

ONE_FACTOR = {
    "datasets": 2,
    "factors": {
        "mean_voxels": [4, 6],
        "relative_sd": [],
        "depth_error_voxels": [0],
        "nominal_ratio": [1],
    },
}


def with_sensitivity(project: Project, section: dict[str, object]) -> str:
    """Write the tiny configuration with a section sensitivity and return its path."""
    values = yaml.safe_load((project.folder / "tests/config/tiny.yaml").read_text())
    path = "config/varied.yaml"
    (project.folder / path).write_text(yaml.safe_dump({**values, "sensitivity": section}))
    return path


def test_the_point_at_the_default_is_the_main_experiment(copied: Project) -> None:
    """One command makes table and figure; where nothing is varied, rows are the main table's."""
    config = with_sensitivity(copied, ONE_FACTOR)
    done = copied.run("sensitivity", config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count("(2/2)") == 2  # the default once, and the one other point
    results = copied.folder / "results/tiny"
    for path in ("tables/sensitivity.md", "figures/sensitivity.svg"):
        assert (results / path).stat().st_size > 500
    main = pd.read_csv(results / "tables/datasets.csv")
    varied = pd.read_csv(results / "tables/sensitivity_datasets.csv")
    # Three factors pass through the default, of which one shows the two other arms as well.
    default = varied[varied["setting"] == "default"]
    assert len(default) == (5 + 5 + 7) * 2
    # The network runs on another number of threads there, where sums are rounded in another order.
    default = default[default["arm"] != "RML-s"]
    merged = default.merge(main, on=["arm", "dataset"], suffixes=("", "_main"), how="left")
    assert len(merged) == len(default)
    # The study has errors; the values of further measures stand in the extended table alone.
    values = {"surface", "solid_chord_x", "solid_chord_y", "solid_chord_z"}
    assert set(main.columns) - set(varied.columns) == values
    for column in main.columns.drop(["arm", "dataset", *values]):
        pd.testing.assert_series_equal(
            merged[column], merged[f"{column}_main"], check_exact=True, check_names=False
        )
    assert copied.planned("sensitivity", config=config) == {}
    # Points are files of their own: another one at the end computes that one only.
    factors = {**ONE_FACTOR["factors"], "mean_voxels": [4, 6, 8]}
    config = with_sensitivity(copied, {**ONE_FACTOR, "factors": factors})
    assert copied.planned("sensitivity", config=config)["measure_sensitivity"] == 1


def test_a_configuration_without_the_section_has_no_such_target(copied: Project) -> None:
    """Whoever asks for it is told which section is missing."""
    done = copied.run("--dry-run", "sensitivity")
    assert done.returncode != 0
    assert "the section 'sensitivity' is missing" in done.stdout


def test_the_shipped_configuration_has_a_plan(fresh: Project) -> None:
    """Four factors of five points share their default: 17 jobs, then a table and a figure."""
    jobs = fresh.planned("sensitivity", config="config/sensitivity.yaml")
    assert jobs == {
        "measure_sensitivity": 17,
        "plot_sensitivity": 1,
        "sensitivity": 1,
        "tabulate_sensitivity": 1,
    }
