"""Log-ins to new hubs of the tests, done once for each worker and person, and then copied.

A log-in takes three requests and a dozen statements. What it leaves is the same in every hub that
starts with the same database: its rows, the head of the audit log and the cookies of the browser.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub.db import engine
from hub.testing.clock import START

MAX_AGE_SECONDS = 600.0  # the signature of a session's cookie is valid for thirty minutes
AUDIT_HEAD = "audit.head"


class LogIn(NamedTuple):
    """What a log-in left: the answer, the browser's cookies, and two files of the data folder."""

    answer: TestResponse
    token: str
    cookies: dict[Any, Any]
    database: bytes
    audit_head: bytes
    done_at: float


LOG_INS: dict[tuple[Path, str], LogIn] = {}


def is_new(app: Flask, client: FlaskClient, template: Path) -> bool:
    """Return whether nothing has happened to a hub since its database was copied."""
    shared = app.extensions["hub"]
    if client._cookies or shared.clock.now() != START or shared.clock.slept:
        return False
    data = shared.config.data
    if (data / AUDIT_HEAD).exists():
        return False
    return _database_of(app) == template.read_bytes()


def find(template: Path, name: str) -> LogIn | None:
    """Return the log-in of a person to such a hub, if it was done lately."""
    log_in = LOG_INS.get((template, name))
    if log_in is None or time.monotonic() - log_in.done_at > MAX_AGE_SECONDS:
        return None
    return log_in


def store(
    template: Path, name: str, app: Flask, client: FlaskClient, answer: TestResponse, token: str
) -> None:
    """Store what a log-in left."""
    head = app.extensions["hub"].config.data / AUDIT_HEAD
    LOG_INS[template, name] = LogIn(
        answer=answer,
        token=token,
        cookies=dict(client._cookies),
        database=_database_of(app),
        audit_head=head.read_bytes(),
        done_at=time.monotonic(),
    )


def put(app: Flask, client: FlaskClient, log_in: LogIn) -> None:
    """Give a new hub and a browser what a log-in left."""
    data = app.extensions["hub"].config.data
    with app.app_context():
        engine.db.engine.dispose()
    (data / "hub.db").write_bytes(log_in.database)
    (data / AUDIT_HEAD).write_bytes(log_in.audit_head)
    client._cookies.update(log_in.cookies)


def _database_of(app: Flask) -> bytes:
    """Return the database file of a hub with everything that was committed."""
    with app.app_context():
        engine.db.engine.dispose()  # also moves the write-ahead log into the database file
    path: Path = app.extensions["hub"].config.data / "hub.db"
    return path.read_bytes()
