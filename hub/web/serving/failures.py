"""Error pages: a sentence and the next step, never a trace."""

import logging
import math
from typing import Any

from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask import session as cookie
from flask_security import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from hub.db.database_errors import TransactionConflict
from hub.errors import DatabaseUnavailable, HubError, NotFound, Retry, TooManyGuesses
from hub.exact_json import is_storable
from hub.translations.messages import gettext, gettext_noop, translate
from hub.web.api import authentication, problems
from hub.web.authentication import expired_forms, sessions
from hub.web.frame import viewer
from hub.web.request import destinations, request_log

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000
TRY_IN_A_MINUTE = gettext_noop("Try again in a minute.")
# status -> what happened, the sentence, the next step
ERROR_PAGES = {
    400: (
        gettext_noop("This could not be done"),
        gettext_noop("The page may have been open too long, so its form is no longer valid."),
        gettext_noop("Go back, reload the page and try again."),
    ),
    403: (
        gettext_noop("Not allowed"),
        gettext_noop("Your role does not allow this."),
        gettext_noop("An owner of the hub can do it, or change your role."),
    ),
    404: (
        gettext_noop("Not found"),
        gettext_noop("There is nothing at this address."),
        gettext_noop("Start from the home page, or go back."),
    ),
    409: (
        gettext_noop("Changed in the meantime"),
        gettext_noop("Somebody else, or a run, changed this while the page was open."),
        gettext_noop("Go back, reload the page and look at it again."),
    ),
    405: (
        gettext_noop("Not possible this way"),
        gettext_noop("This address does not answer to that kind of request."),
        gettext_noop("Use the buttons on the page instead of typing its address."),
    ),
    413: (
        gettext_noop("Too large"),
        gettext_noop("What was sent is larger than the hub accepts."),
        gettext_noop("Send less at a time."),
    ),
    429: (
        gettext_noop("Too many tries"),
        gettext_noop("There were too many tries in a short time."),
        gettext_noop("Wait a minute, then try again."),
    ),
    500: (
        gettext_noop("Something went wrong"),
        gettext_noop(
            "The hub met an error that it did not expect. Nothing that was saved is lost."
        ),
        gettext_noop(
            "Try again. If it happens again, give the number of the request below to the person"
            " who runs the hub: its log has the details under it."
        ),
    ),
    503: (
        gettext_noop("Not available now"),
        gettext_noop("The hub cannot answer now."),
        TRY_IN_A_MINUTE,
    ),
}

DATABASE_UNAVAILABLE = (
    gettext_noop("The database cannot be used now. Nothing was lost."),
    gettext_noop(
        "Try again in a minute. If it lasts, tell the person who runs the hub: its log says why."
    ),
)

GO_BACK = gettext_noop("Go back and correct it.")
GO_BACK_AND_REPEAT = gettext_noop("Go back and do it once more.")
TRY_AGAIN = gettext_noop(
    "Go back and try again after that time. An owner of the hub can set a new password."
)


def init_app(app: Flask) -> None:
    """Register an error page for every error."""
    app.register_error_handler(HTTPException, _handle_http_error)
    app.register_error_handler(CSRFError, _handle_csrf_error)
    app.register_error_handler(HubError, _handle_hub_error)
    for error in (OperationalError, InterfaceError, TimeoutError):
        app.register_error_handler(error, _handle_database_error)
    app.register_error_handler(RecursionError, _handle_nested_json)
    app.register_error_handler(Exception, _answer_defect)
    app.before_request(_refuse_null_characters)


def build_error_page(
    status: int, sentence: str = "", step: str = "", *, database_away: bool = False
) -> Response:
    """Return the error page of a status, or its text alone for htmx and for webhooks.

    A sentence or step that is not given is the usual one of the status.
    """
    if authentication.is_call():
        return problems.build_problem(status, sentence and gettext(sentence))
    similar = ERROR_PAGES[500 if status >= 500 else 400]
    title, usual_sentence, usual_step = ERROR_PAGES.get(status, similar)
    viewer.write_for_reader()  # a file in English may have failed
    sentence = gettext(sentence or usual_sentence)
    step = gettext(step or usual_step)
    if request.headers.get("HX-Request") or request.path.startswith("/webhooks/"):
        text = f"{sentence} {step}"
        if status >= 500:
            text += gettext(" (Request %(id)s)", id=request_log.request_id())
        return make_response(text, status, {"Content-Type": "text/plain; charset=utf-8"})
    context = {
        "title": gettext(title),
        "sentence": sentence,
        "next_step": step,
        "status": status,
        "request_id": request_log.request_id(),
        "back_url": destinations.page_before(),
        "retry_url": _find_address_to_retry(status),
    }
    return make_response(_render_with_navigation(context, database_away=database_away), status)


def _find_address_to_retry(status: int) -> str:
    """Return the address of a page that may work later; "" if it would not, or was a form."""
    if status < 500 or request.method != "GET":
        return ""
    return destinations.local_path(destinations.current_address())


def _render_with_navigation(context: dict[str, Any], *, database_away: bool) -> str:
    """Render an error with the navigation of the person who is logged in.

    Without the database, or if the navigation cannot be rendered either, a browser with a session
    gets plain links.
    """
    if not database_away:
        try:
            if current_user.is_authenticated:
                return render_template("error.html", **context)
            return render_template("error_without_frame.html", **context)
        except Exception:  # what failed may be what every page shows
            log.exception("The navigation of an error page cannot be drawn")
    # Templates ask who is logged in, which would ask the database.
    g._login_user = current_app.extensions["security"].login_manager.anonymous_user()
    if sessions.COOKIE_KEY in cookie:
        return render_template("error.html", without_database=True, **context)
    return render_template("error_without_frame.html", **context)


def _refuse_null_characters() -> None:
    """Refuse an address or form with the character U+0000, which PostgreSQL cannot store.

    The body of a webhook is not checked here: it is read as a whole, after its signature was
    checked.
    """
    parts_of_address = request.view_args or {}
    texts = [str(part) for part in parts_of_address.values()]
    fields: MultiDict[str, str] = request.values
    if request.blueprint == "webhooks":
        fields = request.args
    for entries in fields.listvalues():
        texts += entries
    for text in texts:
        if "\0" in text:
            abort(400)
    if authentication.is_call() and request.is_json:
        _refuse_unstorable(request.get_json(silent=True))


def _refuse_unstorable(content: Any) -> None:
    """Refuse JSON with a text that no database stores."""
    pending = [content]
    while pending:
        value = pending.pop()
        if isinstance(value, str) and not is_storable(value):
            abort(400)
        if isinstance(value, dict):
            pending += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            pending += value


def _handle_http_error(error: HTTPException) -> Any:
    """Return the page of an HTTP error, with the headers that callers need."""
    if error.code is None or error.code < 400:
        return error
    if authentication.is_call():
        response = problems.build_http_problem(error)
    else:
        response = build_error_page(error.code, step=_describe_limit() if error.code == 413 else "")
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _describe_limit() -> str:
    """Return the next step after a body that was too large; uploads may be larger than forms."""
    limit = request.max_content_length or 0
    if limit < MEGABYTE:
        return ""
    return gettext("Send less at a time: at most %(size)s MB.", size=limit // MEGABYTE)


def _handle_csrf_error(error: CSRFError) -> Any:
    """Show a form again whose page was open longer than the session.

    If a log-in is needed, it comes first.
    """
    note = expired_forms.explain_ended_session()
    if note is not None:
        return note
    form_page = expired_forms.store_draft()
    is_logged_in = sessions.load_current_row() is not None
    if not form_page and not is_logged_in:
        form_page = expired_forms.store_unsent_form(default="")
    if not form_page:
        g.is_forged_form = is_logged_in  # another site may have sent it; the audit log has it
        return _handle_http_error(error)
    return redirect(form_page, 303)


def _handle_hub_error(error: HubError) -> Response:
    """Return the page of an error whose sentence the hub wrote."""
    if isinstance(error, TransactionConflict):
        log.warning("%s (%s)", error, getattr(error.__cause__, "orig", None))
        return build_error_page(503, translate(error.sentence), GO_BACK_AND_REPEAT)
    if isinstance(error, DatabaseUnavailable):
        log.error("%s", error)
        return build_error_page(503, *DATABASE_UNAVAILABLE, database_away=True)
    if isinstance(error, TooManyGuesses):
        response = build_error_page(429, translate(error.sentence), TRY_AGAIN)
        response.headers["Retry-After"] = str(error.after)
        return response
    if isinstance(error, Retry):
        response = build_error_page(503, translate(error.sentence), TRY_IN_A_MINUTE)
        if error.after is not None:
            response.headers["Retry-After"] = str(max(1, math.ceil(error.after)))
        return response
    refusal = 409 if authentication.is_call() else 400
    status = 404 if isinstance(error, NotFound) else refusal
    return build_error_page(status, translate(error.sentence), GO_BACK)


def _handle_database_error(error: SQLAlchemyError) -> Response:
    """Return the page of a database that cannot be used."""
    log.error(
        "The database cannot be used for a page: %s",
        getattr(error, "orig", None) or type(error).__name__,
    )
    return build_error_page(503, *DATABASE_UNAVAILABLE, database_away=True)


def _handle_nested_json(error: RecursionError) -> Response:
    """Refuse JSON that is nested too deeply to be read; any other recursion is a defect."""
    if authentication.is_call() and request.is_json:
        return build_error_page(400)
    return _answer_defect(error)


def _answer_defect(error: Exception) -> Response:
    """Log a defect and return its page, which shows nothing of it."""
    log.exception("An error that no part of the hub expected")
    return build_error_page(500)
