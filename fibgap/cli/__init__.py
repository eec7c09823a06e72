"""The command ``fibgap``: every subcommand is one call of the library.

Modules of the library are imported inside of the commands, so that ``fibgap --help`` is quick.
"""

from pathlib import Path
from typing import Any

import click

from fibgap import __version__
from fibgap.cli.console import Console
from fibgap.cli.help import Command, Grouped, Main
from fibgap.cli.options import common, in_order, memory, reading, said, source

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(
    cls=Main,
    context_settings=CONTEXT,
    examples=[
        "fibgap simulate try",
        "fibgap check try/slices --depths try/depths.csv",
        "fibgap fill try/slices --depths try/depths.csv -o volume.tif",
        "fibgap measure volume.tif --truth try/truth.tif",
    ],
)
@click.version_option(__version__, message="fibgap %(version)s")
def main() -> None:
    """Rebuild 3-D nanostructures from FIB-SEM slices of uneven thickness."""


@main.command(
    cls=Command,
    examples=[
        "fibgap check slices --depths depths.csv",
        'fibgap check "slices/*.png" --spacing 10nm --voxel 2.5nm --otsu',
        "fibgap check slices --depths depths.csv --judge",
    ],
)
@source
@click.option(
    "--judge",
    is_flag=True,
    cls=Grouped,
    group="Filling",
    help="Compare all fillers on what of the stack is hidden from them, and say which is best.",
)
@click.option(
    "--gpu",
    is_flag=True,
    cls=Grouped,
    group="Filling",
    help="Let networks compute on a GPU for that; an error where there is none.",
)
@reading
@common
def check(stack: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> int:
    """Say what a STACK is and what looks wrong; nothing is written.

    STACK is a folder of images, a pattern in quotes, several images, or a file that holds all of
    them: TIFF, OME-TIFF, MRC, NRRD, MetaImage, HDF5, OME-Zarr. It ends with exit code 2 where the
    stack cannot be filled as it is.
    """
    with Console(quiet=quiet, as_json=as_json) as console:
        from fibgap.stacks import check_stack

        checked = check_stack(in_order(stack), progress=console.progress, **said(options))
        console.result(checked.to_dict())
        for line in checked.lines():
            console.say(line)
        if checked.notes:
            console.say("how it was read:")
        for note in checked.notes:
            console.say(f"  {note.removesuffix('.')}")
        for problem in checked.problems:
            console.error(problem)
        if checked.loaded is not None:
            console.say("it can be filled")
    return 0 if checked.loaded is not None else 2


@main.command(
    cls=Command,
    examples=[
        "fibgap depths slices --otsu",
        "fibgap depths slices --otsu --spacing 10nm -o depths.csv --plot depths.png",
        "fibgap depths slices --otsu --ruler ruler.csv --mask mask.tif -o depths.csv",
        "fibgap depths slices --ruler widths.csv --ruler-angle 60 --ruler-sd 0.5px",
    ],
)
@source
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    cls=Grouped,
    group="Output",
    help="A CSV file with depths and standard deviations, which `fibgap fill --depths` takes.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    cls=Grouped,
    group="Output",
    help="A picture with bands: .png, .svg or .pdf.",
)
@click.option(
    "--cut",
    metavar="IMAGES",
    cls=Grouped,
    group="Output",
    help="A cut whose rows run along z, pixels as in the slices: is z as long as x?",
)
@click.option(
    "--force", is_flag=True, cls=Grouped, group="Output", help="Replace files that are there."
)
@reading
@common
def depths(stack: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """Say how thick the slices of a STACK are, from its images, a ruler, or both.

    STACK is what `fibgap check` takes. The images tell thickness where the material is isotropic:
    slices lose similarity with depth as pixels do sideways. All sources of depths that there are
    are held against each other. The best one is written: fused, ruler or images, unless --depths
    names one of them.
    """
    with Console(quiet=quiet, as_json=as_json) as console:
        from fibgap.report.stack_depths import stack_depths

        found = stack_depths(in_order(stack), progress=console.progress, **said(options))
        console.result(found.to_dict())
        if not found.outputs:
            console.say(f"depths of the source '{found.chosen}', with half of a 95 % band:")
            for line in found.table():
                console.say(line)
        for line in found.lines():
            console.say(line)
        for path in found.outputs:
            console.say(f"written: {path}")


@main.command(
    cls=Command,
    examples=[
        "fibgap fill slices --depths depths.csv -o volume.tif",
        "fibgap fill stack.tif --spacing 10nm --voxel 2.5nm -o volume.ome.zarr",
        'fibgap fill slices --depths log.csv --depth-column "Z (um)" --otsu -o volume.h5',
        "fibgap fill labels.tif --phase 2 --depths d.csv --weights shipped:general_small -o v.tif",
    ],
)
@source
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    cls=Grouped,
    group="Output",
    help="The volume. Its ending decides on the format: .tif (ImageJ), .ome.tif, .ome.zarr, .h5, "
    ".nrrd, .mha. Beside it appear the mask of filled layers, a network's confidence in percent, a "
    "record (.json) and a page (.html).",
)
@click.option(
    "--force", is_flag=True, cls=Grouped, group="Output", help="Replace files that are there."
)
@click.option(
    "--filler",
    default="auto",
    show_default=True,
    cls=Grouped,
    group="Filling",
    metavar="NAME",
    help="auto (the best on what of the stack is hidden from them), nearest, linear, cubic_spline, "
    "shape_based, signed_distance_spline or network.",
)
@click.option(
    "--weights",
    metavar="FILE",
    cls=Grouped,
    group="Filling",
    help="A network's weights: a file, or shipped:NAME. They imply --filler network.",
)
@click.option(
    "--gpu",
    is_flag=True,
    cls=Grouped,
    group="Filling",
    help="Let the network compute on a GPU; an error where there is none.",
)
@click.option(
    "--draw",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    cls=Grouped,
    group="Filling",
    help="Of a network, one volume of many that the slices allow, with surfaces as rough as those "
    "of the material; every number gives another one. Without it the most likely volume.",
)
@click.option(
    "--fill-holes",
    is_flag=True,
    cls=Grouped,
    group="Filling",
    help="Close holes of at most 19 pixels in filled layers.",
)
@memory
@reading
@common
def fill(stack: tuple[str, ...], output: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Fill the gaps between the slices of a STACK, and say how good the volume is.

    STACK is what `fibgap check` takes. All files appear at the end, or none.
    """
    with Console(quiet=quiet, as_json=as_json) as console:
        from fibgap.report.stack_page import stack_page
        from fibgap.stacks import fill_stack

        filled = fill_stack(
            in_order(stack), output, page=stack_page, progress=console.progress, **said(options)
        )
        console.result({**filled.record, "outputs": [str(path) for path in filled.outputs]})
        for sentence in filled.verdict:
            console.say(sentence)
        for path in filled.outputs:
            console.say(f"written: {path}")


@main.command(
    cls=Command,
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


@main.command(
    cls=Command,
    examples=[
        "fibgap train config/quick.yaml compact -o trained",
        "fibgap fill slices --depths d.csv --weights trained/compact.safetensors -o volume.tif",
    ],
)
@click.argument("config", type=click.Path(path_type=Path))
@click.argument("network")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for checkpoint, weights, history and card.",
)
@click.option("--gpu", is_flag=True, help="Train on a GPU; an error where there is none.")
@click.option("--minutes", type=float, help="Stop after an epoch, to go on later.")
@common
def train(
    config: Path,
    network: str,
    output: Path,
    gpu: bool,
    minutes: float | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Train a NETWORK of a configuration CONFIG; it goes on where an earlier call stopped."""
    with Console(quiet=quiet, as_json=as_json) as console:
        from fibgap.errors import require

        require("torch", "Training", "train")
        from fibgap.network.__main__ import train as train_network

        status = train_network(config, network, output, gpus=int(gpu), budget=minutes)
        console.result({"status": status, "weights": str(output / f"{network}.safetensors")})
        console.say(f"training ended: {status}")
        console.say(f"written: {output / f'{network}.safetensors'}")
