"""Intervals, paired comparisons and closed shares against closed forms and hand-made samples."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from fibgap.errors import InputError
from fibgap.report.tables import to_markdown, win_table
from fibgap.statistics import (
    bootstrap_interval,
    by_dataset,
    closed_share,
    closed_shares,
    count_wins,
    holm,
    paired_comparisons,
    rank_biserial,
    share_sentences,
    verdicts,
    win_sentences,
)


def table(column="e", **values):
    """Return metrics with one row per dataset and arm; datasets count from 0."""
    rows = [
        {"dataset": dataset, "arm": arm, column: value}
        for arm, of_arm in values.items()
        for dataset, value in enumerate(of_arm)
    ]
    return pd.DataFrame(rows)


def test_interval_of_a_large_sample_is_the_normal_one():
    """The mean of many values is normal: mean ± 1.96 standard errors."""
    values = np.random.default_rng(5).normal(3.0, 2.0, size=2000)
    error = values.std(ddof=1) / math.sqrt(2000)
    interval = bootstrap_interval(values)
    # A quantile at 2.5 % of 9999 resamples wanders by √(0.025 · 0.975 / 9999) / 0.058 = 0.027
    # standard errors (0.058: normal density at 1.96); 0.15 is more than five times that.
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    assert interval.method == "bootstrap, BCa"


def test_interval_of_few_values_is_students():
    """Five values have a mean that is off by t with four degrees of freedom."""
    values = [1.0, 2.0, 4.0, 7.0, 11.0]
    error = np.std(values, ddof=1) / math.sqrt(5)
    interval = bootstrap_interval(values)
    assert interval.low == pytest.approx(5.0 - 2.7764451 * error)
    assert interval.high == pytest.approx(5.0 + 2.7764451 * error)


@pytest.mark.parametrize("values", [[], [2.0], [float("nan"), 2.0]])
def test_one_value_has_no_interval(values):
    """Nothing is known about the spread of a single value."""
    interval = bootstrap_interval(values)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert interval.n == sum(not math.isnan(v) for v in values)


def test_equal_values_have_an_interval_of_no_width():
    """Resampling equal values gives that value."""
    interval = bootstrap_interval([0.25] * 8)
    assert (interval.low, interval.high) == (0.25, 0.25)


def test_nearly_equal_values_fall_back_to_percentiles():
    """Where the acceleration is undefined the percentiles of the resampled means remain."""
    interval = bootstrap_interval(1 + 1e-16 * np.arange(10))
    assert interval.method == "bootstrap, percentiles"
    assert interval.low <= interval.high


def test_interval_ignores_order_and_repeats_itself():
    """A mean does not know the order of the values, nor does its interval."""
    values = np.random.default_rng(1).normal(size=30)
    first = bootstrap_interval(values)
    assert bootstrap_interval(values[::-1]) == first
    assert bootstrap_interval(values, base_seed=1) != first


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_confidence_is_checked(confidence):
    """95 is not a probability."""
    with pytest.raises(InputError, match=f"is {confidence}"):
        bootstrap_interval([1.0, 2.0], confidence=confidence)


def test_infinite_value_is_refused():
    """The mean of an infinite value is no number to report."""
    with pytest.raises(InputError, match="infinite"):
        bootstrap_interval([1.0, math.inf])


def test_holm_by_hand():
    """0.005·4, then 0.01·3, then 0.03·2, then 0.04·1 lifted to its predecessor's 0.06."""
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_undefined_out_and_stops_at_one():
    """An undefined p value is no comparison; no corrected p value exceeds 1."""
    corrected = holm([0.6, math.nan, 0.02])
    assert corrected[[0, 2]].tolist() == pytest.approx([0.6, 0.04])
    assert math.isnan(corrected[1])
    assert holm([0.7, 0.8]).tolist() == [1.0, 1.0]


def test_rank_biserial_by_hand():
    """Sizes 1, 2, 2, 4 have ranks 1, 2.5, 2.5, 4, of which 2.5 is negative: (7.5 - 2.5) / 10."""
    assert rank_biserial([1.0, -2.0, 2.0, 4.0, 0.0]) == pytest.approx(0.5)
    assert rank_biserial([3.0, 1.0]) == 1.0
    assert rank_biserial([-3.0]) == -1.0
    assert rank_biserial([0.0, 0.0]) == 0.0
    assert math.isnan(rank_biserial([]))


def test_comparison_against_scipy_and_by_hand():
    """Means, wins and ties follow from counting, the p value from the exact signed-rank test."""
    a = np.array([0.10, 0.22, 0.35, 0.41, 0.50, 0.63, 0.75, 0.80])
    b = np.array([0.20, 0.20, 0.50, 0.49, 0.50, 0.80, 0.81, 0.99])
    row = paired_comparisons(table(A=a, B=b), "e", ["A", "B"]).iloc[0]
    assert row["difference"] == pytest.approx((a - b).mean())
    assert (row["wins_first"], row["wins_second"], row["ties"]) == (6, 1, 1)
    # Seven pairs differ, by ranks 4, 1, 5, 3, 6, 2, 7; the one of rank 1 is positive. Of the 128
    # choices of signs, those with a sum of at most 1 on one side are {} and {1}: p = 2 · 2 / 128.
    assert row["p"] == pytest.approx(4 / 128)
    assert row["p"] == pytest.approx(scipy.stats.wilcoxon(a, b, zero_method="wilcox").pvalue)
    assert row["rank_biserial"] == pytest.approx((1 - 27) / 28)


def test_more_dice_wins():
    """Of the Dice coefficient more is better, of an error less."""
    values = {"A": [0.9, 0.8, 0.7], "B": [0.5, 0.6, 0.8]}
    for column, wins in (("dice", 2), ("voxel_error", 1)):
        row = paired_comparisons(table(column, **values), column, ["A", "B"]).iloc[0]
        assert row["wins_first"] == wins


def test_all_measures_are_one_family():
    """Two measures and three arms are six comparisons for Holm's correction."""
    rng = np.random.default_rng(2)
    metrics = table(A=rng.normal(size=12), B=rng.normal(size=12) + 1, C=rng.normal(size=12))
    metrics["f"] = metrics["e"] ** 2
    result = paired_comparisons(metrics, ["e", "f"], ["A", "B", "C"])
    assert result["comparisons"].tolist() == [6] * 6
    assert result["p_holm"].to_numpy() == pytest.approx(holm(result["p"]))
    assert list(zip(result["first"], result["second"], strict=True))[:3] == [
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    ]


def test_only_common_datasets_are_compared():
    """A dataset without a value for one arm says nothing about the pair."""
    metrics = table(A=[1.0, 2.0, 3.0], B=[0.0, math.nan, 1.0])
    row = paired_comparisons(metrics, "e", ["A", "B"]).iloc[0]
    assert row["n"] == 2
    assert row["difference"] == pytest.approx(1.5)
    nothing = paired_comparisons(table(A=[1.0], B=[math.nan]), "e", ["A", "B"])
    assert nothing.empty
    assert verdicts(nothing) == []


def test_shuffled_rows_change_nothing():
    """The order of the rows of a file has no meaning."""
    rng = np.random.default_rng(3)
    metrics = table(Original=rng.random(9), A=rng.random(9) + 1, B=rng.random(9) + 0.5)
    shuffled = metrics.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(
        paired_comparisons(shuffled, "e", ["A", "B"]), paired_comparisons(metrics, "e", ["A", "B"])
    )
    assert closed_share(shuffled, "e", "B", "A") == closed_share(metrics, "e", "B", "A")


def test_verdicts_name_what_is_significant_and_what_is_not():
    """Twelve datasets on which B is always larger by 1 to 12 tell; coin flips do not."""
    steps = np.arange(1.0, 13.0)
    flips = steps * np.where(np.arange(12) % 2, 1, -1)
    metrics = table("voxel_error", A=np.zeros(12), B=steps, C=flips)
    (sentence,) = verdicts(
        paired_comparisons(metrics, "voxel_error", ["A", "B", "C"], pairs=[("A", "B"), ("A", "C")])
    )
    assert sentence.startswith(
        "Voxel error: A is significantly lower than B (by 6.5000, better on 12 of 12)"
    )
    assert "it does not differ significantly from C" in sentence


def test_verdicts_admit_that_few_datasets_prove_nothing():
    """Four datasets cannot give a p value below 2 / 2⁴ = 0.125, however clear they look."""
    metrics = table(A=[1.0, 2.0, 3.0, 4.0], B=[2.0, 4.0, 6.0, 8.0])
    result = paired_comparisons(metrics, "e", ["A", "B"])
    assert result["p"].iloc[0] == pytest.approx(0.125)
    warning, sentence = verdicts(result)
    assert warning.endswith("with 4 datasets: the smallest p value is 0.125.")
    assert "cannot be compared on so few datasets with B (better on 4 of 4)" in sentence
    assert "significantly" not in sentence


@pytest.mark.parametrize(("n", "claim"), [(5, "cannot be compared"), (6, "significantly lower")])
def test_six_datasets_are_the_fewest_for_a_claim(n, claim):
    """Five wins out of five have p = 2 / 2⁵ = 0.0625, six out of six 0.03125."""
    steps = np.arange(1.0, n + 1)
    sentence = verdicts(paired_comparisons(table(A=0 * steps, B=steps), "e", ["A", "B"]))[-1]
    assert claim in sentence


def test_verdicts_tell_when_mean_and_ranks_disagree():
    """One huge loss against many small wins turns the mean but not the ranks."""
    b = -np.linspace(1.0, 2.0, 20)
    b[0] = 1000.0
    (sentence,) = verdicts(paired_comparisons(table(A=np.zeros(20), B=b), "e", ["A", "B"]))
    assert "opposite directions" in sentence


def test_equal_arms_are_called_equal():
    """Arms that agree on every dataset are neither better nor worse."""
    metrics = table(A=[1.0, 2.0], B=[1.0, 2.0])
    result = paired_comparisons(metrics, "e", ["A", "B"])
    assert result["p"].iloc[0] == 1.0
    assert verdicts(result)[-1] == "E: A equals B on every dataset."


def test_closed_share_by_hand():
    """From 0.5 down to 0.3 is half of the way to 0.1."""
    metrics = table(Original=[0.0, 0.2], A=[0.4, 0.6], B=[0.2, 0.4])
    result = closed_share(metrics, "e", arm="B", baseline="A")
    assert result.share == pytest.approx(0.5)
    assert result.distance == pytest.approx(0.4)
    assert result.certain


def test_interval_of_a_closed_share_is_the_delta_methods():
    """For many datasets the ratio of two means is normal with the delta method's variance."""
    rng = np.random.default_rng(6)
    original, step = rng.normal(1.0, 0.3, 1500), rng.normal(4.0, 1.0, 1500)
    rest = step * rng.normal(0.25, 0.05, 1500)
    metrics = table(Original=original, A=original + step, B=original + rest)
    result = closed_share(metrics, "e", "B", "A")
    residual = (step - rest) - result.share * step
    error = residual.std(ddof=1) / math.sqrt(1500) / step.mean()
    # As for the mean: quantiles of 9999 resamples wander by 0.027 standard errors.
    assert result.interval.low == pytest.approx(result.share - 1.96 * error, abs=0.2 * error)
    assert result.interval.high == pytest.approx(result.share + 1.96 * error, abs=0.2 * error)


def test_no_distance_no_share():
    """A baseline that is as good as the truth leaves nothing to close."""
    metrics = table(Original=[0.5, 0.6], A=[0.5, 0.6], B=[0.1, 0.2])
    result = closed_share(metrics, "e", "B", "A")
    assert math.isnan(result.share)
    assert not result.certain
    assert "nothing to close" in share_sentences(closed_shares(metrics, ["e"], ["B"], "A"))[0]


def test_closed_shares_of_the_paper():
    """The published means of the lineal path close (479 - 341) / (479 - 188) of the distance."""
    metrics = table(
        "anisotropy_lpf", **{"Original": [0.0, 0.1], "RNN-s": [1.0, 1.2], "RML-s": [0.5, 0.5]}
    )
    reference = pd.DataFrame(
        {
            "arm": ["Original", "RNN-s", "RML-s"],
            "measure": "lpf",
            "mean": [0.0188, 0.0479, 0.0341],
        }
    )
    shares = closed_shares(
        metrics, ["anisotropy_lpf"], ["RNN-s", "RML-s"], "RNN-s", reference=reference
    )
    assert shares["arm"].tolist() == ["RML-s"]
    assert shares["paper_share"].iloc[0] == pytest.approx(138 / 291)
    assert "the published means give 47 %" in share_sentences(shares)[0]


def test_missing_and_doubled_rows_are_named():
    """A misspelt arm or column and a doubled row are told by their names."""
    metrics = table(A=[1.0, 2.0])
    with pytest.raises(InputError, match="'Z'"):
        by_dataset(metrics, "e", ["A", "Z"])
    with pytest.raises(InputError, match="'wrong'"):
        by_dataset(metrics, "wrong", ["A"])
    with pytest.raises(InputError, match="dataset 1"):
        by_dataset(pd.concat([metrics, metrics.tail(1)]), "e", ["A"])
    with pytest.raises(InputError, match="'Z'"):
        paired_comparisons(metrics, "e", ["A"], pairs=[("A", "Z")])


def test_wins_count_the_best_of_all_arms():
    """A win is a strictly best value; ties and undefined values are no win of anybody."""
    nan = float("nan")
    values = {
        "A": [0.1, 0.2, 0.3, 0.5, 0.1],
        "B": [0.2, 0.1, 0.3, 0.4, nan],
        "C": [0.3, 0.3, 0.4, 0.6, 0.0],
        "D": [nan] * 5,
    }
    metrics = pd.DataFrame(
        [
            {"dataset": i, "arm": arm, "voxel_error": value, "dice": 1 - value}
            for arm, of_arm in values.items()
            for i, value in enumerate(of_arm)
        ]
    )
    wins = count_wins(metrics, ["voxel_error", "dice"], list(values))
    expected = [("A", 1, 1, 4), ("B", 2, 1, 4), ("C", 0, 0, 4)]
    for measure in ("voxel_error", "dice"):  # the lower the better, the higher the better
        own = wins[wins["measure"] == measure].drop(columns="measure")
        assert list(own.itertuples(index=False, name=None)) == expected
    assert win_sentences(wins) == [
        "Voxel error: of 4 datasets, B is best on 2, A on 1, several arms together on 1.",
        "Dice coefficient: of 4 datasets, B is best on 2, A on 1, several arms together on 1.",
    ]


def test_a_table_of_wins_has_a_row_an_arm():
    """Arms that do not compete on a measure have a dash there, shared places stand apart."""
    rows = [("voxel_error", "A", 1, 1, 3), ("voxel_error", "B", 1, 1, 3), ("dice", "A", 3, 0, 3)]
    wins = pd.DataFrame(rows, columns=["measure", "arm", "wins", "shared", "n"])
    text = to_markdown(win_table(wins))
    assert "| A | 1 of 3 (+1) | 3 of 3 |" in text
    assert "| B | 1 of 3 (+1) | – |" in text
    assert "shares the first place" in text
