"""The four roles, and the guard that refuses every route without a declared role."""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask_security import current_user

from hub.models import Installation, User
from hub.web import form_drafts

ROLES = ("viewer", "operator", "app-owner", "owner")  # each may do what those before it may
PUBLIC = frozenset(
    {
        "static",
        "bootstrap.static",
        "frame.static",
        "security.static",
        "frame.htmx",
        "frame.favicon",
        "security.login",
    }
)
CHANGE_PASSWORD = "security.change_password"  # noqa: S105  (an endpoint, no secret)
SIGNED_IN = frozenset({"security.logout", CHANGE_PASSWORD})
View = TypeVar("View", bound=Callable[..., Any])


def needs(role: str) -> Callable[[View], View]:
    """Return a decorator that sets the least role of a view; "anyone" opens it to all."""

    def mark(view: View) -> View:
        cast(Any, view).needs = role
        return view

    return mark


def fresh(view: View) -> View:
    """Mark a view that asks for the password again if the log-in was some time ago.

    The guard of `hub.web.confirmation` asks, and carries the entered form on.
    """
    cast(Any, view).needs_confirmation = True
    return view


def required(app: Flask, endpoint: str) -> str | None:
    """Return the least role of an endpoint, "anyone", or None if none is set."""
    if endpoint in PUBLIC:
        return "anyone"
    return (
        "viewer" if endpoint in SIGNED_IN else getattr(app.view_functions[endpoint], "needs", None)
    )


def role_of(person: User) -> str:
    """Return the highest role of a person, "" for none."""
    names = {role.name for role in person.roles}
    for name in reversed(ROLES):
        if name in names:
            return name
    return ""


def role() -> str:
    """Return the highest role of the person who is logged in, "" for nobody."""
    return role_of(current_user) if current_user.is_authenticated else ""


def who() -> str:
    """Return the name of the person who is logged in, as the audit log has it."""
    if not current_user.is_authenticated:
        return ""
    return str(current_user.username or current_user.email)


def may(least: str) -> bool:
    """Tell whether the person who is logged in has at least this role."""
    present = role()
    if not present:
        return False
    return ROLES.index(present) >= ROLES.index(least)


def may_configure(installation: Installation | None, owner_only: bool) -> bool:
    """Tell whether the person may change these settings.

    An app owner may change their own; an owner all that are not personal.
    """
    if installation is None or installation.owner in ("", who()):
        return may("app-owner")
    return may("owner") and not owner_only


def init_app(app: Flask) -> None:
    """Check the permission of every request."""
    app.before_request(_guard)


def _guard() -> Any:
    if request.endpoint is None:
        return None
    least = required(current_app, request.endpoint)
    if least == "anyone":
        return None
    if least is None:
        abort(403)
    if not current_user.is_authenticated:
        return _to_login()
    return None if may(least) else abort(403)


def address_of_draft() -> str:
    """Store the form of a request that cannot be carried out now.

    Return the address that shows it again, "" for other requests.
    """
    keeps: Callable[..., set[str]] | None = getattr(
        current_app.view_functions.get(request.endpoint or ""), "secrets_of_form", None
    )
    if request.method != "POST" or keeps is None:
        return ""
    token = form_drafts.save_posted(keeps(**(request.view_args or {})))
    return f"{request.path}?{urlencode({'draft': token})}" if token else ""


def keeps_form(secrets_of_form: Callable[..., set[str]]) -> Callable[[View], View]:
    """Mark a view whose form is shown again after an expired session.

    The function names its secret fields.
    """

    def mark(view: View) -> View:
        cast(Any, view).secrets_of_form = secrets_of_form
        return view

    return mark


def _to_login() -> Response:
    """Redirect to the log-in page and come back afterwards.

    htmx gets its own header, because it would put the log-in page into the part that it renews.
    """
    next_page = request.full_path.rstrip("?")
    if request.method != "GET":
        next_page = address_of_draft() or "/"
    answer = redirect(url_for("security.login", next=next_page))
    if request.headers.get("HX-Request"):
        answer = Response("", headers={"HX-Redirect": answer.location})
    return cast(Response, answer)
