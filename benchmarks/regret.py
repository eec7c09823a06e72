"""Measure the regret of `--filler auto` on materials whose truth is known.

Every material is milled in several ways. The stack is judged by `fibgap.stacks.leave_slices_out`,
and filled by every filler. The regret is the number of voxels that the chosen filler misclassifies
over that of the best one, minus one. Prints a Markdown table.

    python benchmarks/regret.py --keep FOLDER
    python benchmarks/regret.py --volume electrode.tif:85 --depths depths.csv

--volume adds a TIFF stack with the label that is solid (or ``+``: all above 0), of which a cube is
used. --depths takes slice distances from the last column of a CSV file, scaled to 4 voxels. --keep
writes what was measured for each case to a folder, and takes it from there.
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from fibgap.errors import FibgapWarning
from fibgap.experiment.generality.materials import MATERIALS, PHANTOMS, draw_volume
from fibgap.io.tiff import read_tiff
from fibgap.measures.voxelwise import voxel_error
from fibgap.placement import place_slices
from fibgap.stack import between_slices
from fibgap.stacks import leave_slices_out
from fibgap.stacks.offered import offer, shipped_networks, untrained_fillers
from fibgap.synthetic.milling import Milling, cut_slices, draw_depths

BASE_SEED = 8
#: Of every material, a volume that `docs/generality.md` does not show.
VOLUME = 10
#: Mean and standard deviation of slice thickness in voxels.
MILLINGS = ((4, 1.2), (8, 0.5), (6, 1.8), (4, 0.25), (2.6, 0.5))
ALWAYS = "signed_distance_spline"


def drawn(material: str) -> Callable[[int], np.ndarray]:
    """Return a maker of a material."""
    return lambda side: draw_volume(material, VOLUME, side)[0]


def cube(text: str) -> Callable[[int], np.ndarray]:
    """Return a maker that cuts a cube out of the middle of a TIFF stack, "FILE:LABEL"."""
    path, label = text.rsplit(":", 1)

    def make(side: int) -> np.ndarray:
        values = read_tiff(path)
        solid = values > 0 if label == "+" else values == int(label)
        starts = [(n - side) // 2 for n in solid.shape]
        return solid[tuple(slice(start, start + side) for start in starts)]

    return make


def distances(path: Path | None) -> Callable[[int, tuple[float, float], int], np.ndarray]:
    """Return what draws depths: from a milling, or from a file's distances scaled to 4 voxels."""

    def draw(side: int, milling: tuple[float, float], number: int) -> np.ndarray:
        rng = np.random.default_rng([BASE_SEED, number])
        if path is None:
            return draw_depths(Milling("normal", *milling, 1.0), side - 1, rng)
        steps = np.diff(pd.read_csv(path).select_dtypes("number").iloc[:, -1].to_numpy())
        drawn = rng.choice(steps / steps.mean() * milling[0], size=side)
        depths = np.concatenate([[0.0], np.cumsum(drawn)])
        return depths[depths <= side - 1]

    return draw


def measure(truth: np.ndarray, depths: np.ndarray, names: list[str]) -> dict[str, dict[str, float]]:
    """Return by filler what the check expects and what is true, as shares of filled voxels."""
    stack = cut_slices(truth, depths, voxel_nm=1.0)
    start = time.perf_counter()
    check = leave_slices_out(stack, names)
    took = time.perf_counter() - start
    gapped = place_slices(stack, positions="true", check=False)
    between = between_slices(truth, gapped)
    true = {
        name: voxel_error(offer(name).fill(gapped), between, gapped.missing_layers)
        for name in names
    }
    return {"expected": check.expected, "true": true, "chosen": check.best, "seconds": took}


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--networks", nargs="*", help="shipped networks; all if left out")
    parser.add_argument("--volume", action="append", default=[], metavar="FILE:LABEL")
    parser.add_argument("--depths", type=Path)
    parser.add_argument("--millings", type=int, default=1, help="how many per material")
    parser.add_argument("--only", nargs="*", help="these materials")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", FibgapWarning)
    networks = arguments.networks
    chosen = shipped_networks() if networks is None else [f"shipped:{name}" for name in networks]
    names = [*untrained_fillers(), *chosen]
    materials = [name for name in MATERIALS if name not in PHANTOMS and "gaps" not in name]
    made = {name: drawn(name) for name in materials}
    made |= {Path(each.rsplit(":", 1)[0]).name: cube(each) for each in arguments.volume}
    draw = distances(arguments.depths)
    if unknown := set(arguments.only or ()) - set(made):
        parser.error(f"there is no material {unknown}; there are {', '.join(made)}")
    rows = []
    for number, (material, make) in enumerate(made.items()):
        if arguments.only and material not in arguments.only:
            continue
        for which in range(arguments.millings):
            milling = MILLINGS[(number + which) % len(MILLINGS)]
            kept = arguments.keep and arguments.keep / f"{material}-{milling[0]}-{milling[1]}.json"
            if kept and kept.is_file():
                found = json.loads(kept.read_text())
            else:
                truth = make(arguments.side)
                found = measure(truth, draw(arguments.side, milling, number), names)
                if kept:
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    kept.write_text(json.dumps(found))
            true, choice = found["true"], found["chosen"]
            best = min(true, key=lambda name: true[name])
            regret = 100 * (true[choice] / true[best] - 1)
            always = 100 * (true[ALWAYS] / true[best] - 1)
            rows.append((regret, always))
            spread = f" ± {milling[1]:g}" if arguments.depths is None else ", real"
            print(
                f"| {material} | {milling[0]:g}{spread} | `{choice}` | `{best}` | "
                f"{100 * true[best]:.2f} | {regret:.1f} | {always:.1f} |",
                flush=True,
            )
    mean, most = np.mean(rows, axis=0), np.max(rows, axis=0)
    print(f"| mean | | | | | {mean[0]:.1f} | {mean[1]:.1f} |")
    print(f"| worst | | | | | {most[0]:.1f} | {most[1]:.1f} |")


if __name__ == "__main__":
    main()
