"""Note the kinds of documents that QuickBooks refuses to list and that are still to be searched.

A creation of such a kind may be in QuickBooks already, so none is sent until a search succeeds.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from hub.db import bulk
from hub.db.engine import transaction
from hub.models import ConnectedCompany, Posting
from hub.models.enums import Operation, PostingState


@dataclass(frozen=True)
class UnsearchedKind:
    """Why a kind could not be searched, and what is missing.

    - `since`: the QuickBooks date from which on it is to be searched.
    - `problem`: why QuickBooks refused to list it.
    - `is_indexed`: whether the transactions were downloaded with which new documents are compared.
    """

    since: dt.datetime
    problem: str
    is_indexed: bool = True

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "UnsearchedKind":
        """Return what a company has stored about a kind."""
        since = dt.datetime.fromisoformat(values["since"])
        return cls(since, values["problem"], values["is_indexed"])

    def dump(self) -> dict[str, Any]:
        """Return the form in which a company stores it."""
        return {
            "since": self.since.isoformat(),
            "problem": self.problem,
            "is_indexed": self.is_indexed,
        }


def load_unsearched(company: ConnectedCompany) -> dict[str, UnsearchedKind]:
    """Return the unsearched kinds of a company."""
    stored_kinds = company.unsearched_kinds or {}
    return {kind: UnsearchedKind.parse(values) for kind, values in stored_kinds.items()}


def note_unsearched(company_id: int, kind: str, reason: UnsearchedKind) -> None:
    """Store that a kind is still to be searched, so that the checks hold its creations."""
    is_ready_creation = (
        Posting.company_id == company_id,
        Posting.kind == kind,
        Posting.operation == Operation.CREATE,
        Posting.state == PostingState.READY,
    )
    is_chosen = bulk.is_locked_in_order(Posting.id, *is_ready_creation)
    with transaction() as session:
        session.execute(update(Posting).where(is_chosen).values(checked_at=None))
        company = session.get_one(ConnectedCompany, company_id)
        company.unsearched_kinds = {**(company.unsearched_kinds or {}), kind: reason.dump()}


def note_searched(company_id: int, kind: str) -> None:
    """Store that a kind was searched."""
    with transaction() as session:
        company = session.get_one(ConnectedCompany, company_id)
        remaining = dict(company.unsearched_kinds or {})
        remaining.pop(kind, None)
        company.unsearched_kinds = remaining
