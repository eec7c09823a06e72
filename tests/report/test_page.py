"""The report: complete, self-contained, and safe against what a name may hold."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from fibgap.errors import InputError
from fibgap.report.figures import plot_history
from fibgap.report.page import Picture, Section, render_report, write_report
from fibgap.report.tables import build_table, frame_table

#: Attributes by which an element makes a browser load something.
LOADING = {"src", "srcset", "poster", "data", "background", "action"}


class Page(HTMLParser):
    """Collects what a page would load, its headings, and checks that elements nest."""

    VOID = frozenset({"meta", "img", "br", "hr", "link", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.tags, self.headings = [], [], [], []

    def handle_starttag(self, tag, attrs):
        """Note the element."""
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in LOADING]
        self.loads += [value for name, value in attrs if name == "href" and value[0] != "#"]

    def handle_endtag(self, tag):
        """Close the innermost element."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Note headings."""
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data.strip())


def read(path):
    """Return a parsed page and its text."""
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    return page, text


def table(**extra):
    """Return a table of two arms on two datasets."""
    rows = [
        {"dataset": i, "arm": arm, "anisotropy_lpf": value, **extra}
        for arm, value in {"RNN-s": 0.05, "RML-s": 0.03}.items()
        for i in range(2)
    ]
    return build_table("S3", pd.DataFrame(rows), ["RNN-s", "RML-s"], columns=["anisotropy_lpf"])


def figure():
    """Return a small figure."""
    return plot_history(
        pd.DataFrame({"epoch": [1, 2], "train_loss": [0.2, 0.1], "validation_loss": [0.3, 0.2]})
    )


def full_report(path):
    """Write a report that has every section."""
    svg = path.with_name("loss.svg")
    svg.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    write_report(
        path,
        title="Run <quick> & co",
        facts={"Configuration": "config/quick.yaml", "Datasets": "2"},
        summary=["Two volumes."],
        tables=[table(dice=0.9)],
        agreement=frame_table(pd.DataFrame({"a": ["x"], "b": [1]}), caption="Agreement"),
        agreement_sentences=["1 of 1 published values agree with this run."],
        statistics=[frame_table(pd.DataFrame({"a": ["y"], "b": [2]}), caption="Pairs")],
        verdicts=["A is lower than B."],
        figures=[Picture(figure(), "A loss."), Picture(svg, "A file.", alt="nothing")],
        costs=frame_table(pd.DataFrame({"step": ["mill"], "hours": [0.5]}), caption="Costs"),
        commands=["make setup", "make tables"],
        extra=[Section("notes", "Notes", sentences=["A note."])],
    )


def test_report_loads_nothing(tmp_path):
    """The file is enough: pictures are data, there is no script, link, import or font."""
    full_report(tmp_path / "report.html")
    page, text = read(tmp_path / "report.html")
    assert len(page.loads) == 2
    assert all(load.startswith("data:image/svg+xml;base64,") for load in page.loads)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert not re.search(r"https?://|@import|url\(", text)


def test_report_has_its_sections_in_order(tmp_path):
    """What the run is comes first, how to repeat it last."""
    full_report(tmp_path / "report.html")
    page, text = read(tmp_path / "report.html")
    assert page.headings == [
        "Run <quick> & co",
        "This run",
        "Results beside the paper",
        "Agreement with the paper",
        "Errors against the truth",
        "What the differences mean",
        "Figures",
        "Costs",
        "Notes",
        "How to reproduce",
    ]
    assert "make setup\nmake tables" in text
    assert "<strong>0.0300 ± 0.0000</strong>" in text
    assert text.count("Voxel error") == 0
    assert text.count("Dice coefficient") == 1


def test_what_is_missing_is_not_announced(tmp_path):
    """A run without truth, costs or figures has no empty sections and no links to them."""
    write_report(tmp_path / "r.html", title="T", facts={"Datasets": "2"}, tables=[table()])
    page, text = read(tmp_path / "r.html")
    assert page.headings == ["T", "This run", "Results beside the paper"]
    assert text.count("<li>") == 2


def test_text_is_escaped():
    """A name with angle brackets is text, not an element."""
    section = Section("s", "S", facts={"Name": "<script>alert(1)</script>"}, sentences=["a < b"])
    text = render_report("T", [section])
    assert "<script>" not in text
    assert "a &lt; b" in text


def test_report_is_deterministic(tmp_path):
    """The same results give the same file, and only that file."""
    full_report(tmp_path / "a.html")
    full_report(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html", "loss.svg"]


def test_other_pictures_are_refused(tmp_path):
    """Browsers show SVG and PNG everywhere; a TIFF they do not."""
    with pytest.raises(InputError, match=r"volume\.tif"):
        write_report(
            tmp_path / "r.html",
            title="T",
            facts={},
            tables=[],
            figures=[Picture(tmp_path / "volume.tif", "A volume.")],
        )
    assert list(tmp_path.iterdir()) == []
