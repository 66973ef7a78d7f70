"""The history of a document in order: read, sent, looked for, reported, decided."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub import outbox
from hub.contract.states import Stage
from hub.models import Attempt, AuditEntry, Case, Posting, Proof, ReceiptRow, SourceDocument
from hub.models.enums import (
    DocumentState,
    Operation,
    PostingState,
    ReceiptEnd,
    SearchVerdict,
    SendOutcome,
)
from hub.translations import stored
from hub.translations.messages import gettext, gettext_noop, ngettext
from hub.web.frame.moments import format_moment
from hub.web.frame.state_labels import STATE_LABELS

ABSENT_AT_SOURCE = gettext_noop(
    "It stays as it is and is asked for again. Only if it is missing in two runs at least an hour"
    " apart does it count as gone."
)
NO_CHANGE_NEEDED = gettext_noop(
    "It was compared with what was posted. Nothing had to be changed in QuickBooks."
)
COMPARED_STAGES = (Stage.READY, Stage.UPDATE_ONLY)
OUTCOME_LABELS: dict[str, tuple[str, str]] = {
    SendOutcome.SENT: (gettext_noop("Sent; no answer is stored yet"), "look"),
    SendOutcome.LANDED: (gettext_noop("QuickBooks accepted it"), "good"),
    SendOutcome.REFUSED: (gettext_noop("QuickBooks refused it"), "bad"),
    SendOutcome.DECLINED: (
        gettext_noop("QuickBooks refused the batch that it was in; it is sent alone"),
        "look",
    ),
    SendOutcome.THROTTLED: (gettext_noop("QuickBooks asked to wait"), "look"),
    SendOutcome.UNAUTHORISED: (gettext_noop("QuickBooks did not accept the sign-in"), "bad"),
    SendOutcome.DOUBT: (gettext_noop("No clear answer: it may or may not have arrived"), "look"),
    SendOutcome.UNSENT: (
        gettext_noop("It did not leave: the connection failed before the first byte"),
        "look",
    ),
}
VERDICT_LABELS: dict[str, tuple[str, str]] = {
    SearchVerdict.ABSENT: (gettext_noop("A complete search did not find it in QuickBooks"), "good"),
    SearchVerdict.PRESENT: (gettext_noop("A complete search found it in QuickBooks"), "good"),
    SearchVerdict.ALIKE: (
        gettext_noop("A complete search found something similar; a person must decide"),
        "look",
    ),
    SearchVerdict.SEVERAL: (
        gettext_noop("A complete search found it more than once; a person must decide"),
        "bad",
    ),
}

PLANNING_LABELS: dict[str, str] = {
    Operation.CREATE: gettext_noop("Create planned"),
    Operation.UPDATE: gettext_noop("Update planned"),
    Operation.ATTACH: gettext_noop("Attach planned"),
    Operation.DELETE: gettext_noop("Removal from QuickBooks planned"),
    Operation.VOID: gettext_noop("Voiding in QuickBooks planned"),
}
SENDING_LABELS: dict[str, str] = {
    Operation.CREATE: gettext_noop("Sent to QuickBooks"),
    Operation.UPDATE: gettext_noop("Change sent to QuickBooks"),
    Operation.ATTACH: gettext_noop("File sent to QuickBooks"),
    Operation.DELETE: gettext_noop("Removal sent to QuickBooks"),
    Operation.VOID: gettext_noop("Voiding sent to QuickBooks"),
}


ADOPTION, SKIP = "posting adopted", "posting skipped"
# What people did to a posting, by the act that the audit log records.
ACTION_SENTENCES = {
    "document posted again": gettext_noop("%(who)s requested that it is posted again"),
    "first approval given": gettext_noop("%(who)s approved it; a second person must approve it"),
    "match rejected": gettext_noop(
        "%(who)s answered “Not this one” about a transaction in QuickBooks"
    ),
    "overwrite permitted": gettext_noop("%(who)s let it overwrite an edit in QuickBooks"),
    ADOPTION: gettext_noop("%(who)s answered “This is it” about a transaction in QuickBooks"),
    "posting approved": gettext_noop("%(who)s approved it"),
    "posting put back": gettext_noop("%(who)s put it back in QuickBooks as it was posted"),
    "posting retried": gettext_noop("%(who)s retried it"),
    SKIP: gettext_noop("%(who)s skipped it"),
    "skip taken back": gettext_noop("%(who)s took back the skip"),
    "removal confirmed": gettext_noop("%(who)s confirmed its removal from QuickBooks"),
}


@dataclass(frozen=True)
class DocumentRecords:
    """The rows about one document from which its history is built.

    - `state`: that of the document.
    - `cases`: those that the person may see, newest first; the others are oldest first.
    - `acts`: what people did to its postings, by the audit log.
    """

    document: SourceDocument
    state: str
    postings: Sequence[Posting]
    attempts: Sequence[Attempt]
    proofs: Sequence[Proof]
    receipts: Sequence[ReceiptRow]
    cases: Sequence[Case]
    acts: Sequence[AuditEntry]


@dataclass(frozen=True)
class TimelineEvent:
    """One thing that happened."""

    at: dt.datetime
    text: str
    detail: str = ""
    tone: str = ""
    closed_case: Case | None = None  # its decision follows the detail


def build_timeline(records: DocumentRecords) -> list[TimelineEvent]:
    """Return every event in the history of a document, oldest first."""
    events = [_build_reading_event(records.document, records.postings, records.state)]
    events += _iter_absence_events(records.document)
    skipped_ids = {act.subject for act in records.acts if act.what == SKIP}
    for posting in records.postings:
        events += _iter_posting_events(posting, is_skip_recorded=str(posting.id) in skipped_ids)
    postings = {posting.id: posting for posting in records.postings}
    for attempt in records.attempts:
        events += _iter_attempt_events(attempt, postings[attempt.posting_id])
    events += map(_describe_proof, records.proofs)
    events += map(_build_receipt_event, records.receipts)
    for case in records.cases:
        events += _iter_case_events(case)
    events += map(_describe_act, records.acts)
    return sorted(events, key=lambda event: event.at)


def _build_reading_event(
    document: SourceDocument, postings: Sequence[Posting], state: str
) -> TimelineEvent:
    """Return the last reading, and that it changed nothing if it came after the last posting."""
    detail = ""
    if _is_compared(document, state) and _is_read_after(document, postings):
        detail = gettext(NO_CHANGE_NEEDED)
    return TimelineEvent(document.seen_at, gettext("Last read from the source"), detail)


def _is_compared(document: SourceDocument, state: str) -> bool:
    """Return whether a reading of the document is compared with what was posted."""
    if state != DocumentState.POSTED or document.reread:
        return False
    return document.stage in COMPARED_STAGES


def _is_read_after(document: SourceDocument, postings: Sequence[Posting]) -> bool:
    """Return whether the last reading came after the one that planned the newest posting."""
    for posting in postings:
        if posting.operation != Operation.ATTACH and posting.created_at >= document.seen_at:
            return False
    return bool(postings)


def _iter_absence_events(document: SourceDocument) -> Iterator[TimelineEvent]:
    """Yield when the source no longer had the document."""
    if document.absent_at:
        yield TimelineEvent(
            document.absent_at,
            gettext("The source did not have it"),
            gettext(ABSENT_AT_SOURCE),
            "look",
        )
    if document.gone is not None and document.gone_at:
        yield TimelineEvent(
            document.gone_at,
            gettext("The source no longer has it"),
            stored.translate(document.gone),
            "look",
        )


def _describe_act(act: AuditEntry) -> TimelineEvent:
    """Return what a person did; a skip with its reason."""
    reason = str(act.detail.get("reason", "")) if act.what == SKIP else ""
    sentence = gettext(ACTION_SENTENCES[act.what], who=act.who)
    return TimelineEvent(act.at, sentence, stored.translate(reason))


def _iter_posting_events(posting: Posting, *, is_skip_recorded: bool) -> Iterator[TimelineEvent]:
    """Yield when a posting was planned, and skipped or withdrawn.

    A skip that the audit log has is not among them: that one also names the person, and stays when
    the skip is taken back.
    """
    text = gettext(PLANNING_LABELS.get(posting.operation, "Planned"))
    if outbox.is_removal_by_person(posting):
        who = outbox.get_remover(posting)
        text = gettext("%(who)s requested its removal from QuickBooks", who=who)
    yield TimelineEvent(posting.created_at, _add_part(text, posting))
    if posting.state == PostingState.SKIPPED and is_skip_recorded:
        return
    if posting.state in (PostingState.SKIPPED, PostingState.WITHDRAWN):
        label, _ = STATE_LABELS[posting.state]
        yield TimelineEvent(posting.changed_at, gettext(label), posting.reason)


def _add_part(text: str, posting: Posting) -> str:
    """Return a text with the part of the document that a posting is about, or its file."""
    part = posting.part
    if posting.operation == Operation.ATTACH and posting.number:
        part = posting.number  # the name of the file
    return f"{text}: {part}" if part else text


def _iter_attempt_events(attempt: Attempt, posting: Posting) -> Iterator[TimelineEvent]:
    """Yield when a posting was sent and how it ended."""
    title = gettext(SENDING_LABELS[posting.operation])
    if attempt.batch:
        title = gettext("Sent to QuickBooks in a batch")
    yield TimelineEvent(attempt.sent_at, _add_part(title, posting))
    if not attempt.ended_at:
        return
    default = (attempt.outcome.capitalize(), "look")
    outcome, tone = OUTCOME_LABELS.get(attempt.outcome, default)
    text = _add_part(gettext(outcome), posting)
    yield TimelineEvent(attempt.ended_at, text, stored.translate(attempt.text), tone)


def _describe_proof(proof: Proof) -> TimelineEvent:
    """Return the result of a search in QuickBooks, with the period that it covered."""
    default = (f"Searched: {proof.result}", "look")
    text, tone = VERDICT_LABELS.get(proof.result, default)
    since = format_moment(proof.since)
    until = format_moment(proof.until)
    scope = ngettext(
        "%(count)s transaction between %(since)s and %(until)s",
        "%(count)s transactions between %(since)s and %(until)s",
        proof.rows,
        since=since,
        until=until,
    )
    return TimelineEvent(proof.at, gettext(text), scope, tone)


def _build_receipt_event(row: ReceiptRow) -> TimelineEvent:
    """Return the event of a report to the source."""
    state = gettext(row.state.replace("_", " "))
    if row.ended == ReceiptEnd.DELIVERED:
        return TimelineEvent(
            row.at, gettext("Reported to the source: %(state)s", state=state), tone="good"
        )
    if row.ended == ReceiptEnd.REFUSED:
        refusal = gettext("The source did not accept the receipt: %(state)s", state=state)
        return TimelineEvent(row.at, refusal, stored.translate(row.error), "bad")
    waiting = gettext("Receipt for the source: %(state)s", state=state)
    return TimelineEvent(row.at, waiting, stored.translate(row.error))


def _iter_case_events(case: Case) -> Iterator[TimelineEvent]:
    """Yield when a case was opened and closed."""
    title = gettext("A case was opened: %(title)s", title=case.title)
    yield TimelineEvent(case.opened_at, title, case.reason, "bad")
    if case.closed_at:
        yield TimelineEvent(case.closed_at, _describe_closing(case), case.title, "good", case)


def _describe_closing(case: Case) -> str:
    """Return who decided a closed case, or that its cause went by itself."""
    if not case.decided_by and case.closed_by == "hub":
        return gettext("The case was closed automatically")
    who = case.decided_by or case.closed_by
    return gettext("The case was closed by %(closed_by)s", closed_by=who)
