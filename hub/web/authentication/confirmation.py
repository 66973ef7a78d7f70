"""Ask people to confirm their identity before actions for which an open browser is not enough.

A person confirms with the password, a code of the authenticator app or a passkey.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_security import current_user, logout_user, verify_password
from werkzeug import Response

from hub.db.engine import read_only_session, transaction
from hub.models import LoginSession
from hub.security import login_sessions, provider_accounts, refusals, second_factor
from hub.translations.messages import gettext, gettext_noop
from hub.web.authentication import (
    access,
    expired_forms,
    identity_provider,
    passkeys,
    sessions,
    throttling,
)
from hub.web.authentication.access import OWN, require_role
from hub.web.request import destinations
from hub.web.request.headers import csrf

PASSWORD_FIELD = "confirm_password"  # noqa: S105 (the name of a field)
CODE_FIELD = "confirm_code"
CREDENTIAL_FIELD = "confirm_credential"
PROBLEM_TEXTS = {
    PASSWORD_FIELD: gettext_noop("The password is not right. Try again."),
    CODE_FIELD: gettext_noop("The code is wrong or was used already. Enter a new one."),
    CREDENTIAL_FIELD: gettext_noop(
        "This passkey did not confirm that it is you. Try again, or use another way."
    ),
}
OWN_FIELDS = ("csrf_token", *PROBLEM_TEXTS)
JSON = "application/json"
SECRET_WORDS = ("password", "secret", "token")  # in the names of fields
Fields = Sequence[tuple[str, str]]
pages = Blueprint("confirmation", __name__)


def init_app(app: Flask) -> None:
    """Check every request to a view that is marked with `access.require_recent_login`."""
    app.before_request(_check)


def _check() -> Any:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "needs_confirmation", False):
        return ask()
    return None


def ask(repeat: Callable[[], Fields | None] = lambda: None) -> Any:
    """Return the page that asks to confirm the identity; None if that was done recently.

    The page sends the form of this request again, together with the answer. A form with secrets is
    not repeated on a page: the browser returns to its page after the answer, and with
    `expired_forms.keep_form` that page shows everything else that was entered. A caller that
    stores the secrets elsewhere passes a function that returns the fields as `repeat`.
    """
    row = sessions.load_current_row()
    if row is None or login_sessions.is_confirmed(row):
        return None
    if request.method != "POST":
        return _redirect(destinations.current_address())
    _require_csrf_token()
    problem = ""
    if any(name in request.form for name in PROBLEM_TEXTS):
        problem = _confirm(row)
        if not problem:
            return None
        if sessions.load_current_row() is None:
            return redirect(url_for("security.login"))
    return _ask_before_repeating(repeat, problem)


def _ask_before_repeating(repeat: Callable[[], Fields | None], problem: str) -> Any:
    """Return the page that asks, with the fields that it sends again, or lead back to the form."""
    fields = repeat()
    if fields is None:
        form_page = expired_forms.store_draft()
        if form_page:
            return _redirect(form_page)
        if not _is_repeatable():
            if not _is_from_script():
                flash(
                    gettext(
                        "Nothing is saved yet. Confirm that it is you, and enter it once more."
                    ),
                    "look",
                )
            return _redirect(destinations.page_before() or "/")
        fields = list(request.form.items(multi=True))
    page_before = destinations.page_before() or "/"
    return _render_page(request.full_path.rstrip("?"), page_before, problem, fields)


@pages.get("/confirm")
@require_role("viewer", of=OWN)
def show() -> str:
    """Ask to confirm the identity before a page."""
    destination = request.args.get("next", "/")
    return _render_page(url_for("confirmation.check", next=destination), destination)


@pages.post("/confirm")
@require_role("viewer", of=OWN)
def check() -> str | Response:
    """Check the answer and continue to the page that needs it."""
    destination = destinations.local_path(request.args.get("next", "/"))
    row = sessions.load_current_row()
    if row is None:
        return redirect(url_for("security.login"))
    problem = _confirm(row)
    if not problem:
        return redirect(destination)
    if sessions.load_current_row() is None:
        return redirect(url_for("security.login"))
    return _render_page(url_for("confirmation.check", next=destination), destination, problem)


@pages.post("/confirm/passkey")
@require_role("viewer", of=OWN)
def options() -> dict[str, Any]:
    """Return the challenge for a passkey of the person, whose device asks for a PIN or a finger."""
    row = sessions.load_current_row()
    if row is None:
        abort(403)
    with transaction() as session:
        own = passkeys.list_passkeys(session, row.user_id)
        if not own:
            abort(404)
        challenge = passkeys.build_challenge_to_use(own, verify_person=True)
        login_sessions.set_challenge(session, row.id, challenge.text)
    return challenge.options


def _render_page(action: str, destination: str, problem: str = "", fields: Fields = ()) -> str:
    """Return the page that asks, with the ways in which this person can confirm their identity.

    The forms are sent to `action`; who comes back from the identity provider sees `destination`.
    """
    provider_page = ""
    with read_only_session() as session:
        if identity_provider.is_set() and provider_accounts.get_account(session, current_user.id):
            provider_page = url_for("sign_on.confirm", next=destination)
        has_passkeys = second_factor.count_passkeys(session, current_user.id) > 0
        has_authenticator = second_factor.has_authenticator(session, current_user.id)
    return render_template(
        "confirm.html",
        action=action,
        problem=problem,
        fields=[(name, value) for name, value in fields if name not in OWN_FIELDS],
        has_password=bool(current_user.password),
        has_authenticator=has_authenticator,
        has_passkeys=has_passkeys,
        provider_page=provider_page,
    )


def _confirm(row: LoginSession) -> str:
    """Check the answer of the form; return what is wrong with it, "" for nothing.

    Too many wrong answers end the session, so that the limits of the log-in apply.
    """
    way = next((name for name in PROBLEM_TEXTS if name in request.form), PASSWORD_FIELD)
    is_right = _is_right(way, row)
    with transaction() as session:
        if is_right:
            login_sessions.confirm(session, row.id)
            is_over = False
        else:
            is_over = login_sessions.note_failure(session, row.id)
    sessions.forget_row()
    if is_right:
        return ""
    refusals.note("confirmation refused", access.person_name(), access.person_name())
    if is_over:
        logout_user()
        flash(gettext("Too many wrong tries. Log in again."), "error")
    return PROBLEM_TEXTS[way]


def _is_right(way: str, row: LoginSession) -> bool:
    """Return whether the answer is right. Its guesses count together with those of the log-in."""
    secret = "password" if way == PASSWORD_FIELD else "second-factor code"
    answer = request.form.get(way, "")
    with throttling.begin_guess(secret, throttling.name_subject(current_user, "")) as guess:
        if way == PASSWORD_FIELD:
            is_right = _is_password(answer)
        else:
            with transaction() as session:
                if way == CODE_FIELD:
                    is_right = second_factor.accept_code(session, row.user_id, answer)
                else:
                    challenge = login_sessions.take_challenge(session, row.id)
                    is_right = passkeys.is_of_person(session, row.user_id, challenge, answer)
        if is_right:
            guess.succeed()
    return is_right


def _is_password(text: str) -> bool:
    """Return whether a text is the password of the person; somebody may have none."""
    normalize = current_app.extensions["security"].password_util.normalize
    password = current_user.password
    return bool(password) and bool(verify_password(normalize(text), password))


def _require_csrf_token() -> None:
    """Refuse a form of another site before any of its fields is repeated on our page."""
    if current_app.config.get("WTF_CSRF_ENABLED", True):
        csrf.protect()


def _is_repeatable() -> bool:
    """Return whether a page may send the form again: a person sent it, and it has no secret.

    Requests of scripts are repeated by the scripts.
    """
    return not (request.files or _is_from_script() or _has_secret())


def _is_from_script() -> bool:
    """Return whether a script sent the request."""
    return "HX-Request" in request.headers or request.accept_mimetypes.best == JSON


def _has_secret() -> bool:
    """Return whether something secret was entered into the form."""
    for name, value in request.form.items():
        if value and name not in OWN_FIELDS and any(word in name for word in SECRET_WORDS):
            return True
    return False


def _redirect(destination: str) -> Response:
    """Send the browser to the page that asks, which leads on to the destination."""
    return destinations.send_to(url_for("confirmation.show", next=destination))
