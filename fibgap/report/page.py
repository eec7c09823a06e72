"""One HTML file that says what a run is, what came out, and how far it agrees with the paper."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from fibgap.errors import InputError
from fibgap.report.figures import figure_bytes
from fibgap.report.tables import Table, replace_file, to_html

_MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True)
class Picture:
    """A figure of the report: drawn, or a file ending in .svg or .png; `alt` describes it."""

    image: Figure | Path | str
    caption: str
    alt: str = ""


@dataclass(frozen=True)
class Section:
    """A section of the report; what is empty is not shown."""

    key: str
    title: str
    intro: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Picture] = ()
    commands: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the section has nothing to show."""
        return not (self.facts or self.sentences or self.tables or self.figures or self.commands)


def data_uri(picture: Picture) -> str:
    """Return a picture as a data URI, so that the report needs no other file.

    Parameters
    ----------
    picture : Picture
        The picture; what is drawn becomes SVG.

    Returns
    -------
    str
        "data:image/...;base64,...".

    Raises
    ------
    InputError
        If a file ends in neither .svg nor .png.
    """
    if isinstance(picture.image, Figure):
        suffix, content = ".svg", figure_bytes(picture.image, ".svg")
    else:
        path = Path(picture.image)
        suffix = path.suffix
        if suffix not in _MEDIA_TYPES:
            raise InputError(f"'{path}' is no picture for a report; it must end in .svg or .png.")
        content = path.read_bytes()
    return f"data:{_MEDIA_TYPES[suffix]};base64,{base64.b64encode(content).decode()}"


def render_report(title: str, sections: Sequence[Section], *, summary: Sequence[str] = ()) -> str:
    """Return a report as one HTML document that loads nothing.

    Parameters
    ----------
    title : str
        Title of the page.
    sections : sequence of Section
        In order; empty ones are left out.
    summary : sequence of str
        Paragraphs below the title.

    Returns
    -------
    str
        HTML 5.
    """
    environment = Environment(
        loader=PackageLoader("fibgap.report.page", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["table"] = lambda table: Markup(to_html(table))
    environment.filters["data_uri"] = lambda picture: Markup(data_uri(picture))
    css = environment.get_template("report.css").render()
    return environment.get_template("report.html").render(
        title=title,
        summary=summary,
        css=Markup(css),
        sections=[section for section in sections if not section.is_empty],
    )


def write_report(
    path: Path | str,
    *,
    title: str,
    facts: Mapping[str, str],
    tables: Sequence[Table],
    summary: Sequence[str] = (),
    agreement: Table | None = None,
    agreement_sentences: Sequence[str] = (),
    statistics: Sequence[Table] = (),
    verdicts: Sequence[str] = (),
    figures: Sequence[Picture] = (),
    costs: Table | None = None,
    commands: Sequence[str] = (),
    extra: Sequence[Section] = (),
) -> None:
    """Write the report of a run as one self-contained HTML file.

    Parameters
    ----------
    path : path-like
        The file; it appears complete or not at all.
    title : str
        Title of the page.
    facts : mapping of str to str
        What this run is: configuration, number of datasets, seeds, versions, network.
    tables : sequence of Table
        From `fibgap.report.tables.build_table`. Their anisotropy errors come first, beside the
        paper; their errors against the truth, where there are any, get a section of their own.
    summary : sequence of str
        Paragraphs below the title.
    agreement : Table, optional
        From `fibgap.report.tables.agreement_table`.
    agreement_sentences : sequence of str
        From `fibgap.report.tables.agreement_sentences`.
    statistics : sequence of Table
        From `fibgap.report.tables.share_table` and `comparison_table`.
    verdicts : sequence of str
        From `fibgap.statistics.share_sentences` and `verdicts`.
    figures : sequence of Picture
        In order.
    costs : Table, optional
        Such as `fibgap.report.tables.frame_table` of the time of every step.
    commands : sequence of str
        Lines to type to get the same results.
    extra : sequence of Section
        Further sections, before the commands.

    Raises
    ------
    InputError
        If a picture is neither SVG nor PNG.
    """
    truths = [table for table in tables if any(block.key == "truth" for block in table.blocks)]
    sections = [
        Section("run", "This run", facts=facts),
        Section(
            "tables",
            "Results beside the paper",
            "Anisotropy errors compare a measure along the milling direction with the same measure "
            "in the plane of the slices: the lower, the more isotropic the volume. They need no "
            "ground truth; the row of the true volume says how low they can be expected to get.",
            tables=[table.only("anisotropy") for table in tables],
        ),
        Section(
            "agreement",
            "Agreement with the paper",
            sentences=agreement_sentences,
            tables=[agreement] if agreement else [],
        ),
        Section(
            "truth",
            "Errors against the truth",
            "A wrong volume may be isotropic, too. For synthetic data the arms are therefore also "
            "compared with the volume that the slices were taken from.",
            tables=[table.only("truth") for table in truths],
        ),
        Section("statistics", "What the differences mean", sentences=verdicts, tables=statistics),
        Section("figures", "Figures", figures=figures),
        Section("costs", "Costs", tables=[costs] if costs else []),
        *extra,
        Section("reproduce", "How to reproduce", commands=commands),
    ]
    replace_file(path, render_report(title, sections, summary=summary))
