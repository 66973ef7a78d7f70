"""The page of the audit log: who did what, when, and whether the chain holds."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from werkzeug import Response

from hub.db.engine import reading
from hub.errors import AuditBroken
from hub.models import AuditEntry
from hub.security import audit_check
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
            result = audit_check.verify(session)
        flash(f"The log is intact: {result.count:,} entries.", "success")
        for remark in result.remarks:
            flash(remark, "look")
    except AuditBroken as error:
        flash(error.text, "error")
    return redirect(url_for("audit.index"))
