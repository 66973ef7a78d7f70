"""Files of documents: postings of their own, each after the document that it belongs to."""

from typing import TYPE_CHECKING

from hub import outbox
from hub.contract.codec import dump
from hub.contract.documents import Attachment, Document
from hub.models import Posting, SourceDocument
from hub.qbo import payloads

if TYPE_CHECKING:
    from hub.collect.batch import Group


def later(group: "Group", row: SourceDocument, document: Document) -> None:
    """Files that came to a document which is in the books already."""
    landed = [
        posting
        for posting in group.postings(row)
        if posting.operation != "attach" and posting.state == "posted"
    ]
    if landed:
        group.mains.append((row, document, landed[-1]))


def plan(group: "Group") -> None:
    """Plans the files of what the group has planned."""
    group.session.flush()
    for row, document, main in group.mains:
        for attachment in document.attachments:
            _plan(group, row, attachment, main)
        _withdraw(group, row, {attachment.id for attachment in document.attachments})


def _plan(group: "Group", row: SourceDocument, attachment: Attachment, main: Posting) -> None:
    payload = payloads.encode(dump(attachment))
    parent = main.quickbooks_id if main.state == "posted" else None
    last = next((one for one in reversed(group.postings(row)) if _is_of(one, attachment.id)), None)
    # A document that is to be created again becomes another transaction, which its files follow.
    is_there = parent is None and main.operation != "create"
    if last and last.state in ("posted", "skipped") and (is_there or last.base == parent):
        return
    if last and last.state == "held" and last.planned == outbox.fingerprint(payload):
        return
    waits = last is not None and last.state in outbox.UNSENT + outbox.IN_FLIGHT
    base = last.base if last and waits else parent or "0"
    state = group.setup.state if parent else "waiting"
    group.plan(
        row,
        operation="attach",
        part=attachment.id,
        base=base,
        kind=main.kind,
        payload=payload,
        meaning={},
        number=attachment.name[:200],
        state=last.state if last and waits and not parent else state,
        after_id=main.id,
    )


def _withdraw(group: "Group", row: SourceDocument, wanted: set[str]) -> None:
    for posting in group.postings(row):
        if (
            posting.operation == "attach"
            and posting.state in outbox.UNSENT
            and posting.part not in wanted
        ):
            outbox.withdraw(group.session, posting, "The source no longer has this file.")


def _is_of(posting: Posting, part: str) -> bool:
    return posting.operation == "attach" and posting.part == part
