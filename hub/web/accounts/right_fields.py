"""The fields in which an owner chooses rights: role, company and app, once or several times."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.models import ConnectedCompany, Installation
from hub.security.rights import Right, Subject
from hub.translations.messages import gettext_noop
from hub.web.frame.names import app_name
from hub.web.request import row_ids

ROLE_TEXTS = {
    "viewer": gettext_noop("looks at everything but people and the audit log"),
    "operator": gettext_noop(
        "also works the inbox, matches codes, approves, retries and starts runs"
    ),
    "app-owner": gettext_noop("also enables apps and changes the settings of their own"),
    "owner": gettext_noop(
        "also connects companies, grants access, adds people and reads the audit log"
    ),
}


class RightFields(NamedTuple):
    """The choices in one set of fields; "" is every company, and every app."""

    role: str = ""
    company: str = ""
    app: str = ""


def list_choices(session: Session) -> dict[str, Any]:
    """Return the choices of the fields, as variables of a template."""
    companies = session.scalars(
        select(ConnectedCompany).order_by(ConnectedCompany.name, ConnectedCompany.id)
    )
    return {"roles": ROLE_TEXTS, "companies": list(companies), "apps": _list_apps(session)}


def read_chosen_rows() -> list[RightFields]:
    """Return the choices in this request's form, one entry for each set of fields."""
    columns = (request.form.getlist(name) for name in RightFields._fields)
    return [RightFields(*values) for values in zip_longest(*columns, fillvalue="")]


def build_rights(rows: Sequence[RightFields]) -> list[Right]:
    """Return the rights that were chosen; fields without a role are left out."""
    return [Right(row.role, parse_subject(row)) for row in rows if row.role]


def parse_subject(row: RightFields) -> Subject:
    """Return the company and app that were chosen; without a value it is all of them."""
    company_id = row_ids.parse(row.company)
    if row.company and company_id is None:
        company_id = 0  # there is no such company
    return Subject(company_id, row.app or None)


def _list_apps(session: Session) -> list[tuple[str, str]]:
    """Return slug and name of every app that is installed or enabled anywhere."""
    slugs = {*current_hub().plugins.apps, *session.scalars(select(Installation.slug).distinct())}
    apps = [(slug, app_name(slug)) for slug in slugs]
    apps.sort(key=lambda app: app[1].casefold())
    return apps
