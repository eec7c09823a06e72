"""What one does with volumes: measure them, and make synthetic ones."""

from pathlib import Path
from typing import Any

import click

from fibgap.cli.console import Console
from fibgap.cli.group import main
from fibgap.cli.help import Command, Grouped
from fibgap.cli.options import common, memory, said


@main.command(
    cls=Command,
    short_help="Measure a VOLUME along z, y and x.",
    examples=[
        "fibgap measure volume.tif",
        "fibgap measure volume.h5 --measure tpcf --measure lpf --json > curves.json",
    ],
)
@click.argument("volume")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    metavar="NAME",
    cls=Grouped,
    group="What is measured",
    help="tpcf (two-point correlation, not centred), lpf (lineal path), d (diffusivity of the "
    "pores): these three if it is left out. Or d_solid, surface, solid_chord, pore_chord, euler, "
    "solid_clusters, pore_clusters, solid_percolation, pore_percolation; may be given several "
    "times.",
)
@click.option(
    "--truth",
    metavar="FILE",
    cls=Grouped,
    group="What is measured",
    help="The true volume: count the voxels that differ.",
)
@click.option(
    "--dataset",
    metavar="NAME",
    cls=Grouped,
    group="How the volume is read",
    help="The array to be read, where a file holds several.",
)
@click.option(
    "--phase",
    type=float,
    cls=Grouped,
    group="How the volume is read",
    help="The label that is solid, where there are more than two.",
)
@click.option(
    "--threshold",
    type=float,
    cls=Grouped,
    group="How the volume is read",
    help="Solid is above this grey value.",
)
@click.option(
    "--otsu",
    is_flag=True,
    cls=Grouped,
    group="How the volume is read",
    help="Find the threshold by Otsu's method.",
)
@memory
@common
def measure(volume: str, quiet: bool, as_json: bool, **options: Any) -> None:
    """Measure a VOLUME along z, y and x: solid fraction, curves, anisotropy errors.

    The anisotropy error compares a measure along z with its mean along y and x. How much y
    differs from x says what difference the material brings about by itself. --json has the
    curves, by lag in voxels.
    """
    with Console(quiet=quiet, as_json=as_json) as console:
        from fibgap.stacks import measure_volume_file

        measured = measure_volume_file(volume, progress=console.progress, **said(options))
        console.result(measured.to_dict())
        for line in measured.lines():
            console.say(line)


@main.command(
    cls=Command,
    short_help="Make a synthetic STACK to try.",
    examples=[
        "fibgap simulate try --grey --seed 3",
        "fibgap simulate try --grey --ruler",
    ],
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--shape",
    default="96x128x128",
    show_default=True,
    metavar="ZxYxX",
    help="Voxels of the true volume.",
)
@click.option("--voxel", metavar="LENGTH", default="2.5nm", show_default=True, help="Pixel size.")
@click.option(
    "--spacing", metavar="LENGTH", default="10nm", show_default=True, help="Mean slice thickness."
)
@click.option(
    "--spread", metavar="LENGTH", default="3nm", show_default=True, help="Its standard deviation."
)
@click.option("--solid-fraction", default=0.35, show_default=True, help="Share of the solid.")
@click.option(
    "--wavelength",
    metavar="LENGTH",
    default="60nm",
    show_default=True,
    help="Of the structure: about twice the thickness of a ligament.",
)
@click.option("--grey", is_flag=True, help="Grey, noisy images instead of 0 and 255.")
@click.option(
    "--ruler", is_flag=True, help="A strip with the lines of a ruler above the structure."
)
@click.option(
    "--subvoxel", is_flag=True, help="Cut slices at their depths, not at the nearest layer."
)
@click.option("--seed", default=0, show_default=True, help="Another number, another structure.")
@click.option("--force", is_flag=True, help="Replace the folder.")
@common
def simulate(folder: Path, shape: str, quiet: bool, as_json: bool, **options: Any) -> None:
    """Make a synthetic stack in FOLDER: images, a table of their depths, and the true volume."""
    with Console(quiet=quiet, as_json=as_json) as console:
        from fibgap.errors import InputError
        from fibgap.stacks import simulate as make

        sides = shape.lower().replace("×", "x").split("x")
        if len(sides) != 3 or not all(side.strip().isdecimal() for side in sides):
            raise InputError(f"shape '{shape}' is not of the form 96x128x128 (z, y, x).")
        z, y, x = map(int, sides)
        made = make(folder, shape=(z, y, x), progress=console.progress, **said(options))
        n, height, width = made.stack.slices.shape
        extra = [path for path in (made.ruler, made.mask) if path is not None]
        paths = [made.slices, made.depths, made.folder / "truth.tif", *extra]
        console.result(
            {"slices": n, "height": height, "width": width, "outputs": [str(p) for p in paths]}
        )
        console.say(f"{n} slices of {height} x {width} pixels, at depths that are known")
        for path in paths:
            console.say(f"written: {path}")
