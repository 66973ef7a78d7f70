// A tick box with data-selects ticks all boxes of that name in its form. It is ticked itself while
// all of them are, and hidden in browsers without scripts.
// An element with data-counts shows how many boxes of that name are ticked.
"use strict";
for (const box of document.querySelectorAll("[data-selects][hidden]")) box.hidden = false;
const count = () => {
  for (const counter of document.querySelectorAll("[data-counts]")) {
    const boxes = document.querySelectorAll(`input[name="${counter.dataset.counts}"]:checked`);
    counter.textContent = boxes.length.toLocaleString(document.documentElement.lang);
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
  const boxesOf = (name) => [...box.form.elements].filter((element) => element.name === name);
  if (box.dataset.selects) {
    for (const other of boxesOf(box.dataset.selects)) other.checked = box.checked;
    return;
  }
  const selectsAll = [...box.form.elements].find((element) => element.dataset.selects === box.name);
  if (selectsAll) selectsAll.checked = boxesOf(box.name).every((other) => other.checked);
}, true);
