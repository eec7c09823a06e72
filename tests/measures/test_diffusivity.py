"""Effective diffusivity against exact cases, a direct solution and bounds."""

import numpy as np
import pytest
from scipy import ndimage
from taufactor import Solver

from fibgap.errors import InputError
from fibgap.measures import measure
from fibgap.measures.anisotropy import anisotropy_error
from fibgap.measures.diffusivity import central_cube, effective_diffusivity
from fibgap.synthetic.structure import Level, generate_volume


@pytest.mark.parametrize("normal", range(3))
def test_laminate_of_pores_and_gold(normal):
    """Along the layers D is the pore fraction (arithmetic mean), across them 0 (harmonic mean)."""
    layers = (np.arange(12) % 4 == 0).reshape(np.roll([12, 1, 1], normal))
    gold = np.broadcast_to(layers, (12, 12, 12))
    expected = np.full(3, 0.75)
    expected[normal] = 0
    # A linear field is the exact solution, so only single precision is lost: 12 differences of
    # 1/12, each rounded to 6e-8.
    assert np.allclose(effective_diffusivity(gold), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("axis", range(3))
def test_straight_channel(axis):
    """A straight channel conducts with its share of the cross-section, and only along its axis."""
    gold = np.ones((10, 10, 10), bool)
    gold[:, 2:5, 3:8] = False
    gold = np.moveaxis(gold, 0, axis)
    expected = np.zeros(3)
    expected[axis] = 0.15
    assert np.allclose(effective_diffusivity(gold), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8, 8), (6, 9, 12)])
def test_free_diffusion(shape):
    """Without gold D is 1 whatever the shape: the faces are one whole length apart."""
    assert np.allclose(effective_diffusivity(np.zeros(shape, bool)), 1, rtol=0, atol=1e-5)


def test_blocked_pores_do_not_conduct():
    """One solid layer stops the flux across it, and a full volume stops all: exactly 0."""
    gold = np.zeros((8, 8, 8), bool)
    gold[3] = True
    across, *along = effective_diffusivity(gold)
    assert across == 0
    assert np.allclose(along, 7 / 8, rtol=0, atol=1e-5)
    assert effective_diffusivity(np.ones((8, 8, 8), bool)).tolist() == [0, 0, 0]


def test_edges_and_corners_do_not_connect():
    """Pores that meet in an edge only exchange nothing through their faces."""
    gold = np.ones((2, 2, 2), bool)
    gold[0, 0, :] = gold[1, 1, :] = False
    assert np.allclose(effective_diffusivity(gold), [0, 0, 0.5], rtol=0, atol=1e-5)


def test_random_pores_equal_the_direct_solution(diffusivity_holds, direct_diffusivity):
    """Pores of different length along z, y, x: the direct solution within 2e-4, relative."""
    assert direct_diffusivity[0] > 1.2 * direct_diffusivity[1] > 1.4 * direct_diffusivity[2] > 0
    assert diffusivity_holds(effective_diffusivity)


def taufactor_diffusivity(gold, axis, tolerance):
    """Return D of the pores along one axis by TauFactor; they must all be connected."""
    pores = np.ascontiguousarray(np.moveaxis(~gold, axis, 0)).astype(np.uint8)
    solver = Solver(pores, device="cpu")
    solver.solve(iter_limit=5000, conv_crit=tolerance, verbose=False)
    assert solver.converged
    return float(solver.D_rel[0])


@pytest.fixture(scope="module")
def nanoporous():
    """Ten central cuts of hierarchical gold, without the pores that lead nowhere."""
    levels = [Level(0.35, 150), Level(0.35, 22.5)]
    volumes = []
    for seed in range(10):
        sequence = np.random.SeedSequence(17, spawn_key=(0, seed))
        gold = generate_volume((64,) * 3, levels, voxel_nm=2.5, seed=sequence)
        clusters, _ = ndimage.label(~central_cube(gold, 32))
        largest = np.bincount(clusters.ravel())[1:].argmax() + 1
        volumes.append(clusters != largest)
    return volumes


def test_taufactor_gives_the_same(nanoporous):
    """TauFactor, by over-relaxation, agrees within 2e-4 on every axis."""
    for gold in nanoporous[:2]:
        ours = effective_diffusivity(gold)
        theirs = [taufactor_diffusivity(gold, axis, 1e-3) for axis in range(3)]
        # Its fluxes agree within 1e-3 between layers, their mean far better: a fifth is allowed.
        assert np.allclose(ours, theirs, rtol=2e-4, atol=0)


def test_solver_error_is_far_below_the_anisotropy(nanoporous):
    """The error in e(D) that the default leaves is under a tenth of the target row's 0.0138."""
    loose = np.array([effective_diffusivity(gold) for gold in nanoporous])
    tight = np.array([effective_diffusivity(gold, tolerance=5e-7) for gold in nanoporous])
    # The estimate of the error is good to a factor of two.
    assert np.abs(loose / tight - 1).max() < 2e-5
    errors = [[anisotropy_error(*d) for d in values] for values in (loose, tight)]
    # e is a ratio of two sums of D: errors of 2e-5 in each D make at most 4e-5 in e.
    assert np.abs(np.subtract(*errors)).max() < 4e-5 < 0.1 * 0.0138


def test_energy_is_least_for_the_solution(anisotropic_pores, direct_diffusivity):
    """However early it stops, D is too large, and by no more than twice what was asked for."""
    for tolerance in (1e-1, 1e-2, 1e-3, 1e-4):
        error = effective_diffusivity(anisotropic_pores, tolerance=tolerance) / direct_diffusivity
        # Rounding of sums of 10^4 terms in single precision stays below 1e-6.
        assert np.all(error - 1 > -1e-6)
        assert np.all(error - 1 < 2 * tolerance)


def test_threads_do_not_change_a_bit(nanoporous):
    """The number of threads changes speed only."""
    import torch

    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(effective_diffusivity(nanoporous[0]).tolist())
    finally:
        torch.set_num_threads(before)
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("shape", [(2, 3, 5), (7, 4, 9), (17, 6, 3), (13, 21, 10)])
def test_odd_sides_and_every_axis(shape, direct_solution):
    """Sides that no block divides: the direct solution within 2e-4 on every axis."""
    gold = np.random.default_rng(sum(shape)).random(shape) < 0.2
    ours = effective_diffusivity(gold)
    for axis in range(3):
        expected = direct_solution(np.moveaxis(~gold, axis, 0))
        assert ours[axis] == pytest.approx(expected, rel=2e-4)


def test_d_lies_between_the_bounds_of_laminates(anisotropic_pores):
    """D is at most the pore fraction, and the harmonic mean over layers of their bounds."""
    pores = ~anisotropic_pores
    for axis, d in enumerate(effective_diffusivity(anisotropic_pores)):
        by_layer = pores.mean(axis=tuple(other for other in range(3) if other != axis))
        # Each layer conducts at most its pore fraction, and layers conduct in series.
        assert 0 < d < 1 / np.mean(1 / by_layer) <= pores.mean()


def test_gold_conducts_when_asked():
    """Exchanging the phases of the volume and of the question changes nothing."""
    volume = np.random.default_rng(4).random((10, 10, 10)) < 0.6
    assert np.array_equal(effective_diffusivity(volume, phase=True), effective_diffusivity(~volume))


def test_dead_ends_and_isolated_pores_are_left_out():
    """Pores that do not connect two faces change D by nothing at all."""
    tube = np.ones((24, 20, 16), bool)
    tube[:, 2:6, 2:6] = False
    with_blind_pores = tube.copy()
    with_blind_pores[10:14, 10:14, 6:10] = False
    with_blind_pores[:9, 12:18, 12:15] = False
    assert np.array_equal(effective_diffusivity(tube), effective_diffusivity(with_blind_pores))


def test_the_cut_is_the_central_cube():
    """A cut volume is measured like its middle part alone."""
    gold = np.random.default_rng(6).random((13, 16, 14)) < 0.3
    assert np.array_equal(
        effective_diffusivity(gold, cut=10), effective_diffusivity(gold[1:11, 3:13, 2:12])
    )
    assert central_cube(gold, 13).shape == (13, 13, 13)


def test_the_solver_keeps_silent(capsys):
    """Nothing is printed, whether the pores conduct or not."""
    gold = np.zeros((8, 8, 8), bool)
    gold[3] = True
    effective_diffusivity(gold)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("spacing", [(2, 2, 2), (10, 2.5, 2.5), (1, 3, 2)])
def test_voxels_that_are_no_cubes(spacing, anisotropic_pores):
    """A voxel that is n times as long conducts like n cubes in a row."""
    coarse = anisotropic_pores[::2, ::2, ::2]
    counts = np.array(spacing) / np.gcd.reduce((2 * np.array(spacing)).astype(int)) * 2
    fine = coarse
    for axis, count in enumerate(counts.astype(int)):
        fine = fine.repeat(count, axis)
    plates = effective_diffusivity(coarse, spacing=spacing, tolerance=1e-6)
    cubes = effective_diffusivity(fine, tolerance=1e-6)
    if len({*spacing}) == 1:
        assert np.array_equal(plates, effective_diffusivity(coarse, tolerance=1e-6))
    # The finer grid resolves how the flux bends within a voxel: it finds less in its way, since a
    # coarse voxel is one of its possible fields. How much depends on how tortuous the pores are.
    assert (cubes >= plates * (1 - 1e-4)).all()
    assert np.allclose(cubes, plates, rtol=0.35)


def test_spacing_of_laminates_and_stretched_gradients(direct_solution):
    """D of a laminate does not see the spacing; that of other pores equals a direct solution."""
    layers = np.broadcast_to(np.arange(8)[:, None, None] % 4 == 0, (8, 8, 8))
    found = effective_diffusivity(layers, spacing=(7, 1, 2))
    assert np.allclose(found, [0, 0.75, 0.75], rtol=0, atol=1e-5)


def test_conductivity_of_the_solid_is_a_measure(anisotropic_pores):
    """`d_solid` is D with the phases exchanged, on the same cut."""
    solid = measure(anisotropic_pores, ["d_solid"], cut=12)["d_solid"]
    assert np.array_equal(solid, effective_diffusivity(~anisotropic_pores, cut=12))


def test_no_convergence_is_an_error():
    """A limit that is too low raises instead of returning a wrong number."""
    gold = np.random.default_rng(7).random((24, 24, 24)) < 0.4
    with pytest.raises(RuntimeError, match="1e-09 in 3 iterations"):
        effective_diffusivity(gold, tolerance=1e-9, iteration_limit=3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cut": 9}, "cut .* 8 voxels, but is 9"),
        ({"cut": 0}, "cut .* is 0"),
        ({"cut": 1}, r"two voxels or more .* \(1, 1, 1\)"),
        ({"tolerance": 0}, "tolerance .* 0"),
        ({"iteration_limit": 0}, "iteration_limit .* 0"),
        ({"spacing": (1, 0, 1)}, r"spacing .* \(1, 0, 1\)"),
        ({"spacing": (1, 2)}, r"spacing .* \(1, 2\)"),
        ({"device": "tpu"}, "device .* 'tpu'"),
    ],
)
def test_bad_options_are_named(options, words):
    """An option out of range is refused with a sentence that holds its value."""
    with pytest.raises(InputError, match=words):
        effective_diffusivity(np.zeros((8, 8, 8), bool), **options)


def test_missing_cuda_is_an_error(monkeypatch):
    """Whoever asks for CUDA gets it or an error, never the CPU in silence."""
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="'cuda', but torch finds no CUDA device"):
        effective_diffusivity(np.zeros((4, 4, 4), bool), device="cuda")


def test_cuda_agrees_with_the_cpu(diffusivity_holds):
    """The device changes speed only."""
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    assert diffusivity_holds(lambda volume: effective_diffusivity(volume, device="cuda"))


def test_diffusivity_wants_a_volume():
    """One slice has no D."""
    with pytest.raises(InputError, match=r"three-dimensional, but its shape is \(4, 4\)"):
        effective_diffusivity(np.zeros((4, 4), bool))
