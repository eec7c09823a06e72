"""What came out, in a few sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fibgap.measures import measure_symbol
from fibgap.measures.anisotropy import anisotropy_error, truth_error
from fibgap.stack import GappedVolume
from fibgap.stacks.choice import Choice
from fibgap.stacks.loaded import LoadedStack

#: How the slices of a source of depths lie, in a sentence.
_WHERE = {
    "measured": "at their measured depths",
    "nominal": "at one distance that nobody measured",
    "images": "at depths that were told from the images alone",
    "ruler": "at depths that a ruler told",
    "fused": "at depths that a ruler and the images told together",
}

#: A lineal path along z that differs by more asks for a look. By nearest neighbours of slices of 4
#: voxels it differs by up to 0.17 on real material (an electrode).
_STRETCHED = 0.3


@dataclass(frozen=True)
class Directions:
    """How a measure differs between directions.

    Attributes
    ----------
    along_z : float
        The anisotropy error: z against the mean of y and x.
    in_plane : float
        y against x, relative to their mean. Slicing does not touch it, so it says how large a
        difference the material and the size of the volume bring about by themselves.
    """

    along_z: float
    in_plane: float


def compare_directions(values: NDArray[np.float64]) -> Directions:
    """Compare a measure along z, y and x, shape (3, L) or (3,).

    Examples
    --------
    >>> compare_directions(np.array([0.75, 0.25, 0.75]))
    Directions(along_z=0.5, in_plane=1.0)
    """
    z, y, x = values
    mean = (y + x) / 2
    return Directions(anisotropy_error(z, y, x), truth_error(mean + (x - y), mean))


def stack_verdict(loaded: LoadedStack, gapped: GappedVolume) -> tuple[str, ...]:
    """Return what a stack will be, whatever fills it: the volume, and how much is to be filled."""
    voxel, gap, missing = gapped.effective_voxel_nm, gapped.largest_gap, len(gapped.missing_layers)
    z, y, x = gapped.shape
    at = _WHERE.get(loaded.depths.source, f"at depths from {loaded.depths.source}")
    volume = (
        f"{len(loaded.stack.slices)} slices {at} make a volume of {z} x {y} x {x} voxels (z, y, x) "
        f"of {voxel:.4g} nm{_known(loaded)}."
    )
    if not missing:
        return volume, "A slice lies on every one of its layers, so nothing is to be filled."
    return volume, (
        f"{missing} of its {z} layers ({missing / z:.0%}) lie between slices and are filled; the "
        f"widest gap has {gap} layer{'s' if gap != 1 else ''} ({gap * voxel:.4g} nm): what is "
        "thinner than that can be missing there."
    )


def fill_verdict(
    loaded: LoadedStack,
    gapped: GappedVolume,
    choice: Choice,
    directions: Mapping[str, Directions],
) -> tuple[str, ...]:
    """Return what came out of filling a stack: the volume, what was filled, how isotropic it is."""
    voxel, gap, missing = gapped.effective_voxel_nm, gapped.largest_gap, len(gapped.missing_layers)
    z = gapped.n_layers
    filled = "A slice lies on every one of its layers, so nothing was filled."
    if missing:
        filled = (
            f"{missing} of its {z} layers ({missing / z:.0%}) lie between slices and were filled "
            f"by {_by(choice)}; the widest gap has {gap} layer{'s' if gap != 1 else ''} "
            f"({gap * voxel:.4g} nm): what is thinner than that can be missing there."
        )
    return (
        stack_verdict(loaded, gapped)[0],
        filled,
        *([f"Why {choice.name}: {choice.check.why()}"] if choice.check else []),
        *(choice.check.not_compared() if choice.check else []),
        _isotropy(directions, forced=loaded.depths.source == "images"),
    )


def _by(choice: Choice) -> str:
    """Return what filled a stack, in a sentence."""
    return choice.name if choice.weights is None else f"the network {choice.name}"


def _known(loaded: LoadedStack) -> str:
    """Return how well depths are known, if anybody knows."""
    sd = loaded.depths.sd_nm
    if sd is None or not sd.any():
        return ""
    return f"; depths are known to ± {2 * sd.max():.2g} nm or better (two standard deviations)"


def check_directions(directions: Mapping[str, Directions]) -> list[str]:
    """Return what is suspicious of how z differs from the plane.

    Returns
    -------
    list of str
        One question if the lineal path along z differs by more than 30 %, and by more than three
        times what y differs from x: depths or pixel size that are wrong by a factor look so, and
        slices that are thicker than the structure.
    """
    each = directions["lpf"]
    if not (each.along_z > _STRETCHED and each.along_z > 3 * each.in_plane):
        return []
    return [
        f"along z the lineal path differs from that in the plane by {each.along_z:.0%}, and y from "
        f"x by {each.in_plane:.0%}: is the material so anisotropic, are the slices too far apart "
        "for its structure, or are the depths or the pixel size wrong?"
    ]


def _isotropy(directions: Mapping[str, Directions], *, forced: bool) -> str:
    """Return a sentence on how z differs from the plane."""
    along = " and ".join(
        f"{each.along_z:.1%} in {measure_symbol(name)}" for name, each in directions.items()
    )
    plane = " and ".join(f"{each.in_plane:.1%}" for each in directions.values())
    return (
        f"Along z the solid differs from that in the plane by {along}; within the plane, where no "
        f"slicing matters, y differs from x by {plane}."
        + (
            " Depths from images make z like the plane, whatever the material is: this is no proof "
            "that it is isotropic."
            if forced
            else ""
        )
    )
