// Say beside a part of the page that htmx could not renew why, until it is renewed.
"use strict";
const unreachable = document.currentScript.dataset.unreachable;
const idOfMessage = (event) => `${event.detail.target.id}-not-renewed`;
const explain = (event) => {
  const id = idOfMessage(event);
  if (document.getElementById(id)) return; // read aloud once, however often it is tried
  const { target, xhr } = event.detail;
  const isText = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  const message = document.createElement("p");
  message.id = id;
  message.className = "wrong";
  message.setAttribute("role", "alert");
  message.textContent = isText ? xhr.responseText : unreachable;
  target.before(message);
};
document.addEventListener("htmx:responseError", explain);
document.addEventListener("htmx:sendError", explain);
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) document.getElementById(idOfMessage(event))?.remove();
});
