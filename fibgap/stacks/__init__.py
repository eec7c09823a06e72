"""A stack of your own: one call to load it, check it, fill it, and one to make a stack to try.

`load_stack` reads images and depths and makes solid and pore of them. `check_stack` does the same
and says what looks wrong. `fill_stack` goes from the stack to files: the volume, the mask of what
was filled, a record, and a page. `leave_slices_out` compares fillers on what of the stack is hidden
from them, and `choose_filler` takes the best. `measure_volume_file` measures a volume, and
`simulate` makes a stack whose truth is known. The command `fibgap` is these calls with options.
"""

from fibgap.stacks.checking import CheckedStack, check_stack
from fibgap.stacks.choice import AUTO, Choice, choose_filler
from fibgap.stacks.filling import FilledStack, fill_stack
from fibgap.stacks.judging import LeftOut, leave_slices_out
from fibgap.stacks.loaded import LoadedStack
from fibgap.stacks.loading import load_stack
from fibgap.stacks.measured import MeasuredVolume
from fibgap.stacks.measuring import measure_volume_file
from fibgap.stacks.simulation import Simulated, simulate

__all__ = [
    "AUTO",
    "CheckedStack",
    "Choice",
    "FilledStack",
    "LeftOut",
    "LoadedStack",
    "MeasuredVolume",
    "Simulated",
    "check_stack",
    "choose_filler",
    "fill_stack",
    "leave_slices_out",
    "load_stack",
    "measure_volume_file",
    "simulate",
]
