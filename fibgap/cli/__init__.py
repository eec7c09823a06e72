"""The command ``fibgap``: every subcommand is one call of the library.

Modules of the library are imported inside of the commands, so that ``fibgap --help`` is quick.
"""

from fibgap.cli.group import main
from fibgap.cli.own_stacks import check, depths, fill
from fibgap.cli.training import train
from fibgap.cli.volumes import measure, simulate

__all__ = ["check", "depths", "fill", "main", "measure", "simulate", "train"]
