"""Files of documents: fetched from the source, checked before the first send, tied to their transaction."""

import hashlib

from hub import context as hub_context
from hub import sources
from hub.cases import inbox
from hub.contract import codec
from hub.contract.documents import Attachment, Document
from hub.db.engine import reading, transaction
from hub.errors import HubError, Refused, Retry
from hub.models import Posting
from hub.posting import case_texts
from hub.posting.outcome import record as outcome_record
from hub.posting.outcome.load import PostingSnapshot
from hub.posting.outcome.session import PostingSession
from hub.qbo import payloads
from hub.qbo.payloads import FileSummary
from hub.reasons.texts import CaseText

MOST_BYTES = 20 * 1024 * 1024
TYPES = (
    "ai",
    "csv",
    "doc",
    "docx",
    "eps",
    "gif",
    "jpeg",
    "jpg",
    "ods",
    "pdf",
    "png",
    "rtf",
    "tif",
    "tiff",
    "txt",
    "xls",
    "xlsx",
    "xml",
)


class BadFile(Refused):
    """A file that is not sent: the reason, and what would help."""


def fetch(posting_session: PostingSession, one: PostingSnapshot) -> bytes | None:
    """The bytes of a file, its metadata written into the posting; None when it cannot be sent now."""
    posting = one.posting
    try:
        attachment = _attachment(posting)
        _check_name(attachment)
        content = _from_source(posting_session, posting, attachment)
        _check(attachment, content)
        return content if _described(posting, attachment, content) else None
    except Retry as error:
        _later(posting_session, posting, error)
    except HubError as error:
        _failed(posting, error.text)
    except Exception as error:
        _failed(posting, f"The source could not hand it over ({type(error).__name__}: {error}).")
    posting_session.counts["files"] += 1
    return None


def _attachment(posting: Posting) -> Attachment:
    document = codec.load(Document, posting.document.body)
    found = next((one for one in document.attachments if one.id == posting.part), None)
    if found is None:
        raise BadFile("The source no longer has this file.")
    return found


def _from_source(
    posting_session: PostingSession, posting: Posting, attachment: Attachment
) -> bytes:
    with reading() as session:
        installation = session.get_one(Posting, posting.id).document.installation
    document = codec.load(Document, posting.document.body)
    given = {"site": sources.site(installation), "document": document, "attachment": attachment}
    content = hub_context.current().plugins.call(posting.document.slug, "hub_attachment", **given)
    if not isinstance(content, bytes):
        raise BadFile("The source handed over nothing that is a file.")
    return content


def _check_name(attachment: Attachment) -> None:
    extension = attachment.name.rpartition(".")[2].lower()
    if extension not in TYPES:
        raise BadFile(
            f"QuickBooks does not take files like {attachment.name}. It takes {', '.join(TYPES)}."
        )
    if attachment.size is not None and attachment.size > MOST_BYTES:
        raise _too_large(attachment, attachment.size)


def _check(attachment: Attachment, content: bytes) -> None:
    if not content:
        raise BadFile(f"{attachment.name} is empty. Attach it again at the source.")
    if len(content) > MOST_BYTES:
        raise _too_large(attachment, len(content))
    start = content[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise BadFile(
            f"{attachment.name} is a web page, not a file; the source perhaps asks to sign in."
        )
    if attachment.sha256 and hashlib.sha256(content).hexdigest() != attachment.sha256.lower():
        raise Retry(
            f"{attachment.name} did not arrive as the source describes it; it is fetched again."
        )


def _too_large(attachment: Attachment, size: int) -> BadFile:
    return BadFile(
        f"{attachment.name} has {size / 1048576:.1f} MB, QuickBooks takes 20. Make it smaller at the source."
    )


def _described(posting: Posting, attachment: Attachment, content: bytes) -> bool:
    """Writes what the upload will say; under a key that may have left, file and words must still be the same."""
    made = payloads.file_metadata(attachment, posting.kind, posting.base, posting.document.marker)
    payload, sha = payloads.encode(made), hashlib.sha256(content).hexdigest()
    known = FileSummary.load(posting.meaning).sha256
    if known == sha and posting.payload == payload:
        return True
    if known and known != sha and _ever_sent(posting):
        raise BadFile(
            f"{attachment.name} was changed at the source after it was sent. Skip it, or attach it anew."
        )
    with transaction() as session:
        summary = FileSummary(sha256=sha, size=len(content), name=attachment.name)
        return outcome_record.move(
            session, posting, "ready", payload=payload, meaning=summary.dump()
        )


def _ever_sent(posting: Posting) -> bool:
    return posting.sent_date is not None


def _later(posting_session: PostingSession, posting: Posting, error: Retry) -> None:
    with transaction() as session:
        then = posting_session.clock.now() + outcome_record.PAUSE * (
            10 if error.after is None else 1
        )
        outcome_record.move(session, posting, "ready", next_try_at=then, reason=error.text)


def _failed(posting: Posting, why: str) -> None:
    """Held with a case of its own; what it belongs to stays posted."""
    file = "" if posting.number in why else f", {posting.number}"
    name = f"{case_texts.called(posting)}{file}"
    text = CaseText("outcome.file_failed", name=name, problem=why)
    with transaction() as session:
        if outcome_record.move(session, posting, "held", hold="source", reason=text.reason):
            inbox.open(
                session,
                f"posting:{posting.id}:file",
                text,
                company_id=posting.company_id,
                installation_id=posting.installation_id,
                postings=[posting],
            )
