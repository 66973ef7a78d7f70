"""A visitor of the pages who logs in, opens pages and submits forms without JavaScript."""

import contextvars
import dataclasses
import hashlib
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import Cookie, TestResponse

from hub.context import get_hub
from hub.db import engine
from hub.models import AuditEntry
from hub.testing.clock import FakeClock
from tests.support.pages.page_texts import compact
from tests.support.rows.page_rows import PASSWORD, Story
from tests.support.runs.prepared_state import read_database

TOKEN = re.compile(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"')

SHOWN_CHANGES = re.compile(r'name="shown" value="([^"]+)"')

# By secret key: cookie and token of a log-in form, and when it was opened. Every hub with that key
# takes them for an hour.
LOG_IN_FORMS: dict[str, tuple[str, str, float]] = {}
MAX_FORM_AGE = 1800  # seconds


class LoggedIn(NamedTuple):
    """A hub's database and the cookies of its only visitor, who has just logged in."""

    database: bytes
    cookies: dict[tuple[str, str, str], Cookie]


# By everything that the result of a log-in depends on. Most tests begin with one of a few log-ins.
LOGGED_IN: dict[Any, LoggedIn] = {}
MAX_LOG_INS = 60  # that are stored, a quarter of a megabyte each


class SeparateClient(FlaskClient):
    """A client whose requests share no context with the test, as those of a real browser."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        if options.setdefault("buffered", True):
            return contextvars.Context().run(super().open, *args, **options)
        return super().open(*args, **options)  # the test reads the body in its own context


class Visitor:
    """The browser of one person."""

    def __init__(self, app: Flask, story: Story) -> None:
        self.app, self.story = app, story
        self.client = SeparateClient(app, app.response_class)
        self._token = ""
        self._name = ""
        self.url = ""
        self.quickbooks: Any = None
        self.costtracker: dict[str, Any] = {}

    def log_in(self, name: str, password: str = PASSWORD, next: str = "/login") -> TestResponse:
        """Log in as one of the people in the database, using the form at an address."""
        self._token = self._open_log_in_form()
        return self._submit_log_in(name, password, next)

    def _submit_log_in(self, name: str, password: str = PASSWORD, next: str = "/login") -> Any:
        values = {"email": name, "password": password, "csrf_token": self._token}
        answer = self.client.post(next, data=values)
        if self._name not in ("", name):  # the token of the form was that of somebody else
            self._token = self._read_token(self.client.get("/password", follow_redirects=True).text)
        self._name = name
        return answer

    def enter(self, name: str) -> None:
        """Log in as the first visitor of a hub.

        A hub that equals an earlier one takes over the database and the cookies that a log-in left
        there.
        """
        self._token = self._open_log_in_form()
        key = self._key_of_log_in(name)
        if key in LOGGED_IN:
            path, (database, cookies) = self._database_file(), LOGGED_IN[key]
            path.write_bytes(database)
            self.client._cookies = {**cookies}
            self._name = name
            self.app.extensions["has_owner"] = True  # which a log-in has looked up
            return
        assert self._submit_log_in(name).status_code == 302
        if key is not None:
            self._store_log_in(key)

    def _store_log_in(self, key: Any) -> None:
        if len(LOGGED_IN) >= MAX_LOG_INS:
            LOGGED_IN.clear()
        with self.app.app_context():
            database = read_database(self._database_file())
        LOGGED_IN[key] = LoggedIn(database, {**self.client._cookies})

    def _key_of_log_in(self, name: str) -> Any:
        """Return what the result of a log-in depends on; None if that is not known."""
        hub = get_hub(self.app)
        path = self._database_file()
        if type(hub.clock) is not FakeClock or path.name != "hub.db":
            return None
        with self.app.app_context():
            database = read_database(path)
        if path.with_name("hub.db-wal").exists():
            return None  # a connection is in use
        settings = dataclasses.replace(hub.config, data=Path(), database_url="")
        passed = hub.clock.now(), hub.clock.monotonic(), (*hub.clock.slept,)
        browser = (*sorted(self.client.environ_base.items()),)
        rows = hashlib.sha256(database).digest()
        return name, self._token, settings, (*sorted(hub.plugins.apps),), passed, browser, rows

    def _database_file(self) -> Path:
        with self.app.app_context():
            return Path(engine.db.engine.url.database or "")

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

    def audit_entries(self, what: str) -> list[AuditEntry]:
        """Return the entries of the audit log about an action."""
        with self.app.app_context(), engine.read_only_session() as session:
            return list(session.scalars(select(AuditEntry).where(AuditEntry.what == what)))

    def row(self, model: type[Any], key: Any) -> Any:
        """Return a row with its current values."""
        with self.app.app_context(), engine.read_only_session() as session:
            return session.get_one(model, key)
