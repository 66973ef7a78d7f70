"""The set-up code: the person who reads it on the server's terminal may become the first owner."""

import threading

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.engine import read_only_session
from hub.models import User
from hub.security import one_time_codes
from hub.security.rights import is_owner

PURPOSE, SUBJECT = "set-up", "hub"
MAX_WRONG_GUESSES = 10


class SetupCode:
    """The code of this process, of which only a hash is kept; it is void after a few guesses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hash = ""
        self._guesses_left = 0

    def issue(self) -> str:
        """Return a new code in groups; the one before is no longer valid."""
        code = one_time_codes.generate()
        with self._lock:
            self._hash = one_time_codes.hash_code(PURPOSE, SUBJECT, code)
            self._guesses_left = MAX_WRONG_GUESSES
        return code

    @property
    def is_valid(self) -> bool:
        """Return whether there is a code that may still be tried."""
        return bool(self._hash) and self._guesses_left > 0

    def check(self, text: str) -> bool:
        """Return whether a text is the code; a wrong one uses up a guess."""
        with self._lock:
            if not self.is_valid:
                return False
            if one_time_codes.is_right(self._hash, PURPOSE, SUBJECT, text):
                return True
            self._guesses_left -= 1
            return False

    def withdraw(self) -> None:
        """End the validity of the code."""
        with self._lock:
            self._hash = ""


def init_app(app: Flask) -> None:
    """Give the application a place for its code."""
    app.extensions["setup_code"] = SetupCode()


def get_setup_code() -> SetupCode:
    """Return the code of this application."""
    code: SetupCode = current_app.extensions["setup_code"]
    return code


def owner_exists() -> bool:
    """Return whether the hub has an owner; once there is one, there always is."""
    if not current_app.extensions.get("has_owner"):
        with read_only_session() as session:
            current_app.extensions["has_owner"] = bool(list_owners(session, at_most=1))
    return bool(current_app.extensions["has_owner"])


def list_owners(session: Session, *, at_most: int) -> list[User]:
    """Return active owners, those who were added first before others."""
    query = select(User).where(User.active, is_owner()).order_by(User.id)
    return list(session.scalars(query.limit(at_most)))
