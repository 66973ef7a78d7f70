"""The rights of one person: their roles for companies and apps, added and removed by an owner."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.context import current
from hub.db.engine import reading, transaction
from hub.errors import HubError
from hub.models import Company, Installation, User
from hub.security import rights
from hub.security.rights import Subject
from hub.web import row_ids
from hub.web.access import fresh, needs, who
from hub.web.layout import app_name
from hub.web.paging import row_or_404
from hub.web.people import WORDS

pages = Blueprint("rights", __name__, url_prefix="/people/<int:person_id>/rights")


@pages.get("/")
@needs("owner")
def show(person_id: int) -> str:
    """Show a person's rights, and the form that adds one."""
    return _page(person_id)


@pages.post("/add")
@needs("owner")
@fresh
def add(person_id: int) -> Response | tuple[str, int]:
    """Give a person a role for a company and app, in place of the one they had for these."""
    role = request.form.get("role", "")
    try:
        with transaction() as session:
            person = row_or_404(session, User, person_id)
            text = rights.give(session, person, role, _subject(), who=who())
    except HubError as error:
        flash(error.text, "error")
        return _page(person_id), 400
    flash(f"{person.username} is now {text}.", "success")
    return redirect(url_for("rights.show", person_id=person_id))


@pages.post("/remove")
@needs("owner")
@fresh
def remove(person_id: int) -> Response | tuple[str, int]:
    """Take a role away; it holds no longer from the person's next request on."""
    try:
        with transaction() as session:
            person = row_or_404(session, User, person_id)
            text = rights.take_away(session, person, _subject(), who=who())
    except HubError as error:
        flash(error.text, "error")
        return _page(person_id), 400
    flash(f"{person.username} is no longer {text}.", "success")
    return redirect(url_for("rights.show", person_id=person_id))


def _subject() -> Subject:
    """Return the company and app of the form; without a value it is all of them."""
    company = request.form.get("company", "")
    company_id = row_ids.parse(company)
    if company and company_id is None:
        company_id = 0  # there is no such company
    return Subject(company_id, request.form.get("app") or None)


def _page(person_id: int) -> str:
    """Render the page."""
    with reading() as session:
        person = row_or_404(session, User, person_id)
        return render_template(
            "rights.html",
            person=person,
            rows=_rows(session, person),
            roles=WORDS,
            companies=list(session.scalars(select(Company).order_by(Company.name, Company.id))),
            apps=_apps(session),
            section="people",
        )


def _rows(session: Session, person: User) -> list[dict[str, Any]]:
    """Return the rights of a person as a table shows them."""
    rows = []
    for right in rights.rights_of(person).rights:
        company_id, slug = right.subject
        company = session.get(Company, company_id) if company_id is not None else None
        rows.append(
            {
                "role": right.role,
                "company": (company.name or company.realm) if company else "Every company",
                "app": app_name(slug) if slug is not None else "Every app",
                "text": rights.describe(session, right),
                "fields": {"company": company_id or "", "app": slug or ""},
            }
        )
    return rows


def _apps(session: Session) -> list[tuple[str, str]]:
    """Return slug and name of every app that is installed or enabled anywhere."""
    slugs = {*current().plugins.apps, *session.scalars(select(Installation.slug).distinct())}
    apps = [(slug, app_name(slug)) for slug in slugs]
    apps.sort(key=lambda app: app[1].casefold())
    return apps
