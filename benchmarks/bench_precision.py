"""Count the voxels that bf16 changes: every shipped network, beside itself in fp32.

Prints a Markdown table: of 10,000 filled voxels, how many differ after the threshold. The volumes
have the structure and the milling of config/paper.yaml, and other seeds.

    python benchmarks/bench_precision.py [--volumes 3] [--side 64] [--threads 2]
"""

import argparse
from pathlib import Path

from fibgap import seeds
from fibgap.experiment import config as configuration
from fibgap.fillers import fill
from fibgap.network.engines import make_engine
from fibgap.network.shipped import FOLDER
from fibgap.network.weights import load_weights
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume
from fibgap.synthetic.milling import mill_volume
from fibgap.synthetic.structure import Level, generate_volume

PAPER = Path(__file__).resolve().parents[1] / "config/paper.yaml"
BASE_SEED = 5


def make_gapped(index: int, side: int) -> GappedVolume:
    """Generate, mill and place one volume."""
    config = configuration.load(PAPER)
    structure = config["generate_volumes"]
    voxel_nm = structure["voxel_nm"]
    truth = generate_volume(
        (side,) * 3,
        [Level(**level) for level in structure["levels"]],
        voxel_nm=voxel_nm,
        box_factor=structure["box_factor"],
        seed=seeds.sequence(BASE_SEED, "evaluation_volumes", index),
    )
    rng = seeds.generator(BASE_SEED, "milling", index)
    stack = mill_volume(truth, configuration.milling_of(config), voxel_nm=voxel_nm, rng=rng)
    return place_slices(stack, "repositioned", nominal_nm=config["place_slices"]["nominal_nm"])


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--volumes", type=int, default=3)
    parser.add_argument("--side", type=int, default=64, help="of a volume, in voxels")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    volumes = [make_gapped(index, arguments.side) for index in range(arguments.volumes)]
    filled = sum(len(gapped.missing_layers) * arguments.side**2 for gapped in volumes)
    print(f"| network | changed of 10,000, over {filled:,} filled voxels |\n| --- | ---: |")
    for path in sorted(FOLDER.glob("*.safetensors")):
        network = load_weights(path)
        changed = 0
        for gapped in volumes:
            exact, rounded = (
                fill(
                    gapped,
                    "network",
                    network=make_engine(network, precision=precision, threads=arguments.threads),
                )
                for precision in ("fp32", "bf16")
            )
            changed += int((exact != rounded).sum())
        print(f"| {path.stem} | {1e4 * changed / filled:.2f} |", flush=True)


if __name__ == "__main__":
    main()
