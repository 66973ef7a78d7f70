"""Cookies that outlast a session: their names, and those with a signed value."""

import datetime as dt
from typing import Any

from flask import Response, request
from itsdangerous import BadSignature, URLSafeSerializer

from hub.context import current_hub


def full_name(name: str) -> str:
    """Return the name of a cookie; over HTTPS its prefix binds the cookie to this host."""
    return f"__Host-{name}" if is_secure() else name


def is_secure() -> bool:
    """Return whether browsers call this hub over HTTPS only."""
    return current_hub().config.public_url.startswith("https://")


class SignedCookie:
    """A cookie whose value a browser can read, but not change."""

    def __init__(self, name: str, salt: str, max_age: dt.timedelta) -> None:
        self._name = name
        self._salt = salt
        self._max_age = max_age

    def read(self) -> Any:
        """Return the value that this request brings; None without one, or if it was changed."""
        text = request.cookies.get(full_name(self._name), "")
        try:
            return self._build_serializer().loads(text) if text else None
        except BadSignature:
            return None

    def set(self, response: Response, value: Any) -> Response:
        """Add the cookie to a response."""
        response.set_cookie(
            full_name(self._name),
            str(self._build_serializer().dumps(value)),
            max_age=self._max_age,
            secure=is_secure(),
            httponly=True,
            samesite="Lax",
        )
        return response

    def _build_serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(current_hub().config.secret_key, salt=self._salt)
