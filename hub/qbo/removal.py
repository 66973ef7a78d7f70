"""Removing a company that never worked, with everything that was stored for it."""

from typing import Any

from sqlalchemy import ColumnElement, Table, delete, exists, or_, select
from sqlalchemy.orm import Session

from hub.db import engine
from hub.errors import NotNow
from hub.models import Company, Installation, Posting, Run, SourceDocument
from hub.security import audit, secrets


def remove(company_id: int, who: str) -> None:
    """Remove a company that QuickBooks never answered for.

    Its token is forgotten and not given back to Intuit: if it works at all, it belongs to another company.
    """
    with engine.transaction() as session:
        company = session.get_one(Company, company_id)
        if company.verified_at is not None or _has_documents(session, company_id):
            raise NotNow(
                f"{company.name or company.realm} has worked, so it cannot be removed; what was posted to it must"
                " stay known. Disconnect it instead."
            )
        realm = company.realm
        _forget_secrets(session, company_id)
        for table in reversed(engine.db.metadata.sorted_tables):
            if (rows := _rows(table, company_id)) is not None:
                session.execute(delete(table).where(rows))
        session.expire_all()
        audit.record(session, who, "company removed", realm)


def _has_documents(session: Session, company_id: int) -> bool:
    posted = exists().where(Posting.company_id == company_id)
    collected = exists().where(SourceDocument.installation_id.in_(_installations(company_id)))
    return bool(session.scalar(select(posted | collected)))


def _forget_secrets(session: Session, company_id: int) -> None:
    for installation_id in session.scalars(_installations(company_id)).all():
        secrets.put_all(session, installation_id, {}, forget_others=True)
    for name in ("access", "refresh", "refresh_previous"):
        secrets.forget(session, f"company:{company_id}:{name}")


def _rows(table: Table, company_id: int) -> ColumnElement[bool] | None:
    """Return which rows of a table belong to the company; None for a table that knows no companies."""
    columns = table.columns
    if table.name == "company":
        return columns.id == company_id
    found: list[ColumnElement[bool]] = []
    if "company_id" in columns:
        found.append(columns.company_id == company_id)
    if "installation_id" in columns:
        found.append(columns.installation_id.in_(_installations(company_id)))
    if "run_id" in columns:
        mine = or_(
            Run.company_id == company_id, Run.installation_id.in_(_installations(company_id))
        )
        found.append(columns.run_id.in_(select(Run.id).where(mine)))
    return or_(*found) if found else None


def _installations(company_id: int) -> Any:
    return select(Installation.id).where(Installation.company_id == company_id)
