"""What was measured of a volume, for people and for programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.measures import measure_symbol, measure_unit
from fibgap.stacks.verdict import Directions


@dataclass(frozen=True)
class MeasuredVolume:
    """What was measured of a volume.

    Attributes
    ----------
    shape : (int, int, int)
        (Z, Y, X).
    voxel_nm : float or None
        Edge of a voxel in nm, if the file has it.
    solid_fraction : float
        Share of voxels that are solid.
    values : dict of str to ndarray
        By measure: (3, L) by lag in voxels, or (3,), along z, y, x; (1,) without a direction.
        Lengths are in nm, or in voxels if the file does not say how large they are.
    directions : dict of str to Directions
        By measure that has a direction, how z differs from the plane.
    misclassified : float or None
        Share of voxels that differ from the true volume, if one was given: of the filled layers
        where `fill_stack` left the mask of them, else of all.
    filled_layers : int or None
        How many layers the mask names.
    notes, warnings : tuple of str
        How the file was read, and what looks wrong.
    """

    shape: tuple[int, int, int]
    voxel_nm: float | None
    solid_fraction: float
    values: dict[str, NDArray[np.float64]]
    directions: dict[str, Directions]
    misclassified: float | None
    filled_layers: int | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain values, for JSON; what is undefined is None."""
        return {
            "shape_zyx": list(self.shape),
            "voxel_nm": self.voxel_nm,
            "solid_fraction": self.solid_fraction,
            "misclassified": self.misclassified,
            "filled_layers": self.filled_layers,
            "anisotropy": {
                name: {"along_z": _number(each.along_z), "in_plane": _number(each.in_plane)}
                for name, each in self.directions.items()
            },
            "measures_zyx": {name: _plain(values) for name, values in self.values.items()},
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }

    def lines(self) -> Iterator[str]:
        """Yield what was measured for people, a line per fact."""
        size = " x ".join(map(str, self.shape))
        unit = "" if self.voxel_nm is None else f" of {self.voxel_nm:.4g} nm"
        yield f"volume: {size} voxels (z, y, x){unit}"
        yield f"solid: {self.solid_fraction:.1%} of the voxels"
        for name, values in self.values.items():
            if values.shape == (1,):
                yield f"{measure_symbol(name)}: {values[0]:.6g}{self._unit(name)}"
                continue
            each, shown = self.directions[name], ""
            if values.ndim == 1:
                shown = f"{values[0]:.4f} (z), {values[1]:.4f} (y), {values[2]:.4f} (x)"
                shown += f"{self._unit(name)}; "
            error = "undefined" if np.isnan(each.along_z) else f"{each.along_z:.4f}"
            yield (
                f"{measure_symbol(name)}: {shown}anisotropy error {error}, y from x by "
                f"{each.in_plane:.4f}"
            )
        if self.misclassified is not None:
            of = "all" if self.filled_layers is None else f"{self.filled_layers} filled layers"
            yield f"misclassified voxels: {self.misclassified:.2%} of {of}"

    def _unit(self, name: str) -> str:
        """Return the unit of a measure with a space before it; the voxel stands for an unknown."""
        unit = measure_unit(name) if self.voxel_nm else measure_unit(name).replace("nm", "voxel")
        return f" {unit}" if unit else ""


def _number(value: float) -> float | None:
    """Return a number, or None for NaN, which JSON does not know."""
    return None if np.isnan(value) else value


def _plain(values: NDArray[np.float64]) -> list[Any]:
    """Return an array as lists, None for NaN."""
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return plain.tolist()
