"""Networks in eight bits: what is added to trained weights, its file, and how it is made."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fibgap.errors import InputError, require
from fibgap.io.files import write_aside
from fibgap.network.architecture import Architecture

if TYPE_CHECKING:
    from fibgap.network.weights import LoadedNetwork

FORMAT = "fibgap-int8-1"
FOLDER = "int8"
#: Steps of an eight-bit number.
LEVELS = 256


@dataclass(frozen=True)
class Quantisation:
    """What turns trained weights into a network of eight-bit numbers.

    Attributes
    ----------
    arrays : dict of str to array
        float32, by layer. ``LAYER.scale``: the step of its weights, by filter. ``LAYER.bias``: its
        bias, corrected for their rounding. ``NAME.range``: the lowest and the highest value of an
        activation.
    weights_sha256 : str
        Of the file of the weights.
    """

    arrays: dict[str, NDArray[np.float32]]
    weights_sha256: str


def quantised_path(weights: Path) -> Path:
    """Return where the eight-bit form of a weights file lies: in a folder beside it."""
    return weights.parent / FOLDER / weights.name


def save_quantisation(path: Path, quantisation: Quantisation) -> None:
    """Write a quantisation, aside and moved into place."""
    metadata = {"format": FORMAT, "weights_sha256": quantisation.weights_sha256}
    path.parent.mkdir(exist_ok=True)
    with write_aside(path) as aside:
        save_file(quantisation.arrays, aside, metadata)
        aside.chmod(0o644)


def load_quantisation(path: Path, weights: "LoadedNetwork") -> Quantisation:
    """Read the quantisation of trained weights.

    Raises
    ------
    InputError
        If the file is not there or damaged, was made for other weights, or does not fit them.
    """
    if not path.is_file():
        raise InputError(f"these weights have no eight-bit form: {path} does not exist.")
    try:
        with safe_open(path, framework="np") as stream:
            metadata = stream.metadata() or {}
            arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"file {path} is damaged or no safetensors file: {error}") from None
    if metadata.get("format") != FORMAT:
        raise InputError(f"file {path} has format '{metadata.get('format')}', not '{FORMAT}'.")
    made_for = metadata.get("weights_sha256", "")
    if made_for != weights.sha256:
        raise InputError(
            f"file {path} was made for the weights with checksum {made_for[:12]}…, but these have "
            f"{weights.sha256[:12]}…."
        )
    for name, values in weights.tensors.items():
        if name.endswith(".bias"):
            layer = name.removesuffix(".bias")
            for wanted in (f"{layer}.scale", f"{layer}.bias"):
                found = arrays.get(wanted)
                if found is None or found.shape != values.shape or not np.isfinite(found).all():
                    raise InputError(f"file {path} has no usable '{wanted}' for its weights.")
    return Quantisation(arrays, made_for)


def nncf_graph(weights: "LoadedNetwork", planes: list[NDArray[np.float32]]) -> Any:
    """Return the graph of a network as NNCF quantises it, see `quantise`.

    Raises
    ------
    InputError
        If NNCF is not installed.
    """
    require("nncf", "Making an eight-bit network", "dev")
    import nncf

    from fibgap.network.engines.openvino import build

    if not isinstance(weights.architecture, Architecture):
        raise InputError("a network of gaps has no eight-bit form.")
    return nncf.quantize(
        build(weights.architecture, weights.tensors, planes[0].shape, apart=True),
        nncf.Dataset([(each[:, :-1], each[:, -1:]) for each in planes]),
        subset_size=len(planes),
        # The last sum adds the interpolated plane itself.
        ignored_scope=nncf.IgnoredScope(names=["sum"], validate=False),
        # Weights of seven bits are for processors whose sums overflow; they take bf16 or fp32.
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=nncf.OverflowFix.DISABLE
        ),
    )


def quantise(weights: "LoadedNetwork", planes: list[NDArray[np.float32]]) -> Quantisation:
    """Return the eight-bit form of trained weights, calibrated on what they are to see.

    Parameters
    ----------
    weights : LoadedNetwork
        In fp32.
    planes : list of (1, C, Z, X) float32
        What an engine is given, all of one shape.

    Raises
    ------
    InputError
        If NNCF is not installed.

    Notes
    -----
    NNCF's quantisation after training: steps of weights per filter, of activations per layer from
    the lowest and highest values seen, and biases corrected for the mean error of their layer.
    """
    arrays: dict[str, NDArray[np.float32]] = {}
    for node in nncf_graph(weights, planes).get_ordered_ops():
        name = node.get_friendly_name()
        above = [value.get_node() for value in node.input_values()]
        if node.get_type_name() == "FakeQuantize":
            # Named after the layer whose values it rounds.
            ends = [float(above[index].get_data()) for index in (1, 2)]
            arrays[f"{above[0].get_friendly_name()}.range"] = np.array(ends, np.float32)
        elif node.get_type_name() == "Convolution" and above[1].get_input_size() == 2:
            steps = above[1].input_value(1).get_node().get_data()
            arrays[f"{name}.scale"] = np.array(steps, np.float32).reshape(-1)
        elif name.endswith(".bias"):
            arrays[name] = np.array(node.get_data(), np.float32).reshape(-1)
    return Quantisation(arrays, weights.sha256)
