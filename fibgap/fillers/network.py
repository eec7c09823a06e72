"""The network filler (ML)."""

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.fillers import register
from fibgap.fillers.weights import threshold
from fibgap.network.architecture import Network
from fibgap.network.inference import predict
from fibgap.stack import GappedVolume


@register("network")
def fill_network(
    gapped: GappedVolume,
    *,
    network: Network,
    device: torch.device | str = "cpu",
    precision: torch.dtype = torch.float32,
    batch_pixels: int = 2**19,
) -> NDArray[np.bool_]:
    """Inpaint the zx- and zy-planes by a network, average the two and threshold at one half.

    Parameters
    ----------
    gapped : GappedVolume
        Known layers and their places.
    network, device, precision, batch_pixels
        See `fibgap.network.inference.predict`.

    Returns
    -------
    (M, Y, X) bool
        The missing layers.
    """
    mean = predict(network, gapped, device=device, precision=precision, batch_pixels=batch_pixels)
    return threshold(mean[gapped.missing_layers])
