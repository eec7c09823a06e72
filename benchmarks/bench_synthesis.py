"""Time and weigh the synthesis of one volume, in a process of its own.

Prints seconds by the clock, and the peak memory beyond that of the imports, in bytes a voxel of the
periodic box.

    python benchmarks/bench_synthesis.py [--box 256]
"""

import argparse
import resource
import time

from fibgap import seeds
from fibgap.synthetic.structure import Level, generate_volume


def peak_bytes() -> int:
    """Return the peak memory of this process so far, in bytes (Linux counts in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Parse the command line, generate a volume and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--box", type=int, default=256, help="side of the box and of the volume")
    arguments = parser.parse_args()
    before = peak_bytes()
    begin = time.perf_counter()
    volume = generate_volume(
        (arguments.box,) * 3,
        [Level(0.35, 150), Level(0.35, 22.5)],
        voxel_nm=2.5,
        box_factor=1,
        seed=seeds.sequence(1, "evaluation_volumes"),
    )
    elapsed = time.perf_counter() - begin
    weight = (peak_bytes() - before) / volume.size
    print(
        f"box of {arguments.box}^3, two levels: {elapsed:.2f} s, {weight:.1f} bytes a voxel "
        f"beyond the imports, solid fraction {volume.mean():.4f}"
    )


if __name__ == "__main__":
    main()
