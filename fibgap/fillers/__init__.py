"""Fillers: what puts solid into the missing layers, registered by name.

A filler takes a `GappedVolume` and its own keyword options and returns the filled volume, shape
(Z, Y, X) bool. Known layers pass through bit for bit: `fill` sees to it for every filler.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers.blocks import Blocks, find_blocks
from fibgap.fillers.guard import check
from fibgap.stack import GappedVolume

#: A function of a gapped volume and keyword options that returns the missing layers in order,
#: shape (M, Y, X) bool.
Filler = Callable[..., NDArray[np.bool_]]

_FILLERS: dict[str, Filler] = {}

#: Modules that register fillers when they are imported; the network's pulls in torch.
FILLER_HOMES = {
    "nearest": "fibgap.fillers.layers",
    "linear": "fibgap.fillers.layers",
    "cubic_spline": "fibgap.fillers.spline",
    "shape_based": "fibgap.fillers.shape",
    "signed_distance_spline": "fibgap.fillers.distance_spline",
    "network": "fibgap.network.filler",
}


def register(name: str) -> Callable[[Filler], Filler]:
    """Register a filler under a name."""

    def keep(filler: Filler) -> Filler:
        _FILLERS[name] = filler
        return filler

    return keep


def filler_names() -> list[str]:
    """Return the names of all fillers."""
    return sorted({*FILLER_HOMES, *_FILLERS})


def fill(
    gapped: GappedVolume, filler: str, *, refuse: bool = True, **options: Any
) -> NDArray[np.bool_]:
    """Fill the missing layers of a gapped volume.

    Parameters
    ----------
    gapped : GappedVolume
        Known layers and their places.
    filler : str
        Name of the filler, see `filler_names`.
    refuse : bool
        Whether a result that has nothing to do with the known layers is an error; else it is a
        warning as any other departure from them. An experiment measures such an arm all the same.
    **options
        What the filler wants: the network needs its model.

    Returns
    -------
    (Z, Y, X) bool
        The grid from the first to the last known layer, known layers unchanged.

    Raises
    ------
    InputError
        If the filler is unknown, or what it gives has nothing to do with the known layers.

    Warns
    -----
    FibgapWarning
        If the filled layers depart from the known ones, see `fibgap.fillers.guard`.

    Notes
    -----
    ASSUME: known layers are measurements and are never changed, whatever the filler says of them.

    Examples
    --------
    >>> slices = np.array([[[0, 1]], [[1, 1]]], dtype=bool)
    >>> gapped = GappedVolume(slices, np.array([0, 3]), 2.5, 0, 2.5, 2)
    >>> fill(gapped, "nearest").astype(int)[:, 0].tolist()
    [[0, 1], [0, 1], [1, 1], [1, 1]]
    """
    _load(filler)
    volume = gapped.volume()
    missing = gapped.missing_layers
    if len(missing):
        volume[missing] = _FILLERS[filler](gapped, **options)
        check(volume, gapped, refuse=refuse)
    return volume


def fill_blocks(gapped: GappedVolume, filler: str, **options: Any) -> Blocks:
    """Return the missing layers of a gapped volume as blocks, for a volume larger than memory.

    Parameters
    ----------
    gapped : GappedVolume
        Known layers, which may lie on disk (`fibgap.on_disk`), and their places.
    filler : str
        Name of a filler that goes by blocks: all but the network.
    **options
        What the filler wants.

    Returns
    -------
    Blocks
        All together they are what the filler gives, bit for bit.

    Raises
    ------
    InputError
        If the filler is unknown or does not go by blocks.
    """
    _load(filler)
    blocks = find_blocks(filler)
    if blocks is None:
        raise InputError(f"the filler '{filler}' does not go by blocks.")
    return blocks(gapped, **options)


def _load(filler: str) -> None:
    """Import the module of a filler, or say which fillers there are."""
    if filler in _FILLERS:
        return
    if filler not in FILLER_HOMES:
        raise InputError(
            f"filler '{filler}' is unknown; choose one of {', '.join(filler_names())}."
        )
    import_module(FILLER_HOMES[filler])
