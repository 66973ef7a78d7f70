// Tick boxes: one with data-selects ticks all boxes of that name in its form, and follows them.
"use strict";
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox" || !box.form) return;
  const form = box.form;
  if (box.dataset.selects) {
    for (const one of form.querySelectorAll(`input[name="${box.dataset.selects}"]`)) {
      one.checked = box.checked;
    }
    return;
  }
  const all = form.querySelector(`input[data-selects="${box.name}"]`);
  if (all) {
    all.checked = [...form.querySelectorAll(`input[name="${box.name}"]`)].every((one) => one.checked);
  }
}, true);
