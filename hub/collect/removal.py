"""What is in the books and its source no longer wants: deleted, voided or closed there, or left to a person."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hub.collect import cases
from hub.contract.codec import dump
from hub.contract.documents import Document
from hub.models import Posting, SourceDocument
from hub.qbo import payloads

if TYPE_CHECKING:
    from hub.collect.batch import Group

VOIDED = ("invoice", "payment", "bill_payment")  # QuickBooks voids no others
CLOSED = ("purchase_order",)


def undo(group: "Group", row: SourceDocument, posting: Posting, reason: str, policy: str) -> None:
    """Plans what the app's rule says, or a deletion that a person decides."""
    if policy == "leave":
        return
    if policy == "close" and posting.kind in CLOSED:
        _close(group, row, posting)
        return
    # Deleted is only what the policy names so, or what a person chooses where QuickBooks cannot void.
    operation = "void" if policy != "delete" and posting.kind in VOIDED else "delete"
    values = _values(posting, operation)
    if policy == operation:
        group.plan(row, **values, state=group.setup.state)
        return
    kind = posting.kind.replace("_", " ")
    cannot = f" QuickBooks cannot {'close' if policy == 'close' else 'void'} a {kind}."
    said = f"{reason} It is still in QuickBooks." + (cannot if operation == "delete" else "")
    held = cases.own("gone", f"{cases.called(row)} is gone at the source", said, act=operation)
    group.plan(row, held, **values, state="held", hold="person", reason=said)


def is_closed(posting: Posting) -> bool:
    """Whether this posting closed an order."""
    changed = posting.kind in CLOSED and posting.operation == "update"
    return changed and (posting.meaning or {}).get("status") == "Closed"


def by_status(
    document: Document, built: payloads.Payload, landed: Posting | None, known: Iterable[Posting]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(body, meaning): an order of which nothing more is expected is closed, and changed in nothing else."""
    meaning = dump(built.meaning)
    if not document.closed or document.kind not in CLOSED:
        return built.body | (payloads.OPEN if any(map(is_closed, known)) else {}), meaning
    if landed is None:
        return built.body | payloads.CLOSED, meaning | {"status": "Closed"}
    meant = (landed.meaning or {}) | {"status": "Closed"}
    return payloads.close_body(str(meant.get("party") or "")), meant


def _close(group: "Group", row: SourceDocument, posting: Posting) -> None:
    if is_closed(posting):
        return
    meant = (posting.meaning or {}) | {"status": "Closed"}
    body = payloads.close_body(str(meant.get("party") or ""))
    values = _values(posting, "update") | {"payload": payloads.encode(body), "meaning": meant}
    group.plan(row, **values, state=group.setup.state)


def _values(posting: Posting, operation: str) -> dict[str, Any]:
    id, token = posting.quickbooks_id or "", posting.sync_token or ""
    body = payloads.void_body(id, token) if operation == "void" else payloads.delete_body(id, token)
    return {
        "operation": operation, "part": posting.part, "base": f"{id}:{token}", "kind": posting.kind,
        "quickbooks_id": id, "payload": payloads.encode(body), "meaning": {}, "number": posting.number,
        "total": posting.total, "currency": posting.currency,
    }  # fmt: skip
