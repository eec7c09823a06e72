"""Count what true depths below the voxel are worth: misclassified voxels, rounded and true.

The structure is that of config/paper.yaml. Slices are cut where they lie, not at the nearest layer:
the field is evaluated at every depth. Prints a Markdown table over some volumes and settings of
slice thickness: misclassified voxels of filled layers and of all layers.

    python benchmarks/bench_positions.py [--volumes 4] [--side 128]
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fibgap import seeds
from fibgap.experiment import config as configuration
from fibgap.fillers import fill
from fibgap.measures.voxelwise import voxel_error
from fibgap.placement import place_slices
from fibgap.stack import SliceStack, between_slices
from fibgap.synthetic.milling import Milling, draw_depths
from fibgap.synthetic.structure import Level, box_side, draw_spectrum

PAPER = Path(__file__).resolve().parents[1] / "config/paper.yaml"
BASE_SEED = 6
#: Mean and standard deviation of slice thickness, and its floor, in voxels.
SETTINGS = ((4, 1.2, 1), (2, 0.6, 1), (1.2, 0.4, 0.05))
FILLERS = ("nearest", "cubic_spline", "shape_based")


def structure(index: int, side: int) -> tuple[np.ndarray, Callable[[float], np.ndarray]]:
    """Return a true volume, and a function that cuts a slice out of it at any depth in voxels."""
    config = configuration.load(PAPER)["generate_volumes"]
    levels = [Level(**level) for level in config["levels"]]
    box = box_side((side,) * 3, config["box_factor"])
    rng = seeds.generator(BASE_SEED, "evaluation_volumes", index)
    spectra = [draw_spectrum(level, box, config["voxel_nm"], rng) for level in levels]

    def fields(depth: float) -> list[np.ndarray]:
        found = []
        for spectrum in spectra:
            modes = np.zeros((box, box), dtype=complex)
            turned = spectrum.amplitudes * np.exp(2j * np.pi * spectrum.modes[:, 0] * depth / box)
            np.add.at(modes, (spectrum.modes[:, 1] % box, spectrum.modes[:, 2] % box), turned)
            found.append(np.fft.ifft2(modes).real[:side, :side])
        return found

    layers = np.array([fields(depth) for depth in range(side)])
    cuts = [
        np.quantile(layers[:, number], 1 - level.solid_fraction)
        for number, level in enumerate(levels)
    ]

    def solid(images: list[np.ndarray]) -> np.ndarray:
        return np.all([image > cut for image, cut in zip(images, cuts, strict=True)], axis=0)

    return np.array([solid(images) for images in layers]), lambda depth: solid(fields(depth))


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--volumes", type=int, default=4)
    parser.add_argument("--side", type=int, default=128, help="of a volume, in voxels")
    arguments = parser.parse_args()
    errors: dict[tuple, list[list[float]]] = {}
    for index in range(arguments.volumes):
        truth, cut = structure(index, arguments.side)
        for setting in SETTINGS:
            mean, sd, floor = setting
            milling = Milling("normal", mean, sd, floor)
            rng = seeds.generator(BASE_SEED, "milling", index)
            depths = draw_depths(milling, arguments.side - 1, rng)
            stack = SliceStack(np.array([cut(depth) for depth in depths]), depths, 1.0)
            for positions in ("rounded", "true"):
                gapped = place_slices(stack, positions=positions)
                part = between_slices(truth, gapped)
                for filler in FILLERS:
                    volume = fill(gapped, filler)
                    errors.setdefault((setting, filler), []).append(
                        [
                            voxel_error(volume, part, gapped.missing_layers),
                            voxel_error(volume, part, np.arange(len(part))),
                        ]
                    )
    print(
        "| slices / voxels | filler | filled, rounded | filled, true | all, rounded | all, true |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for ((mean, sd, _), filler), found in errors.items():
        rounded, true = np.array(found).reshape(-1, 2, 2).mean(axis=0)
        numbers = (rounded[0], true[0], rounded[1], true[1])
        print(f"| {mean} ± {sd} | {filler} | " + " | ".join(f"{n:.4f}" for n in numbers) + " |")


if __name__ == "__main__":
    main()
