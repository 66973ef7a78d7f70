// A form is sent once: a second press is ignored while the answer to the first one is awaited.
"use strict";
const RELEASE_AFTER_MS = 5000; // then a request that was stopped in the browser can be repeated
let awaited = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[method=post]")) return;
  if (awaited.has(form)) {
    event.preventDefault();
    return;
  }
  awaited.add(form);
  setTimeout(() => awaited.delete(form), RELEASE_AFTER_MS);
});
// A page that comes back from the history of the browser waits for no answer.
addEventListener("pageshow", () => { awaited = new WeakSet(); });
