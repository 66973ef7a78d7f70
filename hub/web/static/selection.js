// A tick box with data-selects ticks all boxes of that name in its table. It is ticked itself while
// all of them are, and hidden in browsers without scripts.
// An element with data-counts shows how many boxes of that name are ticked.
// A link with data-carries, to another page of the list, takes along which boxes of that name are.
"use strict";
const MAX_CARRIED = 300; // as many as the hub reads; an address cannot be of any length
for (const box of document.querySelectorAll("[data-selects][hidden]")) box.hidden = false;
const count = () => {
  for (const counter of document.querySelectorAll("[data-counts]")) {
    const boxes = document.querySelectorAll(`input[name="${counter.dataset.counts}"]:checked`);
    counter.textContent = boxes.length.toLocaleString(document.documentElement.lang);
  }
};
count();
document.addEventListener("change", count);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-carries]");
  if (!link) return;
  const boxes = document.querySelectorAll(`input[name="${link.dataset.carries}"]:checked`);
  const values = [...boxes].slice(0, MAX_CARRIED).map((box) => box.value);
  const address = new URL(link.href);
  address.searchParams.delete("ticked");
  if (values.length) address.searchParams.set("ticked", values.join(","));
  link.href = address;
});
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
  const isBeside = (element) => element.closest("table") === box.closest("table");
  const boxesOf = (name) => [...box.form.elements].filter((element) => element.name === name)
    .filter(isBeside);
  if (box.dataset.selects) {
    for (const other of boxesOf(box.dataset.selects)) other.checked = box.checked;
    return;
  }
  const selectsAll = [...box.form.elements].filter(isBeside)
    .find((element) => element.dataset.selects === box.name);
  if (selectsAll) selectsAll.checked = boxesOf(box.name).every((other) => other.checked);
}, true);
