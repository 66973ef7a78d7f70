// Settings and account: offer the time zone of this browser first.
"use strict";
const zones = document.getElementById("zone-list");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zones && here) {
  const option = document.createElement("option");
  option.value = here;
  option.textContent = `${here} (this browser)`;
  zones.prepend(option);
}
