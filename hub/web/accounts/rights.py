"""The rights of one person: their roles for companies and apps, added and removed by an owner."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import read_only_session, transaction
from hub.errors import HubError
from hub.models import ConnectedCompany, User
from hub.security import person_changes, rights
from hub.translations.messages import gettext, translate
from hub.web.accounts import right_fields
from hub.web.accounts.right_fields import RightFields
from hub.web.authentication.access import person_name, require_recent_login, require_role
from hub.web.frame.lookup import get_row_or_404
from hub.web.frame.names import app_name

pages = Blueprint("rights", __name__, url_prefix="/people/<int:person_id>/rights")


@pages.get("/")
@require_role("owner")
def show(person_id: int) -> str:
    """Show a person's rights, and the form that adds one."""
    return _render_page(person_id)


@pages.post("/add")
@require_role("owner")
@require_recent_login
def add(person_id: int) -> Response | tuple[str, int]:
    """Give a person a role for a company and app, in place of the one they had for these."""
    fields = _read_form()
    subject = right_fields.parse_subject(fields)
    try:
        with transaction() as session:
            person = get_row_or_404(session, User, person_id)
            text = person_changes.assign_in_words(
                session, person, fields.role, subject, who=person_name()
            )
    except HubError as error:
        flash(translate(error.sentence), "error")
        return _render_page(person_id), 400
    text = translate(text)
    flash(gettext("%(username)s is now %(text)s.", username=person.username, text=text), "success")
    return redirect(url_for("rights.show", person_id=person_id))


@pages.post("/remove")
@require_role("owner")
@require_recent_login
def remove(person_id: int) -> Response | tuple[str, int]:
    """Take a role away; it holds no longer from the person's next request on."""
    try:
        with transaction() as session:
            person = get_row_or_404(session, User, person_id)
            subject = right_fields.parse_subject(_read_form())
            text = person_changes.withdraw_in_words(session, person, subject, who=person_name())
    except HubError as error:
        flash(translate(error.sentence), "error")
        return _render_page(person_id), 400
    text = translate(text)
    flash(
        gettext("%(username)s is no longer %(text)s.", username=person.username, text=text),
        "success",
    )
    return redirect(url_for("rights.show", person_id=person_id))


def _read_form() -> RightFields:
    """Return the choices in the first set of fields of the form."""
    rows = right_fields.read_chosen_rows()
    return rows[0] if rows else RightFields()


def _render_page(person_id: int) -> str:
    """Render the page."""
    with read_only_session() as session:
        person = get_row_or_404(session, User, person_id)
        return render_template(
            "rights.html",
            person=person,
            rows=_build_rows(session, person),
            chosen_right=_read_form(),
            **right_fields.list_choices(session),
        )


def _build_rows(session: Session, person: User) -> list[dict[str, Any]]:
    """Return the rights of a person as a table shows them."""
    rows = []
    for right in rights.get_rights(person).rights:
        company_id, slug = right.subject
        company_name = gettext("Every company")
        if company_id is not None:
            company = session.get(ConnectedCompany, company_id)
            if company:
                company_name = company.display_name
        rows.append(
            {
                "role": right.role,
                "company": company_name,
                "app": app_name(slug) if slug is not None else gettext("Every app"),
                "text": translate(rights.describe(session, right)),
                "fields": {"company": company_id or "", "app": slug or ""},
            }
        )
    return rows
