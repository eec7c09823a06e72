"""Mill a real volume with a real microscope's increments, rebuild it by every arm, and measure.

The volume is a TIFF stack, solid where its values lie above a threshold. The increments are the
differences of a column of slice depths in a CSV file, drawn with replacement and scaled to a wanted
mean. Everything after the milling is what a stack of one's own would go through.

    python examples/real_material.py volume.tif depths.csv --mean-voxels 4
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from fibgap.arms import Arm
from fibgap.errors import InputError
from fibgap.experiment import config as configuration
from fibgap.experiment.evaluation import compare_with_truth, measure_volume
from fibgap.io.tiff import read_tiff, write_tiff
from fibgap.network.shipped import TRAIN, resolve_weights
from fibgap.rebuilding import rebuild
from fibgap.stack import between_slices
from fibgap.synthetic.milling import cut_slices

MEASURES = ("tpcf", "lpf", "d")
COLUMNS = [*(f"anisotropy_{m}" for m in MEASURES), *(f"truth_{m}" for m in MEASURES)]
COLUMNS += ["voxel_error", "dice", "solid_fraction"]


def resample_depths(
    path: Path, *, mean: float, length: float, rng: np.random.Generator
) -> np.ndarray:
    """Return depths whose increments are drawn from those of a CSV file, scaled to a mean."""
    table = pd.read_csv(path)
    increments = np.diff(table.select_dtypes("number").iloc[:, -1].to_numpy())
    if len(increments) < 2 or not (increments > 0).all():
        raise InputError(f"the last numeric column of {path} does not hold increasing depths.")
    draws = rng.choice(increments / increments.mean() * mean, size=int(2 * length / mean) + 2)
    depths = np.concatenate([[0.0], np.cumsum(draws)])
    return depths[depths <= length]


def weights_of(config: dict, arm: dict, trained: Path | None) -> Path | None:
    """Return the weights of an arm's network: shipped ones, or those trained elsewhere if given."""
    weights = config["networks"][arm["network"]]["weights"]
    return trained if weights == TRAIN else resolve_weights(weights)


def main() -> int:
    """Parse the command line, run every arm of a configuration and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("volume", type=Path, help="TIFF stack")
    parser.add_argument("depths", type=Path, help="CSV with slice depths in its last column")
    parser.add_argument("--threshold", type=float, default=0, help="solid lies above this value")
    parser.add_argument("--mean-voxels", type=float, default=4, help="mean slice thickness")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", type=Path, default=Path("config/quick.yaml"), help="arm table")
    parser.add_argument("--weights", type=Path, help="weights of networks that are not shipped")
    parser.add_argument("--out", type=Path, help="folder for TIFF stacks of all volumes")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    try:
        truth = read_tiff(arguments.volume) > arguments.threshold
        config = configuration.load(arguments.config)
        depths = resample_depths(
            arguments.depths,
            mean=arguments.mean_voxels,
            length=len(truth) - 1,
            rng=np.random.default_rng(arguments.seed),
        )
        # Lengths are in voxels here: the voxel size of the volume does not matter.
        stack = cut_slices(truth, depths, voxel_nm=1.0)
        how = {
            "cut": config["measure"]["diffusivity_cut"],
            "centred": config["measure"]["tpcf_centred"],
        }
        true_record = measure_volume(between_slices(truth, stack), MEASURES, **how)
        rows = {"Original": dict(true_record.attributes)}
        print(f"{len(depths)} slices of {np.diff(depths).mean():.2f} ± {np.diff(depths).std():.2f}")
        for arm in config["arms"]:
            options = {}
            if arm["filler"] == "network":
                weights = weights_of(config, arm, arguments.weights)
                if weights is None:
                    continue
                options = {"network": weights, **{k: arm[k] for k in ("families", "threshold")}}
            rebuilt = rebuild(
                stack,
                Arm.of(arm),
                nominal_nm=arguments.mean_voxels,
                max_pixels=config["fill_holes"]["max_pixels"],
                options=options,
            )
            record = measure_volume(rebuilt.volume, MEASURES, **how)
            compared = compare_with_truth(
                record, rebuilt.volume, rebuilt.gapped, truth, true_record
            )
            rows[arm["name"]] = dict(compared.attributes)
            if arguments.out:
                write_tiff(arguments.out / f"{arm['name']}.tif", rebuilt.volume, voxel_nm=1.0)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    table = pd.DataFrame(rows).T.reindex(columns=COLUMNS)
    print(table.to_string(float_format="%.4f", na_rep="–"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
