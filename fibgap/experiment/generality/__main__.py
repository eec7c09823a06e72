"""Try every filler on many materials from the command line."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import torch

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment import generality
from fibgap.experiment.generality.materials import MATERIALS, draw_volume, generator, read_cubes
from fibgap.experiment.generality.page import write_page
from fibgap.experiment.generality.trial import (
    classical_fillers,
    is_network,
    network_fillers,
    try_fillers,
)


def main(arguments: Iterable[str] | None = None) -> int:
    """Parse the command line, add what the table lacks, and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m fibgap.experiment.generality", description=generality.__doc__
    )
    parser.add_argument("rows", type=Path, help="CSV of rows; those that it has are kept")
    parser.add_argument("--page", type=Path, help="page whose tables are made from the rows")
    parser.add_argument("--volumes", type=int, default=3, help="per material, without training")
    parser.add_argument("--network-volumes", type=int, default=3, help="per material, for networks")
    parser.add_argument("--side", type=int, default=128, help="of a volume, in voxels")
    parser.add_argument("--cut", type=int, default=64, help="side of the cut for D; 0: no D")
    parser.add_argument("--materials", nargs="*", default=list(MATERIALS), choices=MATERIALS)
    parser.add_argument(
        "--fillers",
        nargs="*",
        help="names, or weights files, with options such as 'shipped:table_s1?families=zx'; "
        "all of the library if not given",
    )
    parser.add_argument("--real", nargs="*", default=[], help="NAME=FILE:LABEL_OF_SOLID")
    options = parser.parse_args(None if arguments is None else list(arguments))
    torch.set_num_threads(1)
    classical, networks = classical_fillers(), network_fillers()
    if options.fillers is not None:
        classical, networks = (
            [name for name in options.fillers if is_network(name) == trained]
            for trained in (False, True)
        )
    counts = dict.fromkeys((ORIGINAL, *classical), options.volumes)
    counts |= dict.fromkeys(networks, options.network_volumes)
    try:
        most = max(options.volumes, options.network_volumes)
        real = dict(read_cubes(given, options.side, most) for given in options.real)
        for index in range(most):
            fillers = [name for name, count in counts.items() if index < count]
            for name in (*options.materials, *real):
                make = (
                    (lambda name=name, index=index: (real[name][index], generator(name, index)))
                    if name in real
                    else (lambda name=name, index=index: draw_volume(name, index, options.side))
                )
                try_fillers(options.rows, name, index, make, fillers, options.cut)
        if options.page:
            write_page(options.page, pd.read_csv(options.rows))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
