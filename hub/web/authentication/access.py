"""The guard of every route: its least role, for the company and app that its address is about."""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask, Response, abort, current_app, g, request, url_for
from flask import session as cookie
from flask_security import current_user
from markupsafe import escape
from sqlalchemy import select
from werkzeug.exceptions import HTTPException, NotFound

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Installation, Run
from hub.security import subjects
from hub.security.rights import (
    ROLES,
    WHOLE_HUB,
    Rights,
    Scope,
    Subject,
    build_scope,
    get_rights,
    is_enough,
    narrow_to_company,
)
from hub.security.subjects import ANYWHERE, HUB, OWN
from hub.translations.messages import gettext
from hub.web.authentication import last_person, refused_rights, sessions
from hub.web.request import destinations, form_drafts, row_ids

__all__ = ["ANYWHERE", "HUB", "OWN", "ROLES"]
PUBLIC_ENDPOINTS = sessions.ASSET_ENDPOINTS | {"security.login"}
CHANGE_PASSWORD = "security.change_password"  # noqa: S105  (an endpoint, no secret)
SIGNED_IN = frozenset({"security.logout", CHANGE_PASSWORD})
SECOND_FACTOR = "factor.show"
CHOSEN_COMPANY = "company"  # in the session: the id of the company that lists show
# The pages that show the rows of the chosen company only.
LIST_ENDPOINTS = frozenset(
    {
        "home.show",
        "inbox.show",
        "inbox.export",
        "documents.index",
        "documents.export",
        "search.show",
        "to_approve.index",
        "runs.index",
        "runs.export",
        "reports.show",
        "reports.export",
        "reports.documents",
        "reports.export_documents",
        "reconciliations.index",
        "reconciliations.export_all",
        "marketplace.show",
        "app_choice.show",
    }
)
# Of these the address may name a company, as ?company=7; it precedes the chosen one.
WITH_COMPANY = frozenset(
    {
        "reconciliations.index",
        "reports.documents",
        "reports.export",
        "reports.export_documents",
        "reports.show",
    }
)
View = TypeVar("View", bound=Callable[..., Any])


def require_role(role: str, of: str = "") -> Callable[[View], View]:
    """Return a decorator that sets the least role of a view; "anyone" opens it to all.

    The ids in the address say for which company and app the role is needed. An address without ids
    is about the whole hub, unless `of` is `ANYWHERE` or `OWN`.
    """

    def mark(view: View) -> View:
        cast(Any, view).needs = role
        cast(Any, view).needs_of = of
        return view

    return mark


def require_recent_login(view: View) -> View:
    """Mark a view that asks people to confirm their identity if the log-in was some time ago.

    `hub.web.authentication.confirmation` asks, and then continues with the entered form.
    """
    cast(Any, view).needs_confirmation = True
    return view


def find_required_role(app: Flask, endpoint: str) -> str | None:
    """Return the least role of an endpoint, "anyone", or None if none is set."""
    if endpoint in PUBLIC_ENDPOINTS:
        return "anyone"
    if endpoint in SIGNED_IN:
        return "viewer"
    return getattr(app.view_functions[endpoint], "needs", None)


def subject_of_endpoint(app: Flask, endpoint: str) -> str:
    """Return the subject of an endpoint; "" if it follows from the ids in its address."""
    if endpoint in PUBLIC_ENDPOINTS or endpoint in SIGNED_IN:
        return OWN
    return str(getattr(app.view_functions[endpoint], "needs_of", ""))


def load_rights() -> Rights:
    """Return the rights of the person who is logged in, none for nobody; read once a request."""
    if not current_user.is_authenticated:
        return Rights()
    person_id = current_user.id
    if g.get("rights_of_person", (None,))[0] != person_id:
        g.rights_of_person = (person_id, get_rights(current_user))
    present: Rights = g.rights_of_person[1]
    return present


def load_scope(least: str = "viewer") -> Scope:
    """Return the rows for which the person has at least a role; read once a request.

    A list has only those of the company that the person chose.
    """
    if is_narrowed_list():
        return load_shown_scope(least)
    return load_rights_scope(least)


def load_shown_scope(least: str = "viewer") -> Scope:
    """Return the rows of the chosen company, of all companies if none is chosen."""
    whole = load_rights_scope(least)
    company_id = find_chosen_company_id()
    if company_id is None:
        return whole
    narrowed: dict[str, Scope] = g.setdefault("narrowed_scopes", {})
    if least not in narrowed:
        with read_only_session() as session:
            narrowed[least] = narrow_to_company(session, whole, company_id)
    return narrowed[least]


def find_chosen_company_id() -> int | None:
    """Return the company that the page is about: the one of its address, or else the chosen one.

    Return None for all companies, and for a company that the person may not see.
    """
    company_id = company_id_of_address() or cookie.get(CHOSEN_COMPANY)
    if not isinstance(company_id, int) or not current_user.is_authenticated:
        return None
    if "chosen_company" not in g:
        is_chosen = ConnectedCompany.id == company_id, *load_rights_scope().companies()
        with read_only_session() as session:
            g.chosen_company = session.scalar(select(ConnectedCompany.id).where(*is_chosen))
    chosen: int | None = g.chosen_company
    return chosen


def company_id_of_address() -> int | None:
    """Return the company that the address of a report or reconciliation names, None if none."""
    if request.endpoint not in WITH_COMPANY:
        return None
    return row_ids.parse(request.args.get("company", ""))


def is_narrowed_list() -> bool:
    """Return whether this page lists rows of the chosen company only.

    A list of one app does not, because the app is of one company already.
    """
    return request.endpoint in LIST_ENDPOINTS and not request.args.get("installation")


def load_rights_scope(least: str = "viewer") -> Scope:
    """Return the rows for which the person has at least a role, with any company chosen."""
    key = (current_user.id if current_user.is_authenticated else None, least)
    scopes: dict[Any, Scope] = g.setdefault("scopes", {})
    if key not in scopes:
        with read_only_session() as session:
            scopes[key] = build_scope(session, load_rights(), least)
    return scopes[key]


def person_name() -> str:
    """Return the name of the person who is logged in, as the audit log has it."""
    if not current_user.is_authenticated:
        return ""
    name: str = current_user.name
    return name


def may(least: str, company_id: int | None = None, slug: str | None = None) -> bool:
    """Return whether the person has at least this role for a company and app.

    Without a company it must be a role for all of them, without an app one for all apps.
    """
    return load_rights().may(least, Subject(company_id, slug))


def may_anywhere(least: str) -> bool:
    """Return whether the person has at least this role for any company or app."""
    return is_enough(load_rights().role_within(), least)


def may_here(least: str) -> bool:
    """Return whether the person has at least this role for the subject of this address."""
    targets: subjects.Targets | None = g.get("targets")
    if targets is None:
        return may(least)
    return all(target.allows(load_rights(), least) for target in targets)


def may_open_run(run: Run | None) -> bool:
    """Return whether the person may open the page of a run."""
    return load_scope().has(run)


def may_configure(installation: Installation | None, *, is_personal: bool) -> bool:
    """Return whether the person may change these settings; None are those of a new installation."""
    if installation is None:
        return may("app-owner")
    subject = Subject(installation.company_id, installation.slug)
    return load_rights().may_configure(
        subject, installation.owner, person_name(), is_personal=is_personal
    )


def init_app(app: Flask) -> None:
    """Check the permission of every request."""
    app.before_request(_guard)


def _guard() -> Any:
    endpoint, rule = request.endpoint, request.url_rule
    if endpoint is None or rule is None:
        return None
    least = find_required_role(current_app, endpoint)
    if least == "anyone":
        return None
    of = subject_of_endpoint(current_app, endpoint)
    if least is None or not subjects.is_subject_known(of, rule.arguments):
        abort(403)
    earlier_step = _redirect_to_earlier_step(endpoint)
    if earlier_step is None:
        _check(least, of)
    return earlier_step


def _redirect_to_earlier_step(endpoint: str) -> Response | None:
    """Redirect to the log-in, or to the change of a password that somebody else chose."""
    if not current_user.is_authenticated:
        return _redirect_to_login()
    if current_user.must_change_password and endpoint not in SIGNED_IN:
        return destinations.send_to(url_for(CHANGE_PASSWORD))
    return None


def _check(least: str, of: str) -> None:
    """Answer 403 for a role that is too low, and 404 for what the person may not know of."""
    g.targets = None
    if of == OWN:
        return
    if of or not request.view_args:
        is_allowed = may_anywhere(least) if of == ANYWHERE else may(least)
        if not is_allowed:
            refused_rights.note_missing_role(least, None if of == ANYWHERE else WHOLE_HUB)
            abort(403)
    else:
        _check_targets(least, request.view_args)


def _check_targets(least: str, arguments: subjects.Arguments) -> None:
    """Check the role for everything that the ids in the address belong to."""
    with read_only_session() as session:
        targets = subjects.resolve(session, arguments)
    if targets is None:
        abort(404)
    for target in targets:
        if not target.is_visible_to(load_rights()):
            g.is_beyond_rights = True  # the audit log names it; the answer is that of no such row
            abort(404)
    g.targets = targets
    for target in targets:
        if not target.allows(load_rights(), least):
            refused_rights.note_missing_role(least, target.subject)
            abort(403)


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


def _redirect_to_login() -> Response:
    """Redirect to the log-in page and come back afterwards.

    From a part that htmx renews one comes back to its page.
    """
    note = explain_ended_session()
    if note is not None:
        return note
    next_page = destinations.current_address()
    if request.method != "GET":
        next_page = store_draft() or store_unsent_form()
    elif request.headers.get("HX-Request"):
        next_page = destinations.page_before() or url_for("home.show")
    row = sessions.load_current_row()
    page = "security.login" if row is None else SECOND_FACTOR
    return destinations.send_to(url_for(page, next=next_page))
