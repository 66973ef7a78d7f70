"""Open the cases of single postings, each by a name that is unique among those of the posting."""

from typing import Any

from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.models import Posting
from hub.posting import case_texts
from hub.reasons.texts import CaseText


def open_case(
    session: Session,
    posting: Posting,
    name: str,
    text: CaseText,
    details: dict[str, Any] | None = None,
) -> None:
    """Open a case of a posting, or change what the open one of this name says."""
    inbox.open(
        session,
        _build_cause(posting, name),
        text,
        company_id=posting.company_id,
        installation_id=posting.installation_id,
        details=details,
        postings=[posting],
    )


def open_only_case(
    session: Session, posting: Posting, name: str, text: CaseText, candidate_ids: tuple[str, ...]
) -> None:
    """Open a case and take the posting out of its other cases."""
    details = {}
    if candidate_ids:
        details["candidates"] = case_texts.describe_candidates(session, posting, candidate_ids)
    inbox.detach(session, posting, keep=[_build_cause(posting, name)])
    open_case(session, posting, name, text, details)


def _build_cause(posting: Posting, name: str) -> str:
    return f"posting:{posting.id}:{name}"
