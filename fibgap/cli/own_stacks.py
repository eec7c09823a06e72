"""What one does with a stack of one's own: check it, tell its depths, fill it."""

from pathlib import Path
from typing import Any

import click

from fibgap.cli.console import Console
from fibgap.cli.group import main
from fibgap.cli.help import Command, Grouped
from fibgap.cli.options import common, in_order, memory, reading, said, source


@main.command(
    cls=Command,
    short_help="Say what a STACK is and what looks wrong.",
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
@memory
@reading
@common
def check(stack: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> int:
    """Say what a STACK is and what looks wrong; nothing is written.

    STACK is a folder of images, a pattern in quotes, several images, or a file that holds all of
    them: TIFF, OME-TIFF, MRC, NRRD, MetaImage, HDF5, OME-Zarr, NumPy. It ends with exit code 2
    where the stack cannot be filled as it is.
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
    short_help="Say how thick the slices of a STACK are.",
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
    short_help="Fill the gaps of a STACK, and say how good it is.",
    examples=[
        "fibgap fill slices --depths depths.csv -o volume.tif",
        "fibgap fill stack.tif --spacing 10nm --voxel 2.5nm -o volume.ome.zarr",
        'fibgap fill slices --depths log.csv --depth-column "Z (um)" --otsu -o volume.h5',
        "fibgap fill labels.tif --phase 2 --depths d.csv --weights shipped:general -o v.tif",
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
    "--learn",
    is_flag=True,
    cls=Grouped,
    group="Filling",
    help="Let the network learn from the stack first, which takes a minute or more and needs "
    "torch. For material that looks alike along z and in the slices.",
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
