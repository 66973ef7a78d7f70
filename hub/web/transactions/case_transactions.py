"""The transactions in QuickBooks that the page of a case compares, and how they are read."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from hub.cases.causes import (
    is_discrepancy,
    is_marker,
    is_response_difference,
    parse_marker_kind,
)
from hub.context import current_hub
from hub.models import Case, ConnectedCompany, Posting
from hub.models.enums import SendOutcome
from hub.posting.case_texts import get_candidate_kinds, list_candidates
from hub.qbo.client import Client
from hub.reasons.template import CaseAction

MAX_READS = 5  # transactions that a page asks QuickBooks for
READ_SECONDS = 5.0  # for all of them together; a page does not wait longer for QuickBooks
Key = tuple[int, str, str]  # company, kind and QuickBooks id of a transaction
Entities = Mapping[Key, dict[str, Any]]


def can_be_read(session: Session, case: Case) -> bool:
    """Return whether QuickBooks may be asked: no person has disconnected the case's company."""
    company = session.get(ConnectedCompany, case.company_id) if case.company_id else None
    return company is None or not company.is_disconnected


def list_transaction_keys(case: Case, postings: Sequence[Posting]) -> list[Key]:
    """Name the transactions that the page of a case compares."""
    if case.action == CaseAction.CHOOSE:
        return _list_candidate_keys(case, postings)
    if is_discrepancy(case.cause) or is_response_difference(case.cause):
        return _list_posted_keys(postings)
    if is_marker(case.cause):
        return list_unexpected_keys(case)
    return []


def _list_candidate_keys(case: Case, postings: Sequence[Posting]) -> list[Key]:
    """Name the transactions that a posting may be."""
    keys = []
    for posting in postings:
        keys += list_candidate_keys(case, posting)
    return keys


def list_candidate_keys(case: Case, posting: Posting) -> list[Key]:
    """Name the transactions that one posting may be; they may be of another kind."""
    kinds = get_candidate_kinds(case.details)
    return [
        (posting.company_id, kinds.get(id, posting.kind), id)
        for id in list_candidates(case.details)
    ]


def _list_posted_keys(postings: Sequence[Posting]) -> list[Key]:
    """Name the transactions that postings have created."""
    keys = []
    for posting in postings:
        if posting.quickbooks_id:
            keys.append((posting.company_id, posting.kind, posting.quickbooks_id))
    return keys


def list_unexpected_keys(case: Case) -> list[Key]:
    """Name the transactions that a case about unexpected markers lists."""
    default_kind = parse_marker_kind(case.cause)
    candidates = case.details.get("candidates") or ()
    company_id = case.company_id or 0
    keys = []
    for candidate in candidates:
        kind = candidate.get("kind") or default_kind
        id = candidate["id"]
        keys.append((company_id, str(kind), str(id)))
    return keys


def read_entities(keys: Sequence[Key]) -> dict[Key, dict[str, Any]]:
    """Read transactions from QuickBooks as they are now.

    Leave out those that it does not have, and stop when it cannot answer now.
    """
    entities: dict[Key, dict[str, Any]] = {}
    deadline_at = current_hub().clock.monotonic() + READ_SECONDS
    distinct = list(dict.fromkeys(keys))
    for key in distinct[:MAX_READS]:
        company_id, kind, id = key
        client = Client(company_id)
        response = client.read(kind, id, deadline_at=deadline_at)
        if response.landed and response.entity:
            entities[key] = response.entity
        elif response.outcome != SendOutcome.REFUSED:
            break
    return entities
