"""A stack to try things on: a synthetic structure, milled, on disk, with its truth."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from fibgap import __version__, seeds
from fibgap.errors import InputError
from fibgap.io.formats import tiff
from fibgap.io.layers import Layers
from fibgap.io.pages import full_path
from fibgap.io.volumes import write_volume
from fibgap.stack import SliceStack, between_slices
from fibgap.stacks.findings import Progress, silent
from fibgap.stacks.outputs import appear_together, require_free
from fibgap.synthetic.continuous import continuous_structure
from fibgap.synthetic.milling import Milling, mill_volume
from fibgap.synthetic.rulers import DrawnLine, draw_strip, fitting_lines
from fibgap.synthetic.structure import Level, generate_volume
from fibgap.units import length_nm

#: Mean grey values of pore and solid in grey images, and the noise that is added.
_PORE, _SOLID, _NOISE = 80, 170, 18
#: Height of a ruler's strip above the structure, and width of a window around a line, in pixels.
_STRIP, _WINDOW = 32, 24
#: What tells a folder of a simulation from others.
_MARK = "simulation.json"


@dataclass(frozen=True)
class Simulated:
    """A stack that was made.

    Attributes
    ----------
    folder : Path
        Holds ``slices/``, ``depths.csv``, ``truth.tif`` and ``simulation.json``; with a ruler
        also ``ruler.csv`` and ``mask.tif``.
    stack : SliceStack
        The slices at their true depths.
    truth : (Z, Y, X) bool
        The true volume from the first to the last slice.
    """

    folder: Path
    stack: SliceStack
    truth: NDArray[np.bool_]

    @property
    def slices(self) -> Path:
        """Folder of the images."""
        return self.folder / "slices"

    @property
    def depths(self) -> Path:
        """Table of depths."""
        return self.folder / "depths.csv"

    @property
    def ruler(self) -> Path | None:
        """Table of the windows around the lines of a ruler, if there is one."""
        path = self.folder / "ruler.csv"
        return path if path.is_file() else None

    @property
    def mask(self) -> Path | None:
        """Image that is 0 in the strip of a ruler, where there is one."""
        path = self.folder / "mask.tif"
        return path if path.is_file() else None


def simulate(
    folder: Path | str,
    *,
    shape: tuple[int, int, int] = (96, 128, 128),
    voxel: str = "2.5nm",
    spacing: str = "10nm",
    spread: str = "3nm",
    solid_fraction: float = 0.35,
    wavelength: str = "60nm",
    grey: bool = False,
    ruler: bool = False,
    subvoxel: bool = False,
    seed: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> Simulated:
    """Make a synthetic stack on disk: images, a table of their depths, and the true volume.

    Parameters
    ----------
    folder : path
        Where all of it goes; it must not be there yet.
    shape : (int, int, int)
        Of the true volume (Z, Y, X), in voxels.
    voxel : str
        Pixel size with its unit.
    spacing, spread : str
        Mean and standard deviation of the slice thickness, normal and never below a voxel.
    solid_fraction : float
        Share of the solid.
    wavelength : str
        Wavelength of the structure: about twice the thickness of a ligament.
    grey : bool
        Grey, blurred and noisy images instead of 0 and 255.
    ruler : bool
        A strip of 32 pixels above the structure with two lines that come together and one that
        stays, their windows as a table, and a mask that leaves the strip out.
    subvoxel : bool
        Cut slices at their depths, below the voxel, instead of showing the nearest layers of the
        true volume.
    seed : int
        Another number makes another structure.
    force : bool
        Replace the folder, if it was made by this function.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.

    Returns
    -------
    Simulated
        The stack and its truth.

    Raises
    ------
    InputError
        If a length or the shape makes no sense, or the folder is there already.
    """
    voxel_nm = length_nm(voxel, name="voxel")
    mean, sd = length_nm(spacing, name="spacing"), length_nm(spread, name="spread")
    wave = length_nm(wavelength, name="wavelength")
    for name, value in (("voxel", voxel_nm), ("spacing", mean), ("wavelength", wave)):
        if not value > 0:
            raise InputError(f"{name} must be greater than 0, but is {value:g} nm.")
    folder = full_path(folder)
    require_free([folder], force=force, marks=(_MARK,))
    progress("making the structure", 0, 0)
    levels = [Level(solid_fraction, wave)]
    waves: dict[str, Any] = {
        "voxel_nm": voxel_nm,
        "seed": seeds.sequence(seed, "evaluation_volumes"),
    }
    volume = generate_volume(shape, levels, **waves)
    stack = mill_volume(
        volume,
        Milling("normal", mean, sd, floor_nm=voxel_nm),
        voxel_nm=voxel_nm,
        rng=seeds.generator(seed, "milling"),
        structure=continuous_structure(shape, levels, **waves) if subvoxel else None,
    )
    truth = between_slices(volume, stack)
    images = _images(stack.slices, grey, seed)
    marks: tuple[DrawnLine, ...] = ()
    if ruler:
        marks = fitting_lines(shape[2], stack.depths_nm[-1] / voxel_nm)
        images = np.concatenate([_strips(stack, marks, seed), images], axis=1)
    with appear_together([folder], force=force, marks=(_MARK,)) as aside:
        home = aside / folder.name
        (home / "slices").mkdir(parents=True)
        names = [f"slice_{index:04d}.tif" for index in range(len(images))]
        for index, (name, image) in enumerate(zip(names, images, strict=True)):
            # The mean thickness as the distance of slices is what a microscope would write.
            layer = Layers(image[None], (mean, voxel_nm, voxel_nm), binary=False)
            tiff.write(home / "slices" / name, layer)
            progress("writing slices", index + 1, len(images))
        rows = zip(names, stack.depths_nm, strict=True)
        lines = ["file,depth_nm", *(f"{name},{depth:.3f}" for name, depth in rows)]
        (home / "depths.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        write_volume(home / "truth.tif", truth, voxel_nm)
        if ruler:
            (home / "ruler.csv").write_text(_windows(marks), encoding="utf-8")
            mask = np.full(images[:1].shape, 255, dtype=np.uint8)
            mask[:, :_STRIP] = 0
            tiff.write(home / "mask.tif", Layers(mask, (mean, voxel_nm, voxel_nm), binary=False))
        about: dict[str, Any] = {
            "fibgap": __version__,
            "shape_zyx": list(shape),
            "voxel_nm": voxel_nm,
            "spacing_nm": mean,
            "spread_nm": sd,
            "solid_fraction": solid_fraction,
            "wavelength_nm": wave,
            "grey": grey,
            "ruler": ruler,
            "subvoxel": subvoxel,
            "seed": seed,
        }
        (home / _MARK).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return Simulated(folder, stack, truth)


def _images(slices: NDArray[np.bool_], grey: bool, seed: int) -> NDArray[np.uint8]:
    """Return images of 8 bits: 0 and 255, or grey values with blur and noise."""
    if not grey:
        return slices.astype(np.uint8) * np.uint8(255)
    rng = seeds.generator(seed, "grey_values")
    values = np.where(slices, float(_SOLID), float(_PORE))
    smooth = gaussian_filter(values, (0, 0.7, 0.7))
    noisy = smooth + rng.normal(0, _NOISE, slices.shape)
    return np.asarray(np.rint(noisy).clip(0, 255), dtype=np.uint8)


def _strips(stack: SliceStack, lines: tuple[DrawnLine, ...], seed: int) -> NDArray[np.uint8]:
    """Return the strips of a ruler above all slices, blurred and noisy whatever these are."""
    strips = draw_strip(
        lines,
        stack.depths_nm / stack.voxel_nm,
        (_STRIP, stack.slices.shape[2]),
        noise=_NOISE,
        rng=seeds.generator(seed, "ruler"),
    )
    return np.asarray(np.rint(strips).clip(0, 255), dtype=np.uint8)


def _windows(lines: tuple[DrawnLine, ...]) -> str:
    """Return the table of windows around lines."""
    names = ("left", "middle", "right")
    rows = [
        f"{name},{round(line.x) - _WINDOW // 2},0,{_WINDOW},{_STRIP},{line.angle_deg:g}"
        for name, line in zip(names, lines, strict=True)
    ]
    return "\n".join(["line,x,y,width,height,angle_deg", *rows]) + "\n"
