"""Try thickness from images on stacks whose depths are known: errors, and whether bands hold.

Without a volume, stacks are cut from the structure of config/paper.yaml, 10 ± 3 nm thick, or from
random volumes of a material. These are isotropic, and the estimate is told so. A volume is milled
along each of its axes, with the increments of a table of depths if one is given, at whole layers or
between them. The table has, by image side: bias and standard deviation of a thickness, the scale
error of a stack, the drift after 30 slices, the root mean square of errors over their stated
deviations, and how much of all errors lies within 95 % bands, with and without a known total depth.

    python benchmarks/bench_thickness.py [--sides 64 128 256] [--stacks 12] [--material spheres]
    python benchmarks/bench_thickness.py --volume volume.tif --depths depths.csv --plot depths.png
    python benchmarks/bench_thickness.py --volume volume.tif --depths depths.csv --between
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter

from fibgap import seeds
from fibgap.depths import Depths, read_table, thickness_depths
from fibgap.depths.from_images import HIDDEN_STRETCH, estimate_thickness
from fibgap.errors import InputError
from fibgap.experiment import config as configuration
from fibgap.io.tiff import read_tiff
from fibgap.report.figures import save_figure
from fibgap.report.figures.depths import BAND
from fibgap.report.figures.style import GRID, look
from fibgap.synthetic.materials import draw_material, material_names
from fibgap.synthetic.milling import Milling, draw_depths
from fibgap.synthetic.structure import Level, generate_volume

PAPER = Path(__file__).resolve().parents[1] / "config/paper.yaml"
#: The seed of the stacks on which the estimate's constants were chosen.
BASE_SEED = 16
#: Voxels that are drawn around a material and cut away: some are drawn otherwise at their faces.
MARGIN = 16
#: How much the surface of a volume is smoothed, in voxels, before it is cut between layers.
SMOOTHING = 1.0
#: Mean and standard deviation of thickness in voxels, and its floor.
MILLING = Milling("normal", 4.0, 1.2, 1.0)
#: Slices after which the drift is read, and slices of a stack at most.
AFTER, MOST = 30, 32


@dataclass(frozen=True)
class Trial:
    """One stack: what was true, and what was told with and without a known total."""

    true: np.ndarray
    free: Depths
    fixed: Depths


def trial(slices: np.ndarray, depths: np.ndarray, hidden_stretch: float) -> Trial:
    """Estimate the depths of slices."""
    found = estimate_thickness(slices, hidden_stretch=hidden_stretch)
    true = depths - depths[0]
    fixed = thickness_depths(found, 1.0, total_nm=float(true[-1]))
    return Trial(true, thickness_depths(found, 1.0), fixed)


def layers_of(depths: np.ndarray, count: int) -> np.ndarray:
    """Return the layers that slices at some depths show, each once, within a volume."""
    layers = np.unique(np.floor(depths + 0.5).astype(int))
    return layers[layers < count][:MOST]


def trial_at_layers(volume: np.ndarray, depths: np.ndarray, hidden_stretch: float) -> Trial:
    """Estimate the depths of slices that show the layers nearest to some depths."""
    layers = layers_of(depths, len(volume))
    return trial(volume[layers], layers.astype(float), hidden_stretch)


def trial_between(volume: np.ndarray, depths: np.ndarray, hidden_stretch: float) -> Trial:
    """Estimate the depths of slices that lie anywhere between the layers of a smoothed volume."""
    inside = depths[depths <= len(volume) - 1][:MOST]
    field = make_interp_spline(
        np.arange(len(volume)), gaussian_filter(volume.astype(float), SMOOTHING), k=3
    )
    return trial(field(inside) > 0.5, inside, hidden_stretch)


def synthetic(side: int, stacks: int, material: str | None, base_seed: int) -> Iterator[Trial]:
    """Yield stacks that are cut from the structure of the paper's configuration, or a material."""
    config = configuration.load(PAPER)["generate_volumes"]
    levels = [Level(**level) for level in config["levels"]]
    shape = (140, side, side)
    for index in range(stacks):
        seed = seeds.sequence(base_seed, "evaluation_volumes", index)
        if material is None:
            volume = generate_volume(shape, levels, voxel_nm=config["voxel_nm"], seed=seed)
        else:
            around = tuple(length + 2 * MARGIN for length in shape)
            drawn = draw_material(material, around, np.random.default_rng(seed))
            volume = drawn[MARGIN:-MARGIN, MARGIN:-MARGIN, MARGIN:-MARGIN]
        depths = draw_depths(
            MILLING, len(volume) - 1.0, seeds.generator(base_seed, "milling", index)
        )
        try:
            yield trial_at_layers(volume, depths, 0.0)
        except InputError as error:
            print(f"stack {index} is refused: {error}", file=sys.stderr)


def increments_of(path: Path | None, rng: np.random.Generator, length: int) -> np.ndarray:
    """Return depths in voxels: normal, or with the increments of a table, 4 voxels on average."""
    if path is None:
        return draw_depths(MILLING, float(length), rng)
    steps = read_table(path).thickness_nm
    draws = rng.choice(steps / steps.mean() * MILLING.mean_nm, size=length)
    return np.concatenate([[0.0], np.cumsum(draws)])


def real(
    path: Path, depths: Path | None, side: int, stacks: int, base_seed: int, *, between: bool
) -> Iterator[Trial]:
    """Yield stacks that are milled out of a volume along each of its axes, anywhere in it."""
    volume = read_tiff(path)
    low, high = volume.min(), volume.max()
    if low == high:
        raise InputError(f"the volume {path} shows one value only.")
    solid = volume > (low + high) / 2.0
    for index in range(stacks):
        rng = seeds.generator(base_seed, "milling", index)
        turned = np.moveaxis(solid, index % 3, 0)
        starts = [int(rng.integers(0, size - side + 1)) for size in turned.shape[1:]]
        part = turned[:, starts[0] : starts[0] + side, starts[1] : starts[1] + side]
        places = increments_of(depths, rng, len(part))
        yield (trial_between if between else trial_at_layers)(part, places, HIDDEN_STRETCH)


def over_deviations(trials: list[Trial], *, fixed: bool, steps: bool) -> np.ndarray:
    """Return all errors of thicknesses, or of depths, over their stated deviations."""
    found: list[np.ndarray] = []
    for each in trials:
        depths = each.fixed if fixed else each.free
        assert depths.sd_nm is not None
        assert depths.thickness_sd_nm is not None
        if steps:
            found.append((depths.thickness_nm - np.diff(each.true)) / depths.thickness_sd_nm)
        else:  # the first depth is 0; the last one is given where the total is
            cut = slice(1, -1) if fixed else slice(1, None)
            found.append((depths.depths_nm - each.true)[cut] / depths.sd_nm[cut])
    return np.concatenate(found)


def within_bands(trials: list[Trial], *, fixed: bool, steps: bool) -> str:
    """Return how much of all errors lies in 95 % bands, and the standard error over stacks."""
    inside = [np.abs(over_deviations([each], fixed=fixed, steps=steps)) <= BAND for each in trials]
    shares = [part.mean() for part in inside]
    share, error = np.concatenate(inside).mean(), np.std(shares, ddof=1) / np.sqrt(len(shares))
    return f"{100 * share:.0f} ± {100 * error:.0f} %"


def row(name: str, trials: list[Trial], voxel: float) -> str:
    """Return a row of the table; lengths in voxels are multiplied by `voxel`."""
    free, fixed = (
        np.concatenate([depths.thickness_nm - np.diff(true) for depths, true in pairs])
        for pairs in (
            [(each.free, each.true) for each in trials],
            [(each.fixed, each.true) for each in trials],
        )
    )
    scale = np.array([each.free.depths_nm[-1] / each.true[-1] for each in trials])
    last = [min(AFTER, len(each.true) - 1) for each in trials]
    drift = np.array(
        [each.free.depths_nm[k] - each.true[k] for each, k in zip(trials, last, strict=True)]
    )
    cells = [
        name,
        f"{voxel * free.mean():+.2f}",
        f"{voxel * free.std():.2f}",
        f"{voxel * fixed.std():.2f}",
        f"{np.sqrt(np.mean((scale - 1) ** 2)):.1%}",
        f"{voxel * np.sqrt(np.mean(drift**2)):.1f}",
    ]
    for known in (False, True):
        errors = [over_deviations(trials, fixed=known, steps=steps) for steps in (True, False)]
        cells.append(", ".join(f"{np.sqrt(np.mean(each**2)):.2f}" for each in errors))
        cells.append(
            ", ".join(within_bands(trials, fixed=known, steps=steps) for steps in (True, False))
        )
    return f"| {' | '.join(cells)} |"


def picture(trials: list[Trial], names: list[str]) -> Figure:
    """Plot estimated against true depths, and their difference with bands."""
    with look():
        figure = Figure(figsize=(9.2, 2.8 * len(trials)), layout="constrained")
        axes = figure.subplots(len(trials), 2, squeeze=False, width_ratios=[1, 1.3])
        for (left, right), each, name in zip(axes, trials, names, strict=True):
            longest = each.true[-1]
            left.plot([0, longest], [0, longest], color="#8C8C8C", lw=0.8)
            for depths, color, words in (
                (each.free, "#0072B2", "images"),
                (each.fixed, "#D55E00", "total known"),
            ):
                assert depths.sd_nm is not None
                error, half = depths.depths_nm - each.true, BAND * depths.sd_nm
                left.plot(each.true, depths.depths_nm, ".-", ms=3, lw=0.8, color=color, label=words)
                right.plot(each.true, error, ".-", ms=3, lw=0.8, color=color)
                right.fill_between(
                    each.true, error - half, error + half, color=color, alpha=0.15, lw=0
                )
            right.axhline(0, color="#8C8C8C", lw=0.8)
            left.set_title(name)
            left.set_ylabel("estimated / voxel")
            right.set_ylabel("estimated - true / voxel")
            right.set_title("with 95 % bands")
            left.legend()
            for part in (left, right):
                part.set_xlabel("true depth / voxel")
                part.grid(color=GRID, lw=0.6)
    return figure


def main() -> None:
    """Parse the command line, try all sides, print the table and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--stacks", type=int, default=12)
    parser.add_argument("--seed", type=int, default=BASE_SEED, help="of stacks")
    parser.add_argument("--material", choices=material_names(), help="in place of the paper's")
    parser.add_argument("--volume", type=Path, help="TIFF stack to mill instead")
    parser.add_argument("--depths", type=Path, help="table whose increments mill the volume")
    parser.add_argument(
        "--between",
        action="store_true",
        help="mill the volume between layers, its surface smoothed",
    )
    parser.add_argument("--plot", type=Path, help="picture of three stacks of the last side")
    arguments = parser.parse_args()
    unit, voxel = ("voxel", 1.0) if arguments.volume else ("nm", 2.5)
    bands = "error / sd: thickness, depth | in 95 % bands: thickness, depth"
    print(
        f"| image side | bias / {unit} | sd / {unit} | sd, total known / {unit} | scale error | "
        f"drift after {AFTER} slices / {unit} | {bands} | {bands.replace(':', ', total known:')} |"
    )
    print(f"|{'---|' * 10}")
    trials: list[Trial] = []
    for side in arguments.sides:
        if arguments.volume:
            trials = [
                *real(
                    arguments.volume,
                    arguments.depths,
                    side,
                    arguments.stacks,
                    arguments.seed,
                    between=arguments.between,
                )
            ]
        else:
            trials = [*synthetic(side, arguments.stacks, arguments.material, arguments.seed)]
        print(row(str(side), trials, voxel), flush=True)
    if arguments.plot:
        names = [f"milled along axis {index % 3}" for index in range(len(trials))]
        if not arguments.volume:
            names = [f"stack {index}" for index in range(len(trials))]
        save_figure(picture(trials[:3], names[:3]), arguments.plot)


if __name__ == "__main__":
    main()
