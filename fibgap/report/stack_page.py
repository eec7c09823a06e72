"""The page of a filled stack: one HTML file that says what was done and how good it is."""

import base64
import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from fibgap import __version__
from fibgap.io.pages import describe_size
from fibgap.report.figures import figure_bytes
from fibgap.report.figures.stack import plot_cuts, plot_depths, plot_directions, plot_histogram
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
    histogram = plot_histogram(loaded.histogram)
    environment = Environment(
        loader=PackageLoader("fibgap.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["uri"] = _uri
    record = filled.record
    css, _, _ = environment.loader.get_source(environment, "report.css")  # type: ignore[union-attr]
    return environment.get_template("stack.html").render(
        title=f"Filled stack: {_name(record)}",
        css=Markup(css),
        verdict=filled.verdict,
        warnings=filled.warnings,
        cuts=plot_cuts(filled.volume, gapped),
        depths=plot_depths(loaded),
        directions=plot_directions(filled.curves, filled.directions, gapped.voxel_nm),
        histogram=histogram,
        facts=_facts(filled),
        notes=loaded.notes,
        filler=filled.choice,
        record=json.dumps(record, indent=1, ensure_ascii=False),
        command=record["command"],
        citation=CITATION,
    )


def _uri(figure: Figure) -> Markup:
    """Return a figure as a data URI."""
    content = base64.b64encode(figure_bytes(figure, ".svg")).decode()
    return Markup(f"data:image/svg+xml;base64,{content}")


def _name(record: dict[str, Any]) -> str:
    """Return the name of the volume."""
    return str(record["volume"]["file"])


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
        "Depths": {"nominal": "one distance for all slices, not measured"}.get(
            facts["depths"], facts["depths"]
        ),
        "Slice thickness": thickness,
        "Slices in the volume": kept,
        "Volume": f"{z} x {y} x {x} voxels (z, y, x) of {volume['voxel_nm']:.4g} nm",
        "Layers that are filled": f"{z - slices['n_slices']} of {z}",
        "Widest gap": f"{slices['largest_gap_layers']} layers, {volume['largest_gap_nm']:.4g} nm",
        "Solid": f"{facts['solid_fraction']:.1%} of the slices, "
        f"{volume['solid_fraction']:.1%} of the volume",
        "Filler": f"{filled.choice.filler}: {filled.choice.why}",
    }
    if record["holes_closed"] is not None:
        found["Holes closed"] = str(record["holes_closed"])
    return found
