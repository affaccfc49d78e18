"use strict";
const form = document.querySelector("form");
const rows = [...document.querySelectorAll("tbody tr")];
const texts = rows.map((row) => (row.textContent + " " + row.dataset.keys).toLowerCase());
const lines = [...document.querySelectorAll("svg .line")];
const nodes = [...document.querySelectorAll("svg .node")];
const fields = [...form.querySelectorAll("select")].map((select) => select.name);

function shows(row, index, state) {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  return words.every((word) => texts[index].includes(word))
    && fields.every((field) => !state[field] || row.dataset[field] === state[field])
    && (!state.warned || row.classList.contains("warned"));
}

function apply() {
  const state = Object.fromEntries(fields.map((field) => [field, form.elements[field].value]));
  state.q = form.elements.q.value;
  state.warned = form.elements.warned.checked;
  const kept = new Set();
  rows.forEach((row, index) => {
    row.hidden = !shows(row, index, state);
    if (!row.hidden) kept.add(row.id);
  });
  const live = new Set();
  lines.forEach((line) => {
    const on = kept.has("row-" + line.dataset.row);
    line.classList.toggle("off", !on);
    if (on) document.getElementById("row-" + line.dataset.row).dataset.keys.split(" ").forEach((key) => live.add(key));
  });
  nodes.forEach((node) => node.classList.toggle("off", !live.has(node.dataset.key)));
  const warned = rows.filter((row) => !row.hidden && row.classList.contains("warned")).length;
  document.getElementById("count").textContent =
    kept.size + " of " + rows.length + " entries shown, " + warned + " with warnings";
  const query = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
  history.replaceState(null, "", "#" + query.toString());
}

function fill(query) {
  form.elements.q.value = query.get("q") || "";
  fields.forEach((field) => { form.elements[field].value = query.get(field) || ""; });
  form.elements.warned.checked = query.has("warned");
  apply();
}

function read() {
  fill(new URLSearchParams(location.hash.slice(1)));
}

function sort(head, index) {
  const down = head.getAttribute("aria-sort") === "ascending";
  document.querySelectorAll("thead th").forEach((other) => other.setAttribute("aria-sort", "none"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = (row) => row.children[index].textContent;
  const sorted = [...rows].sort((a, b) => value(a).localeCompare(value(b)) * (down ? -1 : 1));
  document.querySelector("tbody").append(...sorted);
}

form.addEventListener("input", apply);
form.addEventListener("change", apply);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
  event.preventDefault();
  fill(new URLSearchParams());
});
window.addEventListener("hashchange", read);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/INPUT|SELECT/.test(document.activeElement.tagName)) {
    event.preventDefault();
    form.elements.q.focus();
  } else if (event.key === "Escape") {
    fill(new URLSearchParams());
  }
});
document.querySelectorAll("thead th").forEach((head, index) =>
  head.querySelector("button").addEventListener("click", () => sort(head, index)));
read();
