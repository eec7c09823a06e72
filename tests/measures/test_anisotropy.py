"""Anisotropy errors and errors against the truth, in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibgap.errors import InputError
from fibgap.measures import measure
from fibgap.measures.anisotropy import anisotropy_error, truth_error
from fibgap.measures.correlation import lineal_path, two_point_correlation


def directional_curves(volume, max_lag=None, **options):
    """Return TPCF and LPF along z, y and x."""
    options["max_lag"] = max_lag
    return two_point_correlation(volume, **options), lineal_path(volume, **options)


curves = st.lists(
    st.tuples(*3 * [st.floats(0.01, 1, allow_nan=False)]), min_size=1, max_size=8
).map(lambda rows: np.array(rows).T)


def test_error_of_two_lags():
    """Mean of x and y is (3, 4), z misses it by (0, 1): one fifth."""
    assert anisotropy_error([3, 5], [2, 6], [4, 2]) == 0.2


def test_error_of_numbers():
    """D = 0.6 along z and 0.4, 0.8 across: none; 0.3 along z: one half."""
    assert anisotropy_error(0.6, 0.4, 0.8) == pytest.approx(0, abs=1e-15)
    assert anisotropy_error(0.3, 0.4, 0.8) == pytest.approx(0.5, rel=1e-15)


def test_z_comes_first():
    """The odd one out is z: the same numbers in another order are another error."""
    assert anisotropy_error(1, 2, 2) == 0.5
    assert anisotropy_error(2, 2, 1) == pytest.approx(1 / 3, rel=1e-15)


@given(curves, st.floats(0.1, 10))
def test_error_of_a_scaled_axis(curve, factor):
    """If x and y agree and z is `factor` times as large, the error is |factor - 1|."""
    # A few roundings of numbers up to 10.
    assert anisotropy_error(factor * curve[0], curve[0], curve[0]) == pytest.approx(
        abs(factor - 1), abs=1e-13
    )


@given(curves)
def test_error_ignores_the_order_of_x_and_y(curve):
    """x and y play the same part, and a common factor cancels."""
    z, y, x = curve
    assert anisotropy_error(z, y, x) == anisotropy_error(z, x, y)
    assert anisotropy_error(4 * z, 4 * y, 4 * x) == anisotropy_error(z, y, x)


def test_permutation_symmetric_volume_is_isotropic():
    """A volume that equals all its axis permutations has no anisotropy at all."""
    corner = np.random.default_rng(1).random((16, 16, 16)) < 0.3
    volume = np.zeros_like(corner)
    for order in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]:
        volume |= corner.transpose(order)
    for curve in directional_curves(volume):
        assert anisotropy_error(*curve) == 0


def test_error_grows_with_a_known_stretch():
    """Every layer repeated once, twice, four times: z departs from x and y ever more."""
    blobs = np.random.default_rng(2).random((32, 8, 8)) < 0.5
    cubes = blobs.repeat(4, axis=1).repeat(4, axis=2)
    for measured in zip(
        *(directional_curves(cubes.repeat(n, axis=0)[:32], 15) for n in (4, 2, 1)), strict=True
    ):
        isotropic, halved, quartered = (anisotropy_error(*curve) for curve in measured)
        assert isotropic < halved < quartered


@pytest.mark.parametrize("stretched", range(3))
def test_measures_know_z_from_x_and_y(stretched):
    """Gold threads along one axis: against the mean of the others z errs most if it is z."""
    plane = np.random.default_rng(3).random((16, 16)) < 0.4
    volume = np.broadcast_to(np.expand_dims(plane, stretched), (16, 16, 16))
    tpcf = measure(volume, ["tpcf"], max_lag=4)["tpcf"]
    assert np.all(tpcf[stretched] == plane.mean())
    others = np.delete(tpcf, stretched, axis=0)
    assert np.all(others[:, 1:] < 0.7 * plane.mean())


def test_truth_error_of_common_lags():
    """(3, 4.5) against (3, 4): one tenth, whatever the lags that only one of them has."""
    assert truth_error([3, 4.5], [3, 4, 9]) == 0.1
    assert truth_error([3, 4.5, 9], [3, 4]) == 0.1
    assert truth_error(0.45, 0.5) == pytest.approx(0.1)


def test_undefined_errors_are_nan():
    """Relative to nothing there is no error: NaN, without a warning."""
    assert math.isnan(anisotropy_error(0.5, 0.0, 0.0))
    assert math.isnan(truth_error([1.0, 2.0], [0.0, 0.0]))
    assert math.isnan(anisotropy_error(math.nan, 0.5, 0.5))


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (anisotropy_error, ([1, 2], [1, 2], [1]), "same lags, but have 2, 2 and 1"),
        (anisotropy_error, ([], [], []), r"f_z .* \(0,\)"),
        (anisotropy_error, (1, np.ones((3, 4)), 1), r"f_y .* \(3, 4\)"),
        (truth_error, ([1.0], np.ones((3, 4))), r"f_true .* \(3, 4\)"),
        (truth_error, ([], [1.0]), r"f .* \(0,\)"),
    ],
)
def test_bad_curves_are_named(function, arguments, words):
    """Curves that do not fit together are refused with a sentence that holds their shapes."""
    with pytest.raises(InputError, match=words):
        function(*arguments)
