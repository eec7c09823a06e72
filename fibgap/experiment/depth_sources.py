"""Where the slices of a simulated stack are taken to lie, by source, and how far that is off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap import seeds
from fibgap.depths import (
    Depths,
    depths_from_images,
    estimate_thickness,
    fuse_depths,
    nominal_depths,
    read_ruler,
    ruler_depths,
)
from fibgap.errors import InputError
from fibgap.stack import SliceStack
from fibgap.synthetic.readings import Imaging, Ruler, draw_widths, show_slices

#: The source of arms that know where their slices were milled.
TRUE = "true"


@dataclass(frozen=True)
class Seen:
    """What a source is given of a stack; only what it looks at is drawn.

    Attributes
    ----------
    stack : SliceStack
        Slices at their true depths.
    ruler : Ruler
        The ruler that was milled beside it.
    imaging : Imaging
        How slices are shown.
    search : int
        Shifts in pixels over which images are laid on each other.
    nominal_nm : float
        What is taken for the thickness of every slice.
    base_seed, dataset : int
        Of the streams of readings and images: all sources see the same of them.
    """

    stack: SliceStack
    ruler: Ruler
    imaging: Imaging
    search: int
    nominal_nm: float
    base_seed: int
    dataset: int

    def _rng(self, stream: str) -> np.random.Generator:
        return seeds.generator(self.base_seed, stream, self.dataset)

    @property
    def total_nm(self) -> float:
        """Depth of the last slice below the first."""
        return float(self.stack.depths_nm[-1] - self.stack.depths_nm[0])

    def images(self) -> NDArray[Any]:
        """Return the slices as they are shown."""
        return show_slices(self.stack.slices, self.imaging, self._rng("images"))

    def widths_nm(self) -> NDArray[np.float64]:
        """Return the widths of the ruler as they are read."""
        return draw_widths(self.ruler, self.stack.depths_nm, self._rng("ruler_readings"))


def _ruler(seen: Seen) -> Depths:
    return ruler_depths(
        seen.widths_nm(), seen.ruler.angle_deg, sd_nm=seen.ruler.width_sd_nm, narrowing=False
    )


def _images(seen: Seen, total_nm: float | None = None) -> Depths:
    return depths_from_images(
        seen.images(), seen.stack.voxel_nm, total_nm=total_nm, search=seen.search
    )


def _images_total(seen: Seen) -> Depths:
    return _images(seen, seen.total_nm)


def _fused(seen: Seen) -> Depths:
    readings, sd = read_ruler(
        seen.widths_nm(), seen.ruler.angle_deg, sd_nm=seen.ruler.width_sd_nm, narrowing=False
    )
    thickness = estimate_thickness(seen.images(), search=seen.search)
    # The order in which slices were milled is known, as for a ruler alone.
    return fuse_depths(np.sort(readings), sd, thickness, seen.stack.voxel_nm)


def _nominal(seen: Seen) -> Depths:
    return nominal_depths(len(seen.stack.slices), seen.nominal_nm)


def _nominal_total(seen: Seen) -> Depths:
    return nominal_depths(len(seen.stack.slices), seen.total_nm / (len(seen.stack.slices) - 1))


#: By name: what it is, in a clause for tables, and the function that tells depths by it.
_SOURCES: dict[str, tuple[str, Callable[[Seen], Depths]]] = {
    "ruler": ("depths read from a ruler", _ruler),
    "images": ("depths from the images", _images),
    "images_total": ("depths from the images, the total depth known", _images_total),
    "fused": ("depths from a ruler and the images together", _fused),
    "nominal": ("depths by one nominal thickness for all slices", _nominal),
    "nominal_total": ("one thickness for all slices, the total depth known", _nominal_total),
}
#: What every source is, by its name in the arm table.
DEPTHS: dict[str, str] = {
    TRUE: "true depths",
    **{name: words for name, (words, _) in _SOURCES.items()},
}


def estimate_depths(
    stack: SliceStack,
    source: str,
    *,
    settings: Mapping[str, Mapping[str, Any]],
    nominal_nm: float,
    base_seed: int,
    dataset: int,
) -> Depths:
    """Tell by a source where the slices of a simulated stack lie.

    Parameters
    ----------
    stack : SliceStack
        Slices at their true depths.
    source : str
        A key of `DEPTHS`.
    settings : dict
        The section `depths` of the configuration.
    nominal_nm : float
        What is taken for the thickness of every slice, where nothing tells it.
    base_seed, dataset : int
        Readings and images are drawn from the streams of this dataset, so that sources are
        compared on the same of them.

    Returns
    -------
    Depths
        The first slice lies where it was milled: nothing tells a shift of a whole stack, and it
        changes nothing but where its volume begins.

    Raises
    ------
    InputError
        If the source is unknown, or sees too little to tell depths.

    Examples
    --------
    >>> slices = np.array([[[1, 0]], [[1, 1]], [[0, 1]]], dtype=bool)
    >>> stack = SliceStack(slices, np.array([0.0, 6.0, 22.0]), 2.5)
    >>> given = {"nominal_nm": 10, "base_seed": 0, "dataset": 0}
    >>> settings = {"ruler": {}, "images": {}}
    >>> for source in ("true", "nominal", "nominal_total"):
    ...     estimate_depths(stack, source, settings=settings, **given).depths_nm.tolist()
    [0.0, 6.0, 22.0]
    [0.0, 10.0, 20.0]
    [0.0, 11.0, 22.0]
    """
    if source not in DEPTHS:
        raise InputError(f"depths '{source}' are unknown; choose one of {', '.join(DEPTHS)}.")
    if source == TRUE:
        return Depths(stack.depths_nm, "measured", np.zeros(len(stack.depths_nm)))
    imaging = dict(settings["images"])
    search = int(imaging.pop("search", 0))
    seen = Seen(
        stack,
        Ruler(**settings["ruler"]),
        Imaging(**imaging),
        search,
        nominal_nm,
        base_seed,
        dataset,
    )
    told = _SOURCES[source][1](seen)
    start = float(stack.depths_nm[0]) - float(told.depths_nm[0])
    return Depths(told.depths_nm + start, told.source, told.sd_nm, told.notes)


def depth_errors(depths: Depths, true_nm: NDArray[np.float64]) -> dict[str, float]:
    """Return how far depths are off, by column name of the dataset table.

    Parameters
    ----------
    depths : Depths
        What a source told.
    true_nm : (N,) float64
        Where the slices were milled, in nm.

    Returns
    -------
    dict
        All in nm. "depth_rms_nm": root mean square of the errors of the depths. "depth_bias_nm":
        their mean; positive where slices are taken to lie too deep. "depth_drift_nm": the error of
        the last depth against the first, without its sign. "thickness_rms_nm": root mean square of
        the errors of the distances from slice to slice. "depth_sd_nm": root mean square of the
        standard deviations that the source states, NaN where it states none.

    Examples
    --------
    Errors 0, 3 and -4 of the depths, 3 and -7 of the thicknesses:

    >>> found = depth_errors(Depths([0.0, 13.0, 16.0], "nominal"), np.array([0.0, 10.0, 20.0]))
    >>> {name: round(value, 3) for name, value in found.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'depth_rms_nm': 2.887, 'depth_bias_nm': -0.333, 'depth_drift_nm': 4.0,
     'thickness_rms_nm': 5.385, 'depth_sd_nm': nan}
    """
    errors = depths.depths_nm - true_nm
    return {
        "depth_rms_nm": _rms(errors),
        "depth_bias_nm": float(errors.mean()),
        "depth_drift_nm": abs(float(errors[-1] - errors[0])),
        "thickness_rms_nm": _rms(np.diff(errors)),
        "depth_sd_nm": float("nan") if depths.sd_nm is None else _rms(depths.sd_nm),
    }


def _rms(values: NDArray[np.float64]) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(values**2)))

