"""The network filler (ML)."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers import register
from fibgap.fillers.interpolation import threshold as at_one_half
from fibgap.network.architecture import Network
from fibgap.network.choices import THRESHOLDS
from fibgap.network.device import inference_precision
from fibgap.network.inference import predict
from fibgap.network.shipped import resolve_weights, shipped_names
from fibgap.network.weights import load_weights
from fibgap.stack import GappedVolume


def cut(
    values: NDArray[np.float32], slices: NDArray[np.bool_], threshold: str = "half"
) -> NDArray[np.bool_]:
    """Return where predicted values are solid.

    Parameters
    ----------
    values : (M, Y, X) float32
        The prediction in the missing layers.
    slices : (N, Y, X) bool
        The known layers.
    threshold : str
        "half": at one half and above. "keep_fraction": the highest values, as many as give the
        missing layers the solid fraction of the known ones (equal values go together).

    Raises
    ------
    InputError
        If the threshold is unknown.

    Examples
    --------
    >>> slices = np.array([[[1, 0, 0, 0]]], dtype=bool)
    >>> values = np.array([[[0.1, 0.4, 0.3, 0.2]]], dtype=np.float32)
    >>> cut(values, slices).any(), cut(values, slices, "keep_fraction").astype(int).tolist()
    (np.False_, [[[0, 1, 0, 0]]])
    """
    if threshold == "half":
        return at_one_half(values)
    if threshold != "keep_fraction":
        raise InputError(f"threshold '{threshold}' is unknown; choose one of {THRESHOLDS}.")
    solid = round(float(slices.mean()) * values.size)
    if not solid:
        return np.zeros(values.shape, dtype=np.bool_)
    return values >= np.partition(values, values.size - solid, axis=None)[values.size - solid]


def network_options(
    weights: Path | str, device: torch.device, *, precision: str, batch_pixels: int
) -> dict[str, Any]:
    """Return what the network filler wants to know of a weights file.

    Parameters
    ----------
    weights : path
        The network's weights.
    device : torch.device
        Where it computes.
    precision, batch_pixels
        The section `infer` of a configuration; "auto" is decided for this network.

    Returns
    -------
    dict
        Keyword options of `fill_network`.
    """
    network = load_weights(weights).network
    return {
        "network": network,
        "device": device,
        "precision": inference_precision(precision, device, network.architecture),
        "batch_pixels": batch_pixels,
    }


@register("network")
def fill_network(
    gapped: GappedVolume,
    *,
    network: Network | Path | str | None = None,
    device: torch.device | str = "cpu",
    precision: torch.dtype = torch.float32,
    batch_pixels: int = 2**19,
    families: str = "both",
    threshold: str = "half",
) -> NDArray[np.bool_]:
    """Inpaint the zx- and zy-planes by a network, average the two and threshold.

    Parameters
    ----------
    gapped : GappedVolume
        Known layers and their places.
    network : Network, path or str
        A network, a weights file, or ``shipped:NAME``.
    device, precision, batch_pixels, families
        See `fibgap.network.inference.predict`.
    threshold : str
        See `cut`.

    Returns
    -------
    (M, Y, X) bool
        The missing layers.

    Raises
    ------
    InputError
        If no network is given, or its weights cannot be had.
    """
    if network is None:
        raise InputError(
            "the filler 'network' needs a network: a weights file or 'shipped:NAME'; shipped: "
            f"{', '.join(shipped_names())}."
        )
    if not isinstance(network, Network):
        network = load_weights(resolve_weights(str(network))).network
    mean = predict(
        network,
        gapped,
        device=device,
        precision=precision,
        batch_pixels=batch_pixels,
        families=families,
    )
    return cut(mean[gapped.missing_layers], gapped.slices, threshold)
