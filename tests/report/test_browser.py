"""The page in a real browser: the slider moves, a table sorts, nothing fails."""

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from fibgap.report.figures import Rebuilt, plot_surfaces, showcase_layers
from fibgap.report.page import Page, Picture, render_report
from fibgap.report.tables import paper_frame, paper_table
from fibgap.stack import GappedVolume
from fibgap.statistics import Bootstrap

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")

#: Runs before the page's own script.
WATCH = """<script>window.problems = []; onerror = (what) => { problems.push(what); };
onunhandledrejection = (event) => { problems.push(String(event.reason)); };</script>"""
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
const stage = $("#surfaces");
const canvas = $("#surfaces canvas");
const lit = () => {  // in how many pixels of each view a surface is seen
  const [whole, copy] = [canvas.getBoundingClientRect(), document.createElement("canvas")];
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  return [...document.querySelectorAll(".views div")].map((box) => {
    const place = box.getBoundingClientRect();
    if (!place.width) return 0;
    const at = [place.left - whole.left, place.top - whole.top, place.width, place.height];
    const { data } = context.getImageData(...at.map(Math.round));
    return data.filter((value, i) => i % 4 === 3 && value > 0).length;
  });
};
const finish = () => {
  seen.views = texts(document.querySelectorAll(".views figcaption"));
  seen.live = stage.classList.contains("live");
  if (seen.live) {
    seen.lit = lit();
    const before = canvas.toDataURL();
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    seen.turned = canvas.toDataURL() !== before;
    const press = () => canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    for (let i = 1; i < 36; i++) press();
    const around = lit();
    seen.roundTrip = seen.lit.map((count, i) => Math.abs(count - around[i]));
    const size = $("#surfaces input");
    size.value = 2;
    size.dispatchEvent(new Event("input"));
    seen.larger = lit();
    document.querySelectorAll("#layers fieldset input")[2].click();
    seen.hiddenView = document.querySelectorAll(".views figure")[1].hidden;
  }
  seen.problems = problems;
  document.body.append(Object.assign(document.createElement("pre"), {
    id: "seen", textContent: JSON.stringify(seen) }));
};
stage.scrollIntoView();
const began = Date.now();
const late = () => Date.now() - began > 60000;
const wait = () => ("ready" in stage.dataset || late() ? finish() : setTimeout(wait, 50));
wait();
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
    shown = truth, GappedVolume(truth[known], known, 2.5, 0, 2.5, 3), {"RNN-s": Rebuilt(wrong)}
    page = Page(
        "T",
        tables={"table_S3": paper_table(frame, name="S3")},
        layers=showcase_layers(*shown),
        surfaces=Picture(plot_surfaces(*shown), "Surfaces."),
    )
    text = render_report(page)
    folder = tmp_path_factory.mktemp("page")
    page = folder / "page.html"
    text = text.replace("<style>", WATCH + "<style>", 1).replace("</body>", USE + "</body>")
    page.write_text(text, encoding="utf-8")
    options = "--headless --no-sandbox --disable-dev-shm-usage --no-first-run "
    options += "--use-angle=swiftshader --enable-unsafe-swiftshader "  # WebGL without a card
    options += "--virtual-time-budget=100000 "
    options += "--disable-background-networking --disable-component-update --disable-sync "
    options += f"--user-data-dir={folder / 'profile'} --dump-dom"
    command = [str(BROWSER), *options.split(), page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
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


def test_surfaces_turn_together(seen):
    """Truth and arm have a view each; the arrow key turns both, 36 times ten degrees is once."""
    assert seen["live"]
    assert seen["views"] == ["Truth", "RNN-s"]
    assert min(seen["lit"]) > 1000
    assert seen["turned"]
    assert max(seen["roundTrip"]) <= 0.01 * min(seen["lit"])  # pixels at the edge of the surface
    assert all(
        large > 1.5 * small for large, small in zip(seen["larger"], seen["lit"], strict=True)
    )
    assert seen["hiddenView"] is True
