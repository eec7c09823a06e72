"""Measure what true depths below the voxel are worth to fillers: rounded, and true.

The structure is that of config/paper.yaml. Slices are cut at their depths, not at the nearest layer
(fibgap.synthetic.continuous). Prints a Markdown table over some volumes and settings of slice
thickness: misclassified voxels of filled layers, and errors of TPCF (centred) and LPF, along z
against the plane (e) and against the truth (ε).

    python benchmarks/bench_positions.py [--volumes 4] [--side 128]
"""

import argparse
from pathlib import Path

import numpy as np

from fibgap import seeds
from fibgap.arms import Arm
from fibgap.experiment import config as configuration
from fibgap.experiment.evaluation import compare_with_truth, measure_volume
from fibgap.rebuilding import rebuild
from fibgap.stack import between_slices
from fibgap.synthetic.continuous import continuous_structure
from fibgap.synthetic.milling import Milling, mill_volume
from fibgap.synthetic.structure import Level, generate_volume

PAPER = Path(__file__).resolve().parents[1] / "config/paper.yaml"
BASE_SEED = 6
#: Mean and standard deviation of slice thickness in voxels.
SETTINGS = ((4, 1.2), (2, 0.6))
ARMS = {
    "RNN-s": Arm(filler="nearest"),
    "RCS-s": Arm(filler="cubic_spline", fill_holes=True),
    "RSD-s": Arm(filler="signed_distance_spline"),
}
COLUMNS = ("voxel_error", "anisotropy_tpcf", "anisotropy_lpf", "truth_tpcf", "truth_lpf")
MEASURES = ("tpcf", "lpf")


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--volumes", type=int, default=4)
    parser.add_argument("--side", type=int, default=128, help="of a volume, in voxels")
    arguments = parser.parse_args()
    section = configuration.load(PAPER)["generate_volumes"]
    levels = [Level(**level) for level in section["levels"]]
    voxel_nm, shape = section["voxel_nm"], (arguments.side,) * 3
    found: dict[tuple, list[list[float]]] = {}
    for index in range(arguments.volumes):
        waves = {
            "voxel_nm": voxel_nm,
            "box_factor": section["box_factor"],
            "seed": seeds.sequence(BASE_SEED, "evaluation_volumes", index),
        }
        truth = generate_volume(shape, levels, **waves)
        structure = continuous_structure(shape, levels, **waves)
        for mean, sd in SETTINGS:
            stack = mill_volume(
                truth,
                Milling("normal", mean * voxel_nm, sd * voxel_nm, voxel_nm),
                voxel_nm=voxel_nm,
                rng=seeds.generator(BASE_SEED, "milling", index),
                structure=structure,
            )
            original = measure_volume(between_slices(truth, stack), MEASURES, centred=True)
            for name, arm in ARMS.items():
                for positions in ("rounded", "true"):
                    made = rebuild(stack, arm, positions=positions, check=False)
                    record = measure_volume(made.volume, MEASURES, centred=True)
                    compared = compare_with_truth(
                        record, made.volume, made.gapped, truth, original
                    ).attributes
                    row = [float(compared[column]) for column in COLUMNS]
                    found.setdefault(((mean, sd), name, positions), []).append(row)
    print(
        "| slices / voxels | arm | depths | misclassified | e(TPCF) | e(LPF) | ε(TPCF) | ε(LPF) |"
    )
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for ((mean, sd), name, positions), rows in found.items():
        numbers = " | ".join(f"{value:.4f}" for value in np.mean(rows, axis=0))
        print(f"| {mean} ± {sd} | {name} | {positions} | {numbers} |")


if __name__ == "__main__":
    main()
