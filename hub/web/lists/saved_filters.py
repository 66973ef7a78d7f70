"""Filters of the list of documents that a person saved under a name."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask_security import current_user
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import transaction
from hub.models import SavedFilter
from hub.security import people
from hub.translations.messages import gettext
from hub.web.authentication.access import OWN, require_role
from hub.web.frame.paging import drop_unset
from hub.web.lists.document_filters import read_document_filters
from hub.web.request import row_ids

MAX_FILTERS_PER_PERSON = 20
MAX_NAME_LENGTH = 60
MAX_QUERY_LENGTH = 500
pages = Blueprint("saved_filters", __name__, url_prefix="/documents/filters")


@pages.post("/save")
@require_role("viewer", of=OWN)
def save() -> Response:
    """Save the filters of a form under a name; one of this name is replaced."""
    filters: dict[str, Any] = drop_unset(read_document_filters(request.form))
    query = urlencode(filters)
    name = " ".join(request.form.get("name", "").split())[:MAX_NAME_LENGTH]
    response = redirect(url_for("documents.index", **filters))
    if not name or not query or len(query) > MAX_QUERY_LENGTH:
        flash(gettext("Not saved. Choose filters and give them a name."), "error")
        return response
    is_own = SavedFilter.user_id == current_user.id
    with transaction() as session:
        people.lock(session, current_user.id)
        session.execute(delete(SavedFilter).where(is_own, SavedFilter.name == name))
        count = session.scalar(select(func.count()).select_from(SavedFilter).where(is_own))
        if (count or 0) >= MAX_FILTERS_PER_PERSON:
            flash(
                gettext(
                    "Not saved. Remove one of your %(max_filters)s saved filters first.",
                    max_filters=MAX_FILTERS_PER_PERSON,
                ),
                "error",
            )
            return response
        session.add(SavedFilter(user_id=current_user.id, name=name, query=query))
    flash(gettext("Saved as %(name)s.", name=name), "success")
    return response


@pages.post("/remove")
@require_role("viewer", of=OWN)
def remove() -> Response:
    """Remove one of the person's own saved filters."""
    filter_id = row_ids.parse(request.form.get("filter_id", "")) or 0
    with transaction() as session:
        row = session.get(SavedFilter, filter_id)
        if row is None or row.user_id != current_user.id:
            abort(404)
        session.delete(row)
    filters: dict[str, Any] = drop_unset(read_document_filters(request.args))
    return redirect(url_for("documents.index", **filters))


def list_saved(session: Session) -> list[SavedFilter]:
    """Return the saved filters of the person who is logged in, by name."""
    query = select(SavedFilter).where(SavedFilter.user_id == current_user.id)
    return list(session.scalars(query.order_by(SavedFilter.name)))
