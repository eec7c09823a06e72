"""What goes wrong in a run with faults: Python runs this file at the start of every process.

It stands in a folder of PYTHONPATH under the name sitecustomize.py. A job's script is
.snakemake/scripts/tmpXXXX.RULE.py, and its text names its output. A first attempt leaves a mark.
"""

import builtins
import os
import sys
import time
from pathlib import Path


def first_time(name: str) -> bool:
    """Return whether nothing has asked for this before, in any process."""
    try:
        (Path(os.environ["FIBGAP_FAULTS"]) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def slow_down_printing(seconds: float) -> None:
    """Take a while after every line that is printed, so that there is a middle to be killed in."""
    printed = builtins.print

    def slowly(*values: object, **options: object) -> None:
        printed(*values, **options)  # type: ignore[call-overload]
        time.sleep(seconds)

    builtins.print = slowly


script = Path(sys.orig_argv[-1])
if script.parent.name == "scripts" and script.suffixes[:1] and script.is_file():
    rule = script.suffixes[0].removeprefix(".")
    if rule == "train_network" and first_time(rule):
        slow_down_printing(2)
    if rule == "measure_truth" and first_time(rule):
        time.sleep(600)  # as if the file system hung
    if rule == "measure" and b"measures/RMLa-s/" in script.read_bytes():
        # This job needs more than its limit, always: every byte is written, so all of it counts.
        ballast = b"\1" * (int(os.environ["FIBGAP_BALLAST_MB"]) << 20)
        time.sleep(4)  # the limit is looked at every second
