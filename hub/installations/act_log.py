"""Record what people do to installations in the audit log."""

from typing import Any

from sqlalchemy.orm import Session

from hub.models import Installation
from hub.security import audit

LISTS_PUSHED_ACTION = "lists pushed"  # as the audit log names it


def format_audit_subject(row: Installation) -> str:
    """Return the name of an installation in the audit log."""
    company = row.company
    return f"{row.slug} for {company.display_name}"


def record_act(session: Session, row: Installation, who: str, what: str, **detail: Any) -> None:
    """Record an act on an installation in the audit log, by its name and by its id.

    Companies are renamed, and two may have the same name.
    """
    audit.record(session, who, what, format_audit_subject(row), installation=row.id, **detail)
