"""Intervals, paired comparisons and closed shares against closed forms and hand-made samples."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from fibgap.errors import InputError
from fibgap.measures import measure_names
from fibgap.report.tables import to_markdown, win_table
from fibgap.statistics import (
    Bootstrap,
    anisotropy_columns,
    bootstrap_interval,
    by_dataset,
    closed_share,
    closed_shares,
    column,
    count_wins,
    describe,
    equivalence,
    holm,
    nearest_baseline,
    outcome,
    paired_comparisons,
    rank_biserial,
    truth_columns,
)

#: Enough wherever the limits of an interval are not what is tested.
FEW = Bootstrap(resamples=300)


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
    interval = bootstrap_interval(values, Bootstrap(resamples=2000))
    # A quantile at 2.5 % of 2000 resamples wanders by √(0.025 · 0.975 / 2000) / 0.058 = 0.06
    # standard errors (0.058: normal density at 1.96); 0.3 is five times that.
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)
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
    interval = bootstrap_interval(1 + 1e-16 * np.arange(10), FEW)
    assert interval.method == "bootstrap, percentiles"
    assert interval.low <= interval.high


def test_interval_ignores_order_and_repeats_itself():
    """A mean does not know the order of the values, nor does its interval."""
    values = np.random.default_rng(1).normal(size=30)
    first = bootstrap_interval(values, FEW)
    assert bootstrap_interval(values[::-1], FEW) == first
    assert bootstrap_interval(values, Bootstrap(resamples=300, base_seed=1)) != first


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_confidence_is_checked(confidence):
    """95 is not a probability."""
    with pytest.raises(InputError, match=f"is {confidence}"):
        Bootstrap(confidence=confidence)


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
    for name, wins in (("dice", 2), ("voxel_error", 1)):
        row = paired_comparisons(table(name, **values), name, ["A", "B"]).iloc[0]
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
    assert paired_comparisons(table(A=[1.0], B=[math.nan]), "e", ["A", "B"]).empty


def test_shuffled_rows_change_nothing():
    """The order of the rows of a file has no meaning."""
    rng = np.random.default_rng(3)
    metrics = table(Original=rng.random(9), A=rng.random(9) + 1, B=rng.random(9) + 0.5)
    shuffled = metrics.sample(frac=1, random_state=4)
    pd.testing.assert_frame_equal(
        paired_comparisons(shuffled, "e", ["A", "B"], bootstrap=FEW),
        paired_comparisons(metrics, "e", ["A", "B"], bootstrap=FEW),
    )
    one, other = (closed_share(m, "e", "B", "A", bootstrap=FEW) for m in (shuffled, metrics))
    assert one == other
    same = [equivalence(m, ["e"], ["B"], "A") for m in (shuffled, metrics)]
    pd.testing.assert_frame_equal(*same)


def outcomes(metrics, measure, arms, pairs=None):
    """Return what may be said of every pair, in order."""
    rows = paired_comparisons(metrics, measure, arms, pairs=pairs, bootstrap=FEW)
    return [outcome(row) for row in rows.to_dict("records")]


def test_outcomes_tell_what_is_significant_and_what_is_not():
    """Twelve datasets on which B is always larger by 1 to 12 tell; coin flips do not."""
    steps = np.arange(1.0, 13.0)
    values = {"A": 0 * steps, "B": steps, "C": steps * np.where(np.arange(12) % 2, 1, -1)}
    pairs = [("A", "B"), ("A", "C"), ("B", "A")]
    for name, found in (
        ("voxel_error", ["better", "not significant", "worse"]),
        ("dice", ["worse", "not significant", "better"]),
        ("solid_fraction", ["lower", "not significant", "higher"]),
    ):
        assert outcomes(table(name, **values), name, ["A", "B", "C"], pairs) == found


@pytest.mark.parametrize(("n", "said"), [(4, "too few"), (5, "too few"), (6, "better")])
def test_six_datasets_are_the_fewest_for_a_claim(n, said):
    """Five wins out of five have p = 2 / 2⁵ = 0.0625, six out of six 0.03125."""
    steps = np.arange(1.0, n + 1)
    metrics = table(A=0 * steps, B=steps)
    assert outcomes(metrics, "e", ["A", "B"]) == [said]
    p = paired_comparisons(metrics, "e", ["A", "B"], bootstrap=FEW)["p"].iloc[0]
    assert p == pytest.approx(2.0 ** (1 - n))


def test_mean_and_ranks_that_disagree_are_told():
    """One huge loss against many small wins turns the mean but not the ranks."""
    b = -np.linspace(1.0, 2.0, 20)
    b[0] = 1000.0
    assert outcomes(table(A=np.zeros(20), B=b), "e", ["A", "B"]) == ["mixed"]


def test_equal_arms_are_called_equal():
    """Arms that agree on every dataset are neither better nor worse."""
    metrics = table(A=[1.0, 2.0], B=[1.0, 2.0])
    assert paired_comparisons(metrics, "e", ["A", "B"])["p"].iloc[0] == 1.0
    assert outcomes(metrics, "e", ["A", "B"]) == ["equal"]


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
    result = closed_share(metrics, "e", "B", "A", bootstrap=Bootstrap(resamples=2000))
    residual = (step - rest) - result.share * step
    error = residual.std(ddof=1) / math.sqrt(1500) / step.mean()
    # As for the mean: quantiles of 2000 resamples wander by 0.06 standard errors.
    assert result.interval.low == pytest.approx(result.share - 1.96 * error, abs=0.3 * error)
    assert result.interval.high == pytest.approx(result.share + 1.96 * error, abs=0.3 * error)


def test_no_distance_no_share():
    """A baseline that is as good as the truth leaves nothing to close."""
    metrics = table(Original=[0.5, 0.6], A=[0.5, 0.6], B=[0.1, 0.2])
    result = closed_share(metrics, "e", "B", "A")
    assert math.isnan(result.share)
    assert not result.certain


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
        metrics, ["anisotropy_lpf"], ["RNN-s", "RML-s"], ["RNN-s"], reference=reference
    )
    assert shares["arm"].tolist() == ["RML-s"]
    assert shares["paper_share"].iloc[0] == pytest.approx(138 / 291)


def test_shares_are_also_counted_from_the_better_baseline():
    """Of two baselines the one nearer to the truth counts, also where it lies below it."""
    metrics = table(Original=[1.0, 1.0], A=[2.0, 2.0], S=[0.5, 0.5], N=[1.25, 1.25])
    metrics["f"] = metrics["e"].replace(0.5, 3.0)  # here S is farther from the truth than A
    assert [nearest_baseline(metrics, name, ["A", "S"]) for name in "ef"] == ["S", "A"]
    shares = closed_shares(metrics, ["e", "f"], ["S", "N"], ["A", "S"])
    found = {
        key: share
        for *key, share in shares[["measure", "arm", "baseline", "share"]].itertuples(index=False)
        for key in [tuple(key)]
    }
    assert list(found) == [
        ("e", "S", "A"),
        ("e", "N", "A"),
        ("e", "N", "S"),
        ("f", "S", "A"),
        ("f", "N", "A"),
    ]
    assert found["e", "N", "A"] == pytest.approx(0.75)
    assert math.isnan(found["e", "N", "S"])  # from below the truth nothing is to be closed


def paired(n=40, seed=7):
    """Return metrics in which B is near the truth and A about 1 above it, and their arrays."""
    rng = np.random.default_rng(seed)
    original = rng.normal(3.0, 1.0, n)
    a, b = original + rng.normal(1.0, 0.2, n), original + rng.normal(0.02, 0.1, n)
    return table(Original=original, A=a, B=b), b - original, a - original


def test_equivalence_against_scipy():
    """Both one-sided t-tests of the margin's own datasets, and the larger p of the two."""
    metrics, d, w = paired()
    row = equivalence(metrics, ["e"], ["A", "B", "Original"], "A").iloc[0]
    tests = [
        scipy.stats.ttest_1samp(0.1 * w + sign * d, 0, alternative="greater") for sign in (-1, 1)
    ]
    assert row["p"] == pytest.approx(max(test.pvalue for test in tests), rel=1e-9)
    assert row["margin"] == pytest.approx(0.1 * w.mean())
    limits = scipy.stats.ttest_1samp(d, 0).confidence_interval(0.9)
    assert (row["low"], row["high"]) == pytest.approx((limits.low, limits.high))
    assert row["equivalent"] == (row["p"] < 0.05)


def test_equivalence_within_a_fixed_margin_is_the_textbooks():
    """Where the distance is 2 on every dataset the test is that of Schuirmann with ± 0.2."""
    original = np.arange(12.0)
    d = 0.05 + 0.1 * np.sin(np.arange(12.0))
    metrics = table(Original=original, A=original + 2, B=original + d)
    row = equivalence(metrics, ["e"], ["B"], "A").iloc[0]
    upper = scipy.stats.ttest_1samp(d, 0.2, alternative="less").pvalue
    lower = scipy.stats.ttest_1samp(d, -0.2, alternative="greater").pvalue
    assert row["p"] == pytest.approx(max(upper, lower), rel=1e-9)
    assert row["equivalent"]
    assert -0.2 < row["low"] < row["high"] < 0.2  # the 90 % interval says the same


def test_equivalence_is_a_closed_share_near_one():
    """Within a tenth of the distance means that 90 to 110 % of it are closed."""
    metrics, d, w = paired(n=200)
    row = equivalence(metrics, ["e"], ["B"], "A").iloc[0]
    share = closed_share(metrics, "e", "B", "A", bootstrap=FEW).share
    assert share == pytest.approx(1 - d.mean() / w.mean())
    assert row["equivalent"]
    assert 0.9 < share < 1.1
    far = table(Original=np.zeros(40), A=np.ones(40), B=0.5 + 0.1 * np.sin(np.arange(40)))
    assert not equivalence(far, ["e"], ["B"], "A")["equivalent"].any()


def test_equivalence_holds_its_level():
    """At the margin itself no more than 5 % of experiments call the arms equivalent."""
    rng = np.random.default_rng(11)
    n, called = 150, 0
    for _ in range(n):
        w = rng.normal(1.0, 0.5, 30)
        d = 0.1 + rng.normal(0.0, 0.02, 30)
        called += equivalence(table(Original=0 * w, A=w, B=d), ["e"], ["B"], "A")["equivalent"][0]
    # The count is binomial: 150 · 0.05 = 7.5 with a standard deviation of 2.7; 3.5 of these.
    assert called <= 17


@pytest.mark.parametrize(
    "values",
    [
        {"Original": [0.0], "A": [1.0], "B": [0.0]},
        {"Original": [1.0, 2.0], "A": [1.0, 2.0], "B": [1.0, 2.1]},
        {"Original": [1.0, 2.0], "A": [0.5, 1.0], "B": [1.0, 2.1]},
    ],
    ids=["one dataset", "no distance", "a baseline below the truth"],
)
def test_without_a_margin_nothing_is_equivalent(values):
    """One dataset, or a baseline that is no worse than the truth, leave nothing to test."""
    row = equivalence(table(**values), ["e"], ["B"], "A").iloc[0]
    assert math.isnan(row["p"])
    assert not row["equivalent"]


def test_the_margin_is_a_share():
    """A tenth is 0.1, not 10."""
    with pytest.raises(InputError, match="is 10"):
        equivalence(table(Original=[0.0], A=[1.0]), ["e"], ["A"], "A", margin=10)


def test_columns_follow_from_the_registered_measures():
    """Every measure of the tables has an anisotropy error and one against the truth."""
    assert anisotropy_columns() == tuple(
        f"anisotropy_{name}" for name in measure_names(extended=False)
    )
    assert truth_columns() == (
        *(f"truth_{name}" for name in measure_names(extended=False)),
        *("voxel_error", "dice", "solid_fraction"),
    )
    entry = column("truth_lpf")
    assert (entry.letter, entry.measure, entry.better, entry.of) == ("ε", "LPF", "lower", "Along z")
    assert column("anisotropy_new").words == "NEW anisotropy error"
    assert column("holes_left").title == "Holes left"


def test_a_description_leaves_undefined_values_out():
    """1, 2, 6 have mean 3 and, with n − 1 = 2, variance (4 + 1 + 9) / 2 = 7."""
    found = describe([1.0, math.nan, 2.0, 6.0])
    assert (found["n"], found["mean"]) == (3, 3.0)
    assert found["sd"] == pytest.approx(math.sqrt(7))
    # Student's t of two degrees of freedom at 95 %: 4.302653.
    assert found["high"] - found["mean"] == pytest.approx(4.302653 * math.sqrt(7 / 3))
    nothing = describe([math.nan])
    assert nothing["n"] == 0
    assert math.isnan(nothing["mean"])
    assert math.isnan(describe([2.0])["sd"])


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


def test_a_table_of_wins_has_a_row_an_arm():
    """Arms that do not compete on a measure have a dash there, shared places stand apart."""
    rows = [("voxel_error", "A", 1, 1, 3), ("voxel_error", "B", 1, 1, 3), ("dice", "A", 3, 0, 3)]
    wins = pd.DataFrame(rows, columns=["measure", "arm", "wins", "shared", "n"])
    text = to_markdown(win_table(wins))
    assert "| A | 1 of 3 (+1) | 3 of 3 |" in text
    assert "| B | 1 of 3 (+1) | – |" in text
    assert "shares the first place" in text
