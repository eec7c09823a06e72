"""The report: complete, self-contained, and safe against what a name may hold."""

import json
import re
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from fibgap.errors import InputError
from fibgap.report.figures import plot_history
from fibgap.report.figures.style import ARM_COLORS
from fibgap.report.page import (
    Page,
    Picture,
    embed,
    inline_svg,
    pictures,
    render_report,
    theme,
    write_report,
)
from fibgap.report.tables import (
    comparison_table,
    frame_table,
    names_table,
    paper_frame,
    paper_table,
)

#: Attributes by which an element makes a browser load something.
LOADING = {"src", "srcset", "poster", "data", "background", "action"}


class Reader(HTMLParser):
    """Collects what a page would load, its headings and rows, and checks that elements nest."""

    VOID = frozenset({"meta", "img", "br", "hr", "link", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.tags, self.headings, self.rows = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        """Note the element."""
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in LOADING]
        links = [value for name, value in attrs if name.endswith("href")]
        self.loads += [value for value in links if value[0] != "#"]
        if tag == "tr":
            self.rows.append(0)
        elif tag in ("td", "th"):
            self.rows[-1] += int(dict(attrs).get("colspan", 1))

    def handle_startendtag(self, tag, attrs):
        """Note an element without content."""
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        """Close the innermost element."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Note headings."""
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data.strip())


@cache
def full_text():
    """Return a page that has every section as HTML."""
    return render_report(full_page())


def read(text):
    """Return a parsed page."""
    page = Reader()
    page.feed(text)
    assert page.open == []
    return page


def table(name="S3", **extra):
    """Return a table of two arms on two datasets, and the paper's value of one."""
    rows = [
        {"dataset": i, "arm": arm, "anisotropy_lpf": value, **extra}
        for arm, value in {"RNN-s": 0.05, "RML-s": 0.03}.items()
        for i in range(2)
    ]
    reference = pd.DataFrame({"arm": ["RNN-s"], "measure": "lpf", "mean": 0.0479, "sd": 0.0222})
    frame = paper_frame(pd.DataFrame(rows), ["RNN-s", "RML-s"], reference=reference)
    return paper_table(frame, name=name, caption="a < b", footnotes=["RML-s stands for a test."])


@cache
def figure():
    """Return a small figure."""
    return plot_history(
        pd.DataFrame({"epoch": [1, 2], "train_loss": [0.2, 0.1], "validation_loss": [0.3, 0.2]})
    )


LAYERS = {
    "first": 4,
    "known": [True, False],
    "away": [0, 1],
    "columns": 2,
    "rows": 1,
    "aspect": [3, 2],
    "pictures": [{"name": "</script>", "sheet": "data:image/png;base64,AA", "misclassified": None}],
}


@cache
def full_page():
    """Return a page that has every section."""
    comparison = {
        **{"first": "RML-s", "second": "RNN-s", "measure": "anisotropy_lpf", "n": 9, "ties": 0},
        **{"difference": -0.1, "rank_biserial": -1.0, "p_holm": 0.001, "comparisons": 1},
    }
    names = pd.DataFrame({"name": ["RML-s"], "kind": "network", "stands_for": ["a test"]})
    tables = {
        "table_S3": table(dice=0.9),
        "table_S4": table("S4", dice=0.9),
        "all_arms": table("", dice=0.9),
        "comparisons": comparison_table(pd.DataFrame([comparison])),
        "agreement": frame_table(pd.DataFrame({"a": ["x"], "b": [1]}), caption="Agreement"),
        "names": names_table(names),
    }
    return Page(
        "Run <quick> & co",
        verdict=["RML-s is the best."],
        tables=tables,
        showcase=Picture(figure(), "A showcase."),
        layers=LAYERS,
        errors=[Picture(figure(), "TPCF.", alt='dots "by" arm')],
        curves=Picture(figure(), "Curves."),
        histories=[Picture(figure(), "A loss.")],
        facts={"Datasets": "2"},
        costs=frame_table(pd.DataFrame({"step": ["mill"], "hours": [0.5]}), caption="Costs"),
        commands=["make setup", "make tables"],
    )


def test_report_loads_nothing():
    """The file is enough: pictures stand in it, there is no link, import, font or frame."""
    text = full_text()
    page = read(text)
    assert page.loads == []
    assert not {"link", "iframe", "object", "embed"} & set(page.tags)
    outside = set(re.findall(r"https?://[^\s\"']+", text))
    assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names only
    assert not re.search(r"@import|url\((?!#|\$\{picture)", text)


def test_report_has_its_sections_in_order():
    """What came out stands first, then pictures, tables, details; how to repeat it last."""
    text = full_text()
    page = read(text)
    assert page.headings == [
        "Run <quick> & co",
        "One dataset",
        "Errors of every arm",
        "Tables S3 and S4",
        "Errors against the truth",
        "Curves",
        "What is significant",
        "Details",
        "Methods and configuration",
        "Costs",
        "How to repeat this",
    ]
    assert "make setup\nmake tables" in text
    assert text.index("RML-s is the best.") < text.index("<h2>")


def test_footnotes_stand_once():
    """Two tables with the same notes have them once below the second."""
    text = full_text()
    tables, truth = text.split('<section id="tables">')[1].split('<section id="truth">')
    for note in ("RML-s stands for a test.", "Mean ± standard deviation over 2 datasets"):
        assert tables.count(note) == 1
    assert "RML-s stands for a test." not in truth


def test_rows_are_as_wide_as_their_heading():
    """Ours, the paper's, the difference: three groups of one measure behind the arms' names."""
    text = render_report(Page("T", tables={"table_S3": table()}))
    page = read(text)
    assert page.rows == [4, 3, 4, 4]  # the label spans both rows of the heading
    assert "<strong>0.0300 ± 0.0000</strong>" in text
    assert '<td class="first paper">' in text
    assert "Table S3. a &lt; b" in text


def test_a_significant_difference_has_a_colour():
    """A cell of the matrix carries its outcome as a class of the style sheet."""
    text = full_text()
    assert re.search(r'<td class="better"><strong>▼ −1.00</strong> <small>0.001</small>', text)
    assert "td.better {" in text


def test_what_is_missing_is_not_announced():
    """A run without truth, costs or figures has no empty sections."""
    page = read(render_report(Page("T", tables={"table_S3": table()})))
    assert page.headings == ["T", "Tables S3"]


def test_text_is_escaped():
    """A name with angle brackets is text, not an element, in HTML, SVG and scripts."""
    text = full_text()
    assert "Run &lt;quick&gt; &amp; co" in text
    assert 'aria-label="dots &#34;by&#34; arm"' in text
    data = text.split('<script type="application/json">')[1].split("</script>")[0]
    assert json.loads(data) == LAYERS


def test_report_is_deterministic(tmp_path):
    """The same results give the same file, and only that file."""
    for name in ("a.html", "b.html"):
        write_report(tmp_path / name, full_page())
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_other_pictures_are_refused(tmp_path):
    """Browsers show SVG and PNG everywhere; a TIFF they do not."""
    wrong = Picture(tmp_path / "volume.tif", "A volume.")
    with pytest.raises(InputError, match=r"volume\.tif"):
        write_report(tmp_path / "r.html", Page("T", curves=wrong))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "dot.png").write_bytes(b"PNG")
    assert embed(Picture(tmp_path / "dot.png", "A dot.")) == (
        '<img src="data:image/png;base64,UE5H" alt="A dot.">'
    )


def test_figures_of_a_page_share_no_names_and_leave_colours_to_it():
    """Only what is referred to keeps an identifier, and ink becomes the page's ink."""
    source = (
        '<?xml version="1.0"?><!DOCTYPE svg><svg width="72pt" viewBox="0 0 9 9" version="1.1">'
        '<metadata>x</metadata><!-- text --><g id="figure_1"><path id="m1" style="fill: #000000"/>'
        '<use xlink:href="#m1" style="stroke: #0072b2; fill: #123456"/></g></svg>'
    )
    first, second = inline_svg(source, "one"), inline_svg(source.replace("9 9", "8 8"), "two")
    mark = re.search(r'id="(f[0-9a-f]{8}-m1)"', first)[1]
    assert first == (
        '<svg viewBox="0 0 9 9" role="img" aria-label="one" '
        'style="width:6.6rem;fill:var(--c000000)">'
        f'<g><path id="{mark}" style="fill: var(--c000000)"/>'
        f'<use xlink:href="#{mark}" style="stroke: var(--c0072b2); fill: #123456"/></g></svg>'
    )
    assert "two" in second


def test_colours_stand_out_on_dark_screens():
    """Every colour of a figure has a contrast of at least 3 to 1 on either page, as WCAG counts."""

    def luminance(color):
        parts = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    page = theme()["--cffffff"][1]
    for color in ARM_COLORS.values():
        dark = theme()[f"--c{color[1:].lower()}"][1]
        assert (luminance(dark) + 0.05) / (luminance(page) + 0.05) >= 3


def test_figures_find_their_places():
    """The name of a file says where on the page it stands, and what it shows."""
    found = pictures(["f/showcase.svg", "f/errors_lpf.svg", "f/errors_voxels.svg", "f/curves.svg"])
    assert [picture.caption.split(":")[0] for picture in found["errors"]] == [
        "LPF",
        "Voxel by voxel",
    ]
    assert found["curves"].image.name == "curves.svg"
    assert pictures(["history_compact.svg"])["histories"][0].caption.endswith("compact.")
