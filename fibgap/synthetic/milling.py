"""Milling: slices of random thickness, cut out of a volume at their true depths."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.settings import check_settings, described, setting
from fibgap.stack import SliceStack, nearest_layer
from fibgap.synthetic.continuous import Continuous

Distribution = Literal["normal", "lognormal", "gamma"]
DISTRIBUTIONS: tuple[str, ...] = get_args(Distribution)


@described
@dataclass(frozen=True)
class Milling:
    """The distribution of slice thickness, before truncation at its floor.

    Notes
    -----
    ASSUME: the supplement does not say how thick its slices are. The defaults are set by decree,
    not calibrated.
    """

    distribution: Distribution = setting("Distribution of the thickness.", "normal")
    mean_nm: float = setting("Mean thickness.", 10, unit="nm", gt=0)
    sd_nm: float = setting("Standard deviation of the thickness.", 3, unit="nm", ge=0)
    floor_nm: float = setting("No slice is thinner; at least the voxel size.", 2.5, unit="nm", ge=0)

    def __post_init__(self) -> None:
        check_settings(self)
        if self.mean_nm < self.floor_nm:
            raise InputError(
                f"the mean slice thickness of {self.mean_nm} nm lies below its floor of "
                f"{self.floor_nm} nm."
            )


@dataclass(frozen=True)
class MillingRange:
    """Millings to learn from: one distribution, or ranges from which each milling is drawn.

    Attributes
    ----------
    distributions : tuple of str
        Drawn with equal chances.
    mean_nm : (float, float)
        Range of the mean thickness in nm, drawn evenly.
    relative_sd : (float, float)
        Range of the standard deviation over the mean, drawn evenly.
    floor_nm : float
        No slice is thinner, in nm.
    own : Milling or None
        A milling that is taken instead of one from the ranges, with the chance `own_share`.
    own_share : float
        That chance, 0 to 1.
    """

    distributions: tuple[Distribution, ...]
    mean_nm: tuple[float, float]
    relative_sd: tuple[float, float]
    floor_nm: float
    own: Milling | None = None
    own_share: float = 0.0

    def __post_init__(self) -> None:
        if not self.distributions:
            raise InputError("distributions is empty: a milling needs one to draw from.")
        for name in ("mean_nm", "relative_sd"):
            low, high = getattr(self, name)
            if not low <= high:
                raise InputError(
                    f"the range {name} must go from its lower to its upper end, but goes from "
                    f"{low} to {high}."
                )
        if not 0 <= self.own_share <= 1 or (self.own_share and self.own is None):
            raise InputError(
                f"own_share is the chance of a milling of its own, but is {self.own_share}, and "
                f"that milling is {self.own}."
            )
        # The thinnest mean is the one that may lie below the floor.
        for distribution in self.distributions:
            Milling(
                distribution, self.mean_nm[0], self.mean_nm[0] * self.relative_sd[0], self.floor_nm
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as plain values; without those of a milling that is not there."""
        values = asdict(self)
        if not self.own_share:
            del values["own"], values["own_share"]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "MillingRange":
        """Return the range of `to_dict`."""
        own = values.get("own")
        return cls(**{**values, "own": None if own is None else Milling(**own)})

    @classmethod
    def of(cls, milling: Milling) -> "MillingRange":
        """Return the range that holds one milling only."""
        spread = milling.sd_nm / milling.mean_nm
        return cls(
            (milling.distribution,),
            (milling.mean_nm, milling.mean_nm),
            (spread, spread),
            milling.floor_nm,
        )

    def draw(self, rng: np.random.Generator) -> Milling:
        """Draw one milling."""
        if self.own is not None and rng.random() < self.own_share:
            return self.own
        mean = rng.uniform(*self.mean_nm)
        return Milling(
            self.distributions[rng.integers(len(self.distributions))],
            mean,
            mean * rng.uniform(*self.relative_sd),
            self.floor_nm,
        )


def draw_thicknesses(milling: Milling, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw slice thicknesses in nm.

    Parameters
    ----------
    milling : Milling
        The distribution.
    count : int
        How many.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (count,) float64
        Thicknesses in nm, none below the floor.

    Notes
    -----
    ASSUME: values below the floor are drawn again (a truncated distribution). Raising them to the
    floor would put a spike there that no microscope has.
    """
    mean, sd = milling.mean_nm, milling.sd_nm
    if sd == 0:
        return np.full(count, mean)

    def draw(size: int) -> NDArray[np.float64]:
        if milling.distribution == "normal":
            return rng.normal(mean, sd, size)
        if milling.distribution == "gamma":
            return rng.gamma((mean / sd) ** 2, sd**2 / mean, size)
        variance = np.log1p((sd / mean) ** 2)
        return rng.lognormal(np.log(mean) - variance / 2, np.sqrt(variance), size)

    thicknesses = draw(count)
    # The mean is at or above the floor, so a fair share of every draw is kept and this ends.
    while (low := thicknesses < max(milling.floor_nm, np.finfo(float).tiny)).any():
        thicknesses[low] = draw(int(low.sum()))
    return thicknesses


def draw_depths(
    milling: Milling, length_nm: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the depths in nm of all slices within a length, the first at depth 0.

    Returns
    -------
    (N,) float64
        Strictly increasing, the last at most `length_nm`.

    Examples
    --------
    >>> draw_depths(Milling("normal", 10, 0, 2.5), 35, np.random.default_rng(0)).tolist()
    [0.0, 10.0, 20.0, 30.0]
    """
    depths = np.zeros(1)
    while depths[-1] <= length_nm:
        more = int((length_nm - depths[-1]) / milling.mean_nm) + 2
        steps = draw_thicknesses(milling, more, rng)
        depths = np.concatenate([depths, depths[-1] + np.cumsum(steps)])
    return depths[depths <= length_nm]


def cut_slices(
    volume: NDArray[np.bool_], depths_nm: NDArray[np.float64], voxel_nm: float
) -> SliceStack:
    """Cut slices out of a volume at given depths.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        The true structure.
    depths_nm : (N,) float64
        Increasing depths in nm, from 0 to that of the last layer.
    voxel_nm : float
        Voxel size in nm.

    Returns
    -------
    SliceStack
        The slices with their depths.

    Raises
    ------
    InputError
        If fewer than two slices are left or one lies outside the volume.

    Notes
    -----
    ASSUME: a slice at a depth between two voxel centres shows the layer with the nearer centre;
    the volume is binary, there is nothing between its layers.
    """
    layers = nearest_layer(depths_nm, voxel_nm)
    if len(layers) and not 0 <= layers.min() <= layers.max() < len(volume):
        raise InputError(
            f"slices at depths from {depths_nm.min()} to {depths_nm.max()} nm do not lie in a "
            f"volume of {len(volume)} layers of {voxel_nm} nm."
        )
    return SliceStack(volume[layers], depths_nm, voxel_nm)


def mill_volume(
    volume: NDArray[np.bool_],
    milling: Milling,
    *,
    voxel_nm: float,
    rng: np.random.Generator,
    structure: Continuous | None = None,
) -> SliceStack:
    """Mill a volume into slices of random thickness.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        The true structure.
    milling : Milling
        The distribution of slice thickness; its floor must be at least a voxel.
    voxel_nm : float
        Voxel size in nm.
    rng : numpy.random.Generator
        Source of randomness.
    structure : Continuous, optional
        The structure behind the volume, see `fibgap.synthetic.continuous`: slices then show it at
        their true depths. Without it they show the nearest layers, see `cut_slices`. The depths
        are the same.

    Returns
    -------
    SliceStack
        Slices with their true depths, the first at depth 0.

    Raises
    ------
    InputError
        If a slice could be thinner than a voxel, or the volume holds fewer than two slices.
    """
    if milling.floor_nm < voxel_nm:
        raise InputError(
            f"floor_nm {milling.floor_nm} allows slices thinner than a voxel of {voxel_nm} nm; "
            "raise it to at least the voxel size."
        )
    depths = draw_depths(milling, (len(volume) - 1) * voxel_nm, rng)
    if len(depths) < 2:
        raise InputError(
            f"a volume of {len(volume)} layers of {voxel_nm} nm is too small for slices of "
            f"{milling.mean_nm} nm: only {len(depths)} fits."
        )
    if structure is not None:
        return SliceStack(structure.slices(depths), depths, voxel_nm)
    return cut_slices(volume, depths, voxel_nm)
