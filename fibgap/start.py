"""Where the command ``fibgap`` starts, before the modules that it needs are imported."""

import sys


def main() -> None:
    """Run the command; Ctrl-C while it is being loaded is one line, as it is later on."""
    try:
        from fibgap.cli import main as command
    except KeyboardInterrupt:
        print("\ninterrupted: nothing was written", file=sys.stderr)
        sys.exit(130)
    command()
