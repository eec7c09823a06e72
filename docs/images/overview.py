"""Draw overview.png, the first picture of the documents: slices, two fillers, and the truth.

python docs/images/overview.py
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from fibgap import (
    Arm,
    Level,
    Milling,
    between_slices,
    generate_volume,
    mill_volume,
    rebuild,
    seeds,
    voxel_error,
)

SEED, VOXEL_NM, SIDE = 2024, 2.5, 128
# Safe for colour-blind readers: the four differ in lightness, too.
COLOURS = {
    "pore": "#FBFAF6",
    "solid": "#E3BF5A",
    "should be pore": "#A50F15",
    "should be solid": "#2166AC",
    "missing": "#C9CDD3",
}


def main() -> None:
    """Simulate one sample of the paper's structure, fill it twice, and draw one plane of it."""
    levels = [Level(0.4782, 97.23), Level(0.4272, 29.13)]
    seed = seeds.sequence(SEED, "evaluation_volumes")
    truth = generate_volume((SIDE,) * 3, levels, voxel_nm=VOXEL_NM, seed=seed)
    rng = seeds.generator(SEED, "milling")
    milling = Milling("normal", mean_nm=10, sd_nm=3, floor_nm=VOXEL_NM)
    stack = mill_volume(truth, milling, voxel_nm=VOXEL_NM, rng=rng)
    spline = rebuild(stack, Arm(filler="cubic_spline", fill_holes=True))
    filled = {
        "Cubic spline": spline.volume,
        "Network": rebuild(
            stack, Arm(filler="network"), options={"network": "shipped:general"}
        ).volume,
    }
    gapped = spline.gapped
    truth = between_slices(truth, gapped)

    y = SIDE // 2
    slices = gapped.volume()[:, y].astype(int)
    slices[gapped.missing_layers] = 4
    pictures = [("Slices at their depths", slices)]
    for name, volume in filled.items():
        wrong = voxel_error(volume, truth, gapped.missing_layers)
        codes = np.where(volume == truth, truth, 2 + truth)[:, y]
        pictures.append((f"{name}: {100 * wrong:.1f} % misclassified", codes))
    pictures.append(("Truth", truth[:, y].astype(int)))

    figure, axes = plt.subplots(1, 4, figsize=(11, 3.35))
    for box, (title, codes) in zip(axes, pictures, strict=True):
        colours = ListedColormap(list(COLOURS.values()))
        box.imshow(codes, cmap=colours, vmin=0, vmax=4, interpolation="none")
        box.set_title(title, fontsize=10)
        box.set(xticks=[], yticks=[])
    axes[0].set(xlabel="x", ylabel="z, the milling direction")
    patches = [Patch(facecolor=c, edgecolor="#888888", label=name) for name, c in COLOURS.items()]
    figure.legend(handles=patches, loc="lower center", ncols=5, frameon=False, fontsize=9)
    figure.subplots_adjust(left=0.025, right=0.995, top=0.92, bottom=0.13, wspace=0.04)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
