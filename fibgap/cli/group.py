"""The command as a whole, to which the subcommands are added."""

import click

from fibgap import __version__
from fibgap.cli.help import Main

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
