"""What it is worth to look at every gap from more than one side.

    python benchmarks/gap_views.py

Fills volumes of many materials by a network of whole gaps, which looks at every gap from one, two
and four sides, and prints the misclassified voxels and the seconds of the processor.
"""

import argparse
import time
from collections import defaultdict
from itertools import product
from unittest.mock import patch

import numpy as np

from fibgap.experiment.generality.materials import MATERIALS, PHANTOMS, draw_volume, milling_of
from fibgap.network.engines import make_engine
from fibgap.network.gaps import filling
from fibgap.network.shipped import resolve_weights
from fibgap.network.weights import load_weights
from fibgap.placement import place_slices
from fibgap.stack import between_slices
from fibgap.synthetic.milling import mill_volume

#: From two sides is what `filling.VIEWS` has; from four, an even number of axes is reversed.
SIDES = {
    1: filling.VIEWS[:1],
    2: filling.VIEWS,
    4: tuple(sides for sides in product((False, True), repeat=3) if sum(sides) % 2 == 0),
}


def main() -> None:
    """Fill, count and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", default="shipped:general")
    parser.add_argument("--volumes", type=int, default=3, help="per material")
    parser.add_argument("--side", type=int, default=96, help="of a volume, in voxels")
    options = parser.parse_args()
    engine = make_engine(load_weights(resolve_weights(options.weights)), threads=1)
    errors, seconds = defaultdict(list), dict.fromkeys(SIDES, 0.0)
    materials = [name for name in MATERIALS if name not in PHANTOMS]
    print("| material |" + "".join(f" {count} |" for count in SIDES))
    print("| --- |" + " ---: |" * len(SIDES))
    for name in materials:
        for index in range(options.volumes):
            truth, rng = draw_volume(name, index, options.side)
            milled = mill_volume(truth, milling_of(name), voxel_nm=1.0, rng=rng)
            gapped = place_slices(milled, check=False)
            missing = between_slices(truth, gapped)[gapped.missing_layers]
            for count, views in SIDES.items():
                begin = time.process_time()
                with patch.object(filling, "VIEWS", views):
                    solid = filling.predict_gaps(engine, gapped) >= 0.5
                seconds[count] += time.process_time() - begin
                errors[name, count].append((solid != missing).mean())
        print(f"| {name} |" + "".join(f" {100 * np.mean(errors[name, n]):.3f} |" for n in SIDES))
    ratios = [
        [np.mean(errors[name, count]) / np.mean(errors[name, 2]) for name in materials]
        for count in SIDES
    ]
    print("| against two sides |" + "".join(f" {np.exp(np.log(r).mean()):.3f} |" for r in ratios))
    print("| seconds |" + "".join(f" {seconds[count]:.0f} |" for count in SIDES))


if __name__ == "__main__":
    main()
