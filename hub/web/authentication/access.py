"""The role that each route needs, and the rights of the person who is logged in."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, g, request
from flask import session as cookie
from flask_security import current_user
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import ConnectedCompany, Installation, Run
from hub.security import subjects
from hub.security.rights import (
    ROLES,
    Rights,
    Scope,
    Subject,
    build_scope,
    get_rights,
    is_enough,
    narrow_to_company,
)
from hub.security.subjects import ANYWHERE, HUB, OWN
from hub.web.authentication import sessions
from hub.web.request import row_ids

__all__ = ["ANYWHERE", "HUB", "OWN", "ROLES"]
PUBLIC_ENDPOINTS = sessions.ASSET_ENDPOINTS | {"security.login"}
CHANGE_PASSWORD = "security.change_password"  # noqa: S105  (an endpoint, no secret)
LOGGED_IN_ENDPOINTS = frozenset({"security.logout", CHANGE_PASSWORD})
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
ENDPOINTS_WITH_COMPANY = frozenset(
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
    if endpoint in LOGGED_IN_ENDPOINTS:
        return "viewer"
    return getattr(app.view_functions[endpoint], "needs", None)


def subject_of_endpoint(app: Flask, endpoint: str) -> str:
    """Return the subject of an endpoint; "" if it follows from the ids in its address."""
    if endpoint in PUBLIC_ENDPOINTS or endpoint in LOGGED_IN_ENDPOINTS:
        return OWN
    return str(getattr(app.view_functions[endpoint], "needs_of", ""))


def load_rights() -> Rights:
    """Return the rights of the person who is logged in, none for nobody; read once a request."""
    person = current_user._get_current_object()  # a page asks dozens of times
    if not person.is_authenticated:
        return Rights()
    if g.get("rights_of_person", (None,))[0] != person.id:
        g.rights_of_person = (person.id, get_rights(person))
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
    scopes: dict[str, Scope] = g.setdefault("narrowed_scopes", {})
    if least not in scopes:
        with read_only_session() as session:
            scopes[least] = narrow_to_company(session, whole, company_id)
    return scopes[least]


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
    chosen_id: int | None = g.chosen_company
    return chosen_id


def company_id_of_address() -> int | None:
    """Return the company that the address of a report or reconciliation names, None if none."""
    if request.endpoint not in ENDPOINTS_WITH_COMPANY:
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
