"""Draw draws.png: how far a network's probabilities can be trusted, and what draws cost and give.

Left: of all voxels to which the network gives a probability of solid, how many are solid. Right:
from the cut at one half (strength 0) to a draw (strength 1), misclassified voxels beside the error
of the lineal path in anisotropy and against the truth. Prints the numbers.

python docs/images/draws.py [WEIGHTS] [VOLUMES]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from fibgap import Level, Milling, between_slices, generate_volume, mill_volume, seeds
from fibgap.experiment.evaluation import compare_with_truth, measure_volume
from fibgap.network.draws import draw
from fibgap.network.filler import predict_probability
from fibgap.network.shipped import resolve_weights
from fibgap.network.weights import load_weights
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume

SEED, VOXEL_NM, SIDE = 2024, 2.5, 128
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
NUMBERS = (0, 1)
KEYS = ("voxel_error", "anisotropy_tpcf", "anisotropy_lpf", "truth_lpf", "truth_d")
#: D is taken on a central cut of this side.
MEASURES, CUT = ("tpcf", "lpf", "d"), 96


def sample(index: int) -> tuple[NDArray[np.bool_], GappedVolume]:
    """Return a volume of the paper's structure, and its slices."""
    levels = [Level(0.4782, 97.23), Level(0.4272, 29.13)]
    seed = seeds.sequence(SEED, "evaluation_volumes", index)
    volume = generate_volume((SIDE,) * 3, levels, voxel_nm=VOXEL_NM, seed=seed)
    milling = Milling("normal", mean_nm=10, sd_nm=3, floor_nm=VOXEL_NM)
    rng = seeds.generator(SEED, "milling", index)
    stack = mill_volume(volume, milling, voxel_nm=VOXEL_NM, rng=rng)
    gapped = place_slices(stack, "repositioned", nominal_nm=10)
    return between_slices(volume, gapped), gapped


def main() -> None:
    """Fill some volumes, cut them by random fields of growing strength, and draw what follows."""
    weights = sys.argv[1] if len(sys.argv) > 1 else "shipped:general_small"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    network = load_weights(resolve_weights(weights)).network
    edges = np.linspace(0, 1, 11)
    voxels, solid, expected = (np.zeros(10) for _ in range(3))
    rows: dict[float, list[list[float]]] = {strength: [] for strength in STRENGTHS}
    bias: dict[float, list[float]] = {strength: [] for strength in STRENGTHS}
    originals = []
    for index in range(count):
        truth, gapped = sample(index)
        missing = gapped.missing_layers
        probability = predict_probability(network, gapped)
        right = truth[missing]
        place = np.minimum((probability * 10).astype(int), 9).ravel()
        voxels += np.bincount(place, minlength=10)
        solid += np.bincount(place, weights=right.ravel(), minlength=10)
        expected += np.bincount(place, weights=probability.ravel(), minlength=10)
        original = measure_volume(truth, MEASURES, cut=CUT, centred=True)
        originals.append([original.attributes[key] for key in KEYS[1:3]])
        for strength in STRENGTHS:
            for number in NUMBERS if strength else NUMBERS[:1]:
                volume = gapped.volume()
                volume[missing] = draw(probability, number, strength=strength)
                record = measure_volume(volume, MEASURES, cut=CUT, centred=True)
                found = compare_with_truth(record, volume, gapped, truth, original).attributes
                rows[strength].append([found[key] for key in KEYS])
                bias[strength].append(volume[missing].mean() / right.mean() - 1)
    means = np.array([np.mean(rows[strength], axis=0) for strength in STRENGTHS])
    print("probability  solid  share of voxels")
    for p, s, n in zip(expected / voxels, solid / voxels, voxels / voxels.sum(), strict=True):
        print(f"{p:11.3f}  {s:.3f}  {n:.4f}")
    print("strength", *KEYS, "solid bias", sep="  ")
    for strength, row in zip(STRENGTHS, means, strict=True):
        print(strength, *row.round(4), f"{np.mean(bias[strength]):+.4f}", sep="  ")
    print("truth", *np.mean(originals, axis=0).round(4), sep="  ")

    figure, (left, right_box) = plt.subplots(1, 2, figsize=(9, 3.9))
    left.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    left.plot(expected / voxels, solid / voxels, "o-", color="#2166AC")
    left.set(xlabel="probability of solid", ylabel="share of solid in the truth", aspect="equal")
    left.set(xticks=edges[::2], yticks=edges[::2])
    styles = {
        "anisotropy_lpf": ("o-", "#A50F15", "e(LPF)"),
        "truth_lpf": ("s--", "#B8860B", "ε(LPF)"),
    }
    for key, (style, colour, label) in styles.items():
        column = means[:, KEYS.index(key)]
        right_box.plot(100 * means[:, 0], column, style, color=colour, label=label)
    for strength, row in zip(STRENGTHS, means, strict=True):
        at = (100 * row[0], row[KEYS.index("anisotropy_lpf")])
        right_box.annotate(
            f"{strength:g}", at, (0, 6), textcoords="offset points", ha="center", fontsize=8
        )
    truth_level = float(np.mean(originals, axis=0)[1])
    right_box.axhline(
        truth_level, color="#A50F15", linewidth=1, linestyle=":", label="e(LPF), truth"
    )
    right_box.set(
        xlabel="misclassified voxels of filled layers (%)", ylabel="error", ylim=(0, 0.04)
    )
    right_box.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=150)


if __name__ == "__main__":
    main()
