"""A visitor of the pages who logs in, opens pages and submits forms without JavaScript."""

import re
import time
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from hub.db import engine
from tests.support.pages.page_texts import compact
from tests.support.rows.page_rows import PASSWORD, Story

TOKEN = re.compile(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"')

SHOWN_CHANGES = re.compile(r'name="shown" value="([^"]+)"')

# By secret key: cookie and token of a log-in form, and when it was opened. Every hub with that key
# takes them for an hour.
LOG_IN_FORMS: dict[str, tuple[str, str, float]] = {}
MAX_FORM_AGE = 1800  # seconds


class Visitor:
    """The browser of one person."""

    def __init__(self, app: Flask, story: Story) -> None:
        self.app, self.story = app, story
        self.client = app.test_client()
        self._token = ""
        self._name = ""
        self.url = ""
        self.quickbooks: Any = None
        self.costtracker: dict[str, Any] = {}

    def log_in(self, name: str, password: str = PASSWORD, next: str = "/login") -> TestResponse:
        """Log in as one of the people in the database, using the form at an address."""
        self._token = self._open_log_in_form()
        values = {"email": name, "password": password, "csrf_token": self._token}
        answer = self.client.post(next, data=values)
        if self._name not in ("", name):  # the token of the form was that of somebody else
            self._token = self._read_token(self.client.get("/password", follow_redirects=True).text)
        self._name = name
        return answer

    def _open_log_in_form(self) -> str:
        """Return the token of the form; without cookies, take over a form opened before."""
        key, cookie_name = self.app.config["SECRET_KEY"], self.app.config["SESSION_COOKIE_NAME"]
        is_new = not self.client._cookies
        now = time.monotonic()
        if is_new and key in LOG_IN_FORMS:
            cookie, token, opened_at = LOG_IN_FORMS[key]
            if now - opened_at < MAX_FORM_AGE:
                self.client.set_cookie(cookie_name, cookie)
                return token
        token = self._read_token(self.client.get("/login").text)
        new_cookie = self.client.get_cookie(cookie_name)
        if is_new and new_cookie:
            LOG_IN_FORMS[key] = new_cookie.value, token, now
        return token

    def _read_token(self, page: str) -> str:
        """Return the token of the forms of a page."""
        match = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert match
        return match[1]

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def page(self, path: str) -> str:
        """Return a page, which must exist, without spaces that nobody sees; or a file as it is."""
        answer = self.get(path, follow_redirects=True)
        assert answer.status_code == 200, f"{path}: {answer.status}"
        return compact(answer.text) if answer.mimetype == "text/html" else answer.text

    def post(self, path: str, **form: Any) -> TestResponse:
        """Submit a form with the token of this session."""
        return self.client.post(path, data={"csrf_token": self._token, **form})

    def press(self, path: str, **form: Any) -> str:
        """Submit a form and return the resulting page."""
        answer = self.post(path, **form)
        return self.page(answer.location) if answer.status_code == 302 else compact(answer.text)

    def save(self, path: str, **form: Any) -> TestResponse:
        """Submit the settings form, and confirm it if the hub shows the changes first."""
        answer = self.post(path, **form)
        changes = SHOWN_CHANGES.search(answer.text)
        return self.post(path, **form, shown=changes[1]) if changes else answer

    def press_save(self, path: str, **form: Any) -> str:
        """Save settings and return the resulting page."""
        answer = self.save(path, **form)
        return self.page(answer.location) if answer.status_code == 302 else compact(answer.text)

    def approve(self, installation: int, which: str = "all", **chosen: Any) -> str:
        """Approve documents in review: open the confirmation, submit it, return the next page."""
        here = f"/installations/{installation}/review/approve"
        confirmation = self.get(here, query_string={"which": which, **chosen})
        if confirmation.status_code == 302:
            return self.page(confirmation.location)
        match = re.search(r'name="listed" value="([^"]+)"', confirmation.text)
        assert match, confirmation.text
        return self.press(here, listed=match[1])

    def row(self, model: type[Any], key: Any) -> Any:
        """Return a row with its current values."""
        with self.app.app_context(), engine.read_only_session() as session:
            return session.get_one(model, key)
