// Create and use passkeys: a form marked with data-passkey is sent with the response of the device.
"use strict";

function toBytes(text) {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}

function toText(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte));
  return btoa(letters.join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function readOptions(options) {
  const key = options.publicKey;
  key.challenge = toBytes(key.challenge);
  if (key.user) {
    key.user.id = toBytes(key.user.id);
  }
  for (const list of [key.excludeCredentials, key.allowCredentials]) {
    for (const credential of list || []) {
      credential.id = toBytes(credential.id);
    }
  }
  return { publicKey: key };
}

function writeCredential(credential) {
  const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) {
      response[name] = toText(credential.response[name]);
    }
  }
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: {},
  });
}

async function run(form) {
  const token = form.querySelector("[name=csrf_token]").value;
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": token },
  });
  if (answer.redirected) {
    window.location.assign(answer.url); // the page that asks who it is, or the log-in
    return;
  }
  if (!answer.ok) {
    throw new Error(form.dataset.outdated);
  }
  const options = readOptions(await answer.json());
  const isNew = form.dataset.passkey === "create";
  const device = navigator.credentials;
  const credential = isNew ? await device.create(options) : await device.get(options);
  form.querySelector("[data-credential]").value = writeCredential(credential);
  form.submit();
}

function prepare(form) {
  const problem = form.querySelector("[data-problem]");
  form.hidden = false;
  form.querySelector(".btn-primary")?.focus();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.textContent = "";
    run(form).catch((error) => {
      const texts = { NotAllowedError: form.dataset.unused, SecurityError: form.dataset.misplaced };
      problem.textContent = texts[error.name] || error.message;
    });
  });
}

if (window.PublicKeyCredential) {
  document.querySelectorAll("form[data-passkey]").forEach(prepare);
}
