"""The forms of sessions that have expired: stored while the person logs in, and shown again.

A view marks what its form needs; `hub.web.authentication.unsent_forms` fills the form in.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response, current_app, request, url_for
from flask_security import current_user
from markupsafe import escape
from werkzeug.exceptions import HTTPException, NotFound

from hub.translations.messages import gettext
from hub.web.authentication import last_person
from hub.web.authentication.access import find_required_role, person_name
from hub.web.request import destinations, form_drafts

View = TypeVar("View", bound=Callable[..., Any])


def keep_form(secrets_of_form: Callable[..., set[str]]) -> Callable[[View], View]:
    """Mark a view whose form is shown again after an expired session.

    The function names its secret fields.
    """

    def mark(view: View) -> View:
        cast(Any, view).secrets_of_form = secrets_of_form
        return view

    return mark


def renew_while_typing(view: View) -> View:
    """Mark a view that tells what a form would do while a person fills it in."""
    cast(Any, view).renews_while_typing = True
    return view


def store_draft() -> str:
    """Store the form of a request that cannot be carried out now, if its page can show it again.

    Return the address of that page, "" for other requests.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    find_secrets: Callable[..., set[str]] | None = getattr(view, "secrets_of_form", None)
    if request.method != "POST" or find_secrets is None:
        return ""
    try:
        secret_fields = find_secrets(**(request.view_args or {}))
    except NotFound:  # the form of nothing; a stranger must not learn which ids there are
        return ""
    token = form_drafts.save_posted(person_name() or last_person.name(), secret_fields)
    return f"{request.path}?{urlencode({'draft': token})}" if token else ""


def store_unsent_form(default: str | None = None) -> str:
    """Store the form of an expired session; return the address of the page that it was on.

    `hub.web.authentication.unsent_forms` fills it in there. If the form is not stored, return
    `default`, or the address of the page without it.
    """
    if request.method != "POST" or request.endpoint is None:
        return default or ""
    if find_required_role(current_app, request.endpoint) in (None, "anyone"):
        return default or ""
    page = destinations.page_before()
    if not _is_page(page):
        page = url_for("home.show")
    secret_fields = form_drafts.find_secret_names()
    token = form_drafts.save_posted(last_person.name(), secret_fields, page)
    if not token:
        return page if default is None else default
    return _with_draft(page, token)


def _with_draft(page: str, token: str) -> str:
    """Return the address of a page with this stored form, in place of an earlier one."""
    path, _, query = page.partition("?")
    arguments = [(name, value) for name, value in parse_qsl(query) if name != "draft"]
    return f"{path}?{urlencode([*arguments, ('draft', token)])}"


def _is_page(address: str) -> bool:
    """Return whether an address is a page of people who are logged in."""
    adapter = current_app.create_url_adapter(request)
    if not address or adapter is None:
        return False
    try:
        endpoint, _ = adapter.match(urlsplit(address).path, method="GET")
    except HTTPException:
        return False
    return find_required_role(current_app, endpoint) not in (None, "anyone")


def explain_ended_session() -> Response | None:
    """Answer a request that a form sends while a person fills it in, if the session has ended.

    A redirect would lose the form. Its own button leads to the log-in and back to the form.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    is_part = "HX-Request" in request.headers and getattr(view, "renews_while_typing", False)
    if not is_part or current_user.is_authenticated:
        return None
    text = gettext("Your session has ended. Save leads to the log-in, and then back to this form.")
    return Response(f'<p class="wrong mb-1">{escape(text)}</p>')
