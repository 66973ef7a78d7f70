// Settings and account: offer the time zone of this browser first, show the fields that apply.
"use strict";
const zones = document.getElementById("zone-list");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zones && here) {
  const option = document.createElement("option");
  option.value = here;
  option.textContent = `${here} (${zones.dataset.here})`;
  zones.prepend(option);
}

const value = (form, name) => {
  const field = form.elements.namedItem(name);
  if (!field) return "";
  if (field.type === "checkbox") return field.checked ? "True" : "False";
  return field.value;
};
const showFields = (form) => {
  for (const field of form.querySelectorAll("[data-only-if]")) {
    const needed = Object.entries(JSON.parse(field.dataset.onlyIf));
    const applies = needed.every(([name, wanted]) => wanted.includes(value(form, name)));
    field.hidden = !applies && !field.querySelector(".wrong");
  }
};
document.addEventListener("change", (event) => {
  if (event.target.form) showFields(event.target.form);
});
