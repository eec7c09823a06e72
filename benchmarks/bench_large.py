"""Time and memory of filling stacks, small and larger than memory, from images to a volume.

    python benchmarks/bench_large.py --cubes 64 128 256
    python benchmarks/bench_large.py --side 2048 --layers 64 --of 1000 shipped:general
    python benchmarks/bench_large.py --side 256 --layers 500 1000 2000 --memory 100MB linear

Every stack is made in a temporary folder, as PNG images with a table of depths, and removed at the
end. Slices are four voxels apart on average, as in the paper, or --step. Each filler runs in a
process of its own. A row of the Markdown table has seconds by the clock; those of all processors,
which other work beside it changes little; those of filling alone; and the peak memory. Of a slab,
--of gives the layers to which processor seconds are multiplied.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from scipy.ndimage import gaussian_filter

#: Edge of the periodic field that stacks are tiled from, in voxels.
EDGE = 256
VOXEL_NM = 2.5
#: Standard deviation of the distance of slices, over its mean.
SPREAD = 0.3


def make_stack(folder: Path, side: int, layers: int, slices: int, seed: int = 0) -> None:
    """Write slices of a tiled field, every tile shifted by chance, and a table of their depths."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(EDGE, EDGE, EDGE)).astype(np.float32)
    field = gaussian_filter(noise, 5, mode="wrap") > 0
    tiles = -(-side // EDGE)
    shifts = rng.integers(0, EDGE, size=(tiles, tiles, 3))
    steps = np.clip(rng.normal(1, SPREAD, size=slices - 1), 0.4, None)
    depths = np.concatenate([[0], np.cumsum(steps)]) * (layers - 1) / steps.sum()
    (folder / "slices").mkdir(parents=True)
    for index, depth in enumerate(depths):
        image = np.empty((tiles * EDGE, tiles * EDGE), dtype=np.uint8)
        for row in range(tiles):
            for column in range(tiles):
                z, y, x = shifts[row, column]
                tile = np.roll(field[(round(depth) + z) % EDGE], (y, x), axis=(0, 1))
                part = np.s_[row * EDGE : (row + 1) * EDGE, column * EDGE : (column + 1) * EDGE]
                image[part] = tile * np.uint8(255)
        data = imagecodecs.png_encode(image[:side, :side], level=1)
        (folder / "slices" / f"slice_{index:04d}.png").write_bytes(data)
    lines = ["depth_nm", *(f"{depth * VOXEL_NM:.4f}" for depth in depths)]
    (folder / "depths.csv").write_text("\n".join(lines) + "\n")


def fill(folder: Path, filler: str, out: Path, memory: str) -> None:
    """Fill one stack, and print processor seconds by stage and peak memory as JSON."""
    from fibgap import fill_stack
    from fibgap.errors import FibgapWarning

    # A field of chance seems to drift from slice to slice.
    warnings.simplefilter("ignore", FibgapWarning)
    stages: dict[str, float] = {}
    last = ["starting", time.process_time()]

    def progress(stage: str, done: int, total: int) -> None:
        now = time.process_time()
        stages[last[0]] = stages.get(last[0], 0) + now - last[1]
        last[:] = [stage.split(":")[0], now]

    network = filler.startswith("shipped:")
    filled = fill_stack(
        folder / "slices",
        out,
        depths=folder / "depths.csv",
        voxel=f"{VOXEL_NM}nm",
        filler="network" if network else filler,
        weights=filler if network else None,
        memory=memory,
        progress=progress,
    )
    progress("end", 0, 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    on_disk = len(filled.verdict) > 3
    filling = sum(each for name, each in stages.items() if name.startswith("filling"))
    told = {"peak": peak, "on_disk": on_disk, "filling": filling, "stages": stages}
    told["processor"] = time.process_time()
    print(json.dumps(told))


def run(folder: Path, filler: str, memory: str, ending: str) -> dict[str, Any]:
    """Fill one stack in a process of its own, and return what it took."""
    out = folder / f"volume{ending}"
    begin = time.perf_counter()
    command = [sys.executable, __file__, filler, "--one", str(folder), str(out), "--memory", memory]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    told["seconds"] = time.perf_counter() - begin
    files = [out] if out.is_file() else [each for each in out.rglob("*") if each.is_file()]
    told["bytes"] = sum(each.stat().st_size for each in files)
    subprocess.run(["rm", "-rf", str(out), *map(str, folder.glob("volume*"))], check=True)
    return told


def row(*cells: object) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def main() -> None:
    """Make the stacks and fill them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "fillers",
        nargs="*",
        default=["nearest", "signed_distance_spline", "shipped:general"],
        help="fillers, or shipped:NAME for a network",
    )
    parser.add_argument("--side", type=int, help="pixels of an image along y and x")
    parser.add_argument("--layers", type=int, nargs="+", default=[128], help="of the volume")
    parser.add_argument("--of", type=int, help="layers to which the seconds of a slab are taken")
    parser.add_argument("--cubes", type=int, nargs="*", default=[64], help="edges, without --side")
    parser.add_argument("--step", type=float, default=4, help="mean distance of slices in voxels")
    parser.add_argument("--memory", default="4GiB", help="what filling may take")
    parser.add_argument("--ending", default=".ome.zarr", help="format of the volume")
    parser.add_argument("--home", type=Path, help="folder for everything; default: temporary")
    parser.add_argument("--stages", action="store_true", help="print seconds by stage, too")
    parser.add_argument("--one", type=Path, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        fill(arguments.one[0], arguments.fillers[0], arguments.one[1], arguments.memory)
        return
    sizes = [(edge, edge) for edge in arguments.cubes]
    if arguments.side:
        sizes = [(arguments.side, layers) for layers in arguments.layers]
    whole = [f"processor hours for {arguments.of} layers"] if arguments.of else []
    names = ("volume (z, y, x)", "slices", "filler", "filled", "seconds", "processor s", "filling")
    row(*names, "peak memory", "output", *whole)
    row(*["---"] * (9 + len(whole)))
    for side, layers in sizes:
        slices = 1 + round((layers - 1) / arguments.step)
        with tempfile.TemporaryDirectory(dir=arguments.home) as home:
            make_stack(Path(home), side, layers, slices)
            for filler in arguments.fillers:
                told = run(Path(home), filler, arguments.memory, arguments.ending)
                where = "by blocks" if told["on_disk"] else "in memory"
                cells = [f"{layers} x {side} x {side}", slices, f"`{filler}`", where]
                cells += [f"{told[name]:.1f}" for name in ("seconds", "processor", "filling")]
                cells += [f"{told['peak'] / 1e9:.2f} GB", f"{told['bytes'] / 1e6:.1f} MB"]
                if arguments.of:
                    cells.append(f"{told['processor'] * arguments.of / layers / 3600:.2f}")
                row(*cells)
                if arguments.stages:
                    print({name: round(each, 1) for name, each in told["stages"].items()})


if __name__ == "__main__":
    main()
