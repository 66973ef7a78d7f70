"""A program that calls the JSON API with a token of a person."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from hub.db.engine import transaction
from hub.security import api_tokens, people

PREFIX = "/api/v1"


class ApiClient:
    """A program with an API token."""

    def __init__(self, app: Flask, token: str) -> None:
        self.app, self.token = app, token
        self._client = app.test_client()

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
