"""The page of the audit log: who did what, when, and whether the chain holds."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from werkzeug import Response

from hub.db.engine import reading
from hub.errors import AuditBroken
from hub.models import AuditEntry
from hub.security import audit
from hub.web.access import needs
from hub.web.paging import page

pages = Blueprint("audit", __name__, url_prefix="/audit")


@pages.get("/")
@needs("owner")
def index() -> str:
    """List the entries, newest first."""
    text = request.args.get("q", "").strip()
    query = select(AuditEntry)
    if text:
        is_hit = or_(
            AuditEntry.who.icontains(text, autoescape=True),
            AuditEntry.what.icontains(text, autoescape=True),
            AuditEntry.subject.icontains(text, autoescape=True),
        )
        query = query.where(is_hit)
    with reading() as session:
        entries = page(session, query, by=[AuditEntry.id])
        return render_template("audit.html", page=entries, q=text)


@pages.post("/verify")
@needs("owner")
def verify() -> Response:
    """Check every entry against the one before it."""
    try:
        with reading() as session:
            count = audit.verify(session)
        flash(f"The log is intact: {count:,} entries, each proved by the next.", "success")
    except AuditBroken as error:
        flash(error.text, "error")
    return redirect(url_for("audit.index"))
