"""Note the kinds of documents that QuickBooks refuses to list and that are still to be searched.

A creation of such a kind may be in QuickBooks already, so none is sent until a search succeeds.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from hub.db import bulk
from hub.db.engine import transaction
from hub.models import ConnectedCompany, Posting
from hub.models.enums import Operation, PostingState
from hub.posting.outcome.session import PostingSession


@dataclass(frozen=True)
class UnsearchedKind:
    """From which QuickBooks date on a kind is to be searched, and why it could not be."""

    since: dt.datetime
    problem: str


def load_unsearched(company: ConnectedCompany) -> dict[str, UnsearchedKind]:
    """Return the unsearched kinds of a company."""
    stored = company.unsearched_kinds or {}
    return {kind: _parse(values) for kind, values in stored.items()}


def note_refused(
    posting_session: PostingSession, kind: str, since: dt.datetime, problem: str
) -> None:
    """Store that a kind is still to be searched, so that the checks hold its creations."""
    stored = {"since": since.isoformat(), "problem": problem}
    is_ready_creation = (
        Posting.company_id == posting_session.company_id,
        Posting.kind == kind,
        Posting.operation == Operation.CREATE,
        Posting.state == PostingState.READY,
    )
    is_chosen = bulk.is_locked_in_order(Posting.id, *is_ready_creation)
    with transaction() as session:
        session.execute(update(Posting).where(is_chosen).values(checked_at=None))
        company = session.get_one(ConnectedCompany, posting_session.company_id)
        company.unsearched_kinds = {**(company.unsearched_kinds or {}), kind: stored}
    posting_session.reload()


def note_searched(posting_session: PostingSession, kinds: Collection[str]) -> None:
    """Store that kinds were searched."""
    if not any(kind in (posting_session.company.unsearched_kinds or {}) for kind in kinds):
        return
    with transaction() as session:
        company = session.get_one(ConnectedCompany, posting_session.company_id)
        stored: Mapping[str, Any] = company.unsearched_kinds or {}
        company.unsearched_kinds = {
            kind: values for kind, values in stored.items() if kind not in kinds
        }
    posting_session.reload()


def _parse(values: Mapping[str, Any]) -> UnsearchedKind:
    return UnsearchedKind(dt.datetime.fromisoformat(values["since"]), values["problem"])
