"""One HTML file that shows a run: it loads nothing, and looks well on dark screens and on paper."""

import base64
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from fibgap.errors import InputError
from fibgap.io.files import write_aside
from fibgap.report.figures import figure_bytes
from fibgap.report.figures.style import ARM_COLORS, AXIS, GREY, GRID, INK, MORE_COLORS, TEXT
from fibgap.report.tables import Table
from fibgap.report.tables.cells import HTML, Cell
from fibgap.statistics import column

#: Colours that a dark screen shows in another way; all others stay. White is the page itself.
_DARK = {
    INK: "#F2F3F5",
    TEXT: "#DADDE2",
    AXIS: "#A9AFB8",
    GREY: "#9AA1AB",
    GRID: "#343941",
    "#FFFFFF": "#16181C",
}
#: Caption and description of the figures that every run has.
_CAPTIONS = {
    "showcase": (
        "The true volume, the slices at their depths, and every arm. Misclassified voxels are "
        "coloured; the share given is that of the picture.",
        "zx-planes and xy-layers of the true volume, the slices and every arm",
    ),
    "surfaces": (
        "The surface of the solid in the middle of the volume, z downwards. Where voxels are "
        "misclassified it is coloured.",
        "surfaces of the true volume and of every arm, seen from the same side",
    ),
    "holes": (
        "The largest small hole that was filled, before and after.",
        "part of a layer before and after hole filling",
    ),
    "curves": (
        "Mean curves of the solid, along z and in the plane of the slices (left), and their "
        "difference (right).",
        "curves of every arm along z and in the plane",
    ),
}


@dataclass(frozen=True)
class Picture:
    """A figure of the report: drawn, or a file ending in .svg or .png; `alt` describes it."""

    image: Figure | Path | str
    caption: str
    alt: str = ""


@dataclass(frozen=True)
class Page:
    """What a report shows; what is empty is left out.

    Attributes
    ----------
    title : str
        Title of the page.
    verdict : sequence of str
        What the numbers amount to, from `fibgap.report.verdict`.
    tables : mapping of str to Table
        From `fibgap.report.results.Results.tables`, by the same names.
    showcase : Picture, optional
        One dataset in pictures.
    layers : mapping, optional
        The same layer by layer, from `fibgap.report.figures.showcase_layers`.
    surfaces : Picture, optional
        The surfaces of the solid; with `layers` the page draws them anew, so that they turn.
    errors : sequence of Picture
        One figure per measure.
    curves : Picture, optional
        Correlation functions.
    networks, histories : sequence of Picture
        Networks layer by layer, and their losses during training.
    holes : Picture, optional
        Hole filling before and after.
    facts : mapping of str to str
        What this run is: configuration, number of datasets, seeds, versions.
    costs : Table, optional
        What every step cost.
    commands : sequence of str
        Lines to type to get the same results.
    """

    title: str
    verdict: Sequence[str] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    showcase: Picture | None = None
    layers: Mapping[str, Any] | None = None
    surfaces: Picture | None = None
    errors: Sequence[Picture] = ()
    curves: Picture | None = None
    networks: Sequence[Picture] = ()
    histories: Sequence[Picture] = ()
    holes: Picture | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    costs: Table | None = None
    commands: Sequence[str] = ()


def _lighter(color: str) -> str:
    """Return a colour, lightened until its contrast with a dark page is at least 3 to 1."""
    parts = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    # Linear light and relative luminance of sRGB; 0.127 is 3 to 1 against the dark page.
    while ((parts**2.2) @ [0.2126, 0.7152, 0.0722]) < 0.127:
        parts = parts + 0.05 * (1 - parts)
    return "#" + "".join(f"{round(255 * part):02X}" for part in parts)


def theme() -> dict[str, tuple[str, str]]:
    """Return the colours of figures on light and on dark screens, by their names in the CSS."""
    pairs = {color: _lighter(color) for color in (*ARM_COLORS.values(), *MORE_COLORS)} | _DARK
    return {f"--c{color[1:].lower()}": (color, dark) for color, dark in pairs.items()}


def inline_svg(content: str, alt: str) -> str:
    """Return an SVG as an element of a page, its colours left to the page.

    Parameters
    ----------
    content : str
        What matplotlib writes.
    alt : str
        Its description.

    Returns
    -------
    str
        The element without prolog, comments and identifiers that only matter in a file.
    """
    names = theme()

    def color(match: re.Match[str]) -> str:
        name = f"--c{match[0][1:].lower()}"
        return f"var({name})" if name in names else match[0]

    body = re.sub(r"<!--.*?-->\s*|<metadata>.*?</metadata>\s*", "", content, flags=re.S)
    body = body[body.index("<svg") :]
    head, rest = body.split(">", 1)
    # As wide as it was drawn, an inch of matplotlib's 9-point type for 6.6 of the page's letters.
    width = re.search(r' width="([\d.]+)pt"', head)
    style = f"width:{6.6 * float(width[1]) / 72:.1f}rem;" if width else ""
    head = re.sub(r' (?:width|height|version)="[^"]*"', "", head)
    # Only what is referred to keeps its name; names of one figure must not meet another's.
    used = set(re.findall(r"#([\w.-]+)", rest))
    mark = f"f{zlib.crc32(rest.encode()):08x}"

    def name(match: re.Match[str]) -> str:
        return f' id="{mark}-{match[1]}"' if match[1] in used else ""

    rest = re.sub(r' id="([^"]*)"', name, rest)
    rest = re.sub(r'(url\(#|href="#)', rf"\g<1>{mark}-", rest)
    rest = re.sub(r"#[0-9a-fA-F]{6}\b", color, rest)
    label = str(Markup.escape(alt))
    return f'{head} role="img" aria-label="{label}" style="{style}fill:var(--c000000)">{rest}'


def embed(picture: Picture) -> str:
    """Return a picture as HTML that needs no other file.

    Parameters
    ----------
    picture : Picture
        The picture; what is drawn becomes SVG.

    Returns
    -------
    str
        An element ``svg`` or ``img``.

    Raises
    ------
    InputError
        If a file ends in neither .svg nor .png.
    """
    alt = picture.alt or picture.caption
    if isinstance(picture.image, Figure):
        return inline_svg(figure_bytes(picture.image, ".svg").decode(), alt)
    path = Path(picture.image)
    if path.suffix == ".svg":
        return inline_svg(path.read_text(encoding="utf-8"), alt)
    if path.suffix == ".png":
        data = base64.b64encode(path.read_bytes()).decode()
        return f'<img src="data:image/png;base64,{data}" alt="{Markup.escape(alt)}">'
    raise InputError(f"'{path}' is no picture for a report; it must end in .svg or .png.")


def pictures(paths: Sequence[Path | str]) -> dict[str, Any]:
    """Return the figures of a run as the parts of a `Page`, with their captions.

    Parameters
    ----------
    paths : sequence of path
        Files named as the rules name them: showcase, surfaces, errors_MEASURE, curves,
        network_NETWORK, history_NETWORK, holes.

    Returns
    -------
    dict
        `showcase`, `surfaces`, `errors`, `curves`, `networks`, `histories`, `holes`; what is not
        there is left out.
    """
    parts: dict[str, Any] = {"errors": [], "networks": [], "histories": []}
    for path in map(Path, paths):
        kind, _, of = path.stem.partition("_")
        if kind == "errors":
            words = "Voxel by voxel: misclassified share of the filled layers, and solid fraction."
            if of != "voxels":
                symbol = column(f"anisotropy_{of}").measure
                words = f"{symbol}: anisotropy error, and error against the truth."
            parts["errors"].append(Picture(path, words, f"dots by arm. {words}"))
        elif kind == "network":
            words = f"The network {of} layer by layer."
            parts["networks"].append(Picture(path, words, f"boxes and arrows. {words}"))
        elif kind == "history":
            parts["histories"].append(Picture(path, f"Loss during the training of {of}."))
        else:
            parts[kind] = Picture(path, *_CAPTIONS[kind])
    return parts


def render(template: str, **values: Any) -> str:
    """Return a page as one HTML 5 document that loads nothing.

    Parameters
    ----------
    template : str
        Name of a template of this package.
    **values
        What it shows; colours, style and script of all pages come with it.
    """
    loader = PackageLoader("fibgap.report", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )

    def cell(value: Cell) -> Markup:
        return Markup(value.render(HTML))

    def script(value: object) -> Markup:
        """Write data into a script element, which ends at the first "</" whatever stands around."""
        return Markup(json.dumps(value).replace("<", "\\u003c"))

    environment.filters |= {
        "cell": cell,
        "script": script,
        "embed": lambda picture: Markup(embed(picture)),
    }
    return environment.get_template(template).render(
        theme=theme(),
        source=lambda name: Markup(loader.get_source(environment, name)[0]),
        **values,
    )


def render_report(page: Page) -> str:
    """Return a report as one HTML 5 document that loads nothing."""
    return render("report.html", page=page)


def write_report(path: Path | str, page: Page) -> None:
    """Write the report of a run as one self-contained HTML file.

    Parameters
    ----------
    path : path-like
        The file; it appears complete or not at all.
    page : Page
        What it shows.

    Raises
    ------
    InputError
        If a picture is neither SVG nor PNG.
    """
    content = render_report(page)
    with write_aside(path) as aside:
        aside.write_bytes(content.encode())
