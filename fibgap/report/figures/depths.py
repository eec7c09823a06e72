"""Thickness and depths of slices by source, with bands."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from fibgap.depths import Depths, Thickness
from fibgap.report.figures.style import GRID, look

#: A band of 95 % is so many standard deviations wide to each side.
BAND = 1.96
_COLORS = {
    "images": "#0072B2",
    "ruler": "#D55E00",
    "fused": "#009E73",
    "measured": "#222222",
    "nominal": "#8C8C8C",
}


def plot_sources(
    sources: Mapping[str, Depths], chosen: str, thickness: Thickness | None = None
) -> Figure:
    """Plot the thickness of every slice and its depth against an equal spacing, by source.

    Parameters
    ----------
    sources : mapping of str to Depths
        By source.
    chosen : str
        The one whose bands are drawn.
    thickness : Thickness, optional
        Where images tell nothing: these pairs are marked.
    """
    best = sources[chosen]
    count = len(best.depths_nm)
    even = best.depths_nm[0] + np.linspace(0, best.depths_nm[-1] - best.depths_nm[0], count)
    slices = np.arange(count)
    with look():
        figure = Figure(figsize=(9.2, 5.2), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.3, 1])
        order = [name for name in sources if name != chosen] + [chosen]
        for name in order:
            depths, color = sources[name], _COLORS.get(name, "#222222")
            style = {"color": color, "lw": 1.6 if name == chosen else 0.9}
            ends = {"ls": "--"} if name == "nominal" else {"marker": ".", "ms": 4}
            above.plot(slices[:-1], depths.thickness_nm, label=name, **style, **ends)
            shift = best.depths_nm[0] - depths.depths_nm[0]
            below.plot(slices, depths.depths_nm + shift - even, **style, **ends)
        band = {"color": _COLORS.get(chosen, "#222222"), "alpha": 0.18, "lw": 0}
        if best.thickness_sd_nm is not None:
            half = BAND * best.thickness_sd_nm
            low = np.maximum(best.thickness_nm - half, 0)
            above.fill_between(slices[:-1], low, best.thickness_nm + half, **band)
        if best.sd_nm is not None:
            middle, half = best.depths_nm - even, BAND * best.sd_nm
            below.fill_between(
                slices, middle - half, middle + half, label=f"95 % of {chosen}", **band
            )
            below.legend(loc="upper left")
        if thickness is not None:
            for flags, marker, words in (
                (thickness.blind, "^", "images do not tell"),
                (thickness.same, "v", "identical images"),
            ):
                if flags.any():
                    where = np.flatnonzero(flags)
                    at = best.thickness_nm[where]
                    above.plot(where, at, marker, color="#CC0000", ms=7, mfc="none", label=words)
        above.set_ylim(bottom=0)
        above.set_ylabel("thickness / nm")
        above.legend(ncols=6, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)
        below.set_ylabel("depth minus\nequal spacing / nm")
        below.set_xlabel("slice")
        for axes in (above, below):
            axes.grid(color=GRID, lw=0.6)
            axes.set_xlim(-0.3, count - 0.7)
    return figure
