"""Record the responses of a source as files without secrets, to build stand-ins or tests.

Only credentials are masked. Names, amounts and addresses of documents stay as the source has them.
"""

import json
import re
from pathlib import Path
from typing import Any

from flask import current_app
from requests.structures import CaseInsensitiveDict

from hub.context import mask_secrets
from hub.http.exchange import HttpResponse
from hub.http.response import MaskedCall

EXTENSION = "hub.recorder"
# Headers of a response that a client of the source may depend on.
RECORDED_HEADERS = ("Content-Type", "Link", "Retry-After", "ETag", "Location")
NO_NAME = re.compile(r"[^a-z0-9]+")
MAX_NAME_LENGTH = 40


class Recorder:
    """Write one file for each response, numbered in the order of the calls."""

    def __init__(self, folder: Path) -> None:
        """Record into a folder, which is created."""
        self.folder = folder
        self.count = 0
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, call: MaskedCall, url: str, response: HttpResponse) -> None:
        """Write a call and its response as JSON; a body that is no text has a file of its own."""
        self.count += 1
        path = NO_NAME.sub("-", call.path.lower()).strip("-")[:MAX_NAME_LENGTH].strip("-")
        name = f"{self.count:03}-{call.method.lower()}-{path or 'root'}"
        headers = CaseInsensitiveDict(response.headers)
        record: dict[str, Any] = {
            "method": call.method,
            "url": _clean(call, url),
            "status": response.status,
            "headers": {
                header: _clean(call, headers[header])
                for header in RECORDED_HEADERS
                if header in headers
            },
        }
        record |= self._record_body(call, name, response.body)
        text = json.dumps(record, ensure_ascii=False, indent=2)
        (self.folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")

    def _record_body(self, call: MaskedCall, name: str, body: bytes) -> dict[str, Any]:
        """Return the body as JSON or text; store any other one and return the name of its file."""
        try:
            text = _clean(call, body.decode())
        except UnicodeDecodeError:
            (self.folder / f"{name}.bin").write_bytes(body)
            return {"file": f"{name}.bin"}
        try:
            return {"json": json.loads(text)}
        except (ValueError, RecursionError):
            return {"text": text}


def start(folder: Path) -> Recorder:
    """Record every response of sources to this process from now on."""
    recorder = Recorder(folder)
    current_app.extensions[EXTENSION] = recorder
    return recorder


def note(call: MaskedCall, url: str, response: HttpResponse) -> None:
    """Record a response, if responses are recorded."""
    recorder: Recorder | None = current_app.extensions.get(EXTENSION)
    if recorder is not None:
        recorder.write(call, url, response)


def _clean(call: MaskedCall, text: str) -> str:
    """Return a text without the secrets of the call, and those that the hub knows of."""
    return mask_secrets(call.clean(text))
