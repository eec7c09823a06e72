"""Where the slices of a simulated stack are taken to lie, by source, and how far that is off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
    settings : dict
        From `settings_of`.
    base_seed, dataset : int
        Of the streams of readings and images: all sources see the same of them.
    """

    stack: SliceStack
    settings: Mapping[str, Any]
    base_seed: int
    dataset: int

    def _rng(self, stream: str) -> np.random.Generator:
        return seeds.generator(self.base_seed, stream, self.dataset)

    @property
    def ruler(self) -> Ruler:
        """The ruler that was milled beside the stack."""
        return Ruler(**self.settings["ruler"])

    @property
    def search(self) -> int:
        """Shifts in pixels over which images are laid over each other."""
        return int(self.settings["images"]["search"])

    @property
    def total_nm(self) -> float:
        """Depth of the last slice below the first."""
        return float(self.stack.depths_nm[-1] - self.stack.depths_nm[0])

    def images(self) -> NDArray[Any]:
        """Return the slices as they are shown."""
        shown = {name: value for name, value in self.settings["images"].items() if name != "search"}
        return show_slices(self.stack.slices, Imaging(**shown), self._rng("images"))

    def widths_nm(self) -> NDArray[np.float64]:
        """Return the widths of the ruler as they are read."""
        return draw_widths(self.ruler, self.stack.depths_nm, self._rng("ruler_readings"))


def _ruler(seen: Seen) -> Depths:
    angle, sd = seen.ruler.angle_deg, seen.ruler.width_sd_nm
    return ruler_depths(seen.widths_nm(), angle, sd_nm=sd, narrowing=False)


def _images(seen: Seen, total_nm: float | None = None) -> Depths:
    voxel_nm = seen.stack.voxel_nm
    return depths_from_images(seen.images(), voxel_nm, total_nm=total_nm, search=seen.search)


def _images_total(seen: Seen) -> Depths:
    return _images(seen, seen.total_nm)


def _fused(seen: Seen) -> Depths:
    angle, width_sd = seen.ruler.angle_deg, seen.ruler.width_sd_nm
    readings, sd = read_ruler(seen.widths_nm(), angle, sd_nm=width_sd, narrowing=False)
    thickness = estimate_thickness(seen.images(), search=seen.search)
    return fuse_depths(readings, sd, thickness, seen.stack.voxel_nm)


def _nominal(seen: Seen) -> Depths:
    return nominal_depths(len(seen.stack.slices), seen.settings["nominal_nm"])


def _nominal_total(seen: Seen) -> Depths:
    count = len(seen.stack.slices)
    return nominal_depths(count, seen.total_nm / (count - 1))


@dataclass(frozen=True)
class ArmSource:
    """A source of depths of the arm table.

    Attributes
    ----------
    title : str
        Its name in tables.
    words : str
        What it tells, in a clause for lists of names.
    tell : callable
        Returns the depths.
    reads : tuple of str
        What it is told of the configuration: "ruler" and "images" of the section `depths`, and
        "nominal_nm" of `place_slices`.
    """

    title: str
    words: str
    tell: Callable[[Seen], Depths]
    reads: tuple[str, ...] = ()


def _true(seen: Seen) -> Depths:
    return Depths(seen.stack.depths_nm, "measured", np.zeros(len(seen.stack.slices)))


#: All sources by their names in the arm table.
DEPTHS: dict[str, ArmSource] = {
    TRUE: ArmSource("true", "true depths", _true),
    "ruler": ArmSource("ruler", "depths read from a ruler", _ruler, ("ruler",)),
    "images": ArmSource("images", "depths from the images", _images, ("images",)),
    "images_total": ArmSource(
        "images, total known",
        "depths from the images, the total depth known",
        _images_total,
        ("images",),
    ),
    "fused": ArmSource(
        "ruler and images",
        "depths from a ruler and the images together",
        _fused,
        ("ruler", "images"),
    ),
    "nominal": ArmSource(
        "nominal", "depths by one nominal thickness for all slices", _nominal, ("nominal_nm",)
    ),
    "nominal_total": ArmSource(
        "nominal, total known",
        "depths by one thickness for all slices, the total depth known",
        _nominal_total,
    ),
}


def settings_of(config: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the part of a configuration that a source reads.

    Parameters
    ----------
    config : dict
        A checked configuration.
    source : str
        A key of `DEPTHS`.
    """
    known = {**config["depths"], "nominal_nm": config["place_slices"]["nominal_nm"]}
    return {name: known[name] for name in DEPTHS[source].reads}


def estimate_depths(
    stack: SliceStack,
    source: str,
    settings: Mapping[str, Any],
    *,
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
        From `settings_of`.
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
        If the source sees too little to tell depths.

    Examples
    --------
    >>> slices = np.array([[[1, 0]], [[1, 1]], [[0, 1]]], dtype=bool)
    >>> stack = SliceStack(slices, np.array([0.0, 6.0, 22.0]), 2.5)
    >>> settings = {"nominal_nm": 10}
    >>> for source in ("true", "nominal", "nominal_total"):
    ...     told = estimate_depths(stack, source, settings, base_seed=0, dataset=0)
    ...     print(told.depths_nm.tolist())
    [0.0, 6.0, 22.0]
    [0.0, 10.0, 20.0]
    [0.0, 11.0, 22.0]
    """
    told = DEPTHS[source].tell(Seen(stack, settings, base_seed, dataset))
    shift = float(stack.depths_nm[0]) - float(told.depths_nm[0])
    return replace(told, depths_nm=told.depths_nm + shift)


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
