"""The page in a real browser: the slider moves, a table sorts, nothing fails."""

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from fibgap.report.figures import Rebuilt, showcase_layers
from fibgap.report.page import Page, render_report
from fibgap.report.tables import paper_frame, paper_table
from fibgap.stack import GappedVolume
from fibgap.statistics import Bootstrap

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")

#: Runs before the page's own script.
WATCH = "<script>window.problems = []; onerror = (what) => { problems.push(what); };</script>"
#: Does what a reader does, and leaves what is seen then in the page.
USE = """<script>{
const seen = {};
const $ = (where) => document.querySelector(where);
const texts = (cells) => [...cells].map((cell) => cell.textContent);
const column = (n) => texts([...$("#tables table").tBodies[0].rows].map((row) => row.cells[n]));
const spot = () => $(".sheets div").style.backgroundPosition;
seen.contents = [...document.querySelectorAll("nav a")].map((link) => link.hash);
const captions = () => texts(document.querySelectorAll(".sheets figcaption"));
seen.captions = [captions()];
seen.first = [$("output").textContent, spot()];
$("#layer").value = 2;
$("#layer").dispatchEvent(new Event("input"));
seen.moved = [$("output").textContent, spot()];
seen.captions.push(captions());
$("fieldset input").click();
seen.hidden = $(".sheets figure").hidden;
const paper = () => getComputedStyle($("td.paper")).display;
seen.paper = [paper()];
$("#paper").click();
seen.paper.push(paper());
seen.unsorted = column(1);
const sort = $("#tables thead tr:last-child th button");
sort.click();
seen.rising = column(1);
sort.click();
seen.falling = column(1);
seen.problems = problems;
document.body.append(Object.assign(document.createElement("pre"), {
  id: "seen", textContent: JSON.stringify(seen) }));
}</script>"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Return what a reader sees who moves the slider, hides a picture and sorts Table S3."""
    errors = {"RNN-s": 0.05, "RML-s": 0.03, "RCS-s": 0.1, "DNN-s": float("nan")}
    rows = [
        {"dataset": i, "arm": arm, "anisotropy_lpf": value + 0.001 * i}
        for arm, value in errors.items()
        for i in range(2)
    ]
    reference = pd.DataFrame({"arm": ["RNN-s"], "measure": "lpf", "mean": 0.0479, "sd": 0.0222})
    frame = paper_frame(
        pd.DataFrame(rows), list(errors), reference=reference, bootstrap=Bootstrap(resamples=100)
    )
    truth = np.random.default_rng(1).random((7, 6, 5)) < 0.4
    known = np.array([0, 2, 6])
    wrong = truth.copy()
    wrong[4] = ~wrong[4]
    layers = showcase_layers(
        truth, GappedVolume(truth[known], known, 2.5, 0, 2.5, 3), {"RNN-s": Rebuilt(wrong)}
    )
    text = render_report(
        Page("T", tables={"table_S3": paper_table(frame, name="S3")}, layers=layers)
    )
    folder = tmp_path_factory.mktemp("page")
    page = folder / "page.html"
    text = text.replace("<style>", WATCH + "<style>", 1).replace("</body>", USE + "</body>")
    page.write_text(text, encoding="utf-8")
    options = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
    options += "--disable-background-networking --disable-component-update --disable-sync "
    options += f"--user-data-dir={folder / 'profile'} --dump-dom"
    command = [str(BROWSER), *options.split(), page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    return json.loads(found[1])


def test_nothing_fails(seen):
    """No script of the page stops with an error."""
    assert seen["problems"] == []
    assert seen["contents"] == ["#showcase", "#tables"]


def test_the_slider_walks_through_the_layers(seen):
    """It begins in the widest gap, at layer 4 of 7, the second of the second row of 3 × 3."""
    assert seen["first"] == ["layer 4: missing, nearest slice at a distance of 2", "50% 50%"]
    assert seen["captions"][0] == ["Truth", "Slices", "RNN-s: 100.0 %"]
    assert seen["moved"] == ["layer 2: a slice lies here", "100% 0%"]
    assert seen["captions"][1] == ["Truth", "Slices", "RNN-s: 0.0 %"]
    assert seen["hidden"] is True


def test_the_papers_values_come_on_demand(seen):
    """They are hidden at first, and shown by the switch."""
    assert seen["paper"] == ["none", "table-cell"]


def test_a_heading_sorts_its_column(seen):
    """Rising, then falling; what is undefined stays last."""
    assert [text[:6] for text in seen["unsorted"]] == ["0.0505", "0.0305", "0.1005", "–"]
    assert [text[:6] for text in seen["rising"]] == ["0.0305", "0.0505", "0.1005", "–"]
    assert [text[:6] for text in seen["falling"]] == ["0.1005", "0.0505", "0.0305", "–"]
