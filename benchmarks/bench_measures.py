"""Time the measures beside straightforward NumPy on one core, and check that the numbers agree.

The volume is a single levelled wave, half gold. "NumPy" slices the bool array at every lag,
"FFT" correlates zero-padded lines by Fourier transform, which serves the two-point correlation.
GooseEYE takes part where it is installed: its two-point function is the same on periodic lines. It
has no lineal path of this kind. So does PoreSpy: its two-point function is radial, a mean over all
directions, so that only times stand side by side; its lineal path is another quantity.
D is compared with TauFactor on hierarchical gold, with what its error does to e(D).
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from functools import partial

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is loaded

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft, ndimage

from fibgap.measures import measure
from fibgap.measures.anisotropy import anisotropy_error
from fibgap.measures.correlation import PackedLines, default_max_lag
from fibgap.measures.diffusivity import effective_diffusivity
from fibgap.synthetic.structure import Level, generate_volume

Curves = NDArray[np.float64]


def pack_all(volume: NDArray[np.bool_]) -> list[PackedLines]:
    """Pack a volume along its three axes."""
    return [PackedLines.pack(volume, axis) for axis in range(3)]


def ours_two_point(volume: NDArray[np.bool_], max_lag: int) -> Curves:
    """Two-point correlation by packed words."""
    return np.array([p.two_point_correlation(max_lag, "open") for p in pack_all(volume)])


def ours_lineal_path(volume: NDArray[np.bool_], max_lag: int) -> Curves:
    """Lineal path by packed words."""
    return np.array([p.lineal_path(max_lag, "open") for p in pack_all(volume)])


def plain_two_point(volume: NDArray[np.bool_], max_lag: int) -> Curves:
    """Two-point correlation by slices of the bool array."""
    curves = np.empty((3, max_lag + 1))
    for axis in range(3):
        lines = np.moveaxis(volume, axis, 0)
        for lag in range(max_lag + 1):
            curves[axis, lag] = (lines[: len(lines) - lag] & lines[lag:]).mean()
    return curves


def plain_lineal_path(volume: NDArray[np.bool_], max_lag: int) -> Curves:
    """Lineal path by slices of the bool array."""
    curves = np.empty((3, max_lag + 1))
    for axis in range(3):
        lines = np.moveaxis(volume, axis, 0)
        run = lines
        for lag in range(max_lag + 1):
            run = run[: len(lines) - lag] & lines[lag:]
            curves[axis, lag] = run.mean()
    return curves


def fourier_two_point(volume: NDArray[np.bool_], max_lag: int) -> Curves:
    """Two-point correlation by Fourier transforms of zero-padded lines."""
    curves = np.empty((3, max_lag + 1))
    for axis, side in enumerate(volume.shape):
        length = fft.next_fast_len(side + max_lag, real=True)
        power = 0.0
        for part in np.array_split(volume, 8, axis=(axis + 1) % 3):  # in parts, to bound memory
            transformed = fft.rfft(part.astype(np.float64), length, axis=axis)
            others = tuple(other for other in range(3) if other != axis)
            power = power + (np.abs(transformed) ** 2).sum(axis=others)
        pairs = fft.irfft(power, length)[: max_lag + 1]
        curves[axis] = pairs / (volume.size / side * (side - np.arange(max_lag + 1)))
    return curves


def seconds(function: Callable[[], object], repeats: int) -> float:
    """Return the shortest of several runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def compare_curves(volume: NDArray[np.bool_]) -> None:
    """Print one line for each way to each curve."""
    max_lag = default_max_lag(volume.shape)
    rows = [
        ("TPCF", ours_two_point, {"NumPy": plain_two_point, "FFT": fourier_two_point}),
        ("LPF", ours_lineal_path, {"NumPy": plain_lineal_path}),
    ]
    for name, ours, others in rows:
        mine = seconds(partial(ours, volume, max_lag), 3)
        for other, function in others.items():
            theirs = seconds(partial(function, volume, max_lag), 1)
            difference = np.abs(ours(volume, max_lag) - function(volume, max_lag)).max()
            print(
                f"{len(volume):5d}  {name:5s} {mine:9.3f} s  {other:6s} {theirs:9.3f} s"
                f"  {theirs / mine:7.1f} x  {difference:.0e}"
            )


def compare_goose_eye(volume: NDArray[np.bool_]) -> None:
    """Print one line for the two-point correlation on periodic lines, or why there is none."""
    try:
        import GooseEYE
    except ImportError:
        print(f"{len(volume):5d}  TPCF  GooseEYE is not installed: left out (pip install GooseEYE)")
        return
    max_lag = default_max_lag(volume.shape)

    def ours() -> Curves:
        return np.array([p.two_point_correlation(max_lag, "periodic") for p in pack_all(volume)])

    def theirs() -> Curves:
        curves = np.empty((3, max_lag + 1))
        numbers = volume.astype(np.int64)
        for axis in range(3):
            region = [1, 1, 1]
            region[axis] = 2 * max_lag + 1
            curves[axis] = GooseEYE.S2(region, numbers, numbers).ravel()[max_lag:]
        return curves

    mine, other = seconds(ours, 3), seconds(theirs, 1)
    difference = np.abs(ours() - theirs()).max()
    print(
        f"{len(volume):5d}  TPCF  {mine:9.3f} s  Goose  {other:9.3f} s  {other / mine:7.1f} x"
        f"  {difference:.0e}  (periodic)"
    )


def compare_porespy(volume: NDArray[np.bool_]) -> None:
    """Print one line for the radial two-point correlation, or why there is none."""
    try:
        from porespy.metrics import two_point_correlation
    except ImportError:
        print(f"{len(volume):5d}  TPCF  PoreSpy is not installed: left out (pip install porespy)")
        return
    mine = seconds(partial(ours_two_point, volume, default_max_lag(volume.shape)), 3)
    other = seconds(partial(two_point_correlation, volume), 1)
    print(
        f"{len(volume):5d}  TPCF  {mine:9.3f} s  PoreSpy {other:8.3f} s  {other / mine:7.1f} x"
        "  (radial: another mean)"
    )


def taufactor_diffusivity(gold: NDArray[np.bool_], tolerance: float, axes: int = 3) -> Curves:
    """D of the pores along z, or z, y, x, by TauFactor's over-relaxation."""
    from taufactor import Solver

    diffusivity = np.zeros(axes)
    for axis in range(axes):
        solver = Solver(np.moveaxis(~gold, axis, 0).astype(np.uint8), device="cpu")
        solver.solve(iter_limit=20_000, conv_crit=tolerance, verbose=False)
        diffusivity[axis] = solver.D_rel[0]
    return diffusivity


def hierarchical(side: int, dataset: int) -> NDArray[np.bool_]:
    """Hierarchical gold whose pores all hang together: others would give TauFactor own fluxes."""
    levels = [Level(solid_fraction=0.35, wavelength_nm=w) for w in (150, 22.5)]
    seed = np.random.SeedSequence(0, spawn_key=(1, dataset))
    gold = generate_volume((side,) * 3, levels, voxel_nm=2.5, seed=seed)
    clusters, _ = ndimage.label(~gold)
    return clusters != np.bincount(clusters.ravel())[1:].argmax() + 1


def compare_large(side: int) -> None:
    """Print time and D along z of one large volume, by TauFactor and by ours."""
    volume = hierarchical(side, 0)
    times, found = [], []
    for solve in (
        lambda: taufactor_diffusivity(volume, 1e-3, axes=1)[0],
        lambda: effective_diffusivity(volume)[0],
    ):
        start = time.process_time()
        found.append(float(solve()))
        times.append(time.process_time() - start)
    theirs, ours = times[0], times[1] / 3  # ours goes along all three axes
    print(
        f"{side:5d}  D along z  fibgap 1e-05  {ours:7.2f} s  TauFactor 1e-03  {theirs:8.2f} s"
        f"  {theirs / ours:6.1f} x  apart by {abs(found[0] / found[1] - 1):.0e}"
    )


def compare_diffusivity(side: int, count: int) -> None:
    """Print time and errors of D over several volumes: TauFactor, and ours at some tolerances."""
    volumes = [hierarchical(side, dataset) for dataset in range(count)]
    exact = np.array([effective_diffusivity(volume, tolerance=5e-7) for volume in volumes])
    exact_errors = np.array([anisotropy_error(*d) for d in exact])
    ways: list[tuple[str, Callable[[NDArray[np.bool_]], Curves]]] = [
        ("TauFactor 1e-3", partial(taufactor_diffusivity, tolerance=1e-3)),
        *((f"fibgap {t:.0e}", partial(effective_diffusivity, tolerance=t)) for t in TOLERANCES),
    ]
    for name, function in ways:
        start = time.process_time()
        found = np.array([function(volume) for volume in volumes])
        each = (time.process_time() - start) / (3 * count)
        error = np.abs(found / exact - 1).max()
        shift = np.abs([anisotropy_error(*d) for d in found] - exact_errors)
        print(
            f"{side:5d}  {name:14s} {each:7.3f} s an axis  {error:.0e}  {shift.max():.0e}"
            f"  {shift.max() / TARGET_ERROR:7.2%}"
        )


#: Tolerances that are tried, the default among them, and the published e(D) of the true volumes.
TOLERANCES = (1e-3, 1e-4, 1e-5)
TARGET_ERROR = 0.0138


def main(
    sizes: Sequence[int], diffusivity_sizes: Sequence[int], count: int, large: Sequence[int]
) -> None:
    """Print all tables."""
    torch.set_num_threads(1)

    def wave(side: int) -> NDArray[np.bool_]:
        level = Level(solid_fraction=0.5, wavelength_nm=22.5)
        seed = np.random.SeedSequence(0, spawn_key=(0, side))
        return generate_volume((side,) * 3, [level], voxel_nm=2.5, seed=seed)

    print("Curves along z, y, x up to half the side, one core")
    print(" side  curve      fibgap  other way              ratio  largest difference")
    for side in sizes:
        volume = wave(side)
        compare_curves(volume)
        compare_goose_eye(volume)
        compare_porespy(volume)
        both = seconds(lambda v=volume: measure(v, ["tpcf", "lpf"]), 3)
        print(f"{side:5d}  both  {both:9.3f} s  (all three directions; the aim at 256 is 2 s)")
    print()
    print(f"Diffusivity of the pores of {count} volumes, one thread, processor time; largest")
    print("relative error of D, largest error in e(D), and that over the paper's mean of 0.0138")
    for side in diffusivity_sizes:
        compare_diffusivity(side, count)
    for side in large:
        compare_large(side)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[128, 256], help="for the curves")
    parser.add_argument("--diffusivity-size", type=int, nargs="*", default=[64, 96])
    parser.add_argument("--volumes", type=int, default=3, help="for the diffusivity")
    parser.add_argument("--large", type=int, nargs="*", default=[256], help="one volume, one axis")
    arguments = parser.parse_args()
    main(arguments.size, arguments.diffusivity_size, arguments.volumes, arguments.large)
