"""The history of a document in order: read, sent, looked for, reported, decided."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.models import Attempt, Case, Posting, Proof, ReceiptRow, SourceDocument
from hub.models.enums import Operation, PostingState, ReceiptEnd
from hub.web.layout import moment

ABSENT = (
    "It stays as it is and is asked for again. Only if it is missing in two runs at least an hour"
    " apart does it count as gone."
)
OUTCOMES = {
    "sent": ("Sent; no answer is stored yet", "look"),
    "landed": ("QuickBooks accepted it", "good"),
    "refused": ("QuickBooks refused it", "bad"),
    "declined": ("QuickBooks refused the batch that it was in; it is sent alone", "look"),
    "throttled": ("QuickBooks asked to wait", "look"),
    "unauthorised": ("QuickBooks did not accept the sign-in", "bad"),
    "doubt": ("No clear answer: it may or may not have arrived", "look"),
    "unsent": ("It did not leave: the connection failed before the first byte", "look"),
}
FOUND = {
    "absent": ("A complete look proved that it is not in QuickBooks", "good"),
    "present": ("A complete look found it in QuickBooks", "good"),
    "alike": ("A complete look found something like it; a person must say", "look"),
    "several": ("A complete look found it more than once; a person must say", "bad"),
}


PLANNED = {
    "create": "Create planned",
    "update": "Update planned",
    "attach": "Attach planned",
    "delete": "Removal from QuickBooks planned",
    "void": "Voiding in QuickBooks planned",
}


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    at: dt.datetime
    text: str
    detail: str = ""
    tone: str = ""


def timeline(
    document: SourceDocument,
    postings: Sequence[Posting],
    attempts: Sequence[Attempt],
    proofs: Sequence[Proof],
    receipts: Sequence[ReceiptRow],
    cases: Sequence[Case],
) -> list[Event]:
    """Return every event, oldest first."""
    events = [Event(document.seen_at, "Last read from the source"), *_absence(document)]
    events += [event for posting in postings for event in _posting(posting)]
    events += [event for attempt in attempts for event in _attempt(attempt)]
    events += [_proof(proof) for proof in proofs]
    events += [_receipt(row) for row in receipts]
    events += [event for case in cases for event in _case(case)]
    return sorted(events, key=lambda event: event.at)


def _absence(document: SourceDocument) -> Iterator[Event]:
    """Yield when the source no longer had the document."""
    if document.absent_at:
        yield Event(document.absent_at, "The source did not have it", ABSENT, "look")
    if document.gone is not None and document.gone_at:
        yield Event(document.gone_at, "The source no longer has it", document.gone, "look")


def _posting(posting: Posting) -> Iterator[Event]:
    """Yield when a posting was planned, and skipped or withdrawn."""
    part = posting.number or posting.part if posting.operation == Operation.ATTACH else posting.part
    what = PLANNED.get(posting.operation, "Planned") + (f": {part}" if part else "")
    yield Event(posting.created_at, what)
    if posting.state in (PostingState.SKIPPED, PostingState.WITHDRAWN):
        yield Event(posting.changed_at, posting.state.capitalize(), posting.reason)


def _attempt(attempt: Attempt) -> Iterator[Event]:
    """Yield when a posting was sent and how it ended."""
    way = " in a batch" if attempt.batch else ""
    yield Event(attempt.sent_at, f"Sent to QuickBooks{way}", f"request id {attempt.requestid}")
    if attempt.ended_at:
        text, tone = OUTCOMES.get(attempt.outcome, (attempt.outcome.capitalize(), "look"))
        yield Event(attempt.ended_at, text, attempt.text, tone)


def _proof(proof: Proof) -> Event:
    """Return the result of a search in QuickBooks."""
    text, tone = FOUND.get(proof.result, (f"Looked: {proof.result}", "look"))
    rows = f"{proof.rows:,} transactions between {moment(proof.since)} and {moment(proof.until)}"
    return Event(proof.at, text, rows, tone)


def _receipt(row: ReceiptRow) -> Event:
    """Return what the source was told."""
    state = row.state.replace("_", " ")
    if row.ended == ReceiptEnd.DELIVERED:
        return Event(row.at, f"The source was told: {state}", tone="good")
    if row.ended == ReceiptEnd.REFUSED:
        return Event(row.at, f"The source did not take the receipt: {state}", row.error, "bad")
    return Event(row.at, f"Receipt for the source: {state}", row.error)


def _case(case: Case) -> Iterator[Event]:
    """Yield when a case was opened and closed."""
    yield Event(case.opened_at, f"A case was opened: {case.title}", case.reason, "bad")
    if case.closed_at:
        yield Event(case.closed_at, f"The case was closed by {case.closed_by}", case.title, "good")
