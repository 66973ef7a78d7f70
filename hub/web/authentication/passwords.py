"""Apply the hub's rules for passwords to the forms of Flask-Security."""

from typing import Any

from flask import Flask
from flask_security import PasswordUtil

from hub.security import passwords
from hub.translations.messages import translate


class HubPasswords(PasswordUtil):
    """Check and normalize the passwords that people type into forms of Flask-Security."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)

    def normalize(self, password: str) -> str:
        """Return the form that is hashed; raise Refused for a text that is never hashed."""
        passwords.require_hashable(password)
        return passwords.normalize(password)

    def validate(
        self, password: str, is_register: bool, **details: Any
    ) -> tuple[list[str] | None, str]:
        """Return the reasons why this cannot be a new password, and its normalized form."""
        passwords.require_hashable(password)
        user = details.get("user")
        name = user.name if user else ""
        reason = passwords.find_problem(password, name)
        if reason:
            return [translate(reason)], password
        return None, passwords.normalize(password)
