"""A program that calls the JSON API with a token of a person."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.test import TestResponse

import hub
from hub.db.engine import transaction
from hub.security import api_tokens, people
from tests.support.pages.page_visitor import SeparateClient

PREFIX = "/api/v1"
CALL = re.compile(
    r"^\$ curl (?:-X (\w+) )?-H \"Authorization[^\"]+\"(?: -H \"[^\"]+\")?(?: -d '([^']+)')?"
    r" \"?https://hub\.example\.com(/api/v1/[^\s\"]*)\"?$",
    re.MULTILINE,
)


class DocumentedCall(NamedTuple):
    """A call that the page about the API shows."""

    method: str
    path: str
    body: Any


def documented_calls() -> dict[str, list[DocumentedCall]]:
    """Return the calls of the page about the API by the heading that they stand below."""
    text = (Path(hub.__file__).parents[1] / "docs" / "api.md").read_text()
    calls = {}
    for section in re.split(r"^#+ ", text, flags=re.MULTILINE):
        heading, _, content = section.partition("\n")
        calls[heading] = [
            DocumentedCall(method or "GET", path, json.loads(body) if body else None)
            for method, body, path in CALL.findall(content)
        ]
        assert len(calls[heading]) == content.count("$ curl"), heading
    return calls


class ApiClient:
    """A program with an API token."""

    def __init__(self, app: Flask, token: str) -> None:
        self.app, self.token = app, token
        self._client = SeparateClient(app, app.response_class)

    @classmethod
    def of(cls, app: Flask, name: str, *scopes: str, **options: Any) -> "ApiClient":
        """Create a token of a person; without scopes it has all."""
        with app.app_context(), transaction() as session:
            person = people.get(session, name)
            chosen = scopes or api_tokens.SCOPES
            label = f"of {name} {' '.join(chosen)}"
            token = api_tokens.create(session, person, label, chosen, who=name, **options)
        return cls(app, token)

    def call(self, method: str, path: str, json: Any = None, **query: Any) -> TestResponse:
        """Send a request."""
        headers = {"Authorization": f"Bearer {self.token}"}
        address = path if path.startswith(PREFIX) else PREFIX + path
        return self._client.open(
            address, method=method, json=json, query_string=query or None, headers=headers
        )

    def read(self, path: str, **query: Any) -> Any:
        """Return the content of an address, which must exist."""
        answer = self.call("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json
