"""Time the measures beside straightforward NumPy on one core, and check that the numbers agree.

The volume is a single levelled wave, half gold. "NumPy" slices the bool array at every lag,
"FFT" correlates zero-padded lines by Fourier transform, which serves the two-point correlation.
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
from scipy import fft

from fibgap.measures.correlation import PackedLines, default_max_lag
from fibgap.measures.diffusivity import effective_diffusivity
from fibgap.synthesis import Level, generate_volume

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


def compare_tolerances(volume: NDArray[np.bool_]) -> None:
    """Print time and error of the diffusivity at several tolerances."""
    reference = effective_diffusivity(volume, tolerance=3e-5)
    for tolerance in (1e-2, 1e-3, 1e-4):
        start = time.perf_counter()
        error = np.abs(effective_diffusivity(volume, tolerance=tolerance) / reference - 1).max()
        each = (time.perf_counter() - start) / 3
        print(f"{len(volume):5d}  D, tolerance {tolerance:.0e}  {each:6.2f} s an axis  {error:.0e}")


def main(sizes: Sequence[int], diffusivity_sizes: Sequence[int]) -> None:
    """Print both tables."""
    torch.set_num_threads(1)

    def wave(side: int) -> NDArray[np.bool_]:
        level = Level(solid_fraction=0.5, wavelength_nm=22.5)
        seed = np.random.SeedSequence(0, spawn_key=(0, side))
        return generate_volume((side,) * 3, [level], voxel_nm=2.5, seed=seed)

    print("Curves along z, y, x up to half the side, one core")
    print(" side  curve      fibgap  other way              ratio  largest difference")
    for side in sizes:
        compare_curves(wave(side))
    print()
    print("Diffusivity of the pores, one thread; error relative to a tolerance of 3e-5")
    for side in diffusivity_sizes:
        compare_tolerances(wave(side))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs="+", default=[128, 256], help="for the curves")
    parser.add_argument("--diffusivity-size", type=int, nargs="*", default=[64, 96])
    arguments = parser.parse_args()
    main(arguments.size, arguments.diffusivity_size)
