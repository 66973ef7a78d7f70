"""Describe a posting in a case: the candidates in QuickBooks, and the reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cases.advice import IS_OF_OTHER_DOCUMENT
from hub.context import current_hub
from hub.models import Posting, TransactionHead
from hub.models.display_names import format_posting_name
from hub.models.enums import CHANGE_OPERATIONS, TransactionState
from hub.money import format_amount
from hub.outbox.states import REMOVALS
from hub.posting.protocol.candidates import STALE_OBJECT
from hub.posting.protocol.decisions import DUPLICATE_NUMBER
from hub.posting.protocol.history import FORGOTTEN, AskReason, HoldReason
from hub.reasons.texts import CaseText

CLOSED_PERIOD_CODES = ("6200", "6210")
REFUSED_IN_CLOSED_PERIOD = "outcome.closed_period"  # the code of the case after these codes
# The codes of the cases that ask whether a change may be sent although its transaction is, or may
# be, reconciled with the bank.
RECONCILIATION_QUESTIONS = (
    "check.reconciled_change",
    "check.reconciled_removal",
    "check.perhaps_reconciled_change",
    "check.perhaps_reconciled_removal",
)
# The codes of the cases about a change whose transaction somebody has edited in QuickBooks.
EDIT_QUESTIONS = ("outcome.changed", "outcome.changed_before_removal")
OVERWRITE_QUESTIONS = (*EDIT_QUESTIONS, *RECONCILIATION_QUESTIONS)
# The codes among these that are about a removal.
REMOVAL_QUESTIONS = (
    "outcome.changed_before_removal",
    "check.reconciled_removal",
    "check.perhaps_reconciled_removal",
)


def format_question(
    reason: str, posting: Posting, candidates: Sequence[Mapping[str, Any]]
) -> CaseText:
    """Return the question to a person about objects in QuickBooks.

    `reason` is that of the step `Ask`.
    """
    name = format_posting_name(posting)
    if reason == AskReason.CHANGED and posting.operation in REMOVALS:
        return CaseText("outcome.changed_before_removal", name=name)
    if reason == AskReason.CHANGED:
        return CaseText("outcome.changed", name=name, app=get_app_name(posting))
    states = {candidate.get("state") for candidate in candidates}
    if reason == AskReason.ALIKE and states == {TransactionState.DELETED}:
        reason = "gone"  # there is nothing left to compare with
    return CaseText(f"outcome.{reason}", name=name)


def format_refusal(reason: str, posting: Posting, message: str, code: str, rounds: int) -> CaseText:
    """Return why QuickBooks refused a posting; `reason` is that of the step `Hold`.

    `message` and `code` are from the last response, `rounds` is the number of sends.
    """
    name = format_posting_name(posting)
    if reason == HoldReason.NO_ANSWER:
        return CaseText("outcome.rounds", name=name, rounds=rounds)
    if reason == HoldReason.REFUSED and code in CLOSED_PERIOD_CODES:
        reason = "closed_period"
    elif (
        reason == HoldReason.REFUSED
        and code == STALE_OBJECT
        and posting.operation not in CHANGE_OPERATIONS
    ):
        reason = "not_saved"
    elif reason == HoldReason.REFUSED and code == DUPLICATE_NUMBER:  # of a change
        reason = "new_number_used"
    return CaseText(f"outcome.{reason}", name=name, answer=message)


def describe_candidates(
    session: Session, posting: Posting, ids: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Describe the transactions that a posting may be, so that a person can compare them.

    `FORGOTTEN` stands for unknown deleted transactions and is left out.
    """
    query = select(TransactionHead).where(
        TransactionHead.company_id == posting.company_id,
        TransactionHead.kind == posting.kind,
        TransactionHead.quickbooks_id.in_(ids),
    )
    heads = {head.quickbooks_id: head for head in session.scalars(query)}
    descriptions = []
    for id in ids:
        if id != FORGOTTEN.id:
            marker = posting.document.marker
            descriptions.append(describe_candidate(id, heads.get(id), marker))
    return descriptions


def describe_candidate(
    id: str, head: TransactionHead | None, marker: str | None = None
) -> dict[str, Any]:
    """Describe one transaction for the details of a case; without a head, only by its id.

    `marker` is that of the document as which a person may adopt it; None if nobody is asked.
    """
    if head is None:
        return {"id": id}
    total = ""
    if head.total is not None:
        total = format_amount(head.total, head.currency or "USD")
    description: dict[str, Any] = {
        "id": id,
        "kind": head.kind,
        "number": head.number,
        "party": head.party,
        "date": head.date.isoformat() if head.date else "",
        "total": total,
        "state": head.state,
    }
    if marker is not None and head.marker not in ("", marker):
        description[IS_OF_OTHER_DOCUMENT] = True
    return description


def list_candidates(details: Mapping[str, Any]) -> list[str]:
    """Return the QuickBooks ids that a case names."""
    candidates = (
        details.get("candidates") or details.get("ids") or details.get("quickbooks_id") or []
    )
    if not isinstance(candidates, list):
        candidates = [candidates]
    return [_get_candidate_id(candidate) for candidate in candidates if candidate]


def get_candidate_kinds(details: Mapping[str, Any]) -> dict[str, str]:
    """Return the kinds of the transactions that a case names, by QuickBooks id, if it has them."""
    kinds = {}
    for candidate in details.get("candidates") or ():
        if isinstance(candidate, dict) and candidate.get("kind"):
            kinds[str(candidate.get("id"))] = str(candidate["kind"])
    return kinds


def _get_candidate_id(candidate: Any) -> str:
    """Return the QuickBooks id of a candidate, which is stored alone or with details."""
    if isinstance(candidate, dict):
        return str(candidate.get("id"))
    return str(candidate)


def get_app_name(posting: Posting) -> str:
    """Return the name of the app of a posting; its slug if the plugin is no longer installed."""
    slug = posting.document.slug
    app = current_hub().plugins.apps.get(slug)
    return app.name if app else slug
