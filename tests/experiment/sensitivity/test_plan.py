"""The plan: every setting once, every point of every factor with the right one behind it."""

import re
from dataclasses import replace

import pytest

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment.config import check
from fibgap.experiment.sensitivity.plan import DEFAULT, FACTORS, Setting, make_plan, vary
from fibgap.synthetic.milling import Milling

NONE: dict[str, list[float]] = {factor: [] for factor in FACTORS}
START = Setting(Milling("normal", 10, 3, 2.5), 12, 0.0, ())


@pytest.mark.parametrize(
    ("factor", "value", "expected"),
    [
        # 6 voxels of 2.5 nm: 15 nm, half as much again as 10 nm, and so sd and nominal thickness.
        ("mean_voxels", 6, Setting(Milling("normal", 15, 4.5, 2.5), 18, 0.0, ())),
        ("relative_sd", 0.45, replace(START, milling=Milling("normal", 10, 4.5, 2.5))),
        ("depth_error_voxels", 1.5, replace(START, depth_error_nm=3.75)),
        ("nominal_ratio", 0.8, replace(START, nominal_nm=8.0)),
    ],
)
def test_a_factor_changes_what_it_says_and_nothing_else(factor, value, expected):
    """Each factor moves its own quantity; the mean takes spread and nominal thickness with it."""
    varied = vary(START, factor, value, 2.5)
    for own, other in zip(vars(varied).values(), vars(expected).values(), strict=True):
        if isinstance(own, Milling):
            assert own.distribution == other.distribution
            numbers = [(m.mean_nm, m.sd_nm, m.floor_nm) for m in (own, other)]
            assert numbers[0] == pytest.approx(numbers[1], rel=1e-12)
        else:
            assert own == pytest.approx(other, rel=1e-12)


def test_every_factor_has_its_words_and_its_points(config):
    """The schema knows every factor: five points each, or none for what depths are told from."""
    factors = config()["sensitivity"]["factors"]
    assert list(factors) == list(FACTORS)
    assert [len(points) for points in factors.values()] == [5] * 4 + [0] * 7


def test_the_default_is_computed_once(config):
    """Four factors of five points share the default: 4 x 4 settings and one."""
    plan = make_plan(config())
    assert len(plan.settings) == 17
    at_default = {(case.factor, case.value) for case in plan.cases if case.arm == ORIGINAL}
    assert len(at_default) == 20
    shared = {
        case.factor: case.value
        for case in plan.cases
        if case.arm == ORIGINAL and case.setting == DEFAULT
    }
    assert shared == {
        "mean_voxels": 4,
        "relative_sd": 0.3,
        "depth_error_voxels": 0,
        "nominal_ratio": 1,
    }


def test_every_case_finds_its_arm(config):
    """A setting computes every arm that a case takes from it, and no arm for nothing."""
    plan = make_plan(config())
    for name, setting in plan.settings.items():
        wanted = {case.arm for case in plan.cases if case.setting == name} - {ORIGINAL}
        assert wanted == set(setting.arms)


def test_an_arm_on_which_a_factor_does_not_act_is_not_computed_again(config):
    """The nominal thickness concerns nominal and resampled arms; measured depths all but DNN-s."""
    chosen = ["RNN-s", "DNN-s"]
    plan = make_plan(config(arms=chosen))
    assert plan.settings["nominal_ratio_0"].arms == ("DNN-s", "SRCS-s")
    assert plan.settings["depth_error_voxels_1"].arms == ("RNN-s",)
    assert plan.settings["mean_voxels_0"].arms == ("RNN-s", "DNN-s")
    behind = {
        (case.factor, case.arm): case.setting
        for case in plan.cases
        if case.value in (0.6, 2) and case.factor in ("nominal_ratio", "depth_error_voxels")
    }
    assert behind["nominal_ratio", "RNN-s"] == behind["depth_error_voxels", "DNN-s"] == DEFAULT


def test_repositioned_arms_are_taken_where_none_is_chosen(config):
    """Without a choice all repositioned arms take part, and the others where they matter."""
    plan = make_plan(config())
    assert plan.settings["relative_sd_0"].arms == ("RNN-s", "RCS-s")
    assert set(plan.settings[DEFAULT].arms) == {"RNN-s", "RCS-s", "DNN-s", "SRCS-s"}


def test_only_the_factors_that_are_asked_for(config):
    """A factor without points needs no setting, and without need the default is not computed."""
    none = {factor: [] for factor in FACTORS}
    plan = make_plan(config(factors={**none, "mean_voxels": [2, 8]}))
    assert list(plan.settings) == ["mean_voxels_0", "mean_voxels_1"]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"arms": ["RML-s"]}, "sensitivity.arms names the arm 'RML-s', which is not in arms"),
        ({"factors": {"nominal_ratio": [0.2]}}, "nominal_ratio has the point 0.2, but .* 2 nm"),
        ({"factors": {name: [] for name in FACTORS}}, "sensitivity.factors holds no point"),
        ({"factors": {"thickness": [1]}}, "unknown key 'thickness' in sensitivity.factors"),
        ({"factors": {"relative_sd": [-0.1]}}, r"sensitivity.factors.relative_sd.0 is -0.1"),
        ({"datasets": 0}, "sensitivity.datasets is 0"),
    ],
)
def test_bad_sections_are_named(config, section, words):
    """A section that cannot be computed is refused with the key and the value."""
    with pytest.raises(InputError, match=words):
        config(**section)


def test_an_impossible_milling_is_named(config):
    """A point whose mean lies below the floor of the thickness is refused as a point."""
    values = config()
    values["mill_slices"]["floor_nm"] = 6.0
    words = re.escape("mean_voxels has the point 2, but the mean slice thickness of 5.0 nm")
    with pytest.raises(InputError, match=words):
        make_plan(values)


def test_an_unknown_factor_is_named():
    """Only known factors can be varied."""
    with pytest.raises(InputError, match="factor 'colour' is unknown"):
        vary(START, "colour", 1, 2.5)


def test_factors_of_sources_act_on_arms_that_read_them(config):
    """A key of the images or of the ruler leaves all other arms, and the section itself, alone."""
    values = config(factors=NONE | {"image_jitter_pixels": [0, 1], "ruler_angle_deg": [30]})
    arm = {"placement": "repositioned", "filler": "nearest"}
    values["arms"] += [
        {**arm, "name": name, "depths": name} for name in ("ruler", "images", "fused")
    ]
    plan = make_plan(check(values))
    jitter, angle = plan.settings["image_jitter_pixels_1"], plan.settings["ruler_angle_deg_0"]
    assert jitter.arms == ("images", "fused")
    assert angle.arms == ("ruler", "fused")
    # The whole slices are looked at, however far they are shifted.
    assert jitter.depths["images"] == {**values["depths"]["images"], "jitter_pixels": 1}
    assert angle.depths["ruler"]["angle_deg"] == 30
    assert plan.defaults["image_side"] == 24
    assert {case.setting for case in plan.cases if case.arm == "RNN-s"} == {"default"}


def test_whole_slices_are_the_largest_image(config):
    """The point of whole slices is the default; a larger one is refused by name."""
    plan = make_plan(config(factors=NONE | {"image_side": [24]}))
    assert set(plan.settings) == {"default"}
    with pytest.raises(InputError, match="image_side has the point 25, but slices have 24 pixels"):
        config(factors=NONE | {"image_side": [25]})


def test_a_heavy_tail_keeps_the_mean(config):
    """A lognormal thickness is another distribution even at the spread of the default."""
    plan = make_plan(config(factors=NONE | {"lognormal_sd": [0.3]}))
    milling = plan.settings["lognormal_sd_0"].milling
    assert (milling.distribution, milling.mean_nm, milling.sd_nm) == ("lognormal", 10, 3)
    assert "lognormal_sd" not in plan.defaults
