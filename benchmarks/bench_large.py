"""Time and memory of filling stacks larger than memory, from a folder of images to a volume.

    python benchmarks/bench_large.py --side 2048 --layers 1000 --slices 480 cubic_spline
    python benchmarks/bench_large.py --cubes 64 128 256 cubic_spline signed_distance_spline

Every stack is made in a temporary folder, as PNG images with a table of depths, and removed at the
end. Each filler runs in a process of its own, whose peak memory is told with its seconds by stage.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imagecodecs
import numpy as np
from scipy.ndimage import gaussian_filter

#: Edge of the periodic field that stacks are tiled from, in voxels.
EDGE = 256
VOXEL_NM = 2.5


def make_stack(folder: Path, side: int, layers: int, slices: int, seed: int = 0) -> None:
    """Write slices of a tiled field, every tile shifted by chance, and a table of their depths."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(EDGE, EDGE, EDGE)).astype(np.float32)
    field = gaussian_filter(noise, 5, mode="wrap") > 0
    tiles = -(-side // EDGE)
    shifts = rng.integers(0, EDGE, size=(tiles, tiles, 3))
    steps = np.clip(rng.normal(1, 0.3, size=slices - 1), 0.4, None)
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
    """Fill one stack, and print seconds by stage and peak memory as JSON."""
    from fibgap import fill_stack

    stages: dict[str, float] = {}
    last = ["starting", time.perf_counter()]

    def progress(stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
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
    print(json.dumps({"peak": peak, "on_disk": on_disk, "stages": stages}))


def run(folder: Path, filler: str, memory: str, ending: str) -> None:
    """Fill one stack in a process of its own, and print what it took."""
    out = folder / f"volume{ending}"
    begin = time.perf_counter()
    command = [sys.executable, __file__, "--one", str(folder), str(out), "--memory", memory, filler]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    wall = time.perf_counter() - begin
    stages = ", ".join(
        f"{name} {seconds:.1f}" for name, seconds in told["stages"].items() if seconds >= 0.05
    )
    where = "by blocks" if told["on_disk"] else "in memory"
    peak = told["peak"] / 1e9
    print(f"{filler}: {where}, {wall:.1f} s, peak {peak:.2f} GB; {stages}", flush=True)
    files = [out] if out.is_file() else [each for each in out.rglob("*") if each.is_file()]
    print(f"  written: {sum(each.stat().st_size for each in files) / 1e6:.0f} MB", flush=True)
    subprocess.run(["rm", "-rf", str(out), *map(str, folder.glob("volume*"))], check=True)


def main() -> None:
    """Make the stacks and fill them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fillers", nargs="+", help="fillers, or shipped:NAME for a network")
    parser.add_argument("--side", type=int, default=2048, help="pixels of an image along y and x")
    parser.add_argument("--layers", type=int, default=1000, help="layers of the volume")
    parser.add_argument("--slices", type=int, default=480, help="slices, at uneven distances")
    parser.add_argument("--cubes", type=int, nargs="*", help="edges of cubes instead")
    parser.add_argument("--memory", default="4GiB", help="what filling may take")
    parser.add_argument("--ending", default=".ome.zarr", help="format of the volume")
    parser.add_argument("--home", type=Path, help="folder for everything; default: temporary")
    parser.add_argument("--one", type=Path, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        fill(arguments.one[0], arguments.fillers[0], arguments.one[1], arguments.memory)
        return
    cubes = [(edge, edge, round(edge * 0.48)) for edge in arguments.cubes or []]
    for side, layers, slices in cubes or [(arguments.side, arguments.layers, arguments.slices)]:
        with tempfile.TemporaryDirectory(dir=arguments.home) as home:
            begin = time.perf_counter()
            make_stack(Path(home), side, layers, slices)
            seconds = time.perf_counter() - begin
            made = f"{slices} images made in {seconds:.1f} s"
            print(f"{layers} x {side} x {side}: {made}", flush=True)
            for filler in arguments.fillers:
                run(Path(home), filler, arguments.memory, arguments.ending)


if __name__ == "__main__":
    main()
