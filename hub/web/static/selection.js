// Tick boxes: one with data-selects ticks all boxes of that name in its form, and follows them.
// An element with data-counts shows how many boxes of that name are ticked.
// One that only works with this script is hidden without it.
"use strict";
for (const box of document.querySelectorAll("[data-selects][hidden]")) box.hidden = false;
const count = () => {
  for (const place of document.querySelectorAll("[data-counts]")) {
    const boxes = document.querySelectorAll(`input[name="${place.dataset.counts}"]:checked`);
    place.textContent = boxes.length.toLocaleString(document.documentElement.lang);
  }
};
count();
document.addEventListener("change", count);
// A browser that goes back to a page ticks its boxes as they were left, and tells nobody.
addEventListener("pageshow", () => {
  const boxes = [...document.querySelectorAll("input[type=checkbox]")];
  const forms = boxes.filter((box) => box.form && box.checked !== box.defaultChecked)
    .map((box) => box.form);
  for (const form of new Set(forms)) form.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox" || !box.form) return;
  const named = (name) => [...box.form.elements].filter((one) => one.name === name);
  if (box.dataset.selects) {
    for (const one of named(box.dataset.selects)) one.checked = box.checked;
    return;
  }
  const all = [...box.form.elements].find((one) => one.dataset.selects === box.name);
  if (all) all.checked = named(box.name).every((one) => one.checked);
}, true);
