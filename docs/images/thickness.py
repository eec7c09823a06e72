"""Draw thickness.png: thickness of a simulated stack by every source, beside its true depths.

python docs/images/thickness.py
"""

import tempfile
import warnings
from pathlib import Path

from fibgap import FibgapWarning, simulate, stack_depths
from fibgap.report.figures import save_figure


def main() -> None:
    """Simulate the stack of the page, tell its depths by every source, and draw them."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", FibgapWarning)
        made = simulate(
            Path(folder) / "try", shape=(96, 192, 192), wavelength="45nm", grey=True, ruler=True
        )
        found = stack_depths(
            made.slices, otsu=True, mask=made.mask, ruler=made.ruler, depths=made.depths
        )
    save_figure(found.plot(), Path(__file__).with_suffix(".png"))


if __name__ == "__main__":
    main()
