"""Time and weigh the synthesis of one volume, in a process of its own.

Prints wall seconds on the given number of threads, and the peak memory beyond that of importing
torch, in bytes a voxel of the periodic box.

    python benchmarks/bench_synthesis.py [--box 256] [--threads 1]
"""

import argparse
import resource
import time

import torch

from fibgap import seeds
from fibgap.synthetic.structure import Level, generate_volume


def peak_bytes() -> int:
    """Return the peak memory of this process so far, in bytes (Linux counts in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Parse the command line, generate a volume and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--box", type=int, default=256, help="side of the box and of the volume")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
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
        f"box of {arguments.box}^3, two levels, {arguments.threads} thread(s): {elapsed:.2f} s, "
        f"{weight:.1f} bytes a voxel beyond importing torch, solid fraction {volume.mean():.4f}"
    )


if __name__ == "__main__":
    main()
