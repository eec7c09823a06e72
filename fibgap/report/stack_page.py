"""The page of a filled stack: one HTML file that says what was done and how good it is."""

import json
from collections.abc import Mapping
from typing import Any

from fibgap import __version__
from fibgap.depths import SOURCES
from fibgap.io.pages import describe_size
from fibgap.report.check_section import check_section
from fibgap.report.figures.stack import plot_cuts, plot_depths, plot_directions, plot_histogram
from fibgap.report.page import Picture, render
from fibgap.stacks import FilledStack

#: How to cite: the words of CITATION.cff, which an installed package does not have.
CITATION = (
    "The fibgap developers. fibgap: isotropic 3-D nanostructures from FIB-SEM slices of varying "
    f"thickness. Version {__version__}."
)


def stack_page(filled: FilledStack) -> str:
    """Return the page of a filled stack as one HTML document that loads nothing.

    Parameters
    ----------
    filled : FilledStack
        What `fibgap.stacks.fill_stack` made.

    Returns
    -------
    str
        HTML 5.
    """
    loaded, gapped = filled.loaded, filled.gapped
    record = filled.record
    histogram = plot_histogram(loaded.histogram)
    return render(
        "stack.html",
        title=f"Filled stack: {record['volume']['file']}",
        verdict=filled.verdict,
        warnings=filled.warnings,
        cuts=Picture(
            plot_cuts(filled.volume, gapped),
            "Above: the slices at their depths. Below: the filled volume. The layer on the left "
            "lies in the middle of the widest gap; marks beside the other cuts show where it is. z "
            "runs downwards. Of a large volume a part around that gap is shown.",
            "cuts through the slices and through the filled volume",
        ),
        depths=Picture(
            plot_depths(loaded),
            "The thickness of a slice is its distance to the next one. Slices thinner than a voxel "
            "share its layer."
            + (" Bands hold 95 %." if loaded.depths.thickness_sd_nm is not None else ""),
            "depth and thickness of every slice, and a histogram of thickness",
        ),
        directions=Picture(
            plot_directions(filled.curves, filled.directions, gapped.voxel_nm),
            "Two-point correlation function (TPCF) and lineal-path function (LPF) by direction; "
            "below, the same minus the mean of y and x.",
            "TPCF and LPF along z, y and x",
        ),
        check=check_section(filled.choice),
        histogram=histogram
        and Picture(histogram, "Grey values of all pixels, and what tells solid from pore."),
        facts=_facts(filled),
        notes=loaded.notes,
        record=json.dumps(record, indent=1, ensure_ascii=False),
        command=record["command"],
        citation=CITATION,
    )


def _source(name: str) -> str:
    """Return a source of depths in words; of measured ones the notes say more."""
    return name if name == "measured" else f"{name}: {SOURCES[name].description}"


def _deviation(facts: Mapping[str, Any], name: str, words: str) -> str:
    """Return a standard deviation in words, nothing where it is not known."""
    return f"; standard deviation {words} {facts[name]:.2g} nm" if name in facts else ""


def _facts(filled: FilledStack) -> dict[str, str]:
    """Return what a reader looks for, in words."""
    facts, record = filled.loaded.facts, filled.record
    slices, volume = record["slices"], record["volume"]
    z, y, x = volume["shape_zyx"]
    read = f"{facts['slices']} of {facts['height']} x {facts['width']} pixels, {facts['type']}"
    kept = f"{slices['n_slices']} shown in a layer of their own"
    if slices["n_sharing"]:
        kept += f", {slices['n_sharing']} share one and count between layers"
    if slices["n_dropped"]:
        kept += f", {slices['n_dropped']} not used"
    thickness = (
        f"{facts['thickness_nm']:.4g} ± {facts['thickness_sd_nm']:.3g} nm, from "
        f"{facts['thinnest_nm']:.4g} to {facts['thickest_nm']:.4g} nm"
    )
    found = {
        "Slices as read": read,
        "Pixel size": describe_size((facts["pixel_nm"][0], facts["pixel_nm"][1]))
        if facts["pixel_nm"]
        else "–",
        "Depths": _source(facts["depths"]) + _deviation(facts, "depth_sd_nm", "at most"),
        "Slice thickness": thickness + _deviation(facts, "thickness_error_nm", "each"),
        "Slices in the volume": kept,
        "Volume": f"{z} x {y} x {x} voxels (z, y, x) of {volume['voxel_nm']:.4g} nm",
        "Layers that are filled": f"{z - slices['n_slices']} of {z}",
        "Widest gap": f"{slices['largest_gap_layers']} layers, {volume['largest_gap_nm']:.4g} nm",
        "Solid": f"{facts['solid_fraction']:.1%} of the slices, "
        f"{volume['solid_fraction']:.1%} of the volume",
        "Filler": f"{filled.choice.name}: {filled.choice.why}",
    }
    if record["holes_closed"] is not None:
        found["Holes closed"] = str(record["holes_closed"])
    return found
