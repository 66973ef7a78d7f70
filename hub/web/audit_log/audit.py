"""The page of the audit log: who did what, when, and whether the chain holds."""

import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import false
from sqlalchemy.orm import Session
from werkzeug import Response

from hub.db.engine import read_only_session
from hub.errors import FolderUnavailable
from hub.models import AuditEntry
from hub.security import audit_check, audit_entries
from hub.security.audit_errors import AuditBroken
from hub.translations.messages import gettext, translate
from hub.web.audit_log import audit_details, audit_exports, audit_search, audit_wording
from hub.web.audit_log.audit_subjects import EntrySubjects
from hub.web.authentication.access import require_role
from hub.web.frame.moments import zone
from hub.web.frame.paging import list_distinct_values, load_page
from hub.web.lists import date_range, exports

FILTERS = ("q", "who", "what", "from", "to")
pages = Blueprint("audit", __name__, url_prefix="/audit")


@pages.get("/")
@require_role("owner")
def index() -> str:
    """List the entries, newest first."""
    filters = {name: request.args.get(name, "").strip() for name in FILTERS}
    with read_only_session() as session:
        acts = list_distinct_values(session, AuditEntry.what)
        actors = list_distinct_values(session, AuditEntry.who)
        query = _read_filter(session, filters, acts).select()
        if filters["who"] not in ("", *actors) or filters["what"] not in ("", *acts):
            query = query.where(false())  # nothing need be searched
        entries = load_page(session, query, order_by=[AuditEntry.id])
        return render_template(
            "audit.html",
            page=entries,
            entry_subjects=EntrySubjects(session, entries.rows),
            wording=audit_wording,
            describe_actor=audit_details.describe_actor,
            filters=filters,
            problems=date_range.find_problems(filters),
            acts=acts,
            actors=actors,
            active_filters={name: value for name, value in filters.items() if value},
        )


@pages.get("/export")
@require_role("owner")
def export() -> Response:
    """Download the entries that the filters choose, newest first, in the format of the address."""
    filters = {name: request.args.get(name, "").strip() for name in FILTERS}
    exports.require_no_problem(date_range.find_problems(filters))
    with read_only_session() as session:
        acts = list_distinct_values(session, AuditEntry.what)
        query = _read_filter(session, filters, acts).select()
    rows = exports.read_in_chunks(query, [AuditEntry.id], _export_rows)
    return exports.download("audit-log", (*audit_entries.COLUMNS, "action"), rows)


def _export_rows(session: Session, entries: Sequence[AuditEntry]) -> Iterator[exports.Row]:
    """Yield entries as a file has them, each with the sentence that the page shows."""
    for entry in entries:
        subject = entry.subject
        if entry.what == audit_exports.EXPORT_ACTION:
            subject = audit_exports.describe(subject, entry.detail)
        action = audit_wording.format_sentence(entry.what, subject)
        yield audit_entries.build_row(entry) | {"action": action}


@pages.post("/verify")
@require_role("owner")
def verify() -> Response:
    """Check every entry against the one before it, and the log against its head and copy."""
    try:
        with read_only_session() as session:
            result = audit_check.verify(session)
        flash(gettext("The log is intact: %(count)s entries.", count=result.count), "success")
        for remark in result.remarks:
            flash(translate(remark), "look")
    except (AuditBroken, FolderUnavailable) as error:
        flash(translate(error.sentence), "error")
    return redirect(url_for("audit.index"))


def _read_filter(
    session: Session, filters: dict[str, str], acts: Sequence[str]
) -> audit_entries.Filter:
    """Return the filter of the page; days are those of the viewer's zone."""
    text = filters["q"]
    return audit_entries.Filter(
        text=text,
        is_shown=audit_search.build_condition(session, text, acts) if text else None,
        who=filters["who"],
        what=filters["what"],
        since=_start_of(filters["from"]),
        until=_start_of(filters["to"], days=1),
    )


def _start_of(text: str, days: int = 0) -> dt.datetime | None:
    """Return the moment at which a day begins, or one after it; None if the text is no day.

    East of Greenwich, the first day of the calendar begins before the first moment of UTC.
    """
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
        return dt.datetime.combine(day, dt.time(), ZoneInfo(zone())).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
