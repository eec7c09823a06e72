"""The command ``fibgap``: every subcommand is one call of the library.

Modules of the library are imported inside of the commands, so that ``fibgap --help`` is quick.
"""

import sys

try:
    from fibgap.cli.group import main
    from fibgap.cli.own_stacks import check, depths, fill
    from fibgap.cli.training import train
    from fibgap.cli.volumes import measure, simulate
except KeyboardInterrupt:  # while the command is loaded: told as it is later on
    print("\ninterrupted: nothing was written", file=sys.stderr)
    sys.exit(130)

__all__ = ["check", "depths", "fill", "main", "measure", "simulate", "train"]
