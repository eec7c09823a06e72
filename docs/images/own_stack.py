"""Draw own_stack.png: the stack of the page on own stacks, before and after it is filled.

python docs/images/own_stack.py
"""

import tempfile
from pathlib import Path

from fibgap import fill_stack, simulate
from fibgap.report.figures import save_figure
from fibgap.report.figures.stack import plot_cuts


def main() -> None:
    """Simulate the stack, fill it as the page does, and draw its cuts."""
    with tempfile.TemporaryDirectory() as folder:
        made = simulate(Path(folder) / "try", grey=True)
        out = Path(folder) / "volume.tif"
        filled = fill_stack(made.slices, out, depths=made.depths, otsu=True)
    save_figure(plot_cuts(filled.volume, filled.gapped), Path(__file__).with_suffix(".png"))


if __name__ == "__main__":
    main()
