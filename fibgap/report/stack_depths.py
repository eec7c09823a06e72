"""Where the slices of a stack lie, by every source that there is: numbers, a table, a picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack, cast

import numpy as np
from matplotlib.figure import Figure

from fibgap.depths import Depths, Thickness, write_table
from fibgap.errors import InputError
from fibgap.io.pages import full_path
from fibgap.io.sources import Source
from fibgap.report.figures.depths import BAND, plot_sources
from fibgap.report.figures.style import save_figure
from fibgap.stacks.all_sources import all_sources, chosen, slice_names
from fibgap.stacks.findings import Progress, collected, silent
from fibgap.stacks.loaded import Findings
from fibgap.stacks.loading import prepare
from fibgap.stacks.options import How, plain, require_known
from fibgap.stacks.outputs import require_free
from fibgap.stacks.ruler_reading import with_ruler


@dataclass(frozen=True)
class StackDepths:
    """Depths of a stack from every source that there is.

    Attributes
    ----------
    sources : dict of str to Depths
        By source: "images", "ruler", "fused", "measured", "nominal".
    chosen : str
        The one that is printed, drawn with bands, and written.
    thickness : Thickness or None
        What the images say in pixels, with flags where they tell nothing.
    voxel_nm : float
        Pixel size in nm.
    names : tuple of str
        Names of the slices; empty if they have none.
    sentences : tuple of str
        How sources agree, and what is known of isotropy.
    notes : tuple of str
        How the stack was read.
    warnings : tuple of str
        What looks wrong.
    outputs : tuple of Path
        Files that were written.
    """

    sources: dict[str, Depths]
    chosen: str
    thickness: Thickness | None
    voxel_nm: float
    names: tuple[str, ...]
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    outputs: tuple[Path, ...] = ()

    @property
    def depths(self) -> Depths:
        """The depths of the chosen source."""
        return self.sources[self.chosen]

    def plot(self) -> Figure:
        """Plot thickness and depth of every slice by source, with 95 % bands of the chosen one."""
        return plot_sources(self.sources, self.chosen, self.thickness)

    def lines(self) -> Iterator[str]:
        """Yield what came out for people, a line per source, then sentences."""
        for name, depths in self.sources.items():
            steps, whole = depths.thickness_nm, depths.depths_nm[-1] - depths.depths_nm[0]
            text = f"{name}: {steps.mean():.4g} ± {steps.std():.3g} nm thick, {whole:.5g}"
            if depths.sd_nm is not None:
                text += f" ± {depths.sd_nm[-1]:.2g}"
            text += " nm deep"
            if depths.thickness_sd_nm is not None:
                error = np.sqrt(np.mean(depths.thickness_sd_nm**2))
                text += f"; one thickness is known to ± {error:.2g} nm (sd)"
            yield text
        yield from self.sentences

    def table(self) -> Iterator[str]:
        """Yield a line per slice with depth and thickness of the chosen source, and 95 % bands."""
        depths = self.depths
        yield f"{'slice':>6}  {'depth / nm':>18}  {'thickness / nm':>18}"
        for index, depth in enumerate(depths.depths_nm):
            first = _banded(depth, None if depths.sd_nm is None else depths.sd_nm[index])
            second = ""
            if index < len(depths.depths_nm) - 1:
                sd = depths.thickness_sd_nm
                second = _banded(depths.thickness_nm[index], None if sd is None else sd[index])
            yield f"{index:>6}  {first:>18}  {second:>18}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain values, for JSON."""
        return {
            "chosen": self.chosen,
            "voxel_nm": self.voxel_nm,
            "sources": {
                name: {
                    "depths_nm": depths.depths_nm.tolist(),
                    "sd_nm": None if depths.sd_nm is None else depths.sd_nm.tolist(),
                    "thickness_sd_nm": None
                    if depths.thickness_sd_nm is None
                    else depths.thickness_sd_nm.tolist(),
                    "notes": list(depths.notes),
                }
                for name, depths in self.sources.items()
            },
            "findings": list(self.sentences),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "outputs": [plain(path) for path in self.outputs],
        }


def _banded(value: float, sd: float | None) -> str:
    """Return a value with half of its 95 % band."""
    return f"{value:.2f}" if sd is None else f"{value:.2f} ± {BAND * sd:.2f}"


def stack_depths(
    source: Source,
    out: Path | str | None = None,
    *,
    plot: Path | str | None = None,
    cut: Source | None = None,
    force: bool = False,
    progress: Progress = silent,
    **how: Unpack[How],
) -> StackDepths:
    """Say where the slices of a stack lie, by every source that there is.

    Parameters
    ----------
    source : path, str, or sequence of them
        The images, see `fibgap.stacks.load_stack`.
    out : path, optional
        A CSV file for the depths of the chosen source, which ``depths`` of
        `fibgap.stacks.fill_stack` takes.
    plot : path, optional
        A picture (.png, .svg, .pdf) of all sources.
    cut : path, str, or sequence of them, optional
        Images of a cut whose rows run along z, with the pixel size of the slices: they say whether
        the material is as long along z as in the plane.
    force : bool
        Replace files that are there.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.
    **how
        How the stack is read, see `fibgap.stacks.options.How`. Of ``depths``, "images", "ruler" and
        "fused" choose; anything else is held against what the images and the ruler say.

    Returns
    -------
    StackDepths
        With `plot()`.

    Raises
    ------
    InputError
        If the stack or a source cannot be read, the chosen source is not there, or files cannot be
        written.

    Warns
    -----
    FibgapWarning
        Where sources contradict each other by more than three standard deviations, where the planes
        are not isotropic, and for pairs of slices that images do not tell.
    """
    require_known(how)
    files = [full_path(path) for path in (out, plot) if path is not None]
    require_free(files, force=force)
    if plot is not None and Path(plot).suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"'{plot}' names no format of pictures; choose .png, .svg or .pdf.")
    found = Findings()
    with collected() as warned:
        asked = cast("How", with_ruler(how))
        ready = prepare(source, asked, found, progress)
        progress("comparing slices", 0, 0)
        every = all_sources(ready, asked, cut=cut)
        # Not `asked`: there, a ruler alone stands for depths, as a volume takes them.
        taken = chosen(every, how)
    assert ready.voxel_nm is not None
    names = slice_names(ready)
    result = StackDepths(
        sources=every.depths,
        chosen=taken,
        thickness=every.thickness,
        voxel_nm=ready.voxel_nm,
        names=tuple(names or ()),
        sentences=every.sentences,
        notes=tuple(found.notes),
        warnings=tuple(warned),
        outputs=tuple(files),
    )
    if out is not None:
        write_table(out, result.depths, names)
    if plot is not None:
        save_figure(result.plot(), plot)
    return result
