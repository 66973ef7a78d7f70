// Settings and account: offer the time zone of this browser first, show the fields that apply, and
// fold what a telephone has no room for.
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

// On a telephone the sections are folded that need nothing; a link to a section opens it.
const needsSomething = (section) => section.querySelector(".wrong, [autofocus]") !== null
  || [...section.querySelectorAll("[required]")].some((field) => !field.value);
const sections = [...document.querySelectorAll("details[data-section]")];
if (matchMedia("(max-width: 44rem)").matches) {
  for (const section of sections.slice(1)) section.open = needsSomething(section);
}
const openSection = (hash) => {
  const section = sections.find((one) => `#${one.id}` === hash);
  if (section) section.open = true;
};
openSection(location.hash);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link) openSection(link.hash);
});
