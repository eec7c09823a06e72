"""One dataset as files for people to look at: stacks, surface meshes, pictures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fibgap.arms import ORIGINAL
from fibgap.io.files import write_aside
from fibgap.io.meshes import write_mesh
from fibgap.io.tiff import write_tiff
from fibgap.report.figures import (
    Rebuilt,
    plot_holes,
    plot_showcase,
    plot_surfaces,
    save_figure,
    showcase_layers,
)
from fibgap.stack import GappedVolume


def export_volumes(
    folder: Path, truth: NDArray[np.bool_], gapped: GappedVolume, arms: Mapping[str, Rebuilt]
) -> None:
    """Write truth, slices and arms as TIFF stacks, and the surfaces of volumes as PLY meshes.

    Parameters
    ----------
    folder : path
        Where they go, by the names of the arms.
    truth : (Z, Y, X) bool
        The true volume on the grid of `gapped`.
    gapped : GappedVolume
        The slices at their depths.
    arms : mapping of str to Rebuilt
        The volume of every arm.
    """
    write_tiff(folder / "slices.tif", gapped.volume(), gapped.voxel_nm)
    for name, volume in {
        ORIGINAL: truth,
        **{arm: each.volume for arm, each in arms.items()},
    }.items():
        write_tiff(folder / f"{name}.tif", volume, gapped.voxel_nm)
        if volume.any():
            write_mesh(folder / f"{name}.ply", volume, gapped.voxel_nm)


def export_pictures(
    truth: NDArray[np.bool_],
    gapped: GappedVolume,
    arms: Mapping[str, Rebuilt],
    *,
    with_holes: Mapping[str, NDArray[np.bool_]],
    output: Mapping[str, Sequence[Path | str]],
) -> None:
    """Draw one dataset: cuts, surfaces, filled holes, and layers for the slider of the page.

    Parameters
    ----------
    truth, gapped, arms
        See `export_volumes`.
    with_holes : mapping of str to (Z, Y, X) bool
        Volumes of arms before their holes were filled; the first is drawn.
    output : mapping of str to sequence of path
        Files of the figures `figure`, `surfaces` and `holes`, the format of each by its suffix,
        and of the JSON `layers`.
    """
    save_figure(plot_showcase(truth, gapped, arms), *output["figure"])
    save_figure(plot_surfaces(truth, gapped, arms), *output["surfaces"])
    for arm, before in with_holes.items():
        figure = plot_holes(before, arms[arm].volume, voxel_nm=gapped.voxel_nm, arm=arm)
        save_figure(figure, *output["holes"])
    for path in output["layers"]:
        with write_aside(path) as aside:
            aside.write_text(json.dumps(showcase_layers(truth, gapped, arms)))
