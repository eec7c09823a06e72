"""Try fillers on many materials whose truth is known: misclassified voxels and more.

Prints a Markdown table a material: misclassified voxels of filled layers, anisotropy errors of TPCF
(centred) and LPF, their errors against the truth along z, and how far the solid of filled layers
is off. Volumes come from seeds that no training uses; a volume from a file takes the place of a
material. One row per filler, means over volumes; --csv keeps one row per volume.

    python benchmarks/compare_fillers.py signed_distance_spline shipped:general_small
        [--materials gold rough] [--volumes 3] [--side 96] [--real FILE:LABEL ...] [--csv FILE]
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fibgap.experiment.evaluation import compare_with_truth, measure_volume
from fibgap.fillers import fill, filler_names
from fibgap.network.shipped import resolve_weights
from fibgap.network.weights import load_weights
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack
from fibgap.synthetic.materials import draw_material
from fibgap.synthetic.milling import Milling, draw_depths
from fibgap.synthetic.structure import Level, generate_volume

Volume = NDArray[np.bool_]
#: The two levels of config/paper.yaml, wavelengths in voxels of 2.5 nm.
GOLD = (Level(0.4782, 38.892), Level(0.4272, 11.652))
#: The paper's milling in voxels, and one of slices twice as thick.
THIN, THICK = Milling("normal", 4, 1.2, 1), Milling("normal", 8, 2.4, 1)
COLUMNS = ("voxel_error", "anisotropy_tpcf", "anisotropy_lpf", "truth_tpcf", "truth_lpf", "solid")


def gold(finer: float) -> Callable[[int, np.random.Generator], Volume]:
    """Return what makes the paper's structure at finer pixels."""

    def make(side: int, rng: np.random.Generator) -> Volume:
        waves = [Level(level.solid_fraction, level.wavelength_nm * finer) for level in GOLD]
        seed = np.random.SeedSequence(int(rng.integers(2**63)))
        factor = max(1.5, 2 * waves[0].wavelength_nm / side)
        return generate_volume((side,) * 3, waves, voxel_nm=1.0, box_factor=factor, seed=seed)

    return make


def level(solid: float, wavelength: float) -> Callable[[int, np.random.Generator], Volume]:
    """Return what makes one levelled wave."""

    def make(side: int, rng: np.random.Generator) -> Volume:
        seed = np.random.SeedSequence(int(rng.integers(2**63)))
        waves = [Level(solid, wavelength)]
        return generate_volume((side,) * 3, waves, voxel_nm=1.0, seed=seed)

    return make


def drawn(name: str) -> Callable[[int, np.random.Generator], Volume]:
    """Return what draws a material of the training sets, from other seeds."""
    return lambda side, rng: draw_material(name, (side,) * 3, rng)


def ball(radius: float, *, solid: bool) -> Callable[[int, np.random.Generator], Volume]:
    """Return what makes a ball of solid or of pore, or the eighth of a large one."""

    def make(side: int, rng: np.random.Generator) -> Volume:
        middle = (side - 1) / 2 if radius < side / 2 else 0.0
        off = middle + rng.uniform(-0.5, 0.5)
        z, y, x = (axis - off for axis in np.ogrid[:side, :side, :side])
        return np.asarray((z * z + y * y + x * x <= radius * radius) == solid)

    return make


def tilted(period: float) -> Callable[[int, np.random.Generator], Volume]:
    """Return what makes flat layers, or a half-space, that lie slantwise."""

    def make(side: int, rng: np.random.Generator) -> Volume:
        normal = np.abs(rng.standard_normal(3)) + 0.2
        normal /= np.linalg.norm(normal)
        z, y, x = (axis - side / 2 for axis in np.ogrid[:side, :side, :side])
        depth = normal[0] * z + normal[1] * y + normal[2] * x
        return np.asarray(depth < 0 if np.isinf(period) else depth % period < period / 2)

    return make


MATERIALS: dict[str, tuple[Callable[[int, np.random.Generator], Volume], Milling]] = {
    "gold": (gold(1), THIN),
    "gold 2x finer": (gold(2), THIN),
    "gold 4x finer": (gold(4), THIN),
    "gold 2x finer, gaps of 8": (gold(2), THICK),
    "gold 4x finer, gaps of 8": (gold(4), THICK),
    "one level, solid .7": (level(0.7, 40), THIN),
    "one level, solid .15": (level(0.15, 25), THIN),
    "spheres": (drawn("spheres"), THIN),
    "grains": (drawn("grains"), THIN),
    "rough": (drawn("rough"), THIN),
    "fibres": (drawn("fibres"), THIN),
    "layers": (drawn("layers"), THIN),
    "cells": (drawn("cells"), THIN),
    "ball 5": (ball(5, solid=True), THIN),
    "pore 5": (ball(5, solid=False), THIN),
    "ball 12": (ball(12, solid=True), THIN),
    "pore 12": (ball(12, solid=False), THIN),
    "ball 40": (ball(40, solid=True), THIN),
    "pore 40": (ball(40, solid=False), THIN),
    "pore 60": (ball(60, solid=False), THIN),
    "half-space": (tilted(np.inf), THIN),
    "flat layers 12": (tilted(12), THIN),
    "flat layers 32": (tilted(32), THIN),
}


def milled(volume: Volume, milling: Milling, rng: np.random.Generator) -> GappedVolume:
    """Return what slices of uneven thickness leave of a volume, 1 nm a voxel."""
    depths = draw_depths(milling, len(volume) - 1, rng)
    stack = SliceStack(volume[np.floor(depths + 0.5).astype(int)], depths, 1.0)
    return place_slices(stack, "repositioned", nominal_nm=milling.mean_nm)


def real_volumes(given: str, side: int, count: int) -> list[Volume]:
    """Return cubes of a labelled volume, FILE:LABEL, evenly along its diagonal."""
    import tifffile

    path, label = given.rsplit(":", 1)
    solid = tifffile.imread(path) == int(label)
    side = min(side, *solid.shape)
    cubes = []
    for part in np.linspace(0, 1, count):
        corner = [int(part * (length - side)) for length in solid.shape]
        z, y, x = (slice(first, first + side) for first in corner)
        cubes.append(np.ascontiguousarray(solid[z, y, x]))
    return cubes


def filled_by(filler: str, gapped: GappedVolume) -> Volume:
    """Fill by a classical filler, or by the network whose weights are named."""
    if filler in filler_names():
        return fill(gapped, filler, refuse=False)
    network = load_weights(resolve_weights(filler)).network
    return fill(gapped, "network", refuse=False, network=network)


def judge(name: str, truth: Volume, gapped: GappedVolume, fillers: list[str]) -> list[dict]:
    """Return one row per filler, and one for the truth itself."""
    truth = truth[: gapped.n_layers]
    missing = gapped.missing_layers
    original = measure_volume(truth, ["tpcf", "lpf"], centred=True)
    rows = [{"material": name, "filler": "truth", **original.attributes}]
    for filler in fillers:
        begin = time.perf_counter()
        volume = filled_by(filler, gapped)
        seconds = time.perf_counter() - begin
        record = measure_volume(volume, ["tpcf", "lpf"], centred=True)
        found = compare_with_truth(record, volume, gapped, truth, original).attributes
        off = volume[missing].mean() / truth[missing].mean() - 1
        rows.append({"material": name, "filler": filler, **found, "solid": off, "seconds": seconds})
    return rows


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("fillers", nargs="+", help="names of fillers, shipped:NAME, weights files")
    parser.add_argument("--materials", nargs="*", default=list(MATERIALS), choices=MATERIALS)
    parser.add_argument("--volumes", type=int, default=2, help="volumes of every material")
    parser.add_argument("--side", type=int, default=96, help="side of a volume in voxels")
    parser.add_argument("--real", nargs="*", default=[], help="TIFF volumes, FILE:LABEL_OF_SOLID")
    parser.add_argument("--csv", type=Path, help="file for one row per filler and volume")
    arguments = parser.parse_args()
    tasks = [(name, index) for name in arguments.materials for index in range(arguments.volumes)]
    rows = []
    for name, index in tasks:
        make, milling = MATERIALS[name]
        # No training draws from this entropy.
        rng = np.random.default_rng([20261, list(MATERIALS).index(name), index])
        volume = make(arguments.side, rng)
        rows += judge(name, volume, milled(volume, milling, rng), arguments.fillers)
    for given in arguments.real:
        for index, volume in enumerate(real_volumes(given, arguments.side, arguments.volumes)):
            rng = np.random.default_rng([20262, index])
            rows += judge(Path(given).name, volume, milled(volume, THIN, rng), arguments.fillers)
    table = pd.DataFrame(rows)
    if arguments.csv:
        table.to_csv(arguments.csv, index=False)
    table[["voxel_error", "solid"]] *= 100
    for name, part in table.groupby("material", sort=False):
        means = part.groupby("filler", sort=False)[[*COLUMNS, "seconds"]].mean()
        print(f"\n{name}\n\n{means.round(4).to_markdown()}", flush=True)


if __name__ == "__main__":
    main()
