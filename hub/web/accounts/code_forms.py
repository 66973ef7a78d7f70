"""The forms in which somebody who cannot log in sets a password with a code from a mail."""

from collections.abc import Callable
from typing import TypeVar

from flask import request
from sqlalchemy.orm import Session

from hub.db.engine import transaction
from hub.errors import Refused
from hub.security import passwords
from hub.translations.messages import gettext
from hub.web.authentication import throttling

Row = TypeVar("Row")


def read_new_password() -> str:
    """Return the password of the form; raise Refused if it was typed in two ways."""
    password = request.form.get("password", "")
    passwords.require_hashable(password)
    if password != request.form.get("password_again", ""):
        raise Refused(gettext("The two passwords differ."))
    return password


def check_code(
    secret: str, name: str, check: Callable[[Session, str, str], Row | None]
) -> Row | None:
    """Return the row that `check` finds for the name and the code of the form.

    None is a wrong code, which counts as a wrong guess of this secret.
    """
    with throttling.begin_guess(secret, throttling.name_subject(None, name)) as guess:
        with transaction() as session:
            row = check(session, name, request.form.get("code", ""))
        if row is not None:
            guess.succeed()
    return row
