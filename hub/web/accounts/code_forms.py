"""The forms in which somebody who cannot log in sets a password with a code."""

from collections.abc import Callable
from typing import TypeVar

from flask import request
from sqlalchemy.orm import Session

from hub.db.engine import transaction
from hub.errors import HubError, Refused
from hub.security import passwords
from hub.security.names import NameRefused
from hub.security.password_hashing import PasswordRefused
from hub.translations.messages import gettext, translate
from hub.web.authentication import throttling

Row = TypeVar("Row")


class WrongCode(Refused):
    """The code of a form is wrong, is no longer valid or belongs to another person."""


class PasswordsDiffer(Refused):
    """The new password of a form was typed in two ways."""

    def __init__(self) -> None:
        super().__init__(gettext("The two passwords differ."))


def locate_problem(error: HubError, name_field: str) -> dict[str, str]:
    """Return why a form was refused by the field in which it is corrected; "" is the whole form."""
    match error:
        case WrongCode():
            field = "code"
        case NameRefused():
            field = name_field
        case PasswordRefused():
            field = "password"
        case PasswordsDiffer():
            field = "password_again"
        case _:
            field = ""
    return {field: translate(error.sentence)}


def read_new_password() -> str:
    """Return the password of the form; raise PasswordsDiffer if it was typed in two ways."""
    password = request.form.get("password", "")
    passwords.require_hashable(password)
    if password != request.form.get("password_again", ""):
        raise PasswordsDiffer
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
