"""What each arithmetic costs a network: ``python -m fibgap.experiment.precisions NAME``.

Makes the eight-bit form of a shipped network that goes by planes. Measures voxel error and e(LPF)
in fp32, bf16 and int8 over the same volumes, and writes the result on the network's card, where
`fibgap.network.precision` reads it. A network for any material is measured on several.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap import seeds
from fibgap.errors import InputError
from fibgap.experiment import config as configuration
from fibgap.experiment.generality.materials import MATERIALS, draw_volume, milling_of
from fibgap.fillers import fill
from fibgap.io.digests import file_sha256
from fibgap.io.files import write_aside
from fibgap.measures import measure
from fibgap.measures.anisotropy import anisotropy_error
from fibgap.measures.voxelwise import voxel_error
from fibgap.network.architecture import Architecture
from fibgap.network.engines import Engine, make_engine
from fibgap.network.inference import predict
from fibgap.network.precision import FASTEST, hardware_has
from fibgap.network.quantisation import (
    Quantisation,
    quantise,
    quantised_path,
    save_quantisation,
)
from fibgap.network.shipped import PREFIX, resolve_weights
from fibgap.network.weights import LoadedNetwork, load_weights
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, between_slices
from fibgap.synthetic.milling import mill_volume
from fibgap.synthetic.structure import Level, generate_volume

#: Neither a training nor an evaluation of this project draws from it.
BASE_SEED = 5
#: Of a material, volumes that `docs/generality.md` does not show.
FIRST_OF_MATERIAL = 80
#: Planes on which an eight-bit network is calibrated, of a volume of this side.
CALIBRATION_PLANES = 64
CALIBRATION_SIDE = 64


def gapped_volume(
    config: configuration.Config, index: int, side: int
) -> tuple[GappedVolume, NDArray[np.bool_]]:
    """Generate, mill and place one volume; return it and the truth between its slices."""
    structure = config["generate_volumes"]
    voxel_nm = structure["voxel_nm"]
    truth = generate_volume(
        (side,) * 3,
        [Level(**level) for level in structure["levels"]],
        voxel_nm=voxel_nm,
        box_factor=structure["box_factor"],
        seed=seeds.sequence(BASE_SEED, "evaluation_volumes", index),
    )
    rng = seeds.generator(BASE_SEED, "milling", index)
    stack = mill_volume(truth, configuration.milling_of(config), voxel_nm=voxel_nm, rng=rng)
    gapped = place_slices(stack, "repositioned", nominal_nm=config["place_slices"]["nominal_nm"])
    return gapped, between_slices(truth, gapped)


def material_volume(material: str, index: int, side: int) -> tuple[GappedVolume, NDArray[np.bool_]]:
    """Do the same with a material of `docs/generality.md`."""
    truth, rng = draw_volume(material, FIRST_OF_MATERIAL + index, side)
    stack = mill_volume(truth, milling_of(material), voxel_nm=1.0, rng=rng)
    gapped = place_slices(stack, check=False)
    return gapped, between_slices(truth, gapped)


@dataclass
class _Recorder:
    """An engine that keeps what it is given."""

    engine: Engine
    planes: list[NDArray[np.float32]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def results(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        for block in blocks:
            self.planes.extend(plane[None] for plane in block)
            yield self.engine(block)


def calibrated(weights: LoadedNetwork, config: configuration.Config) -> Quantisation:
    """Return the eight-bit form of a network, calibrated on planes of one generated volume."""
    gapped, _ = gapped_volume(config, 10_000, CALIBRATION_SIDE)
    recorder = _Recorder(make_engine(weights, engine="openvino"), [])
    predict(recorder, gapped)
    return quantise(weights, recorder.planes[:: max(1, len(recorder.planes) // CALIBRATION_PLANES)])


def precisions_of(weights: LoadedNetwork) -> list[str]:
    """Return in what a network can compute, fp32 first: one of gaps has no eight-bit form."""
    return [
        name
        for name in reversed(FASTEST)
        if name != "int8" or isinstance(weights.architecture, Architecture)
    ]


def measured(
    weights: LoadedNetwork, cases: Sequence[tuple[GappedVolume, NDArray[np.bool_]]]
) -> dict[str, dict[str, float]]:
    """Return the errors of a network in every arithmetic that it has, means over volumes.

    Parameters
    ----------
    weights : LoadedNetwork
        The network.
    cases : sequence of (GappedVolume, (Z, Y, X) bool)
        What it fills, and the truth.
    """
    found: dict[str, dict[str, float]] = {
        "voxel_error": {},
        "anisotropy_lpf": {},
        "changed_of_10000": {},
    }
    exact: list[NDArray[np.bool_]] = []
    for precision in precisions_of(weights):
        engine = make_engine(weights, engine="openvino", precision=precision)
        rows = []
        for index, (gapped, truth) in enumerate(cases):
            filled = fill(gapped, "network", network=engine, refuse=False)
            exact.extend([filled] if precision == "fp32" else [])
            missing = gapped.missing_layers
            changed = 1e4 * (filled != exact[index]).sum() / filled[missing].size
            lpf = anisotropy_error(*measure(filled, ["lpf"])["lpf"])
            rows.append((voxel_error(filled, truth, missing), lpf, changed))
        for name, values in zip(found, np.mean(rows, axis=0), strict=True):
            found[name][precision] = round(float(values), 6)
    return found


def main() -> int:
    """Parse the command line; make, measure and write."""
    parser = argparse.ArgumentParser(
        prog="python -m fibgap.experiment.precisions",
        description="Make the eight-bit form of a network, and write on its card what every "
        "arithmetic costs. NNCF is needed, and a processor that has bf16 and int8.",
    )
    parser.add_argument("network", help="name of a shipped network, or a weights file with a card")
    parser.add_argument("--config", type=Path, default=Path("config/paper.yaml"))
    parser.add_argument(
        "--materials",
        nargs="*",
        default=[],
        choices=list(MATERIALS),
        help="materials of docs/generality.md that are measured, too, with as many volumes each",
    )
    parser.add_argument("--volumes", type=int, default=5)
    parser.add_argument("--side", type=int, default=96, help="of a volume, in voxels")
    arguments = parser.parse_args()
    try:
        lacking = [name for name in FASTEST if not hardware_has(name)]
        if lacking:
            raise InputError(f"this processor cannot measure {' and '.join(lacking)}.")
        name = arguments.network
        path = Path(name) if name.endswith(".safetensors") else resolve_weights(PREFIX + name)
        weights, config = load_weights(path), configuration.load(arguments.config)
        eight = quantised_path(path) if "int8" in precisions_of(weights) else None
        if eight is not None:
            save_quantisation(eight, calibrated(weights, config))
        volumes, side = range(arguments.volumes), arguments.side
        row: dict[str, Any] = {
            **measured(weights, [gapped_volume(config, index, side) for index in volumes]),
            "volumes": arguments.volumes,
            "side": side,
            "base_seed": BASE_SEED,
            "configuration": str(arguments.config),
        }
        if eight is not None:
            row["int8_sha256"] = file_sha256(eight)
        if arguments.materials:
            row["materials"] = {
                name: measured(weights, [material_volume(name, index, side) for index in volumes])
                for name in arguments.materials
            }
        card_path = path.with_suffix(".json")
        card = json.loads(card_path.read_text(encoding="utf-8"))
        with write_aside(card_path) as aside:
            text = json.dumps({**card, "precisions": row}, indent=1) + "\n"
            aside.write_text(text, encoding="utf-8")
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(row, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
