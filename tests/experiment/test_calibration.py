"""The search for a structure looks at the Original row alone, and can be stopped at any time."""

import numpy as np
import pandas as pd
import pytest

from fibgap import seeds
from fibgap.errors import InputError
from fibgap.experiment import config
from fibgap.experiment.calibration import search
from fibgap.experiment.calibration.__main__ import main
from fibgap.experiment.calibration.original import distance, original_errors

TARGET = pd.DataFrame(
    {"mean": [0.10, 0.02, 0.01], "sd": [0.03, 0.01, 0.005]}, index=["tpcf", "lpf", "d"]
)
SEARCH = {
    "levels": [{"solid_fraction": [0.3, 0.6], "wavelength_nm": [25, 50]}],
    "screen": {"settings": 5, "datasets": 2},
    "refine": {"settings": 4, "datasets": 3},
    "finalists": {"settings": 2, "datasets": 2},
}


def small(**changes):
    """Return a checked configuration of a search over volumes of 24 voxels a side."""
    return config.check(
        {
            "name": "small",
            "base_seed": 5,
            "datasets": {"count": 2},
            "generate_volumes": {
                "shape": [24, 24, 24],
                "levels": [{"solid_fraction": 0.4, "wavelength_nm": 30}],
            },
            "measure": {"diffusivity_cut": 12},
            "arms": [{"name": "RNN-s", "placement": "repositioned", "filler": "nearest"}],
            "calibrate": {**SEARCH, **changes},
        }
    )


def test_settings_cover_every_interval_once():
    """Of n settings, one lies in each n-th of the logarithmic range of every parameter."""
    low, high = (0.1, 20.0), (0.4, 320.0)
    drawn = np.log(search.draw_settings(low, high, 8, seeds.sequence(1, "calibration")))
    unit = (drawn - np.log(low)) / (np.log(high) - np.log(low))
    for column in unit.T:
        # Rounding to four digits may move a value by 5e-4 of itself, far less than an interval.
        assert sorted(np.floor(column * 8).astype(int)) == list(range(8))


def test_distance_is_the_worst_deviation():
    """The worst of means and spreads counts, each in units of its own tolerance."""
    options = {"mean_tolerance": 0.1, "sd_tolerance": 0.25}
    means = {"tpcf": 0.105, "lpf": 0.02}  # off by half a tolerance
    sds = {"tpcf": 0.03, "lpf": 0.0175}  # off by three tolerances
    assert distance(means, sds, TARGET, **options) == pytest.approx(3.0)
    sds["lpf"] = 0.01
    assert distance(means, sds, TARGET, **options) == pytest.approx(0.5)


def test_an_undefined_measure_is_no_candidate():
    """A structure whose D is undefined in some volume is infinitely far away."""
    options = {"mean_tolerance": 0.1, "sd_tolerance": 0.25}
    far = distance({"d": float("nan")}, {"d": 0.005}, TARGET, **options)
    assert far == float("inf")


def test_errors_are_those_of_the_workflow():
    """A setting's rows are what the main chain measures of the same true volumes."""
    from fibgap.experiment.evaluation import measure_volume
    from fibgap.stack import nearest_layer
    from fibgap.synthetic.milling import mill_volume
    from fibgap.synthetic.structure import Level, generate_volume

    checked = small()
    errors = original_errors((0.4, 30.0), checked, 2, ["tpcf", "lpf"])
    for dataset in range(2):
        volume = generate_volume(
            [24] * 3,
            [Level(0.4, 30.0)],
            voxel_nm=2.5,
            seed=seeds.sequence(5, "evaluation_volumes", dataset),
        )
        rng = seeds.generator(5, "milling", dataset)
        stack = mill_volume(volume, config.milling_of(checked), voxel_nm=2.5, rng=rng)
        last = nearest_layer(stack.depths_nm[-1:], 2.5)[0]
        expected = measure_volume(volume[: last + 1], ["tpcf", "lpf"]).attributes
        assert errors["tpcf"][dataset] == expected["anisotropy_tpcf"]
        assert errors["lpf"][dataset] == expected["anisotropy_lpf"]


def test_a_search_that_was_stopped_goes_on(tmp_path, monkeypatch):
    """Settings in the table are not evaluated again, and the result is that of one search."""
    whole = search.calibrate(small(), TARGET, tmp_path / "whole")
    screen = pd.read_csv(tmp_path / "whole" / "screen.csv")
    part = tmp_path / "part"
    search.calibrate(small(), TARGET, part)
    screen.iloc[:2].to_csv(part / "screen.csv", index=False)
    (part / "finalists.csv").unlink()
    seen = []
    summary = search.summary
    monkeypatch.setattr(
        search,
        "summary",
        lambda setting, **rest: seen.append(setting) or summary(setting, **rest),
    )
    again = search.calibrate(small(), TARGET, part)
    pd.testing.assert_frame_equal(again, whole)
    assert len(seen) == 3 + 2  # of the screen, and both finalists
    assert (whole["datasets"] == 2).all()
    assert whole["distance"].is_monotonic_increasing
    assert {"tpcf_mean", "lpf_mean", "d_mean"} <= set(whole.columns)


def test_finalists_are_judged_on_volumes_of_their_own(tmp_path):
    """A setting that is judged in any case has the row of the volumes from the first one on."""
    judged = {"solid_fraction": [0.45], "wavelength_nm": [40.0]}
    finalists = {"settings": 2, "datasets": 2, "first_dataset": 3, "also": [judged]}
    checked = small(finalists=finalists)
    table = search.calibrate(checked, TARGET, tmp_path).set_index("wavelength_nm_1")
    assert len(table) == 3
    expected = original_errors((0.45, 40.0), checked, 5, ["tpcf", "d"])[3:]
    assert table["tpcf_mean"][40.0] == pytest.approx(expected["tpcf"].mean(), rel=1e-12)
    assert table["d_sd"][40.0] == pytest.approx(expected["d"].std(), rel=1e-12)


def test_a_structure_of_other_levels_is_refused(tmp_path):
    """A structure that is judged in any case has the levels of the search."""
    wrong = {"solid_fraction": [0.45, 0.5], "wavelength_nm": [40.0]}
    checked = small(finalists={"settings": 2, "datasets": 2, "also": [wrong]})
    wanted = r"also must give 1 solid_fraction .*, but has \[0.45, 0.5\] and \[40.0\]"
    with pytest.raises(InputError, match=wanted):
        search.calibrate(checked, TARGET, tmp_path)


def test_the_folder_of_another_search_is_refused(tmp_path):
    """Rows of another configuration are never mixed in."""
    search.claim(tmp_path, "one")
    with pytest.raises(InputError, match=f"folder {tmp_path} holds a search under another"):
        search.claim(tmp_path, "two")


def test_bad_searches_are_named(tmp_path, capsys):
    """A missing section, a range that runs backwards and no processes are told in a sentence."""
    lacking = {key: value for key, value in small().items() if key != "calibrate"}
    with pytest.raises(InputError, match="calibrate is missing"):
        search.calibrate(lacking, TARGET, tmp_path)
    backwards = small(levels=[{"solid_fraction": [0.6, 0.3], "wavelength_nm": [25, 50]}])
    with pytest.raises(InputError, match="runs backwards"):
        search.calibrate(backwards, TARGET, tmp_path)
    assert main(["config/quick.yaml", "--out", str(tmp_path), "--processes", "0"]) == 2
    assert "--processes must be at least 1, but is 0" in capsys.readouterr().err
