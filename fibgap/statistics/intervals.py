"""Confidence intervals over datasets."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # which loads scipy.stats, half a second, when it is first used
from numpy.typing import ArrayLike, NDArray

from fibgap import seeds
from fibgap.errors import InputError

Floats = NDArray[np.float64]

#: Below this number of datasets a bootstrap sees too few distinct samples to be trusted.
FEWEST_FOR_BOOTSTRAP = 6


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made: the same for every number of an experiment.

    Attributes
    ----------
    confidence : float
        Confidence level, between 0 and 1.
    resamples : int
        Number of bootstrap samples.
    base_seed : int
        Seed of the experiment. Every interval starts the stream "bootstrap" afresh, so that a cell
        of a table does not depend on which other cells are computed.

    Raises
    ------
    InputError
        If the confidence is not between 0 and 1.
    """

    confidence: float = 0.95
    resamples: int = 9999
    base_seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise InputError(f"confidence must lie between 0 and 1, but is {self.confidence}.")


#: What is not told otherwise.
DEFAULT = Bootstrap()


@dataclass(frozen=True)
class Interval:
    """A confidence interval, how many values it rests on, and the method that gave it."""

    low: float
    high: float
    n: int
    method: str


def paired_interval(
    samples: Sequence[Floats],
    statistic: Callable[..., Floats],
    bootstrap: Bootstrap = DEFAULT,
) -> Interval:
    """Return the confidence interval of a statistic of paired samples.

    Parameters
    ----------
    samples : sequence of (n,) float64
        Values of the same n datasets, finite; resampled together.
    statistic : callable
        Takes the samples and `axis`, reduces that axis.
    bootstrap : Bootstrap
        How the interval is made.

    Returns
    -------
    Interval
        See the notes of `bootstrap_interval`; for few values the standard error is the jackknife's,
        which for a mean is the classical one.
    """
    confidence = bootstrap.confidence
    order = np.lexsort(tuple(samples))
    samples = [values[order] for values in samples]
    n = len(order)
    if n < 2:
        return Interval(math.nan, math.nan, n, "none: fewer than two values")
    estimate = float(statistic(*samples, axis=-1))
    if all(np.ptp(values) == 0 for values in samples):
        return Interval(estimate, estimate, n, "none: all values equal")
    if n < FEWEST_FOR_BOOTSTRAP:
        left_out = [
            float(statistic(*(np.delete(values, i) for values in samples), axis=-1))
            for i in range(n)
        ]
        with np.errstate(invalid="ignore"):  # a ratio may have left out its whole denominator
            error = math.sqrt((n - 1) * float(np.var(left_out)))
        reach = float(scipy.stats.t.ppf((1 + confidence) / 2, n - 1)) * error
        return Interval(estimate - reach, estimate + reach, n, "jackknife with Student's t")
    with warnings.catch_warnings():
        # A sample of nearly equal values leaves BCa undefined; the percentiles below remain.
        warnings.simplefilter("ignore", scipy.stats.DegenerateDataWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        result = scipy.stats.bootstrap(
            tuple(samples),
            statistic,
            paired=True,
            vectorized=True,
            confidence_level=confidence,
            n_resamples=bootstrap.resamples,
            batch=1000,
            method="BCa",
            rng=seeds.generator(bootstrap.base_seed, "bootstrap"),
        )
    low, high = (float(limit) for limit in result.confidence_interval)
    if math.isfinite(low) and math.isfinite(high):
        return Interval(low, high, n, "bootstrap, BCa")
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    with np.errstate(invalid="ignore"):
        low, high = (float(limit) for limit in np.quantile(result.bootstrap_distribution, tails))
    return Interval(low, high, n, "bootstrap, percentiles")


def bootstrap_interval(
    values: ArrayLike,
    bootstrap: Bootstrap = DEFAULT,
) -> Interval:
    """Return a confidence interval of the mean.

    Parameters
    ----------
    values : (n,) array_like
        One value per dataset. NaN means undefined and is left out. The order does not matter.
    bootstrap : Bootstrap
        How the interval is made.

    Returns
    -------
    Interval
        Its `method` says which of the cases in the notes applied.

    Raises
    ------
    InputError
        If a value is infinite.

    Notes
    -----
    From six values on: the bias-corrected and accelerated bootstrap (B. Efron, 1987), or the
    percentiles of the resampled means where that is undefined. For two to five values: Student's
    t, since a resample of so few values cannot reach as far as their mean may be off. All values
    equal: the interval is that value. Fewer than two values: NaN.

    Examples
    --------
    Mean 2, standard error 1/√3, and t = 4.303 for two degrees of freedom:

    >>> interval = bootstrap_interval([1.0, 2.0, 3.0])
    >>> round(interval.low, 3), round(interval.high, 3), interval.method
    (-0.484, 4.484, "jackknife with Student's t")
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    if np.isinf(numbers).any():
        raise InputError("a value is infinite, and so would be its mean.")
    numbers = numbers[~np.isnan(numbers)]
    return paired_interval([numbers], np.mean, bootstrap)


def describe(values: ArrayLike, bootstrap: Bootstrap = DEFAULT) -> dict[str, object]:
    """Return number, mean, spread and interval of the mean of some values.

    Parameters
    ----------
    values : (n,) array_like
        One value per dataset. NaN means undefined and is left out.
    bootstrap : Bootstrap
        How the interval is made.

    Returns
    -------
    dict
        `n`, `mean`, `sd` (n − 1 in the denominator), `low`, `high`, `interval` (its method).

    Examples
    --------
    >>> found = describe([0.5, 0.7])
    >>> found["n"], round(found["mean"], 4), round(found["sd"], 4)
    (2, 0.6, 0.1414)
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    numbers = numbers[~np.isnan(numbers)]
    interval = bootstrap_interval(numbers, bootstrap)
    return {
        "n": numbers.size,
        "mean": float(numbers.mean()) if numbers.size else math.nan,
        "sd": float(numbers.std(ddof=1)) if numbers.size > 1 else math.nan,
        "low": interval.low,
        "high": interval.high,
        "interval": interval.method,
    }
