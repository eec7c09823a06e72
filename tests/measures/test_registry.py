"""The registry of measures and what it lets in."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fibgap
import fibgap.measures.registry as registry
from fibgap.errors import InputError
from fibgap.measures import measure, measure_names, measure_symbol, register
from fibgap.measures.correlation import lineal_path, two_point_correlation
from fibgap.measures.diffusivity import effective_diffusivity


def directional_curves(volume, max_lag=None, **options):
    """Return TPCF and LPF along z, y and x."""
    options["max_lag"] = max_lag
    return two_point_correlation(volume, **options), lineal_path(volume, **options)


@pytest.fixture
def volume():
    """Random voxels, 12 x 14 x 16."""
    return np.random.default_rng(9).random((12, 14, 16)) < 0.3


@pytest.fixture
def clean_registry(monkeypatch):
    """A copy of the registry, so that additions end with the test."""
    monkeypatch.setattr(registry, "_MEASURES", dict(registry._MEASURES))


def test_measures_equal_the_functions_behind_them(volume):
    """One call gives what the single functions give, in the order asked for."""
    result = measure(volume, ("d", "tpcf", "lpf"))
    assert list(result) == ["d", "tpcf", "lpf"]
    tpcf, lpf = directional_curves(volume)
    assert tpcf.shape == (3, 7)
    assert np.array_equal(result["tpcf"], tpcf)
    assert np.array_equal(result["lpf"], lpf)
    assert np.array_equal(result["d"], effective_diffusivity(volume))


def test_options_reach_their_measures(volume):
    """Lags and boundary go to the curves, the cut to the diffusivity."""
    result = measure(volume, max_lag=3, boundary="periodic", cut=8)
    tpcf, lpf = directional_curves(volume, 3, boundary="periodic")
    assert np.array_equal(result["tpcf"], tpcf)
    assert np.array_equal(result["lpf"], lpf)
    assert np.array_equal(result["d"], effective_diffusivity(volume, cut=8))


def test_a_centred_correlation_is_what_exceeds_chance(volume):
    """S2 less the square of the solid fraction begins at the variance of the voxels."""
    fraction = volume.mean()
    centred = measure(volume, ["tpcf", "lpf"], centred=True)
    plain = measure(volume, ["tpcf", "lpf"])
    assert np.allclose(centred["tpcf"], plain["tpcf"] - fraction**2, rtol=0, atol=1e-15)
    assert np.allclose(centred["tpcf"][:, 0], fraction * (1 - fraction), rtol=0, atol=1e-15)
    assert np.array_equal(centred["lpf"], plain["lpf"])


@pytest.mark.usefixtures("clean_registry")
def test_a_new_measure_is_one_function(volume):
    """A registered function is measured by its name, with its own options."""

    @register("solid_per_axis", symbol="f")
    def solid_per_axis(volume: np.ndarray, *, factor: float = 1) -> np.ndarray:
        return np.full(3, factor * volume.mean())

    assert "solid_per_axis" in measure_names()
    assert measure_symbol("solid_per_axis") == "f"
    result = measure(volume, ["solid_per_axis"], factor=2)["solid_per_axis"]
    assert result.tolist() == [2 * volume.mean()] * 3
    with pytest.raises(InputError, match="'solid_per_axis' is registered already"):
        register("solid_per_axis")(solid_per_axis)


@pytest.mark.parametrize(("solid", "d"), [(False, 1), (True, 0)])
def test_one_phase_alone_can_be_measured(solid, d):
    """Open space conducts freely and a block not at all; every pair and segment says the same."""
    result = measure(np.full((6, 6, 6), solid))
    # An open box is solved to the solver's tolerance.
    assert np.allclose(result["d"], d, rtol=0, atol=1e-5)
    assert np.all(result["tpcf"] == solid)
    assert np.all(result["lpf"] == solid)


def test_unknown_names_are_refused(volume):
    """A misspelt measure or option fails by its name and shows the known ones."""
    with pytest.raises(InputError, match="measure 'tpfc' is unknown; known are tpcf, lpf, d"):
        measure(volume, ("tpfc",))
    with pytest.raises(InputError, match=r"option 'maxlag' is unknown .* known are .*max_lag"):
        measure(volume, ("tpcf",), maxlag=3)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (np.eye(4), r"three-dimensional, but its shape is \(4, 4\)"),
        (np.zeros((4, 0, 4)), r"no voxels: its shape is \(4, 0, 4\)"),
        (np.full((2, 2, 2), np.nan), "NaN in 8 places"),
        (np.full((2, 2, 2), 0.5), r"holds the value 0\.5"),
        (np.full((2, 2, 2), -1), "holds the value -1"),
        (np.full((2, 2, 2), None), "of type object"),
    ],
)
def test_volumes_that_cannot_be_measured(bad, words):
    """An array of other values or axes is refused at the door."""
    with pytest.raises(InputError, match=words):
        measure(bad, ("tpcf",))


@pytest.mark.parametrize("options", [{"boundary": "closed"}, {"max_lag": 12}])
def test_options_out_of_range(volume, options):
    """The shortest side limits the lags, and a boundary is open or periodic."""
    with pytest.raises(InputError, match=str(*options.values())):
        measure(volume, ("lpf",), **options)


def test_importing_the_measures_leaves_torch_out():
    """Only the diffusivity needs torch, and only when it is measured."""
    code = (
        "import sys, numpy as np; from fibgap.measures import measure; "
        "measure(np.eye(4, dtype=bool)[None].repeat(4, 0), ['tpcf', 'lpf']); "
        "sys.exit(' '.join({'torch', 'taufactor'} & set(sys.modules)) or 0)"
    )
    root = Path(fibgap.__file__).parents[1]
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
