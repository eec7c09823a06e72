"""Time the supplement's own case: 128 images of 512 x 512, by the network and by the spline.

Prints a Markdown table of seconds and ratios, all measured in one run: the cubic-spline filler
beside scipy.interpolate.CubicSpline; the shipped networks in every engine and arithmetic beside a
straightforward PyTorch loop over the same planes in fp32 (none for a network that sees distances,
which such a loop does not have); patches/s of training. One family of planes is timed, and of a
network of whole gaps all that it has to do. What is timed goes from slices to
predictions, interpolated distances included. The loop runs over an eighth of the images, and its
time is multiplied: it takes as long for each. The GPU is timed where there is one. Beside the time
stands the processor's own, over the cores: it is what a machine takes that does nothing else, and
it is what "plain / ours" compares on a CPU. The supplement gives 44 s for its network on a K80 and
7 s for its spline.

    python benchmarks/bench_fillers.py [--images 128] [--side 512] [--threads 2] [--repeats 1]
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.interpolate import CubicSpline

from fibgap.fillers import fill
from fibgap.fillers.interpolation import GOLD_FROM, spline_weights
from fibgap.network.device import cpu_has_bfloat16
from fibgap.network.engines import Engine, make_engine
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.inference import predict
from fibgap.network.module import Network, count_parameters
from fibgap.network.planes import with_mirrored_ends
from fibgap.network.precision import hardware_has
from fibgap.network.quantisation import quantised_path
from fibgap.network.shipped import resolve_weights
from fibgap.network.weights import LoadedNetwork, load_weights
from fibgap.stack import GappedVolume, nearest_layer
from fibgap.synthetic.milling import Milling, draw_depths

PAPER_NETWORK_S = 44.0
PAPER_SPLINE_S = 7.0
NETWORKS = ("table_s1", "general", "general_large", "general_small", "compact_neighbours")
#: Fewer planes a side than the receptive field are refused.
LEAST_IMAGES = 23


def make_gapped(images: int, side: int) -> GappedVolume:
    """Return a random gapped volume whose zx-planes are the images."""
    rng = np.random.default_rng(0)
    depths = draw_depths(Milling("normal", 4, 1.2, 1), side - 1, rng)
    layers = nearest_layer(depths, 1.0)
    layers[-1] = side - 1
    slices = rng.random((len(layers), images, side)) < 0.35
    return GappedVolume(slices, layers, 1.0, 0, 1.0, len(layers))


def seconds(function: Callable[[], object], repeats: int) -> float:
    """Return the shortest of so many runs."""
    return both_times(function, repeats)[0]


#: Seconds by the clock, and of the processor.
Times = tuple[float, float]


def both_times(function: Callable[[], object], repeats: int) -> Times:
    """Return the shortest time of so many runs, and the shortest time of the processor."""
    elapsed, worked = [], []
    for _ in range(repeats):
        begin, begun = time.perf_counter(), time.process_time()
        function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        elapsed.append(time.perf_counter() - begin)
        worked.append(time.process_time() - begun)
    return min(elapsed), min(worked)


def scipy_spline(gapped: GappedVolume) -> np.ndarray:
    """Fill by SciPy's spline over the whole stack at once."""
    spline = CubicSpline(gapped.layers, gapped.slices.astype(np.float32), bc_type="not-a-knot")
    return spline(gapped.missing_layers) >= GOLD_FROM


@torch.inference_mode()
def plain_loop(
    network: Network,
    gapped: GappedVolume,
    images: int,
    device: torch.device,
    precision: torch.dtype,
) -> torch.Tensor:
    """Run the network over batches of eight whole planes, with nothing done for speed."""
    network = network.to(device, precision)
    weights = torch.from_numpy(spline_weights(gapped.layers, np.arange(gapped.n_layers)))
    neighbours = network.architecture.neighbours
    volume = with_mirrored_ends(gapped.volume()[:, :images], neighbours)
    planes = torch.from_numpy(volume).permute(1, 0, 2).float()
    together = planes.unfold(0, 2 * neighbours + 1, 1).permute(0, 3, 1, 2)
    known = torch.from_numpy(gapped.slices[:, :images]).permute(1, 0, 2).float()
    results = []
    for start in range(0, images, 8):
        image = together[start : start + 8]
        bicubic = torch.matmul(weights, known[start : start + 8])[:, None]
        if network.architecture.mask_channel:
            mask = torch.from_numpy(gapped.known)[None, None, :, None].float()
            image = torch.cat([image, mask.expand_as(image[:, :1])], dim=1)
        output = network(image.to(device, precision), bicubic.to(device, precision))
        results.append(output.float().cpu())
    network.to("cpu", torch.float32)
    return torch.cat(results)


def engines_of(weights: LoadedNetwork, threads: int) -> list[Engine]:
    """Return a network in every engine and arithmetic that there is here."""
    cases = [("openvino", "cpu", each) for each in ("fp32", "bf16", "int8")]
    if torch.cuda.is_available():
        cases += [("torch", "cuda", each) for each in ("fp32", "bf16")]
    return [
        make_engine(weights, engine=engine, device=device, precision=precision, threads=threads)
        for engine, device, precision in cases
        if hardware_has(precision, device, engine)
        and (precision != "int8" or quantised_path(weights.path).exists())
    ]


def goes_by_gaps(weights: LoadedNetwork) -> bool:
    """Return whether a network fills whole gaps, and so has no families of planes."""
    return isinstance(weights.architecture, GapArchitecture)


def training_rate(
    network: Network, device: torch.device, precision: torch.dtype, batch: int, steps: int
) -> float:
    """Return patches of 64 x 64 that a training step takes in a second, the fastest step."""
    own = Network(network.architecture).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(own.parameters())
    image = torch.rand(batch, network.architecture.input_channels, 64, 64, device=device)
    image = image.contiguous(memory_format=torch.channels_last)
    truth = torch.rand(batch, 1, 64, 64, device=device)

    def step() -> None:
        with torch.autocast(device.type, precision, enabled=precision != torch.float32):
            output = own(image, truth)
        loss = ((output.float() - truth) ** 2).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    step()
    return batch / seconds(step, steps)


def machine(threads: int) -> str:
    """Return what this was measured on, in words."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        name = next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), name)
    parts = [f"{name}, {os.cpu_count()} cores, {threads} threads"]
    parts.append("bf16 in hardware" if cpu_has_bfloat16() else "no bf16 in hardware")
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return "; ".join([*parts, f"torch {torch.__version__}", f"load at the start {load}"])


def row(*cells: str | float) -> None:
    """Print a row of the table; numbers with three digits."""
    texts = [
        cell if isinstance(cell, str) else "–" if np.isnan(cell) else f"{cell:.3g}"
        for cell in cells
    ]
    print("| " + " | ".join(texts) + " |", flush=True)


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--repeats", type=int, default=1, help="the shortest of so many runs counts"
    )
    parser.add_argument("--batch", type=int, default=64, help="patches a training step")
    parser.add_argument(
        "--only", nargs="+", default=list(NETWORKS), choices=list(NETWORKS), help="networks to time"
    )
    parser.add_argument("--skip-loop", action="store_true", help="leave the plain loop out")
    parser.add_argument("--quick", action="store_true", help="a small case, in under two minutes")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.images, arguments.side = LEAST_IMAGES, 96
        arguments.only = ["compact_neighbours"]
    torch.set_num_threads(arguments.threads)
    images, side, repeats = arguments.images, arguments.side, arguments.repeats
    gapped = make_gapped(max(images, LEAST_IMAGES), side)
    share = images / 128 * (side / 512) ** 2
    print(f"{images} images of {side} x {side}. {machine(arguments.threads)}.\n")
    row(
        *("what", "engine", "precision", "ours, s", "processor / cores, s"),
        *("plain, s", "plain, processor / cores, s", "plain / ours", "paper / ours"),
    )
    row(*["---"] * 3, *["---:"] * 6)
    part = GappedVolume(
        np.ascontiguousarray(gapped.slices[:, :images]), gapped.layers, 1.0, 0, 1.0, gapped.n_given
    )
    fill(part, "cubic_spline")
    cores = min(arguments.threads, os.cpu_count() or 1)

    def compare(
        label: str, engine: str, precision: str, ours: Times, plain: Times, paper: float
    ) -> None:
        """Print ours beside the plain way and the paper's seconds for as many images."""
        elapsed, worked = ours
        ratio = plain[0] / elapsed if engine == "torch" else plain[1] / worked
        times = elapsed, worked / cores, plain[0], plain[1] / cores
        row(label, engine, precision, *times, ratio, paper * share / elapsed)

    ours = both_times(lambda: fill(part, "cubic_spline"), max(3, repeats))
    plain = both_times(lambda: scipy_spline(part), max(2, repeats))
    compare("spline, beside SciPy's", "–", "fp32", ours, plain, PAPER_SPLINE_S)
    for name in arguments.only:
        weights = load_weights(resolve_weights(f"shipped:{name}"))
        label = f"{name} ({count_parameters(weights.network):,} parameters)"
        plain = float("nan"), float("nan")
        if not arguments.skip_loop and weights.architecture.sees == "rows":
            cpu = torch.device("cpu")
            some = max(8, images // 8)
            found = both_times(
                lambda weights=weights, cpu=cpu, some=some: plain_loop(
                    weights.network, gapped, some, cpu, torch.float32
                ),
                repeats,
            )
            plain = found[0] * images / some, found[1] * images / some
        for engine in engines_of(weights, arguments.threads):
            families = "both" if goes_by_gaps(weights) else "zx"

            def ours_once(engine: Engine = engine, families: str = families) -> None:
                predict(engine, part, families=families)

            if engine.device != "cpu":
                ours_once()
            ours = both_times(ours_once, repeats)
            compare(label, engine.name, engine.precision, ours, plain, PAPER_NETWORK_S)
    if arguments.quick:
        return
    loaded = {name: load_weights(resolve_weights(f"shipped:{name}")) for name in arguments.only}
    cases = [
        (name, weights.network, device, precision)
        for name, weights in loaded.items()
        if not goes_by_gaps(weights)
        for device in map(torch.device, ["cpu", *(["cuda"] * torch.cuda.is_available())])
        for precision in (torch.float32, torch.bfloat16)
    ]
    print("\nTraining, patches of 64 x 64:\n")
    row("network", "device", "precision", "patches/s")
    row("---", "---", "---", "---:")
    for name, network, device, precision in cases:
        rate = training_rate(network, device, precision, arguments.batch, 2)
        kind = {torch.float32: "fp32", torch.bfloat16: "bf16"}[precision]
        row(name, "CPU" if device.type == "cpu" else "GPU", kind, rate)


if __name__ == "__main__":
    main()
