"""``python -m fibgap.cli``: the command without its entry point."""

from fibgap.cli import main

main(prog_name="fibgap")
