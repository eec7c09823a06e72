"""Print the tables of a finished run: ``python -m fibgap.report results/quick``."""

import argparse
import sys
from pathlib import Path

from fibgap.errors import InputError
from fibgap.report.results import read_results
from fibgap.report.terminal import run_text


def main(arguments: list[str] | None = None) -> int:
    """Print tables, verdict and paths of a run.

    Parameters
    ----------
    arguments : list of str, optional
        In place of those of the command line.

    Returns
    -------
    int
        Exit status: 0, or 2 where the folder holds no tables.
    """
    parser = argparse.ArgumentParser(prog="python -m fibgap.report", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of a run, such as results/quick")
    folder = parser.parse_args(arguments).folder
    try:
        print(run_text(read_results(folder / "tables"), folder))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
