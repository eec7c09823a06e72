"""The network filler (ML)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers import register
from fibgap.fillers.interpolation import threshold as at_one_half
from fibgap.network.choices import THRESHOLDS
from fibgap.network.draws import draw
from fibgap.network.engines import Engine, choose_engine, make_engine
from fibgap.network.inference import predict
from fibgap.network.precision import inference_precision
from fibgap.network.shipped import kept_names, resolve_weights
from fibgap.network.weights import LoadedNetwork, load_weights
from fibgap.stack import GappedVolume

if TYPE_CHECKING:
    from fibgap.network.module import Network


def cut(
    values: NDArray[np.float32],
    slices: NDArray[np.bool_],
    threshold: str = "half",
    *,
    number: int = 0,
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
        missing layers the solid fraction of the known ones (equal values go together). "draw": by
        a random field, see `fibgap.network.draws.draw`.
    number : int
        Which draw.

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
    if threshold == "draw":
        return draw(values, number)
    if threshold != "keep_fraction":
        raise InputError(f"threshold '{threshold}' is unknown; choose one of {THRESHOLDS}.")
    solid = round(float(slices.mean()) * values.size)
    if not solid:
        return np.zeros(values.shape, dtype=np.bool_)
    return values >= np.partition(values, values.size - solid, axis=None)[values.size - solid]


def network_options(
    weights: Path | str,
    device: str,
    *,
    precision: str,
    batch_pixels: int,
    engine: str = "auto",
    threads: int | None = None,
) -> dict[str, Any]:
    """Return what the network filler wants to know of a weights file.

    Parameters
    ----------
    weights : path
        The network's weights.
    device : str
        Where it computes, see `fibgap.network.device.choose_device`.
    precision, batch_pixels, engine
        The section `infer` of a configuration; "auto" is decided for this network.
    threads : int, optional
        Threads of the CPU, see `fibgap.network.engines.make_engine`.

    Returns
    -------
    dict
        Keyword options of `fill_network`.
    """
    loaded = load_weights(weights)
    engine = choose_engine(engine, device)
    precision = inference_precision(precision, device, engine, loaded)
    made = make_engine(loaded, engine=engine, device=device, precision=precision, threads=threads)
    return {"network": made, "batch_pixels": batch_pixels}


def arm_options(
    arm: Mapping[str, Any], weights: Path | str, device: str, **inference: Any
) -> dict[str, Any]:
    """Return what the network filler wants to know for an arm of a configuration.

    Parameters
    ----------
    arm : mapping
        Its `families` and `threshold`, see `fill_network`; other keys are left out.
    weights, device, **inference
        As for `network_options`.
    """
    chosen = {name: arm[name] for name in ("families", "threshold")}
    return {**network_options(weights, device, **inference), **chosen}


def predict_probability(
    network: "Engine | LoadedNetwork | Network",
    gapped: GappedVolume,
    *,
    batch_pixels: int = 2**19,
    families: str = "both",
) -> NDArray[np.float32]:
    """Predict with which probability the voxels of missing layers are solid.

    Parameters
    ----------
    network, gapped, batch_pixels, families
        See `fibgap.network.inference.predict`.

    Returns
    -------
    (M, Y, X) float32
        0 to 1, before any cut. Networks that learn a squared error give values near it, which are
        clipped.
    """
    mean = predict(network, gapped, batch_pixels=batch_pixels, families=families)
    return np.clip(mean[gapped.missing_layers], 0, 1)


@register("network")
def fill_network(
    gapped: GappedVolume,
    *,
    network: "Engine | LoadedNetwork | Network | Path | str | None" = None,
    device: str = "cpu",
    batch_pixels: int = 2**19,
    families: str = "both",
    threshold: str = "half",
    number: int = 0,
    watch: Callable[[NDArray[np.float32]], None] | None = None,
) -> NDArray[np.bool_]:
    """Inpaint the zx- and zy-planes by a network, average the two and threshold.

    Parameters
    ----------
    gapped : GappedVolume
        Known layers and their places.
    network : Engine, LoadedNetwork, Network, path or str
        A network that is ready to compute, or trained weights: as they were read, a weights file,
        or ``shipped:NAME``.
    device : str
        Where weights compute; an engine knows already.
    batch_pixels, families
        See `fibgap.network.inference.predict`.
    threshold, number
        See `cut`.
    watch : callable, optional
        Is given the probability of solid in the missing layers, see `predict_probability`.

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
            f"{', '.join(kept_names())}."
        )
    if isinstance(network, (str, Path)):
        network = load_weights(resolve_weights(str(network)))
    engine = make_engine(network, device=device)
    mean = predict(engine, gapped, batch_pixels=batch_pixels, families=families)
    missing = mean[gapped.missing_layers]
    if watch is not None:
        watch(np.clip(missing, 0, 1))
    return cut(missing, gapped.slices, threshold, number=number)
