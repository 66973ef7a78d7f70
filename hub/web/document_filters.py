"""The filters of the list of documents, as a query that only reads ids."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from hub.models import SourceDocument
from hub.outbox.document_search import mentions
from hub.outbox.listing import FILTER_STATES, documents_with_posting, in_state
from hub.web import row_ids
from hub.web.access import scope
from hub.web.layout import KINDS

NAMES = ("q", "installation", "state", "kind", "from", "to")


def document_filters(arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of an address; those that it lacks are empty."""
    return {name: arguments.get(name, "").strip() for name in NAMES}


def order_of(filters: Mapping[str, str]) -> list[Any]:
    """Return the columns by which the list is ordered, which are unique together.

    Documents of certain days are ordered by their date, so that an index leads to the first of
    them; all others by id, the newest first.
    """
    is_dated = _date(filters["from"]) or _date(filters["to"])
    return [SourceDocument.date, SourceDocument.id] if is_dated else [SourceDocument.id]


def select_ids(session: Session, filters: Mapping[str, str]) -> Select[Any]:
    """Return the query for the ids of the documents that a person may see and the filters choose.

    Unknown values are ignored. The other columns are read for the rows of one page only.
    """
    query: Select[Any] = select(SourceDocument.id)
    if filters["state"] in FILTER_STATES:
        with_state = documents_with_posting().with_only_columns(SourceDocument.id)
        query = with_state.where(in_state(filters["state"]))
    return query.where(*scope().documents(), *_conditions(session, filters))


def _conditions(session: Session, filters: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """Return the conditions of all filters but the state."""
    conditions = []
    installation_id = row_ids.parse(filters["installation"])
    if installation_id is not None:
        conditions.append(SourceDocument.installation_id == installation_id)
    if filters["kind"] in KINDS:
        conditions.append(SourceDocument.kind == filters["kind"])
    if filters["q"]:
        conditions.append(mentions(session, filters["q"]))
    first_day = _date(filters["from"])
    if first_day:
        conditions.append(SourceDocument.date >= first_day)
    last_day = _date(filters["to"])
    if last_day:
        conditions.append(SourceDocument.date <= last_day)
    return conditions


def _date(text: str) -> dt.date | None:
    """Parse a date of a filter; None if it is not one."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
