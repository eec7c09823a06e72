"""Time the supplement's own case: 128 images of 512 x 512, by the network and by the spline.

Prints seconds and ratios, side by side in one run: the cubic-spline filler against
scipy.interpolate.CubicSpline, and both networks, in fp32 and bf16, against a plain PyTorch loop
over the same planes. The supplement gives 44 s for its network on a K80 and 7 s for its spline.

    python benchmarks/bench_fillers.py [--images 128] [--side 512] [--threads 2] [--gpu]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy.interpolate import CubicSpline

from fibgap.fillers import fill
from fibgap.fillers.weights import GOLD_FROM, spline_weights
from fibgap.milling import Milling, draw_depths, nearest_layer
from fibgap.network.architecture import Architecture, Network, count_parameters
from fibgap.network.inference import PlaneFiller
from fibgap.stack import GappedVolume

PAPER_NETWORK_S = 44.0
PAPER_SPLINE_S = 7.0


def make_gapped(images: int, side: int) -> GappedVolume:
    """Return a random gapped volume whose zx-planes are the images."""
    rng = np.random.default_rng(0)
    depths = draw_depths(Milling("normal", 4, 1.2, 1), side - 1, rng)
    layers = nearest_layer(depths, 1.0)
    layers[-1] = side - 1
    slices = rng.random((len(layers), images, side)) < 0.35
    return GappedVolume(slices, layers, 1.0, 0, 1.0, len(layers))


def seconds(function: Callable[[], object], repeats: int = 1) -> float:
    """Return the shortest of so many runs."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
    return best


def scipy_spline(gapped: GappedVolume) -> np.ndarray:
    """Fill by SciPy's spline over the whole stack at once."""
    spline = CubicSpline(gapped.layers, gapped.slices.astype(np.float32), bc_type="not-a-knot")
    return spline(gapped.missing_layers) >= GOLD_FROM


@torch.inference_mode()
def plain_loop(
    network: Network, gapped: GappedVolume, device: torch.device, batch: int = 8
) -> torch.Tensor:
    """Run the network in fp32 over batches of whole planes, with nothing done for speed."""
    weights = torch.from_numpy(spline_weights(gapped.layers, np.arange(gapped.n_layers)))
    planes = torch.from_numpy(gapped.volume()).permute(1, 0, 2).float()
    known = torch.from_numpy(gapped.slices).permute(1, 0, 2).float()
    results = []
    for start in range(0, len(planes), batch):
        image = planes[start : start + batch, None]
        bicubic = torch.matmul(weights, known[start : start + batch])[:, None]
        if network.architecture.mask_channel:
            mask = torch.from_numpy(gapped.known)[None, None, :, None].float()
            image = torch.cat([image, mask.expand_as(image)], dim=1)
        results.append(network(image.to(device), bicubic.to(device)).cpu())
    return torch.cat(results)


@torch.inference_mode()
def our_planes(
    network: Network, gapped: GappedVolume, device: torch.device, precision: torch.dtype
) -> torch.Tensor:
    """Run one family of planes as inference does."""
    filler = PlaneFiller(network, gapped, device=device, precision=precision)
    n_z, n_y, n_x = gapped.shape
    out = torch.zeros((n_y, n_z, n_x), device=device)
    filler.family(gapped.slices, out)
    return out.cpu()


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gpu", action="store_true", help="time the networks on the GPU")
    parser.add_argument("--skip-loop", action="store_true", help="leave the plain loop out")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device("cuda" if arguments.gpu else "cpu")
    gapped = make_gapped(arguments.images, arguments.side)
    share = arguments.images / 128 * (arguments.side / 512) ** 2
    where = torch.cuda.get_device_name() if arguments.gpu else f"{arguments.threads} CPU threads"
    print(f"{arguments.images} images of {arguments.side} x {arguments.side}, {where}")
    ours = seconds(lambda: fill(gapped, "cubic_spline"), 3)
    theirs = seconds(lambda: scipy_spline(gapped), 3)
    print(f"{'spline, ours':34s} {ours:8.2f} s   paper / ours {PAPER_SPLINE_S * share / ours:8.1f}")
    print(f"{'spline, SciPy':34s} {theirs:8.2f} s   SciPy / ours {theirs / ours:8.1f}")
    for name, width, mask in (("Table S1", 1.0, False), ("compact", 1 / 3, True)):
        network = Network(Architecture.from_width(width, mask_channel=mask)).eval().to(device)
        label = f"{name} ({count_parameters(network):,} parameters)"
        loop = float("nan")
        if not arguments.skip_loop:
            loop = seconds(lambda network=network: plain_loop(network, gapped, device))
            print(f"{label + ', plain loop':34s} {loop:8.2f} s")
        network = network.cpu()
        for precision in (torch.float32, torch.bfloat16):
            ours = seconds(
                lambda network=network, precision=precision: our_planes(
                    network, gapped, device, precision
                )
            )
            kind = str(precision).removeprefix("torch.")
            print(
                f"{name + ', ' + kind:34s} {ours:8.2f} s   loop / ours {loop / ours:8.2f}   "
                f"paper / ours {PAPER_NETWORK_S * share / ours:8.2f}"
            )


if __name__ == "__main__":
    main()
