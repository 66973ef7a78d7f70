"""Ask for the password again before an act that an unwatched browser must not be enough for."""

from typing import Any

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, url_for
from flask_security import current_user, logout_user, verify_password
from werkzeug import Response

from hub.db.engine import transaction
from hub.security import login_sessions
from hub.web import access, sessions, throttling
from hub.web.access import OWN, needs
from hub.web.headers import csrf

PASSWORD = "confirm_password"  # noqa: S105 (the name of a field)
OWN_FIELDS = ("csrf_token", PASSWORD)
SECRET_WORDS = ("password", "secret", "token")  # in the names of fields
pages = Blueprint("confirmation", __name__)


def init_app(app: Flask) -> None:
    """Check every request to a view that is marked with `access.fresh`."""
    app.before_request(_check)


def _check() -> Any:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "needs_confirmation", False):
        return ask()
    return None


def ask() -> Any:
    """Return the page that asks for the password; None if the person confirmed it recently.

    The page sends the form of this request again, together with the password. A form with secrets
    is not repeated on a page: the browser returns to its page after the password. With
    `access.keeps_form` that page shows everything else that was entered.
    """
    row = sessions.current_row()
    if row is None or login_sessions.is_confirmed(row):
        return None
    if request.method != "POST":
        return _redirect(request.full_path.rstrip("?"))
    _require_csrf_token()
    problem = ""
    if PASSWORD in request.form:
        problem = _confirm(row.id)
        if not problem:
            return None
        if sessions.current_row() is None:
            return redirect(url_for("security.login"))
    form_page = access.address_of_draft()
    cannot_be_repeated = request.files or request.headers.get("HX-Request") or _has_secret()
    if form_page or cannot_be_repeated:
        return _redirect(form_page or _page_before())
    entries = request.form.items(multi=True)
    fields = [(name, value) for name, value in entries if name not in OWN_FIELDS]
    return render_template("confirm.html", action=request.path, fields=fields, problem=problem)


@pages.get("/confirm")
@needs("viewer", of=OWN)
def show() -> str:
    """Ask for the password before a page."""
    action = url_for("confirmation.check", next=request.args.get("next", "/"))
    return render_template("confirm.html", action=action, fields=[], problem="")


@pages.post("/confirm")
@needs("viewer", of=OWN)
def check() -> str | Response:
    """Check the password and go on to the page that needs it."""
    destination = access.local_path(request.args.get("next", "/"))
    row = sessions.current_row()
    if row is None:
        return redirect(url_for("security.login"))
    problem = _confirm(row.id)
    if not problem:
        return redirect(destination)
    if sessions.current_row() is None:
        return redirect(url_for("security.login"))
    action = url_for("confirmation.check", next=destination)
    return render_template("confirm.html", action=action, fields=[], problem=problem)


def _confirm(session_id: int) -> str:
    """Check the password of the form; return what is wrong with it, "" for nothing.

    Too many wrong ones end the session: then the log-in with its own limit comes first.
    """
    normalize = current_app.extensions["security"].password_util.normalize
    password = normalize(request.form.get(PASSWORD, ""))
    guess = throttling.begin_guess("password", throttling.subject_of(current_user, ""))
    is_right = verify_password(password, current_user.password)
    if is_right:
        guess.succeed()
    with transaction() as write:
        if is_right:
            login_sessions.confirm(write, session_id)
            is_over = False
        else:
            is_over = login_sessions.note_failure(write, session_id)
    sessions.forget_row()
    if is_right:
        return ""
    if is_over:
        logout_user()
        flash("Too many wrong passwords. Log in again.", "error")
    return "The password is not right. Try again."


def _require_csrf_token() -> None:
    """Refuse a form of another site before any of its fields is repeated on our page."""
    if current_app.config.get("WTF_CSRF_ENABLED", True):
        csrf.protect()


def _has_secret() -> bool:
    """Tell whether something secret was entered into the form."""
    for name, value in request.form.items():
        if value and name not in OWN_FIELDS and any(word in name for word in SECRET_WORDS):
            return True
    return False


def _redirect(destination: str) -> Response:
    """Send the browser to the page that asks, which leads on to the destination."""
    answer = redirect(url_for("confirmation.show", next=destination))
    if request.headers.get("HX-Request"):
        answer = current_app.response_class("", headers={"HX-Redirect": answer.location})
    return answer


def _page_before() -> str:
    """Return the path of the page that sent this form, as far as the browser tells."""
    referrer = request.referrer or ""
    own = request.host_url
    return "/" + referrer.removeprefix(own) if referrer.startswith(own) else "/"
