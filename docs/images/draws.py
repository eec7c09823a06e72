"""Draw draws.png: how far a network's probabilities can be trusted, and what draws cost and give.

Left: of all voxels to which the network gives a probability of solid, how many are solid. Right:
from the cut at one half (strength 0) to a draw (strength 1), misclassified voxels beside the error
of the lineal path against the truth. Prints a Markdown table. The volumes are other ones of the
materials of docs/generality.md.

python docs/images/draws.py [WEIGHTS] [VOLUMES]
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from fibgap.experiment.evaluation import compare_with_truth, measure_volume
from fibgap.experiment.generality.materials import draw_volume, milling_of
from fibgap.fillers import fill
from fibgap.network.draws import draw
from fibgap.network.filler import predict_probability
from fibgap.network.shipped import resolve_weights
from fibgap.network.weights import LoadedNetwork, load_weights
from fibgap.placement import place_slices
from fibgap.stack import between_slices
from fibgap.synthetic.milling import mill_volume

#: Materials by the colours of their lines, which people with colour-blindness tell apart.
MATERIALS = {
    "gold": "#D55E00",
    "one level, solid 0.5": "#0072B2",
    "grains": "#009E73",
    "rough field": "#000000",
}
FIRST, SIDE = 20, 128
STRENGTHS = (0.0, 0.5, 1.0)
KEYS = (
    "voxel_error",
    *("anisotropy_tpcf", "anisotropy_lpf"),
    *("truth_lpf", "truth_d", "truth_surface", "truth_euler"),
)
#: D is taken on a central cut of this side.
MEASURES, CUT = ("tpcf", "lpf", "d", "surface", "euler"), 96
#: The best of the fillers that need no training stands beside the network.
CLASSICAL = "signed_distance_spline"
BINS = 10


@dataclass
class Found:
    """What was found of a material; counts by probability, and rows by strength."""

    voxels: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))
    solid: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))
    expected: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))
    rows: dict[float, list[list[float]]] = field(
        default_factory=lambda: {strength: [] for strength in STRENGTHS}
    )
    classical: list[list[float]] = field(default_factory=list)
    truths: list[list[float]] = field(default_factory=list)


def add(found: Found, network: LoadedNetwork, material: str, index: int) -> None:
    """Fill a volume, cut it by random fields of growing strength, and note what follows."""
    volume, rng = draw_volume(material, index, SIDE)
    stack = mill_volume(volume, milling_of(material), voxel_nm=1.0, rng=rng)
    gapped = place_slices(stack, check=False)
    truth, missing = between_slices(volume, gapped), gapped.missing_layers
    probability = predict_probability(network, gapped)
    right = truth[missing]
    place = np.minimum((probability * BINS).astype(int), BINS - 1).ravel()
    found.voxels += np.bincount(place, minlength=BINS)
    found.solid += np.bincount(place, weights=right.ravel(), minlength=BINS)
    found.expected += np.bincount(place, weights=probability.ravel(), minlength=BINS)
    original = measure_volume(truth, MEASURES, cut=CUT, centred=True)
    found.truths.append([original.attributes[key] for key in KEYS[1:3]])

    def judged(filled: NDArray[np.bool_]) -> list[float]:
        """Return the errors of a volume, and by how much its solid is off."""
        record = measure_volume(filled, MEASURES, cut=CUT, centred=True)
        row = compare_with_truth(record, filled, gapped, volume, original).attributes
        bias = filled[missing].mean() / right.mean() - 1
        return [*(row[key] for key in KEYS), bias]

    for strength in STRENGTHS:
        filled = gapped.volume()
        filled[missing] = draw(probability, 0, strength=strength)
        found.rows[strength].append(judged(filled))
    found.classical.append(judged(fill(gapped, CLASSICAL)))


def print_table(found: dict[str, Found]) -> None:
    """Print the means of every material and strength as Markdown."""
    print(
        "| material | strength | misclassified, % | e(TPCF) | e(LPF) | ε(LPF) | ε(D) "
        "| ε(surface) | ε(Euler) | solid, % |"
    )
    print("|---" * 10 + "|")
    for material, own in found.items():
        named = {f"{strength:g}": rows for strength, rows in own.rows.items()}
        for name, rows in (named | {f"`{CLASSICAL}`": own.classical}).items():
            wrong, *errors, bias = np.mean(rows, axis=0)
            cells = " | ".join(f"{error:.3f}" for error in errors)
            print(f"| {material} | {name} | {100 * wrong:.2f} | {cells} | {100 * bias:+.1f} |")
        tpcf, lpf = np.mean(own.truths, axis=0)
        print(f"| {material} | truth | | {tpcf:.3f} | {lpf:.3f}" + " |" * 6)

    off = max(
        float(np.abs((each.solid - each.expected) / each.voxels)[each.voxels > 1000].max())
        for each in found.values()
    )
    print(f"\nlargest distance of the share of solid from the probability: {off:.3f}")


def plot(found: dict[str, Found]) -> None:
    """Draw both pictures."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.9))
    left.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for material, own in found.items():
        color = MATERIALS[material]
        left.plot(own.expected / own.voxels, own.solid / own.voxels, "o-", ms=4, color=color)
        means = np.array([np.mean(rows, axis=0) for rows in own.rows.values()])
        at = 100 * means[:, 0], 100 * means[:, KEYS.index("truth_lpf")]
        right.plot(*at, "o-", ms=4, color=color, label=material)
        for strength, x, y in zip(STRENGTHS, *at, strict=True):
            right.annotate(f"{strength:g}", (x, y), (3, 4), textcoords="offset points", fontsize=8)
    left.set(xlabel="probability of solid", ylabel="share of solid in the truth", aspect="equal")
    right.set(xlabel="misclassified voxels of filled layers (%)", ylabel="ε(LPF) (%)")
    right.set_ylim(bottom=0)
    right.legend(frameon=False, title="beside each point: the strength")
    figure.tight_layout()
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=150)


def main() -> None:
    """Fill the volumes of every material, print the table, and draw."""
    weights = sys.argv[1] if len(sys.argv) > 1 else "shipped:general"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    network = load_weights(resolve_weights(weights))
    found = {material: Found() for material in MATERIALS}
    for material, own in found.items():
        for index in range(FIRST, FIRST + count):
            add(own, network, material, index)
    print_table(found)
    plot(found)


if __name__ == "__main__":
    main()
