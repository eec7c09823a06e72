"""Search a structure from the command line."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from fibgap.arms import ORIGINAL
from fibgap.errors import InputError
from fibgap.experiment import calibration
from fibgap.experiment import config as configuration
from fibgap.experiment.calibration.search import calibrate
from fibgap.experiment.reference import read_reference


def main(arguments: Iterable[str] | None = None) -> int:
    """Parse the command line, search, and print the finalists."""
    parser = argparse.ArgumentParser(
        prog="python -m fibgap.experiment.calibration", description=calibration.__doc__
    )
    parser.add_argument("config", type=Path, help="configuration file with a section 'calibrate'")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    parser.add_argument(
        "--reference",
        type=Path,
        default=Path("config/reference/table_S3.csv"),
        help="published values; the row Original is the target",
    )
    parser.add_argument("--processes", type=int, default=1, help="settings at a time")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        if options.processes < 1:
            raise InputError(f"--processes must be at least 1, but is {options.processes}.")
        reference = read_reference(options.reference)
        table = calibrate(
            configuration.load(options.config),
            reference[reference["arm"] == ORIGINAL].set_index("measure"),
            options.out,
            processes=options.processes,
        )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table.to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
