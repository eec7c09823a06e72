"""One look for all figures: a colour per arm, type, and files without dates."""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from fibgap.errors import InputError
from fibgap.io.files import write_aside
from fibgap.statistics import TARGET

#: Colours that people with colour-blindness tell apart (M. Okabe and K. Ito, 2008).
ARM_COLORS = {
    TARGET: "#000000",
    "RNN-s": "#E69F00",
    "RCS-s": "#56B4E9",
    "RML-s": "#D55E00",
    "RMLc-s": "#009E73",
    "RML2-s": "#CC79A7",
    "SRCS-s": "#0072B2",
    "DNN-s": "#8C7B00",
    "RML3c-s": "#882255",
    "RSD-s": "#117733",
    "RMLg-s": "#332288",
    "RMLgd-s": "#AA4499",
    "RMLw-s": "#CC6677",
}
#: For arms without a colour of their own: dark tones of the same hues.
MORE_COLORS = ("#44AA99", "#661100", "#6699CC", "#999933", "#DDAA33", "#004488")
#: What stands for itself; a page for dark screens sets these colours anew.
INK, TEXT, AXIS, GREY, GRID = "#000000", "#222222", "#444444", "#6B6B6B", "#E4E4E4"

_LOOK: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": AXIS,
    "axes.linewidth": 0.8,
    "axes.titlelocation": "left",
    "xtick.color": AXIS,
    "ytick.color": AXIS,
    "xtick.labelcolor": TEXT,
    "ytick.labelcolor": TEXT,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "image.interpolation": "none",
    "svg.fonttype": "path",
    "svg.hashsalt": "fibgap",
}


@contextmanager
def look() -> Iterator[None]:
    """Draw in the project's style within a ``with`` block, and leave no trace of it."""
    with matplotlib.rc_context(_LOOK):
        yield


def arm_color(arm: str) -> str:
    """Return the colour of an arm, the same in every figure and every run.

    Parameters
    ----------
    arm : str
        Name of the arm.

    Returns
    -------
    str
        Hexadecimal colour. An arm that is not in `ARM_COLORS` gets one of `MORE_COLORS` by its
        name alone.

    Examples
    --------
    >>> arm_color("RML-s"), arm_color("new") == arm_color("new")
    ('#D55E00', True)
    """
    return ARM_COLORS.get(arm, MORE_COLORS[zlib.crc32(arm.encode()) % len(MORE_COLORS)])


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the bytes of a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    suffix : str
        ".svg", ".png" or ".pdf".

    Returns
    -------
    bytes
        The same for the same figure and version of matplotlib: no dates, fixed identifiers.

    Raises
    ------
    InputError
        If the suffix names no format of figures.
    """
    metadata: dict[str, dict[str, str | None]] = {
        ".svg": {"Date": None, "Creator": None},
        ".png": {"Software": None},
        ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    if suffix not in metadata:
        raise InputError(f"'{suffix}' names no format of figures; choose .svg, .png or .pdf.")
    buffer = io.BytesIO()
    with look():
        figure.savefig(buffer, format=suffix[1:], dpi=300, metadata=metadata[suffix])
    return buffer.getvalue()


def save_figure(figure: Figure, *paths: Path | str) -> None:
    """Write a figure to files, the format of each by its suffix.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    *paths : path-like
        Files that end in .svg, .png or .pdf. Each appears complete or not at all.

    Raises
    ------
    InputError
        If a suffix names no format of figures.
    """
    for path in paths:
        content = figure_bytes(figure, Path(path).suffix)
        with write_aside(path) as aside:
            aside.write_bytes(content)
