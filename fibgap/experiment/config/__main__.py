"""Check a configuration, resolve it, or write what is made of the models."""

import argparse
import sys

from fibgap.errors import InputError
from fibgap.experiment.config import load, resolved_text
from fibgap.experiment.config.documents import reference_text, schema_text


def main() -> int:
    """Parse the command line and write to the standard output."""
    parser = argparse.ArgumentParser(prog="python -m fibgap.experiment.config", description=__doc__)
    parser.add_argument("config", nargs="?", help="configuration file to check")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--resolve",
        action="store_true",
        help="print it complete, as JSON that needs no pydantic to be read",
    )
    group.add_argument("--schema", action="store_true", help="print the JSON schema")
    group.add_argument("--reference", action="store_true", help="print the reference page")
    options = parser.parse_args()
    if options.schema or options.reference:
        sys.stdout.write(schema_text() if options.schema else reference_text())
        return 0
    if options.config is None:
        parser.error("which configuration?")
    try:
        config = load(options.config)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    sys.stdout.write(
        resolved_text(config) if options.resolve else f"{options.config} can be run.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
