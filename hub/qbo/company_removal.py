"""Remove a company that never worked, with everything that is stored for it."""

from typing import Any

from sqlalchemy import ColumnElement, Table, delete, exists, or_, select
from sqlalchemy.orm import Session

from hub.db import engine
from hub.errors import NotNow
from hub.models import (
    Case,
    ConnectedCompany,
    Installation,
    Posting,
    Run,
    SourceDocument,
    StoredFile,
)
from hub.qbo.oauth import tokens
from hub.security import audit, secrets


def remove(company_id: int, who: str) -> None:
    """Remove a company of which QuickBooks never answered a call.

    Its token is deleted but not revoked at Intuit, because it may belong to another company.
    """
    with engine.transaction() as session:
        company = session.get_one(ConnectedCompany, company_id)
        if company.verified_at is not None or _has_documents(session, company_id):
            raise NotNow(
                "%(company)s has been in use, so it cannot be removed: the hub must keep what"
                " was posted to it. Disconnect it instead.",
                company=company.display_name,
            )
        realm = company.realm
        _forget_secrets(session, company_id)
        for table in reversed(engine.db.metadata.sorted_tables):
            condition = _build_company_condition(table, company_id)
            if condition is not None:
                session.execute(delete(table).where(condition))
        session.expire_all()
        audit.record(session, who, "company removed", realm)


def _has_documents(session: Session, company_id: int) -> bool:
    """Return whether documents were collected for a company, or posted to it."""
    installations = _select_installations(company_id)
    has_postings = exists().where(Posting.company_id == company_id)
    has_documents = exists().where(SourceDocument.installation_id.in_(installations))
    has_any = session.scalar(select(has_postings | has_documents))
    return bool(has_any)


def _forget_secrets(session: Session, company_id: int) -> None:
    """Forget the tokens of a company, and the secrets in the settings of its apps."""
    installation_ids = session.scalars(_select_installations(company_id)).all()
    for installation_id in installation_ids:
        secrets.put_all(session, installation_id, {}, forget_others=True)
    tokens.forget(session, company_id)


def _build_company_condition(table: Table, company_id: int) -> ColumnElement[bool] | None:
    """Return the condition of a company's rows; None for a table without companies."""
    columns = table.columns
    if table.name == "company":
        return columns.id == company_id
    installations = _select_installations(company_id)
    conditions: list[ColumnElement[bool]] = []
    if "company_id" in columns:
        conditions.append(columns.company_id == company_id)
    if "installation_id" in columns:
        conditions.append(columns.installation_id.in_(installations))
    for name, model in (("run_id", Run), ("case_id", Case)):
        if name in columns:
            is_of_company = or_(
                model.company_id == company_id, model.installation_id.in_(installations)
            )
            conditions.append(columns[name].in_(select(model.id).where(is_of_company)))
    if "file_id" in columns:
        files = select(StoredFile.id).where(StoredFile.installation_id.in_(installations))
        conditions.append(columns.file_id.in_(files))
    if not conditions:
        return None
    return or_(*conditions)


def _select_installations(company_id: int) -> Any:
    """Select the ids of a company's installations."""
    return select(Installation.id).where(Installation.company_id == company_id)
