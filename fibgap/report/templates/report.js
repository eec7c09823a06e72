"use strict";
// The page is complete without this script: it adds what reacts.

// Contents from the headings.
const contents = document.querySelector("nav");
for (const section of document.querySelectorAll("main > section")) {
  const link = document.createElement("a");
  link.href = "#" + section.id;
  link.textContent = section.querySelector("h2").textContent;
  contents.append(link);
}

// The paper's values on demand.
const paper = document.getElementById("paper");
if (paper && document.querySelector("#tables .paper")) {
  paper.closest(".switch").hidden = false;
  const show = () => document.getElementById("tables").classList.toggle("brief", !paper.checked);
  paper.addEventListener("change", show);
  show();
}

// A click on the heading of a column sorts its table, a second one the other way round.
const value = (row, column) => {
  const text = row.cells[column].textContent.replace("−", "-");
  const found = text.match(/-?\d[\d.]*/);
  return found && !/^[A-Za-z]/.test(text.trim()) ? Number(found[0]) : text.trim();
};
for (const table of document.querySelectorAll("table.sortable")) {
  // Of a double heading the label spans both rows; the titles of groups sort nothing.
  const [top, bottom] = table.tHead.rows;
  const heads = bottom ? [top.cells[0], ...bottom.cells] : [...top.cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const undefinedLast = (x) => (x === "–" ? 1 : 0);
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        if (undefinedLast(x) !== undefinedLast(y)) return undefinedLast(x) - undefinedLast(y);
        const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    });
  });
}

// The showcase layer by layer: every arm is one sheet of pictures, of which one is seen.
const layers = document.getElementById("layers");
if (layers) {
  const data = JSON.parse(layers.querySelector("script").textContent);
  const slider = layers.querySelector("input[type=range]");
  const pictures = data.pictures.map((picture) => {
    const figure = document.createElement("figure");
    const view = document.createElement("div");
    const caption = document.createElement("figcaption");
    view.setAttribute("role", "img");
    view.style.backgroundImage = `url(${picture.sheet})`;
    view.style.backgroundSize = `${100 * data.columns}% ${100 * data.rows}%`;
    view.style.aspectRatio = data.aspect.join(" / ");
    figure.append(caption, view);
    layers.querySelector(".sheets").append(figure);
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => {
      figure.hidden = !box.checked;
      const surface = document.querySelector(`[data-picture="${CSS.escape(picture.name)}"]`);
      if (surface) surface.hidden = !box.checked;
    });
    label.append(box, " " + picture.name);
    layers.querySelector("fieldset").append(label);
    return { ...picture, view, caption };
  });
  const ticks = document.createElement("datalist");
  ticks.id = "slices";
  data.known.forEach((known, layer) => { if (known) ticks.append(new Option("", layer)); });
  slider.after(ticks);
  slider.setAttribute("list", ticks.id);
  const at = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0) + "%";
  const show = () => {
    const layer = Number(slider.value);
    const state = data.known[layer] ? "a slice lies here" : `missing, nearest slice at a distance of ${data.away[layer]}`;
    layers.querySelector("output").textContent = `layer ${data.first + layer}: ${state}`;
    const [row, column] = [Math.floor(layer / data.columns), layer % data.columns];
    for (const { name, misclassified, view, caption } of pictures) {
      view.style.backgroundPosition = `${at(column, data.columns)} ${at(row, data.rows)}`;
      const share = misclassified && misclassified[layer] !== null ? `${misclassified[layer].toFixed(1)} %` : "";
      caption.textContent = share ? `${name}: ${share}` : name;
      view.setAttribute("aria-label", `${name}, layer ${data.first + layer}${share && `, ${share} misclassified`}`);
    }
  };
  slider.value = data.away.indexOf(Math.max(...data.away));
  slider.addEventListener("input", show);
  layers.hidden = false;
  show();
}
